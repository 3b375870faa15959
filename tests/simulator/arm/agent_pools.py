# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.ContainerService: the node pools of managed clusters, with the effects that they have on nodes.

Source: recorded answers of `az aks nodepool` (labels, stop and start, spot, autoscaling) and of the Azure service
operator (managedClusters 2025-08-01); the command group's own code (azure-cli, command_modules/acs/custom.py), which
sends each change as a PUT of the whole pool.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.simulator.arm import aks_operations, bodies
from tests.simulator.arm.aks_operations import ok
from tests.simulator.arm.common import need_body, need_cluster, pages
from tests.simulator.chart.cluster import UnexpectedAnswerError
from tests.simulator.contents.nodes import bring_nodes, remove_nodes
from tests.simulator.state.access import covers
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, flat_error
from tests.simulator.state.fleet import NODE_IMAGE, SPOT, ClusterResource, NodePoolState, make_spot
from tests.simulator.state.operations import Operation
from tests.simulator.state.vm_sizes import vm_size

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

RESERVED_PREFIXES = ("kubernetes.azure.com/", "kubernetes.io/", "k8s.io/")
READ_ONLY = ("provisioningState", "powerState", "currentOrchestratorVersion", "nodeImageVersion", "eTag")
FIXED = ("vmSize", "osType", "type", "scaleSetPriority")
#: The size of a pool whose size is not given: AKS chooses one that the subscription has quota for.
DEFAULT_SIZE = "Standard_D4s_v5"
PREEMPTED = "This operation has been preempted by another operation. Please retry later."


async def get_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a node pool.

    Source: recorded answers of managedClusters 2025-08-01.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    return ok(bodies.agent_pool(resource, _need_pool(fleet, resource, request)))


