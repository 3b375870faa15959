# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.ContainerService: what changes a whole cluster: update, tags, start, stop, upgrade, run command.

Source: recorded answers of `az aks update`, `stop`, `start`, `command invoke` and of `az aks update
--enable-managed-identity` (azure-cli and aks-preview); Azure/azure-rest-api-specs, managedClusters 2025-08-01.
"""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

from tests.simulator.arm import aks_operations, bodies
from tests.simulator.arm.aks_operations import ok
from tests.simulator.arm.common import need_body, need_cluster
from tests.simulator.contents.nodes import bring_nodes
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, flat_error
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import ClusterResource, Fleet

VERSIONS = ("1.32.11", "1.33.7", "1.34.6", "1.35.4", "1.36.1")
"""The versions that the simulated AKS offers, oldest first. Source: learn.microsoft.com "Supported Kubernetes versions
in AKS": the newest three minor versions, and those before them under long term support."""
SUPPORTED = 3
IDENTITIES = {"systemassigned": "system_assigned", "userassigned": "user_assigned"}


async def put_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of an existing cluster: identity, tags, version, pod identity, authorized ranges, local accounts, counts.

    A PUT that changes nothing reconciles: a Failed cluster is well again.

    Source: recorded answers of `az aks update`.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    sent = need_body(request)
    properties = sent.get("properties") or {}
    if resource.cluster.spec.power_state == "Stopped":
        raise ArmError(aks_operations.refusal("managed cluster is in stopped power state, please start it first."))
    aks_operations.refuse_when_busy(resource)
    _check_pools(resource, properties)
    version = _checked_version(resource, properties.get("kubernetesVersion"))
    before = {name: copy.deepcopy(pool) for name, pool in resource.cluster.pools.items()}
    _apply(resource, sent, properties)
    upgraded = version != resource.cluster.spec.kubernetes_version
    resource.cluster.change(kubernetes_version=version)
    _apply_pools(resource, properties, version)
    for pool in resource.cluster.pools.values():
        pool.provisioning_state = "Updating"
    work = _reconcile(fleet, resource, before)
    operation = aks_operations.begin(fleet, resource, work, "Upgrading" if upgraded else "Updating")
    return ok(bodies.managed_cluster(fleet, resource), 200, aks_operations.poll_headers(fleet, operation))


async def patch_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """PATCH of the tags of a cluster.

    Source: Azure/azure-rest-api-specs, ManagedClusters_UpdateTags 2025-08-01.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    aks_operations.refuse_when_busy(resource)
    resource.tags = dict(need_body(request).get("tags") or {})
    return ok(bodies.managed_cluster(fleet, resource))


async def stop_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST stop: 202; the cluster and its API are gone when the operation has ended.

    Source: recorded answers of `az aks stop`.
    """
    return _power(fleet, request, "Stopped", "Stopping")


