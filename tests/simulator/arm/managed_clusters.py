# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.ContainerService: clusters, credentials, trusted access; Microsoft.Kubernetes: Arc clusters."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.simulator.arm import bodies, kubeconfig
from tests.simulator.arm.aks_operations import ok
from tests.simulator.arm.common import need_cluster, need_group, need_operation, pages, status_url
from tests.simulator.state.answers import Answer, ArmRequest, error, flat_error
from tests.simulator.state.fleet import ClusterResource
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

ARC = "Microsoft.Kubernetes"


async def get_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a managed cluster.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    """
    return ok(bodies.managed_cluster(fleet, need_cluster(fleet, request, "managedClusters")))


async def list_clusters(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the managed clusters of a subscription or resource group, followed by an empty page.

    Source: recordings of `az aks list` in Azure/azure-cli (command module acs).
    """
    group = need_group(fleet, request).lower() if "group" in request.params else None
    found = [r for r in fleet.resources.values() if r.managed and group in (None, r.group.lower())]
    return pages(fleet, request, request.path, [bodies.managed_cluster(fleet, resource) for resource in found])


async def user_credential(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listClusterUserCredential: a kubeconfig with a static token, or with kubelogin for Entra clusters.

    Source: learn.microsoft.com/azure/aks/kubelogin-authentication; `az aks get-credentials --public-fqdn`.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    content = kubeconfig.for_users(fleet, resource, public_name=request.query.get("server-fqdn") == "public")
    return _credential("clusterUser", content)


async def admin_credential(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listClusterAdminCredential: refused where local accounts are off.

    Source: learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    if not resource.cluster.spec.local_accounts:
        message = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        raise flat_error(400, "BadRequest", message, subcode="")
    return _credential("clusterAdmin", kubeconfig.for_administrators(fleet, resource))


def _credential(name: str, content: str) -> Answer:
    return ok({"kubeconfigs": [{"name": name, "value": base64.b64encode(content.encode()).decode()}]})


async def list_bindings(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the trusted access role bindings.

    Source: recording test_aks_trustedaccess_rolebinding.yaml of Azure/azure-cli-extensions.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    return ok({"value": list(resource.cluster.bindings.values())})


async def get_binding(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a trusted access role binding.

    Source: recording test_aks_trustedaccess_rolebinding.yaml of Azure/azure-cli-extensions.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    name = request.params["binding"]
    found = resource.cluster.bindings.get(name.lower())
    if found is None:
        raise flat_error(
            404,
            "NotFound",
            f"Could not find the trusted access role binding {name} in subscription: "
            f"{fleet.scenario.subscription_id}, resourceGroup: {resource.group}, clusterName: {resource.name}.",
            details=[
                {
                    "code": "Unspecified",
                    "message": "rpc error: code = NotFound desc = TrustedAccessRoleBinding not found",
                }
            ],
            subcode="GetTrustedAccessRoleBinding_NotFound",
        )
    return ok(found)


async def get_connected(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of an Arc-connected cluster.

    Source: recording test_connectedk8s.yaml of Azure/azure-cli-extensions.
    """
    return Answer(200, bodies.connected_cluster(fleet, need_cluster(fleet, request, "connectedClusters")))


async def list_connected(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the Arc-connected clusters of a subscription or resource group.

    Source: recording test_connectedk8s.yaml of Azure/azure-cli-extensions.
    """
    group = need_group(fleet, request).lower() if "group" in request.params else None
    found = [r for r in fleet.resources.values() if not r.managed and group in (None, r.group.lower())]
    return Answer(200, {"value": [bodies.connected_cluster(fleet, resource) for resource in found]})


async def delete_connected(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of an Arc-connected cluster: 202, and the cluster is connected no longer. The state notes it.

    Source: recorded answers of connectedClusters 2021-10-01; the status URL belongs to the tenant.
    """
    resource = need_cluster(fleet, request, "connectedClusters")
    fleet.report("cluster disconnected from Azure Arc", cluster=resource.identifier)
    operation = Operation("kubernetes", resource.identifier, "", "Deleting", fleet.now())
    location = resource.cluster.spec.location.upper()
    path = f"/providers/{ARC}/locations/{location}/operationStatuses/{operation.identifier}"
    operation.path = path
    fleet.begin(operation, _disconnect(fleet, resource, operation))
    url = status_url(fleet, operation, f"api-version={request.api_version}")
    return Answer(202, None, {"Azure-AsyncOperation": url, "Location": url})


async def _disconnect(fleet: Fleet, resource: ClusterResource, operation: Operation) -> None:
    await fleet.clock.sleep(fleet.scenario.timing.extension_delete)
    fleet.resources.pop(resource.identifier.lower(), None)
    operation.succeed(fleet.now())


async def get_connected_operation(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a status URL of Microsoft.Kubernetes.

    Source: recorded answers of connectedClusters 2021-10-01.
    """
    operation = need_operation(fleet, request)
    body = {
        "id": operation.path,
        "name": operation.identifier,
        "resourceId": operation.resource_id,
        "status": operation.status,
        "startTime": operation.started,
    }
    if not operation.done:
        return Answer(202, body)
    return Answer(200, {**body, "endTime": operation.ended, "properties": None})


async def connected_credential(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listClusterUserCredential of an Arc cluster: needs cluster connect, which no simulated cluster has on.

    Source: learn.microsoft.com/azure/azure-arc/kubernetes/cluster-connect.
    """
    need_cluster(fleet, request, "connectedClusters")
    raise error(
        400, "ClusterConnectNotEnabled", "The cluster connect feature is not enabled for the Connected Cluster."
    )
