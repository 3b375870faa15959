# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the simulated Azure: what exists, and what is under way.

Source: recordings Test_KubernetesConfiguration_Extension_CRUD.yaml and Test_AKS_ManagedCluster_20250801_CRUD.yaml of
    Azure/azure-service-operator for what exists from the start; Azure/azure-rest-api-specs for computes.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import trustme

from tests.simulator.foundation.beliefs import Beliefs
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.cluster_api import ClusterApi
from tests.simulator.foundation.router import Router
from tests.simulator.foundation.tokens import TokenStore
from tests.simulator.state import scenario as plan
from tests.simulator.state.access import Access, lock_body
from tests.simulator.state.operations import Operation
from tests.simulator.state.role_bindings import role_binding
from tests.simulator.state.signing import UrlSigner
from tests.simulator.state.throttling import Throttle

LOG = logging.getLogger(__name__)
NODE_IMAGE = "AKSUbuntu-2204gen2containerd-202610.12.0"
"""What the nodes of managed clusters are made of."""
NAMESPACE = uuid.UUID("7c0e7a0c-0d5b-4a0e-9a6d-3f2b1c0d9e8f")

ApiFactory = Callable[["Fleet", "KubernetesCluster"], Awaitable[ClusterApi]]


def stable_guid(*parts: str) -> str:
    """A GUID that is always the same for the same parts, so that two runs of a scenario agree."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts).lower()))


@dataclass
class ExtensionState:
    """A cluster extension. Protected settings are kept here only; answers blank them."""

    name: str
    extension_type: str
    auto_upgrade: bool
    release_train: str | None
    version: str | None
    scope: dict[str, Any]
    settings: dict[str, str]
    protected: dict[str, str]
    created: str
    modified: str
    principal_id: str
    identity: dict[str, Any] | None = None
    provisioning_state: str = "Creating"
    current_version: str | None = None
    statuses: list[dict[str, Any]] = field(default_factory=list)
    error_info: dict[str, Any] | None = None
    installed: bool = False
    operation: Operation | None = None
    preempted: bool = False
    #: A Failed extension that no PUT repairs (belief failed-extension-put).
    stuck: bool = False
    #: An operation that has to end before this one begins (belief busy-extension-put).
    earlier: Operation | None = None
    #: Names of settings without which it runs well: no update demands them (belief settings-of-an-older-installation).
    runs_without: frozenset[str] = frozenset()
    #: What reads show until a moment of simulated time, in place of this (belief extension-state-after-patch).
    shown: ExtensionState | None = None
    shown_until: float = 0.0


@dataclass
class NodePoolState:
    """A node pool of a managed cluster: the properties that a PUT can change, and how many nodes it has.

    `stopped_count` is the number of nodes that a stopped pool gets back when it is started (recorded answers of
    `az aks nodepool stop` and `start`: the count is 0 between them). `service_principal` marks a pool that was made
    when the cluster had a service principal: its nodes keep it until the pool is made again.
    """

    name: str
    properties: dict[str, Any]
    gpus: int
    version: str
    provisioning_state: str = "Succeeded"
    power_state: str = "Running"
    stopped_count: int = 0
    service_principal: bool = False
    etag: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return int(self.properties.get("count") or 0)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pool."""
        return dict(self.properties.get("nodeLabels") or {})

    @property
    def taints(self) -> list[str]:
        """The taints of the pool, as texts."""
        return list(self.properties.get("nodeTaints") or [])

    @property
    def vm_size(self) -> str:
        """The size of the pool's machines."""
        return str(self.properties.get("vmSize") or "")