async def start_cluster(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST start: 202; the cluster runs when the operation has ended.

    Source: recorded answers of `az aks start`.
    """
    return _power(fleet, request, "Running", "Starting")


def _power(fleet: Fleet, request: ArmRequest, power: str, state: str) -> Answer:
    resource = need_cluster(fleet, request, "managedClusters")
    aks_operations.refuse_when_busy(resource)

    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.node_pool_update)
        resource.cluster.change(power_state=power)
        operation.succeed(fleet.now())

    operation = aks_operations.begin(fleet, resource, work, state)
    return ok(None, 202, aks_operations.poll_headers(fleet, operation, location=True))


async def get_upgrade_profile(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the versions that a cluster can be upgraded to: newer patches, and the next minor version.

    Source: Azure/azure-rest-api-specs, ManagedClusters_GetUpgradeProfile 2025-08-01.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    current = resource.cluster.spec.kubernetes_version
    upgrades = [{"kubernetesVersion": version, "isPreview": None} for version in _upgrades(current)]
    pools: list[dict[str, Any]] = [
        {"kubernetesVersion": pool.version, "name": pool.name, "osType": pool.properties.get("osType"), "upgrades": []}
        for pool in resource.cluster.pools.values()
    ]
    control_plane = {"kubernetesVersion": current, "osType": "Linux", "upgrades": upgrades}
    identifier = f"{bodies.cluster_id(resource)}/upgradeprofiles/default"
    kind = "Microsoft.ContainerService/managedClusters/upgradeprofiles"
    properties = {"controlPlaneProfile": control_plane, "agentPoolProfiles": pools}
    return ok({"id": identifier, "name": "default", "type": kind, "properties": properties})


async def list_versions(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the Kubernetes versions that AKS offers in a region.

    Source: Azure/azure-rest-api-specs, ManagedClusters_ListKubernetesVersions 2025-08-01.
    """
    values = []
    for number, version in enumerate(VERSIONS):
        recent = number >= len(VERSIONS) - SUPPORTED
        plans = ["KubernetesOfficial", "AKSLongTermSupport"] if recent else ["AKSLongTermSupport"]
        found: dict[str, Any] = {
            "version": _minor(version),
            "capabilities": {"supportPlan": plans},
            "patchVersions": {version: {"upgrades": _upgrades(version)}},
        }
        if number == len(VERSIONS) - SUPPORTED + 1:
            found["isDefault"] = True
        values.append(found)
    return ok({"values": values})


async def run_command(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST runCommand: 202 and the address of the result. The simulation runs no command; the result says so.

    Source: recorded answers of `az aks command invoke`.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    if resource.cluster.spec.power_state == "Stopped":
        raise ArmError(aks_operations.refusal("managed cluster is in stopped power state, please start it first."))
    if not need_body(request).get("command"):
        raise flat_error(400, "InvalidParameter", "Required parameter command is missing.", subcode="", details=None)
    identifier = uuid.uuid4().hex
    resource.cluster.commands[identifier] = (fleet.clock.timestamp(), fleet.clock.elapsed())
    return ok(None, 202, {"Location": _result_url(fleet, request, resource, identifier)})


async def get_command_result(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the result of a command: 202 while it runs, then 200.

    Source: recorded answers of `az aks command invoke`.
    """
    resource = need_cluster(fleet, request, "managedClusters")
    identifier = request.params["command"]
    if identifier not in resource.cluster.commands:
        raise flat_error(404, "NotFound", f"Could not find the command {identifier}.", subcode="", details=None)
    started, moment = resource.cluster.commands[identifier]
    if fleet.clock.elapsed() - moment < fleet.scenario.timing.pod_start:
        headers = {"Location": _result_url(fleet, request, resource, identifier)}
        return ok({"id": identifier, "properties": {"provisioningState": "Running"}}, 202, headers)
    properties = {
        "provisioningState": "Succeeded",
        "exitCode": 0,
        "startedAt": started,
        "finishedAt": fleet.clock.timestamp(),
        "logs": "(the simulation runs no commands)\n",
    }
    return ok({"id": identifier, "properties": properties})


def _result_url(fleet: Fleet, request: ArmRequest, resource: ClusterResource, identifier: str) -> str:
    path = resource.identifier.replace("/managedClusters/", "/managedclusters/")
    return f"{fleet.base_url}{path}/commandResults/{identifier}?api-version={request.api_version}"


def _check_pools(resource: ClusterResource, properties: dict[str, Any]) -> None:
    """Raise 400 for a pool that the cluster does not have.

    Source: github.com/microsoft/tyger/issues/121.
    """
    for pool in properties.get("agentPoolProfiles") or []:
        if str(pool.get("name", "")).lower() not in resource.cluster.pools:
            message = (
                "A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through "
                "managed cluster operations. For agent pool specific change, please use per agent pool operations: "
                "https://aka.ms/agent-pool-rest-api"
            )
            raise flat_error(400, "BadRequest", message, details=None, subcode="", target="agentPoolProfiles")


def _checked_version(resource: ClusterResource, wanted: str | None) -> str:
    """The full version that a PUT asks for. Raises 400 unless it is the current one or an upgrade that AKS offers."""
    current = resource.cluster.spec.kubernetes_version
    if not wanted or current == wanted or current.startswith(f"{wanted}."):
        return current
    found = [version for version in _upgrades(current) if version == wanted or version.startswith(f"{wanted}.")]
    if not found:
        message = f"Upgrading Kubernetes version {current} to {wanted} is not supported. See https://aka.ms/aks-supported-k8s-ver"
        raise flat_error(400, "OperationNotAllowed", message, details=None, subcode="", target="kubernetesVersion")
    return found[-1]


def _upgrades(current: str) -> list[str]:
    """Newer patches of the same minor version and those of the next one: no minor version is skipped."""
    mine = _parts(current)
    return [v for v in VERSIONS if _parts(v) > mine and _parts(v)[:2] <= (mine[0], mine[1] + 1)]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _apply(resource: ClusterResource, sent: dict[str, Any], properties: dict[str, Any]) -> None:
    """Take over what a PUT says of the cluster itself; what it leaves out stays."""
    cluster = resource.cluster
    if sent.get("tags") is not None:
        resource.tags = dict(sent["tags"])
    kind = str((sent.get("identity") or {}).get("type") or "").lower()
    if kind in IDENTITIES:
        cluster.change(identity=IDENTITIES[kind])
    pod_identity = properties.get("podIdentityProfile")
    if pod_identity is not None:
        cluster.change(pod_identity=bool(pod_identity.get("enabled")))
    access = properties.get("apiServerAccessProfile")
    if access is not None:
        ranges = access.get("authorizedIPRanges")
        if ranges is not None:
            cluster.change(authorized_ip_ranges=list(ranges))
        if access.get("enablePrivateClusterPublicFQDN") is not None:
            cluster.change(public_name=bool(access["enablePrivateClusterPublicFQDN"]))
    if properties.get("disableLocalAccounts") is not None:
        cluster.change(local_accounts=not properties["disableLocalAccounts"])
    if (properties.get("aadProfile") or {}).get("managed"):
        cluster.change(entra=True)


def _apply_pools(resource: ClusterResource, properties: dict[str, Any], version: str) -> None:
    for sent in properties.get("agentPoolProfiles") or []:
        pool = resource.cluster.pools[str(sent["name"]).lower()]
        if sent.get("count") is not None and pool.power_state == "Running":
            pool.properties["count"] = int(sent["count"])
        wanted = str(sent.get("orchestratorVersion") or "")
        if wanted and wanted in (version, _minor(version)):
            pool.version, pool.properties["orchestratorVersion"] = version, wanted


def _reconcile(fleet: Fleet, resource: ClusterResource, before: dict[str, Any]) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.node_pool_update)
        cluster = resource.cluster
        if cluster.started:
            api = await cluster.api(fleet)
            for name, pool in list(cluster.pools.items()):
                await bring_nodes(api, cluster, pool, before[name])
        for pool in cluster.pools.values():
            pool.provisioning_state = "Succeeded"
        cluster.failed = False
        operation.succeed(fleet.now())

    return work