async def list_pools(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the node pools; preview versions add a second page without entries, as the service does.

    Source: recorded answers of managedClusters 2025-08-01 and 2025-10-02-preview.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pools = [bodies.agent_pool(resource, pool) for pool in resource.cluster.pools.values()]
    if not request.api_version.endswith("-preview"):
        return ok({"value": pools})
    return pages(fleet, request, f"{resource.identifier}/agentPools", pools)


async def put_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a node pool: makes one (201), or changes its labels, taints, count, mode, version or power (200).

    Source: recorded answers of `az aks nodepool add`, `update`, `scale`, `upgrade`, `stop` and `start`.
    Belief: pool-update-while-extension-installs
    Belief: stopped-pool-update
    Belief: labels-under-a-lock-among-nodes
    Belief: stale-count-of-autoscaled-pool
    Belief: spot-labels-returned
    """
    resource = need_cluster(fleet, request, "managedClusters")
    name = request.params["pool"]
    sent = need_body(request).get("properties") or {}
    existing = resource.cluster.pools.get(name.lower())
    _refuse_on_stopped_cluster(resource)
    aks_operations.refuse_when_busy(resource)
    if existing is None:
        return _create(fleet, resource, request, sent)
    _check_match(request, existing)
    _refuse_under_a_lock(fleet, resource, scaled=sent.get("count", existing.count) != existing.count)
    before = copy.deepcopy(existing)
    state = _change(resource, existing, sent)
    existing.provisioning_state = state
    work = _bring(fleet, resource, existing, before)
    operation = aks_operations.begin(fleet, resource, work, "Updating")
    return ok(bodies.agent_pool(resource, existing), 200, aks_operations.poll_headers(fleet, operation))


async def delete_pool(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of a node pool and its nodes: 202 and an operation. The state of the simulation notes it.

    Source: recorded answers of managedClusters 2025-08-01; learn.microsoft.com "Use system node pools": the last one
    of mode System cannot be deleted.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pool = resource.cluster.pools.get(request.params["pool"].lower())
    if pool is None:
        return ok(None, 204)
    aks_operations.refuse_when_busy(resource)
    _need_another_system_pool(resource, pool)
    fleet.report("node pool deleted", cluster=resource.identifier, pool=pool.name)
    pool.provisioning_state = "Deleting"
    operation = aks_operations.begin(fleet, resource, _remove(fleet, resource, pool), "Updating")
    return ok(None, 202, aks_operations.poll_headers(fleet, operation, location=True))


async def get_upgrade_profile(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the versions that a node pool can be upgraded to: up to its control plane's.

    Source: Azure/azure-rest-api-specs, AgentPools_GetUpgradeProfile 2025-08-01.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pool = _need_pool(fleet, resource, request)
    control_plane = resource.cluster.spec.kubernetes_version
    newer = [{"kubernetesVersion": control_plane, "isPreview": None}] if pool.version != control_plane else []
    properties = {
        "kubernetesVersion": pool.version,
        "osType": pool.properties.get("osType"),
        "latestNodeImageVersion": NODE_IMAGE,
        "upgrades": newer,
    }
    identifier = f"{bodies.cluster_id(resource)}/agentPools/{pool.name}/upgradeprofiles/default"
    kind = "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles"
    return ok({"id": identifier, "name": "default", "type": kind, "properties": properties})


async def upgrade_node_image(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST upgradeNodeImageVersion: replaces the nodes' image.

    Source: Azure/azure-rest-api-specs, AgentPools_UpgradeNodeImageVersion 2025-08-01.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    pool = _need_pool(fleet, resource, request)
    aks_operations.refuse_when_busy(resource)
    pool.provisioning_state = "UpgradingNodeImageVersion"
    work = _bring(fleet, resource, pool, copy.deepcopy(pool))
    operation = aks_operations.begin(fleet, resource, work, "Updating")
    headers = aks_operations.poll_headers(fleet, operation, location=True)
    return ok(bodies.agent_pool(resource, pool), 202, headers)


def _create(fleet: Fleet, resource: ClusterResource, request: ArmRequest, sent: dict[str, Any]) -> Answer:
    name = request.params["pool"]
    _check_name(name, str(sent.get("osType") or "Linux"))
    _check_labels(resource, None, sent)
    version = _checked_version(resource, str(sent.get("orchestratorVersion") or ""))
    properties = _new_properties(sent)
    pool = NodePoolState(name.lower(), properties, vm_size(str(properties["vmSize"])).gpus, version)
    pool.properties["orchestratorVersion"] = str(sent.get("orchestratorVersion") or version)
    _check_counts(pool.properties)
    pool.provisioning_state = "Creating"
    before = copy.deepcopy(pool)
    before.properties["count"] = 0
    resource.cluster.pools[pool.name] = pool
    operation = aks_operations.begin(fleet, resource, _bring(fleet, resource, pool, before), "Updating")
    return ok(bodies.agent_pool(resource, pool), 201, aks_operations.poll_headers(fleet, operation))


def _new_properties(sent: dict[str, Any]) -> dict[str, Any]:
    """What a new pool has, in the order in which recorded answers have it."""
    system = str(sent.get("osType") or "Linux")
    properties: dict[str, Any] = {
        "count": 3,
        "vmSize": DEFAULT_SIZE,
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "kubeletDiskType": "OS",
        "maxPods": 250,
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "scaleDownMode": "Delete",
        "enableNodePublicIP": False,
        "mode": "User",
        "osType": system,
        "osSKU": "Ubuntu" if system == "Linux" else "Windows2022",
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
        "enableFIPS": False,
        "securityProfile": {"sshAccess": "LocalUser", "enableVTPM": False, "enableSecureBoot": False},
    }
    given = {n: v for n, v in sent.items() if v not in (None, [], {}, 0) and n not in READ_ONLY}
    properties |= given
    if sent.get("count") == 0:
        properties["count"] = 0
    if str(properties.get("scaleSetPriority", "")).lower() == "spot":
        make_spot(properties)
    if vm_size(str(properties["vmSize"])).gpus:
        properties.setdefault("gpuProfile", {"driver": "Install"})
    return properties


def _refuse_under_a_lock(fleet: Fleet, resource: ClusterResource, *, scaled: bool) -> None:
    """Raise 409 while there is a lock, of either level, in the resource group of the nodes.

    Source: github.com/Azure/AKS/issues/3291 (a pool that is scaled, a Delete lock on one resource).
    Belief: labels-under-a-lock-among-nodes
    """
    spec = resource.cluster.spec
    group = f"{fleet.subscription}/resourceGroups/{spec.group_of_nodes}"
    if not any(covers(group, scope) for scope, locks in fleet.locks.items() if locks):
        return
    if scaled or resource.cluster.beliefs.answer("labels-under-a-lock-among-nodes") == "refused":
        where = f"'{spec.group_of_nodes}' under subscription: '{fleet.subscription.rpartition('/')[2]}'"
        message = f"Resource group {where} is locked, please remove lock and retry."
        raise ArmError(aks_operations.refusal(f"{message} Please see http://aka.ms/azure-lock-resources"))


def _change(resource: ClusterResource, pool: NodePoolState, sent: dict[str, Any]) -> str:
    """Apply a PUT on `pool`; returns the state it is in meanwhile. Raises 400 and 409."""
    power = str((sent.get("powerState") or {}).get("code") or pool.power_state)
    if power != pool.power_state:
        return _switch(resource, pool, power)
    if pool.power_state == "Stopped" and resource.cluster.beliefs.answer("stopped-pool-update") == "refused":
        message = f"The agent pool {pool.name} is stopped. Please start it before any other operation."
        raise ArmError(aks_operations.refusal(message))
    wanted = _wanted_properties(resource, pool, sent)
    version = _checked_version(resource, str(wanted["orchestratorVersion"]), pool.version)
    if wanted.get("mode") != "System":
        _need_another_system_pool(resource, pool)
    scaled, upgraded = wanted.get("count") != pool.count, version != pool.version
    pool.properties, pool.version = wanted, version
    return "Upgrading" if upgraded else "Scaling" if scaled else "Updating"


def _switch(resource: ClusterResource, pool: NodePoolState, power: str) -> str:
    """Stop or start a pool: the count is 0 in between.

    Source: recorded answers of `az aks nodepool stop` and `start`.
    """
    if power == "Stopped":
        _need_another_system_pool(resource, pool)
        pool.stopped_count, pool.properties["count"] = pool.count, 0
    else:
        pool.properties["count"] = pool.stopped_count
    pool.power_state = power
    return "Stopping" if power == "Stopped" else "Starting"


def _wanted_properties(resource: ClusterResource, pool: NodePoolState, sent: dict[str, Any]) -> dict[str, Any]:
    """What the pool becomes. Raises 400 for reserved labels and for properties that cannot be changed."""
    for name in FIXED:
        value = sent.get(name)
        if value is not None and str(value).lower() != str(pool.properties.get(name, "Regular")).lower():
            message = f"Changing property 'properties.{name}' is not allowed."
            raise flat_error(
                400, "PropertyChangeNotAllowed", message, target=f"properties.{name}", subcode="", details=None
            )
    _check_labels(resource, pool, sent)
    changed = {
        name: value for name, value in sent.items() if value is not None and name not in READ_ONLY and value != []
    }
    kept = {name: value for name, value in pool.properties.items() if name not in ("nodeLabels", "nodeTaints")}
    wanted = {**kept, **changed}
    if pool.power_state == "Stopped" or _keeps_count(resource, wanted):
        wanted["count"] = pool.count
    if not sent.get("nodeLabels"):
        wanted.pop("nodeLabels", None)
    if str(pool.properties.get("scaleSetPriority", "")).lower() == "spot":
        make_spot(wanted)
        _forget_the_omitted_label(resource, wanted, sent)
    _check_counts(wanted)
    return wanted


def _forget_the_omitted_label(resource: ClusterResource, wanted: dict[str, Any], sent: dict[str, Any]) -> None:
    """Take the label of a spot pool away that a PUT left out, because a PUT replaces all labels; its taint stays.

    Source: Azure/AKS issue 3152 (the label is deleted by an update of labels), issue 2934 (the taint is the system's).
    Belief: spot-labels-returned
    """
    accepted = resource.cluster.beliefs.answer("spot-labels-returned") == "accepted"
    if accepted and SPOT not in (sent.get("nodeLabels") or {}):
        wanted["nodeLabels"] = {key: value for key, value in wanted.get("nodeLabels", {}).items() if key != SPOT}


def _keeps_count(resource: ClusterResource, wanted: dict[str, Any]) -> bool:
    autoscaled = bool(wanted.get("enableAutoScaling"))
    return autoscaled and resource.cluster.beliefs.answer("stale-count-of-autoscaled-pool") == "ignored"


def _check_counts(properties: dict[str, Any]) -> None:
    """Raise 400 for a count outside of the autoscaler's limits."""
    if not properties.get("enableAutoScaling"):
        properties.pop("minCount", None)
        properties.pop("maxCount", None)
        return
    low, high, count = (int(properties.get(name) or 0) for name in ("minCount", "maxCount", "count"))
    if not low <= count <= high:
        message = f"The value of count ({count}) must be between minCount ({low}) and maxCount ({high})."
        raise _invalid(message, "agentPoolProfile.count")


def _check_labels(resource: ClusterResource, pool: NodePoolState | None, sent: dict[str, Any]) -> None:
    """Raise 400 for labels and taints that only AKS may set.

    Source: learn.microsoft.com "Use labels in an AKS cluster", reserved prefixes.
    Belief: spot-labels-returned
    """
    labels: dict[str, str] = dict(sent.get("nodeLabels") or {})
    taints: list[str] = list(sent.get("nodeTaints") or [])
    spot = str(sent.get("scaleSetPriority") or (pool.properties.get("scaleSetPriority") if pool else "")).lower()
    if spot == "spot" and resource.cluster.beliefs.answer("spot-labels-returned") == "accepted":
        labels.pop(SPOT, None)
        taints = [text for text in taints if not text.startswith(f"{SPOT}=spot:")]
    for key in labels:
        if key.startswith(RESERVED_PREFIXES):
            message = f"Label key {key} is not valid: the prefix is reserved by AKS."
            raise _invalid(message, "agentPoolProfile.nodeLabels")
    for text in taints:
        if text.startswith("kubernetes.azure.com/"):
            message = f"Taint key {text.partition('=')[0]} is not valid: the prefix is reserved by AKS."
            raise _invalid(message, "agentPoolProfile.nodeTaints")


def _checked_version(resource: ClusterResource, wanted: str, current: str = "") -> str:
    """The full version that `wanted` (1.33 or 1.33.5) means. Raises 400 when it is newer than the control plane's.

    Source: the text of the refusal as in github.com/rancher/rancher/issues/33426.
    """
    control_plane = resource.cluster.spec.kubernetes_version
    if not wanted:
        return current or control_plane
    if current == wanted or current.startswith(f"{wanted}."):
        return current
    full = (
        control_plane if control_plane.startswith(f"{wanted}.") else wanted if wanted.count(".") == 2 else f"{wanted}.0"
    )
    pool, plane = (tuple(int(part) for part in text.split(".")) for text in (full, control_plane))
    if pool > plane:
        part = f"Minor version of node pool version {pool[1]} is bigger than control plane version {plane[1]}."
        if pool[1] == plane[1]:
            part = f"Patch version of node pool version {pool[2]} is bigger than control plane version {plane[2]}."
        raise flat_error(
            400,
            "NodePoolMcVersionIncompatible",
            f"Node pool version {full} and control plane version {control_plane} are incompatible. {part} "
            "For more information, please check https://aka.ms/aks/UpgradeVersionRules",
            details=None,
            subcode="",
        )
    return full


def _check_name(name: str, system: str) -> None:
    """Raise 400 for a name that no pool may have.

    Source: https://aka.ms/aks-naming-rules: lower-case letters and digits, a letter first, 12 at most (6 for Windows).
    """
    limit = 6 if system.lower() == "windows" else 12
    if not (name.isalnum() and name.islower() and name[0].isalpha() and len(name) <= limit):
        message = (
            f"The value of parameter agentPoolProfile.name is invalid: '{name}'. See https://aka.ms/aks-naming-rules"
        )
        raise _invalid(message, "agentPoolProfile.name")


def _need_another_system_pool(resource: ClusterResource, pool: NodePoolState) -> None:
    """Raise 400 when `pool` is the last of mode System that runs."""
    others = [p for p in resource.cluster.pools.values() if p is not pool and p.properties.get("mode") == "System"]
    if pool.properties.get("mode") == "System" and not any(p.power_state == "Running" for p in others):
        message = "There has to be at least one system node pool that runs in the cluster."
        raise _invalid(message, "agentPoolProfile.mode")


def _refuse_on_stopped_cluster(resource: ClusterResource) -> None:
    if resource.cluster.spec.power_state == "Stopped":
        message = "managed cluster is in stopped power state, please start it first."
        raise ArmError(aks_operations.refusal(message))


def _invalid(message: str, target: str) -> ArmError:
    return flat_error(400, "InvalidParameter", message, details=None, subcode="", target=target)


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


def _check_match(request: ArmRequest, pool: NodePoolState) -> None:
    wanted = request.headers.get("if-match")
    if wanted and wanted.strip('"') not in ("*", pool.etag):
        raise flat_error(412, "EtagMismatch", "The eTag in the request does not match the one of the agent pool.")


def _bring(fleet: Fleet, resource: ClusterResource, pool: NodePoolState, before: NodePoolState) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.node_pool_update)
        if aks_operations.preempted(resource):
            pool.provisioning_state = "Failed"
            operation.fail(fleet.now(), "AKSOperationPreempted", PREEMPTED)
            return
        try:
            if resource.cluster.started:
                await bring_nodes(await resource.cluster.api(fleet), resource.cluster, pool, before)
        except (UnexpectedAnswerError, aiohttp.ClientError, OSError) as error:
            pool.provisioning_state = "Failed"
            operation.fail(fleet.now(), "ReconcileVMSSAgentPoolFailed", f"The nodes could not be changed: {error}")
        else:
            pool.provisioning_state = "Succeeded"
            operation.succeed(fleet.now())

    return work


def _remove(fleet: Fleet, resource: ClusterResource, pool: NodePoolState) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.node_pool_update)
        if resource.cluster.started:
            await remove_nodes(await resource.cluster.api(fleet), pool.name)
        resource.cluster.pools.pop(pool.name.lower(), None)
        operation.succeed(fleet.now())

    return work
