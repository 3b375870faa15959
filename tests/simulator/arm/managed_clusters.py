# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.ContainerService: clusters, node pools, credentials, trusted access; Microsoft.Kubernetes: Arc clusters."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.simulator import kubeconfig
from tests.simulator.arm import bodies
from tests.simulator.arm.answers import JSON_PLAIN, Answer, ArmError, ArmRequest, error, flat_error
from tests.simulator.arm.common import need_body, need_cluster, need_group, need_operation, status_url
from tests.simulator.arm.headers import skip_token
from tests.simulator.arm.operations import Operation
from tests.simulator.chart.cluster import UnexpectedAnswerError
from tests.simulator.fleet import ClusterResource, NodePoolState
from tests.simulator.seeding import relabel_nodes

if TYPE_CHECKING:
    from tests.simulator.fleet import Fleet

RESERVED_PREFIXES = ("kubernetes.azure.com/", "kubernetes.io/", "k8s.io/")
READ_ONLY = ("provisioningState", "powerState", "currentOrchestratorVersion", "nodeImageVersion", "eTag")
OPERATION_VERSION = "2025-03-01"


def _ok(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, body, headers or {}, JSON_PLAIN)


async def get_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a managed cluster.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    """
    return _ok(bodies.managed_cluster(fleet, need_cluster(fleet, request, "managedClusters")))


async def list_clusters(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the managed clusters of a subscription or resource group, followed by an empty page.

    Source: recordings of `az aks list` in Azure/azure-cli (command module acs).
    """
    group = need_group(fleet, request).lower() if "group" in request.params else None
    found = [r for r in fleet.resources.values() if r.managed and group in (None, r.group.lower())]
    return _pages(fleet, request, request.path, [bodies.managed_cluster(fleet, resource) for resource in found])


def _pages(fleet: Fleet, request: ArmRequest, path: str, values: list[dict[str, Any]]) -> Answer:
    """All values on the first page, which points to a second one without any."""
    if "$skiptoken" in request.query or "skiptoken" in request.query:
        return _ok({"value": []})
    token = skip_token()
    query = f"%24skipToken={token}&api-version={request.api_version}&skipToken={token}"
    return _ok({"value": values, "nextLink": f"{fleet.base_url}{path}?{query}"})


async def get_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a node pool.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    return _ok(bodies.agent_pool(resource, _need_pool(fleet, resource, request)))