class KubernetesCluster:
    """A Kubernetes cluster and the way to its API, which is opened at its first use."""

    def __init__(self, spec: plan.Cluster, key: str, static_token: str, open_api: ApiFactory, beliefs: Beliefs) -> None:
        """Describe a cluster of which `beliefs` hold; nothing is started."""
        self.spec = spec
        self.beliefs = beliefs
        self.key = key
        self.static_token = static_token
        self._open = open_api
        self._opening = asyncio.Lock()
        self._api: ClusterApi | None = None
        self.pools = {pool.name.lower(): _pool_state(spec, pool) for pool in spec.node_pools}
        self.busy: str | None = None
        self.failed = spec.state == "Failed"
        self.bindings: dict[str, dict[str, Any]] = {}
        self.commands: dict[str, tuple[str, float]] = {}
        self.router = Router(key)

    @property
    def started(self) -> bool:
        """Whether anybody has talked to the Kubernetes API yet."""
        return self._api is not None

    def bind(self, cluster_id: str, workspace_id: str) -> dict[str, Any]:
        """Let a workspace in by trusted access; returns the role binding."""
        name = f"ml-{stable_guid(workspace_id)[:8]}"
        self.bindings[name] = role_binding(cluster_id, workspace_id, name)
        return self.bindings[name]

    @property
    def provisioning_state(self) -> str:
        """What AKS says of the cluster: the operation that is under way, or how the last one ended."""
        return self.busy or ("Failed" if self.failed else "Succeeded")

    def change(self, **properties: object) -> None:
        """Give the cluster other properties than the scenario did: names as in the scenario."""
        before, self.spec = self.spec, self.spec.model_copy(update=properties)
        if self._api is not None and before.kubernetes_version != self.spec.kubernetes_version:
            self._api.control_plane_upgraded(self.spec.kubernetes_version)

    async def api(self, fleet: Fleet) -> ClusterApi:
        """The Kubernetes API, started and filled when it is used for the first time."""
        if self._api is None:
            async with self._opening:
                if self._api is None:
                    self._api = await self._open(fleet, self)
        return self._api

    async def close(self) -> None:
        """Stop the router and the Kubernetes API, if they were started."""
        await self.router.close()
        if self._api is not None:
            await self._api.close()
            self._api = None


@dataclass
class ClusterResource:
    """A cluster as ARM sees it: a `managedClusters` or a `connectedClusters` resource."""

    provider: str
    type: str
    group: str
    name: str
    identifier: str
    cluster: KubernetesCluster
    tags: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, ExtensionState] = field(default_factory=dict)

    @property
    def managed(self) -> bool:
        """Whether this is an AKS cluster rather than an Arc-connected one."""
        return self.type == "managedClusters"


@dataclass
class ComputeState:
    """A compute of a workspace."""

    name: str
    compute_type: str
    resource_id: str | None
    location: str
    created: str
    modified: str
    description: str | None = None
    tags: dict[str, str] | None = None
    identity: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    attached: bool = True
    disable_local_auth: bool = False
    provisioning_state: str = "Succeeded"
    provisioning_errors: list[dict[str, Any]] | None = None
    operation: Operation | None = None


@dataclass
class WorkspaceState:
    """A workspace and its computes."""

    spec: plan.Workspace
    identifier: str
    tags: dict[str, str] = field(default_factory=dict)
    #: Endpoints, deployments and jobs, by their paths below the workspace in small letters.
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    computes: dict[str, ComputeState] = field(default_factory=dict)


@dataclass
class RelayState:
    """A namespace of Azure Relay: its hybrid connections and the rules of each of them."""

    identifier: str
    name: str
    location: str
    created: str
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, list[str]] = field(default_factory=dict)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))


