# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfigs of simulated clusters.

Source: learn.microsoft.com/azure/aks/kubelogin-authentication; listClusterUserCredential in
    recordings of Azure/azure-cli.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import yaml

from tests.simulator.arm.bodies import private_fqdn, public_fqdn
from tests.simulator.foundation.real_cluster import inline_kubeconfig
from tests.simulator.foundation.tokens import AKS_SERVER_APPLICATION

if TYPE_CHECKING:
    from tests.simulator.state.fleet import ClusterResource, Fleet, KubernetesCluster
    from tests.simulator.state.scenario import RealKubernetes

AKS_CLIENT_APPLICATION = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""Application id of the "Azure Kubernetes Service AAD Client" (learn.microsoft.com, kubelogin-authentication)."""


def server(fleet: Fleet, cluster: KubernetesCluster) -> str:
    """The address of the cluster's API on the simulator."""
    return f"{fleet.base_url}/kubernetes/{cluster.key}"


def for_users(fleet: Fleet, resource: ClusterResource, *, public_name: bool = False) -> str:
    """What listClusterUserCredential gives; with server-fqdn=public the public name of a private cluster."""
    spec = resource.cluster.spec
    if spec.kubernetes is not None and spec.kubernetes.user_kubeconfig is not None:
        return yaml.safe_dump(inline_kubeconfig(spec.kubernetes.user_kubeconfig), sort_keys=False)
    if spec.kubernetes is not None:
        return _real(spec.kubernetes)
    user = _kubelogin(fleet) if spec.entra else {"token": resource.cluster.static_token}
    public = public_name and spec.public_name
    return _render(fleet, resource, f"clusterUser_{resource.group}_{resource.name}", user, public_name=public)


def for_administrators(fleet: Fleet, resource: ClusterResource) -> str:
    """What listClusterAdminCredential gives."""
    spec = resource.cluster.spec
    if spec.kubernetes is not None:
        return _real(spec.kubernetes)
    user = {"token": resource.cluster.static_token}
    return _render(fleet, resource, f"clusterAdmin_{resource.group}_{resource.name}", user)


def for_file(fleet: Fleet, cluster: KubernetesCluster) -> str:
    """The kubeconfig that the ready file points to: always reachable, always with a static token."""
    if cluster.spec.kubernetes is not None:
        return _real(cluster.spec.kubernetes)
    return _document(fleet, cluster.spec.name, server(fleet, cluster), "user", {"token": cluster.static_token})


def _real(access: RealKubernetes) -> str:
    """The kubeconfig of a real API server, with everything inside that it refers to."""
    return yaml.safe_dump(inline_kubeconfig(access.kubeconfig, access.context), sort_keys=False)


def _render(
    fleet: Fleet, resource: ClusterResource, user_name: str, user: dict[str, Any], *, public_name: bool = False
) -> str:
    address = server(fleet, resource.cluster)
    if resource.cluster.spec.private:
        name = public_fqdn(fleet, resource) if public_name else private_fqdn(fleet, resource)
        address = f"https://{name}:443"
    return _document(fleet, resource.name, address, user_name, user)


def _document(fleet: Fleet, name: str, address: str, user_name: str, user: dict[str, Any]) -> str:
    authority = base64.b64encode(fleet.ca_pem).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"cluster": {"certificate-authority-data": authority, "server": address}, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": user_name}, "name": name}],
        "current-context": name,
        "preferences": {},
        "users": [{"name": user_name, "user": user}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _kubelogin(fleet: Fleet) -> dict[str, Any]:
    arguments = ["get-token", "--environment", "AzurePublicCloud", "--server-id", AKS_SERVER_APPLICATION]
    arguments += ["--client-id", AKS_CLIENT_APPLICATION, "--tenant-id", fleet.scenario.tenant_id]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "args": [*arguments, "--login", "devicecode"],
            "command": "kubelogin",
            "env": None,
            "provideClusterInfo": False,
        }
    }