async def list_pools(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the node pools; preview versions add a second page without entries, as the service does.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pools = [bodies.agent_pool(resource, pool) for pool in resource.cluster.pools.values()]
    if not request.api_version.endswith("-preview"):
        return _ok({"value": pools})
    return _pages(fleet, request, f"{resource.identifier}/agentPools", pools)


async def put_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of an existing node pool: replaces its labels and taints; every other property must stay.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    Belief: pool-update-while-extension-installs
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pool = _need_pool(fleet, resource, request)
    _refuse_when_busy(resource)
    sent = need_body(request).get("properties") or {}
    _check_match(request, pool)
    wanted = _wanted_properties(pool, sent)
    before = dict(pool.properties.get("nodeLabels") or {})
    pool.properties = wanted
    pool.provisioning_state = resource.cluster.busy = "Updating"
    operation = _begin(fleet, resource, _update_pool(fleet, resource, pool, before))
    url = status_url(fleet, operation, f"api-version={OPERATION_VERSION}")
    return _ok(bodies.agent_pool(resource, pool), 200, {"Azure-AsyncOperation": url})


async def delete_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of a node pool: the collection never asks for it, so it is noted and refused.

    Source: none, the service would delete it; known_differences.yml says why the simulator does not.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    fleet.report("node pool delete refused", cluster=resource.identifier, pool=request.params["pool"])
    raise flat_error(403, "Forbidden", "The simulation does not delete node pools.", subcode="")


async def user_credential(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listClusterUserCredential: a kubeconfig with a static token, or with kubelogin for Entra clusters.

    Source: learn.microsoft.com/azure/aks/kubelogin-authentication.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    content = kubeconfig.for_users(fleet, resource)
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
    return _ok({"kubeconfigs": [{"name": name, "value": base64.b64encode(content.encode()).decode()}]})


async def get_operation(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a status URL of the AKS resource provider.

    Source: recording Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator.
    """
    operation = need_operation(fleet, request)
    body: dict[str, Any] = {
        "name": operation.identifier,
        "status": operation.status,
        "startTime": operation.started,
    }
    if operation.ended:
        body["endTime"] = operation.ended
    if operation.error:
        body["error"] = operation.error
    return _ok(body)


async def list_bindings(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the trusted access role bindings.

    Source: recording test_aks_trustedaccess_rolebinding.yaml of Azure/azure-cli-extensions.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    return _ok({"value": list(resource.cluster.bindings.values())})


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
    return _ok(found)


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


async def connected_credential(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listClusterUserCredential of an Arc cluster: needs cluster connect, which no simulated cluster has on.

    Source: learn.microsoft.com/azure/azure-arc/kubernetes/cluster-connect.
    """
    need_cluster(fleet, request, "connectedClusters")
    raise error(
        400, "ClusterConnectNotEnabled", "The cluster connect feature is not enabled for the Connected Cluster."
    )


def _need_pool(fleet: Fleet, resource: ClusterResource, request: ArmRequest) -> NodePoolState:
    name = request.params["pool"]
    found = resource.cluster.pools.get(name.lower())
    if found is None:
        raise flat_error(
            404,
            "NotFound",
            f"Could not find the agentpool: {name} in subscription: {fleet.scenario.subscription_id}, "
            f"resourceGroup: {resource.group}, resourceName: {resource.name}.",
            details=[
                {
                    "code": "Unspecified",
                    "message": "rpc error: code = NotFound desc = Agent Pool not found",
                }
            ],
            subcode="GetAgentPool_NotFound_HCPServerError",
        )
    return found


def _refuse_when_busy(resource: ClusterResource) -> None:
    if resource.cluster.busy:
        raise ArmError(
            Answer(
                409,
                {
                    "code": "OperationNotAllowed",
                    "details": None,
                    "message": f"Operation is not allowed: Another operation ({resource.cluster.busy}) is in progress, "
                    "please wait for it to finish before starting a new operation. "
                    "See https://aka.ms/aks-pending-operation",
                    "subcode": "",
                },
                content_type=JSON_PLAIN,
            )
        )


def _check_match(request: ArmRequest, pool: NodePoolState) -> None:
    wanted = request.headers.get("if-match")
    if wanted and wanted.strip('"') not in ("*", pool.etag):
        raise flat_error(412, "EtagMismatch", "The eTag in the request does not match the one of the agent pool.")


def _wanted_properties(pool: NodePoolState, sent: dict[str, Any]) -> dict[str, Any]:
    """What the pool becomes. Raises 400 for reserved labels and for properties that cannot be changed."""
    for name in ("vmSize", "osType", "type"):
        value = sent.get(name)
        if value is not None and str(value).lower() != str(pool.properties.get(name)).lower():
            message = f"Changing property 'properties.{name}' is not allowed."
            raise flat_error(
                400, "PropertyChangeNotAllowed", message, target=f"properties.{name}", subcode="", details=None
            )
    labels = sent.get("nodeLabels") or {}
    reserved = [key for key in labels if key.startswith(RESERVED_PREFIXES)]
    if reserved:
        message = f"Label key {reserved[0]} is not valid: the prefix is reserved by AKS."
        raise flat_error(
            400, "InvalidParameter", message, details=None, subcode="", target="agentPoolProfile.nodeLabels"
        )
    changed = {
        name: value for name, value in sent.items() if value is not None and name not in READ_ONLY and value != []
    }
    kept = {name: value for name, value in pool.properties.items() if name not in ("nodeLabels", "nodeTaints")}
    wanted = {**kept, **changed}
    if not labels:
        wanted.pop("nodeLabels", None)
    return wanted


def _begin(fleet: Fleet, resource: ClusterResource, work: Any) -> Operation:
    operation = Operation(
        service="containerservice",
        resource_id=resource.identifier,
        path="",
        verb="InProgress",
        started=fleet.now(),
    )
    location = resource.cluster.spec.location
    operation.path = (
        f"{fleet.subscription}/providers/Microsoft.ContainerService/locations/{location}"
        f"/operations/{operation.identifier}"
    )
    return fleet.begin(operation, work(operation))


def _update_pool(fleet: Fleet, resource: ClusterResource, pool: NodePoolState, before: dict[str, str]) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.node_pool_update)
        after = dict(pool.properties.get("nodeLabels") or {})
        try:
            if resource.cluster.started:
                await relabel_nodes(await resource.cluster.api(fleet), pool.name, before, after)
        except (UnexpectedAnswerError, aiohttp.ClientError, OSError) as error:
            pool.provisioning_state = "Failed"
            operation.fail(fleet.now(), "ReconcileVMSSAgentPoolFailed", f"The nodes could not be labelled: {error}")
        else:
            pool.provisioning_state = "Succeeded"
            operation.succeed(fleet.now())
        finally:
            resource.cluster.busy = None

    return work
