# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading everything about one cluster in one go: from Azure, and from the cluster's own API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._azure import fleet_wide
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import read_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import list_computes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import list_extension
from ansible_collections.azureml.fleet.plugins.module_utils._azure.providers import read_provider
from ansible_collections.azureml.fleet.plugins.module_utils._core import _access
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, connect_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing, reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.lock_scopes import (
    holds_for,
    is_among_nodes,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import serves_tls
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    ClusterFacts,
    Facts,
    KubernetesFacts,
    LockFacts,
    RouterTlsFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import facts, router_tls
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import OptionSpec

#: Facts that were read a moment ago and need not be read again.
KNOWN: OptionSpec = {
    "type": "dict",
    "options": {
        "extension": {"type": "dict"},
        "providers": {"type": "dict"},
        "workspaces": {"type": "list", "elements": "dict"},
    },
}
#: Registered once in a subscription before it can have extensions
#: (learn.microsoft.com/azure/azure-arc/kubernetes/extensions, 'Prerequisites').
_PROVIDER = "Microsoft.KubernetesConfiguration"


class _FleetWide(TypedDict):
    """The facts that clusters have in common."""

    kubernetes_versions: list[str]
    locks: list[LockFacts] | None
    workspaces_of_user_identity: list[str]


def read_facts(call: Call, cluster_id: str, workspaces: list[str], tls_secret: str | None = None) -> Facts:
    """Return the facts of a cluster for another core, whose options include those of AZURE and KUBERNETES."""
    params = {**call.params, "cluster_id": cluster_id, "workspaces": workspaces, "namespaces": []}
    return read_from_options(replace(call, params=params), tls_secret)


def read_from_options(call: Call, tls_secret: str | None = None) -> Facts:
    """Return the facts of one cluster; `tls_secret` is the Secret that its router is to use.

    A cluster whose own API cannot be read has `kubernetes` null and the reason in `kubernetes_error`: what Azure says
    about it is worth having all the same.
    """
    refuse_missing(_access.MISSING_LIBRARY)
    cluster_id = call.params["cluster_id"]
    known = call.params.get("known") or {}
    with reported_failures():
        azure = connect_azure(call)
        v1_namespaces = [names.v1_namespace(parse_workspace_id(each).name) for each in call.params["workspaces"]]
        cluster = read_cluster(azure, cluster_id)
        providers, regions = _providers(azure, known.get("providers"), cluster["subscription_id"])
        found = Facts(
            cluster=cluster,
            providers=providers,
            extension_regions=regions,
            **_fleet_wide(azure, cluster, call.params["workspaces"], asked=not known.get("providers")),
            extension=known.get("extension") or list_extension(azure, cluster_id),
            workspaces=known.get("workspaces")
            or [list_computes(azure, each, cluster_id) for each in call.params["workspaces"]],
            identity=azure.identity(),
            router_tls=None,
            kubernetes=None,
            kubernetes_error=None,
        )
    found["kubernetes"], found["kubernetes_error"] = _read_kubernetes(
        call, azure, cluster, [*v1_namespaces, *call.params["namespaces"]], tls_secret
    )
    found["router_tls"] = _router_tls(found)
    return found


def _router_tls(found: Facts) -> RouterTlsFacts | None:
    """Return what the router shows, where there is one that is to serve TLS."""
    extension, kubernetes = found["extension"], found["kubernetes"]
    if kubernetes is None or extension is None or not serves_tls(extension):
        return None
    return router_tls.read(kubernetes["router_services"], extension["settings"].get("sslCname"))


def _fleet_wide(azure: AzureConnection, cluster: ClusterFacts, workspaces: Sequence[str], *, asked: bool) -> _FleetWide:
    """Return what clusters have in common; nothing is asked where only the end of a run is judged."""
    if not asked:
        return _FleetWide(kubernetes_versions=[], locks=[], workspaces_of_user_identity=[])
    subscription = cluster["subscription_id"]
    ids = [cluster["id"], *workspaces]
    locks = fleet_wide.read_locks(azure, subscription)
    return _FleetWide(
        kubernetes_versions=fleet_wide.read_kubernetes_versions(azure, subscription, cluster["location"]),
        workspaces_of_user_identity=[each for each in workspaces if fleet_wide.acts_as_user_assigned(azure, each)],
        locks=None
        if locks is None
        else [each for each in locks if holds_for(each, ids) or is_among_nodes(each, cluster)],
    )


def _providers(
    azure: AzureConnection, known: dict[str, str] | None, subscription_id: str
) -> tuple[dict[str, str], list[str]]:
    """Return the registration of the providers, and the regions of extensions; known providers are not read again."""
    if known:
        return known, []
    provider = read_provider(azure, _PROVIDER, subscription_id)
    return {_PROVIDER: provider.state}, list(provider.locations.get("extensions") or ())


def _read_kubernetes(
    call: Call, azure: AzureConnection, cluster: ClusterFacts, v1_namespaces: list[str], tls_secret: str | None
) -> tuple[KubernetesFacts | None, str | None]:
    """Return the facts from the cluster's own API, or None and the reason why there are none."""
    if states.is_stopped(cluster["power_state"]):
        return None, f"Cluster {cluster['name']} is stopped, so its Kubernetes API cannot be read. Start it first."
    try:
        with connect_cluster(call, azure) as connection:
            return facts.read(connection, cluster["kind"], v1_namespaces, tls_secret), None
    except (AzureError, KubernetesError) as error:
        return None, error.message