class Fleet:
    """Everything that the simulated subscription holds."""

    def __init__(
        self,
        scenario: plan.Scenario,
        clock: SimulationClock,
        tokens: TokenStore,
        open_api: ApiFactory,
        static_tokens: dict[str, str],
    ) -> None:
        """Build the initial state of `scenario`. `static_tokens` survive a reset, so that kubeconfigs stay good."""
        self.scenario = scenario
        self.beliefs = Beliefs(scenario.beliefs)
        self.clock = clock
        self.tokens = tokens
        self.signer = UrlSigner()
        self.throttle = Throttle(clock, scenario.throttling)
        self.base_url = ""
        self.ca_pem = b""
        self.operations: dict[str, Operation] = {}
        self.incidents: list[dict[str, str]] = []
        self.providers = {name.lower(): state for name, state in scenario.providers.items()}
        self.clusters: dict[str, KubernetesCluster] = {}
        self.resources: dict[str, ClusterResource] = {}
        self.workspaces: dict[str, WorkspaceState] = {}
        self.groups: dict[str, tuple[str, str]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.features: dict[str, str] = {}
        self.relays: dict[str, RelayState] = {}
        self.locks: dict[str, dict[str, dict[str, Any]]] = {}
        self.access = Access(self.subscription, scenario.client_id, scenario.roles)
        self._tasks: set[asyncio.Task[None]] = set()
        self._work: dict[str, asyncio.Task[None]] = {}
        for workspace in scenario.workspaces:
            self._add_workspace(workspace)
        for cluster in scenario.clusters:
            self._add_cluster(cluster, open_api, static_tokens)

    @property
    def subscription(self) -> str:
        """The subscription's id as a path."""
        return f"/subscriptions/{self.scenario.subscription_id}"

    def now(self) -> str:
        """The simulated time as ARM writes it."""
        return self.clock.azure_timestamp()

    def resource(self, provider: str, kind: str, group: str, name: str) -> ClusterResource | None:
        """The cluster resource with these names, in any case."""
        return self.resources.get(self._id(group, provider, kind, name).lower())

    def workspace(self, group: str, name: str) -> WorkspaceState | None:
        """The workspace with these names, in any case."""
        found = self.workspaces.get(name.lower())
        return found if found and found.spec.resource_group.lower() == group.lower() else None

    def begin(self, operation: Operation, work: Coroutine[Any, Any, None]) -> Operation:
        """Register `operation` and let `work` run in the background."""
        self.operations[operation.identifier.lower()] = operation
        self._work[operation.identifier] = self.background(work)
        return operation

    def cancel(self, operation: Operation | None) -> None:
        """Stop the work of `operation`, if it is still under way; it ends as Canceled."""
        if operation is None or operation.done:
            return
        self._work[operation.identifier].cancel()
        operation.status, operation.ended = "Canceled", self.now()

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` until it ends or the fleet is closed; a failure is logged as a fault of the simulator."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def report(self, what: str, **details: str) -> None:
        """Note an incident that a test should see in the state, such as a cluster that was deleted."""
        self.incidents.append({"what": what, "time": self.now(), **details})

    async def close(self) -> None:
        """Stop all background work and all clusters."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for cluster in self.clusters.values():
            await cluster.close()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("background work of the simulator failed", exc_info=task.exception())
            self.report("simulator error", error=repr(task.exception()))

    def _id(self, group: str, provider: str, kind: str, name: str) -> str:
        return f"{self.subscription}/resourceGroups/{group}/providers/{provider}/{kind}/{name}"

    def _add_group(self, name: str, location: str) -> None:
        self.groups.setdefault(name.lower(), (name, location))

    def _add_workspace(self, spec: plan.Workspace) -> None:
        self._add_group(spec.resource_group, spec.location)
        identifier = self._id(spec.resource_group, "Microsoft.MachineLearningServices", "workspaces", spec.name)
        self.workspaces[spec.name.lower()] = WorkspaceState(spec, identifier)

    def _add_cluster(self, spec: plan.Cluster, open_api: ApiFactory, static_tokens: dict[str, str]) -> None:
        self._add_group(spec.resource_group, spec.location)
        key = f"{spec.resource_group}.{spec.name}".lower()
        token = static_tokens.setdefault(key, secrets.token_urlsafe(32))
        beliefs = Beliefs({**self.scenario.beliefs, **spec.beliefs})
        cluster = self.clusters[key] = KubernetesCluster(spec, key, token, open_api, beliefs)
        resources = []
        if spec.kind == "aks":
            resources.append(("Microsoft.ContainerService", "managedClusters"))
        if spec.kind == "arc" or spec.arc_connected:
            resources.append(("Microsoft.Kubernetes", "connectedClusters"))
        for provider, kind in resources:
            identifier = self._id(spec.resource_group, provider, kind, spec.name)
            self.resources[identifier.lower()] = ClusterResource(
                provider, kind, spec.resource_group, spec.name, identifier, cluster, dict(spec.tags)
            )
            if spec.lock:
                self.locks[identifier] = {"lock": lock_body(identifier, "lock", spec.lock)}
        if spec.lock_among_nodes:
            balancer = self._id(spec.group_of_nodes, "Microsoft.Network", "loadBalancers", "kubernetes")
            self.locks[balancer] = {"lock": lock_body(balancer, "lock", spec.lock_among_nodes)}
        primary = next(r for r in self.resources.values() if r.cluster is cluster and r.managed == (spec.kind == "aks"))
        self._add_existing(primary)

    def _add_existing(self, resource: ClusterResource) -> None:
        spec, now = resource.cluster.spec, self.now()
        if spec.extension:
            resource.extensions[spec.extension.name.lower()] = existing_extension(self, resource, spec.extension)
        for legacy in spec.legacy_computes:
            self._add_compute(legacy.workspace, _legacy_compute(resource, legacy, now))
        for compute in spec.computes:
            self._add_compute(compute.workspace, _existing_compute(resource, compute, now))
            if resource.managed:
                resource.cluster.bind(resource.identifier, self.workspaces[compute.workspace.lower()].identifier)

    def _add_compute(self, workspace: str, compute: ComputeState) -> None:
        self.workspaces[workspace.lower()].computes[compute.name.lower()] = compute


#: Settings that the Azure CLI derives today (AzureMLKubernetes.py of Azure/azure-cli-extensions), not from the first.
SWITCHES_OF_TRAFFIC = frozenset({"nginxIngress.enabled", "relayserver.enabled", "servicebus.enabled"})


def existing_extension(fleet: Fleet, resource: ClusterResource, spec: plan.Extension) -> ExtensionState:
    """An extension that was there before the simulation began."""
    now = fleet.now()
    settings = dict(spec.settings) if spec.settings is not None else default_settings(resource)
    changed = {key: value for key, value in spec.changed_settings.items() if value is not None}
    settings = {key: value for key, value in settings.items() if key not in spec.changed_settings} | changed
    protected = dict(spec.protected_settings)
    if spec.pem_files_for:
        protected |= pem_settings(spec.pem_files_for)
        settings = {**settings, "sslCname": spec.pem_files_for, "allowInsecureConnections": "False"}
    done = spec.state == "Succeeded"
    failed = {
        "code": "InstallationFailed",
        "displayStatus": None,
        "level": None,
        "message": "The extension operation failed with the following error: timed out waiting for the condition "
        "(Code: ExtensionOperationFailed)",
        "time": None,
    }
    return ExtensionState(
        name=spec.name,
        extension_type="microsoft.azureml.kubernetes",
        auto_upgrade=spec.version is None,
        release_train="stable" if spec.version is None else None,
        version=spec.version,
        scope={"cluster": {"releaseNamespace": "azureml"}},
        settings=settings,
        protected=protected,
        created=now,
        modified=now,
        principal_id=stable_guid(resource.identifier, spec.name, "principal"),
        identity=None if resource.managed else {"type": "SystemAssigned"},
        provisioning_state=spec.state,
        current_version=(spec.version or DEFAULT_EXTENSION_VERSION) if done else None,
        statuses=[failed] if spec.state == "Failed" else [],
        installed=done or spec.state == "Updating",
        runs_without=frozenset(SWITCHES_OF_TRAFFIC - settings.keys()) if done else frozenset(),
    )


def pem_settings(cname: str) -> dict[str, str]:
    """The protected settings that the Azure CLI makes of two PEM files: their content, and the paths beside it.

    Source: AzureMLKubernetes.py of Azure/azure-cli-extensions.
    """
    issued = trustme.CA().issue_cert(cname, common_name=cname)
    certificate, key = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()
    return {
        "sslCertPemFile": "/home/someone/cert.pem",
        "sslKeyPemFile": "/home/someone/key.pem",
        "scoringFe.sslCert": base64.b64encode(certificate).decode(),
        "scoringFe.sslKey": base64.b64encode(key).decode(),
    }


DEFAULT_EXTENSION_VERSION = "1.1.84"


def default_settings(resource: ClusterResource) -> dict[str, str]:
    """The settings of an extension that was installed well: training and inference without TLS."""
    spec, managed = resource.cluster.spec, resource.managed
    few = sum(pool.count for pool in spec.node_pools) < 3
    return {
        "enableTraining": "True",
        "enableInference": "True",
        "inferenceRouterServiceType": "LoadBalancer",
        "allowInsecureConnections": "True",
        "cluster_name": resource.identifier,
        "clusterId": resource.identifier,
        "prometheus.prometheusSpec.externalLabels.cluster_name": resource.identifier,
        "cluster_name_friendly": resource.name,
        "domain": f"{spec.location}.cloudapp.azure.com",
        "location": spec.location,
        "jobSchedulerLocation": spec.location,
        "servicebus.enabled": "false",
        "relayserver.enabled": "false" if managed else "true",
        "nginxIngress.enabled": "true" if managed else "false",
        **({"clusterPurpose": "DevTest", "inferenceRouterHA": "false"} if few else {}),
    }


def _pool_state(spec: plan.Cluster, pool: plan.NodePool) -> NodePoolState:
    properties: dict[str, Any] = {
        "count": pool.count,
        "vmSize": pool.vm_size,
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "kubeletDiskType": "OS",
        "maxPods": 110,
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "scaleDownMode": "Delete",
        "orchestratorVersion": spec.kubernetes_version,
        "enableNodePublicIP": False,
        "mode": pool.mode,
        "osType": pool.os_type,
        "osSKU": "Ubuntu" if pool.os_type == "Linux" else "Windows2022",
        "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
        "enableFIPS": False,
        "securityProfile": {"sshAccess": "LocalUser", "enableVTPM": False, "enableSecureBoot": False},
    }
    if pool.labels:
        properties["nodeLabels"] = dict(pool.labels)
    if pool.taints:
        properties["nodeTaints"] = list(pool.taints)
    if pool.gpus_per_node():
        properties["gpuProfile"] = {"driver": "Install"}
    if pool.autoscale:
        low, high = pool.autoscale
        properties |= {"enableAutoScaling": True, "minCount": low, "maxCount": high}
    if pool.spot:
        make_spot(properties)
    state = NodePoolState(pool.name, properties, pool.gpus_per_node(), pool.version or spec.kubernetes_version)
    state.service_principal = spec.identity == "service_principal"
    if pool.version:
        properties["orchestratorVersion"] = pool.version
    if pool.power_state == "Stopped":
        state.power_state, state.stopped_count, properties["count"] = "Stopped", pool.count, 0
    return state


SPOT = "kubernetes.azure.com/scalesetpriority"


def make_spot(properties: dict[str, Any]) -> None:
    """Give a pool what AKS gives every spot pool: its label and its taint are in each GET.

    Source: recorded answers of `az aks nodepool add --priority Spot`.
    """
    properties.setdefault("scaleSetPriority", "Spot")
    properties.setdefault("scaleSetEvictionPolicy", "Delete")
    properties.setdefault("spotMaxPrice", -1)
    properties["nodeLabels"] = {**(properties.get("nodeLabels") or {}), SPOT: "spot"}
    taint = f"{SPOT}=spot:NoSchedule"
    others = [text for text in properties.get("nodeTaints") or [] if text != taint]
    properties["nodeTaints"] = [*others, taint]


def _legacy_compute(resource: ClusterResource, spec: plan.LegacyCompute, now: str) -> ComputeState:
    cluster = resource.cluster.spec
    nodes = sum(pool.count for pool in cluster.node_pools)
    return ComputeState(
        name=spec.name,
        compute_type="AKS",
        resource_id=resource.identifier.replace("/resourceGroups/", "/resourcegroups/"),
        location=cluster.location,
        created=now,
        modified=now,
        tags=None if spec.attached else {},
        attached=spec.attached,
        properties={
            "clusterFqdn": None,
            "systemServices": [
                {"systemServiceType": "ScoringFrontEnd", "publicIpAddress": "20.50.0.4", "version": "2"},
            ],
            "agentCount": nodes,
            "agentVmSize": cluster.node_pools[0].vm_size,
            "clusterPurpose": "FastProd" if nodes >= 3 else "DevTest",
            "sslConfiguration": {"status": "Disabled", "cert": None, "key": None, "cname": None},
            "aksNetworkingConfiguration": None,
            "loadBalancerType": "PublicIp",
            "loadBalancerSubnet": None,
        },
    )


def _existing_compute(resource: ClusterResource, spec: plan.Compute, now: str) -> ComputeState:
    failed = spec.state == "Failed"
    error = {"error": {"code": "InternalServerError", "message": "An internal server error occurred."}}
    return ComputeState(
        name=spec.name,
        compute_type="Kubernetes",
        resource_id=resource.identifier,
        location=resource.cluster.spec.location,
        created=now,
        modified=now,
        properties=kubernetes_properties({"namespace": spec.namespace}),
        tags=dict(spec.tags),
        identity={"type": "SystemAssigned", "principalId": stable_guid(spec.name)} if spec.identity else None,
        provisioning_state=spec.state,
        provisioning_errors=[error] if failed else None,
    )


def kubernetes_properties(sent: dict[str, Any]) -> dict[str, Any]:
    """The inner properties of a Kubernetes compute: every field of the published example, null unless sent."""
    empty: dict[str, Any] = {
        "relayConnectionString": None,
        "serviceBusConnectionString": None,
        "extensionPrincipalId": None,
        "extensionInstanceReleaseTrain": "stable",
        "vcName": None,
        "namespace": "default",
        "defaultInstanceType": None,
        "instanceTypes": None,
    }
    return {**empty, **{name: value for name, value in sent.items() if value is not None}}
