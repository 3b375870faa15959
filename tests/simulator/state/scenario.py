# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario file: a fleet, described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tests.simulator.chart.health import KNOWN_CODES
from tests.simulator.foundation.beliefs import check_answer
from tests.simulator.state.vm_sizes import vm_size

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,88}[A-Za-z0-9_])?$")]
KubernetesName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Seconds = Annotated[float, Field(ge=0)]
FrontEnd = Literal["absent", "v1", "v2", "v2_not_ready", "owned_by_extension"]


class ScenarioError(Exception):
    """A scenario file that cannot be read or does not describe a fleet; the message names each fault."""


class Model(BaseModel):
    """Base of all parts: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Timing(Model):
    """Durations in simulated seconds."""

    extension_install: Seconds = 300
    extension_update: Seconds = 120
    extension_delete: Seconds = 60
    compute_attach: Seconds = 60
    compute_detach: Seconds = 30
    node_pool_update: Seconds = 60
    pod_start: Seconds = 5
    provider_register: Seconds = 30


class Workspace(Model):
    """A Machine Learning workspace."""

    name: Name
    resource_group: Name
    location: str = "westeurope"
    #: The name of the user-assigned identity that it acts as; None is its system-assigned one.
    user_assigned_identity: Name | None = None


class NodePool(Model):
    """A node pool of a managed cluster, or a group of equal nodes of another cluster."""

    name: KubernetesName = "system"
    mode: Literal["System", "User"] = "System"
    vm_size: str = "Standard_D4s_v5"
    count: Annotated[int, Field(ge=0)] = 3
    labels: dict[str, str] = {}
    taints: list[str] = []
    gpus: Annotated[int, Field(ge=0)] | None = None
    os_type: Literal["Linux", "Windows"] = "Linux"
    power_state: Literal["Running", "Stopped"] = "Running"
    spot: bool = False
    #: The least and the greatest count of an autoscaled pool; None is a pool whose count stays.
    autoscale: tuple[int, int] | None = None
    #: The version of the nodes' Kubernetes; empty is the control plane's.
    version: str = ""

    def gpus_per_node(self) -> int:
        """The GPUs that a node offers: what the scenario says, else what the machine size has."""
        return vm_size(self.vm_size).gpus if self.gpus is None else self.gpus


def _check_beliefs(chosen: dict[str, str]) -> dict[str, str]:
    for identifier, answer in chosen.items():
        check_answer(identifier, answer)
    return chosen


def _check_beliefs_of_a_cluster(chosen: dict[str, str]) -> dict[str, str]:
    for identifier, answer in chosen.items():
        check_answer(identifier, answer, of_a_cluster=True)
    return chosen


#: Other answers than the defaults of beliefs.yml, by the id of the belief.
ChosenBeliefs = Annotated[dict[str, str], AfterValidator(_check_beliefs)]
ChosenBeliefsOfACluster = Annotated[dict[str, str], AfterValidator(_check_beliefs_of_a_cluster)]


class V1Service(Model):
    """A web service of the first generation, in the namespace of a workspace or in one of the user's own.

    The workspace need not be described: another team's may have deployed to the cluster as well.
    """

    name: KubernetesName
    workspace: Name | None = None
    namespace: KubernetesName | None = None
    replicas: Annotated[int, Field(ge=0)] = 1

    @property
    def place(self) -> str:
        """The namespace: `azureml-<workspace>` in lower case, because Kubernetes knows no capitals in names."""
        return self.namespace or f"azureml-{self.workspace}".lower()

    @model_validator(mode="after")
    def _one_place(self) -> V1Service:
        if (self.workspace is None) == (self.namespace is None):
            raise ValueError("give either workspace or namespace")
        return self


class OnlineDeployment(Model):
    """A deployment of an online endpoint (of the second generation) in a compute's namespace."""

    endpoint: KubernetesName
    name: KubernetesName = "blue"
    namespace: KubernetesName = "default"
    replicas: Annotated[int, Field(ge=0)] = 1


class LegacyCompute(Model):
    """An AksCompute of the first generation; `attached: false` means that the workspace created the cluster."""

    workspace: Name
    name: Name
    attached: bool = True


class Extension(Model):
    """An extension that exists when the simulation begins."""

    name: Name = "azureml"
    state: Literal["Succeeded", "Failed", "Canceled", "Creating", "Updating", "Deleting"] = "Succeeded"
    version: str | None = None
    settings: dict[str, str] | None = None
    #: What is different from the settings of an extension that was installed well; null takes a setting away.
    changed_settings: dict[str, str | None] = {}
    protected_settings: dict[str, str] = {}
    #: The name for which the Azure CLI installed it with a certificate and key in PEM files.
    pem_files_for: str | None = None
    #: Codes of the last health check of an extension that failed.
    health_codes: list[str] = []

    @field_validator("health_codes")
    @classmethod
    def _known_codes(cls, codes: list[str]) -> list[str]:
        unknown = [code for code in codes if code not in KNOWN_CODES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of the codes {', '.join(KNOWN_CODES)}")
        return codes


class Compute(Model):
    """A Kubernetes compute that exists when the simulation begins."""

    workspace: Name
    name: Name
    namespace: KubernetesName = "default"
    state: Literal["Succeeded", "Failed", "Creating", "Updating", "Deleting", "Canceled", "Unknown"] = "Succeeded"
    tags: dict[str, str] = {}
    #: Whether it has a system-assigned identity.
    identity: bool = False


class Denied(Model):
    """One permission that the cluster's users lack."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None


class RealKubernetes(Model):
    """A real API server behind a simulated cluster.

    The simulator itself uses `kubeconfig`, an administrator's. `user_kubeconfig` is what it hands out to users by
    listClusterUserCredential; without it they get the same.
    """

    kubeconfig: Path
    context: str | None = None
    user_kubeconfig: Path | None = None


class Policy(Model):
    """An assignment of Azure Policy with the effect Deny: no resource of this type may be written below its scope."""

    name: str
    assignment: str = "platform-guardrails"
    #: Such as Microsoft.KubernetesConfiguration/extensions, in any case.
    denies: str
    #: A path below the subscription, empty for the subscription.
    scope: str = ""


class Role(Model):
    """A role that the service principal has, and where: paths below the subscription, empty for the subscription."""

    name: str = "Custom"
    actions: list[str] = []
    not_actions: list[str] = []
    scopes: list[str] = [""]


class Cluster(Model):
    """One cluster of the fleet."""

    name: Name
    kind: Literal["aks", "arc"] = "aks"
    resource_group: Name
    location: str = "westeurope"
    kubernetes_version: str = "1.35.4"
    identity: Literal["system_assigned", "user_assigned", "service_principal"] = "system_assigned"
    local_accounts: bool = True
    entra: bool = False
    private: bool = False
    #: Whether a private cluster has a public name as well.
    public_name: bool = True
    authorized_ip_ranges: list[str] = []
    pod_identity: bool = False
    tags: dict[str, str] = {}
    #: How the last operation of AKS on the cluster ended.
    state: Literal["Succeeded", "Failed"] = "Succeeded"
    #: A lock on the cluster's resource.
    lock: Literal["CanNotDelete", "ReadOnly"] | None = None
    #: A lock on the load balancer in the resource group of the nodes; AKS only.
    lock_among_nodes: Literal["CanNotDelete", "ReadOnly"] | None = None
    arc_connected: bool = False
    distribution: str = "generic"
    power_state: Literal["Running", "Stopped"] = "Running"
    #: Resource group of the nodes of an AKS cluster; empty is AKS' own name for it.
    node_resource_group: str = ""
    node_pools: Annotated[list[NodePool], Field(min_length=1)] = [NodePool()]
    #: Nodes of Azure Container Instances: no machines, in no node pool, with a taint of their own.
    virtual_nodes: Annotated[int, Field(ge=0)] = 0
    #: Whether somebody gives a Service of type LoadBalancer its address.
    load_balancer: bool = True
    front_end: FrontEnd = "absent"
    namespaces: list[KubernetesName] = []
    v1_services: list[V1Service] = []
    online_deployments: list[OnlineDeployment] = []
    legacy_computes: list[LegacyCompute] = []
    extension: Extension | None = None
    computes: list[Compute] = []
    denied: list[Denied] = []
    #: What is believed of this cluster only: so one fleet can try many answers.
    beliefs: ChosenBeliefsOfACluster = {}
    kubernetes: RealKubernetes | None = None

    @property
    def group_of_nodes(self) -> str:
        """The resource group in which AKS puts the nodes
        (https://learn.microsoft.com/azure/aks/faq, 'node resource group')."""
        return self.node_resource_group or f"MC_{self.resource_group}_{self.name}_{self.location}"

    @model_validator(mode="after")
    def _agree(self) -> Cluster:
        if self.kind == "arc" and self.arc_connected:
            raise ValueError("arc_connected is for clusters of kind aks only")
        if not self.local_accounts and not self.entra:
            raise ValueError("local_accounts: false needs entra: true, otherwise nobody could sign in")
        doubles = _doubles(pool.name for pool in self.node_pools)
        if doubles:
            raise ValueError(f"node pool {doubles[0]!r} is described twice")
        return self


class Scenario(Model):
    """A fleet."""

    time_scale: Annotated[float, Field(gt=0)] = 1.0
    subscription_id: str = "5f0d2a4e-8c1b-4b7e-9a63-1d2c3b4a5e6f"
    tenant_id: str = "0b9d7c52-6a1e-4f38-8d24-7e5c3f1a2b60"
    client_id: str = "c2a1f0e9-3b5d-4c7a-8e6f-9d0b1a2c3e4f"
    token_seconds: Annotated[int, Field(gt=0)] = 3599
    throttling: bool = True
    providers: dict[str, Literal["Registered", "NotRegistered", "Registering"]] = {}
    timing: Timing = Timing()
    beliefs: ChosenBeliefs = {}
    #: What the service principal may do; None makes it Owner of the subscription.
    roles: list[Role] | None = None
    policies: list[Policy] = []
    workspaces: list[Workspace] = []
    clusters: list[Cluster] = []

    @model_validator(mode="after")
    def _refer(self) -> Scenario:
        doubles = _doubles(f"{c.resource_group}/{c.name}" for c in self.clusters)
        if doubles:
            raise ValueError(f"cluster {doubles[0]!r} (resource group/name) is described twice")
        doubles = _doubles(workspace.name for workspace in self.workspaces)
        if doubles:
            raise ValueError(f"workspace {doubles[0]!r} is described twice")
        known = {workspace.name.lower() for workspace in self.workspaces}
        for cluster in self.clusters:
            legacy = [compute.workspace for compute in cluster.legacy_computes]
            for name in [*legacy, *(compute.workspace for compute in cluster.computes)]:
                if name.lower() not in known:
                    raise ValueError(f"cluster {cluster.name!r}: workspace {name!r} is not described")
        return self


def load_scenario(path: Path) -> Scenario:
    """Read and check the scenario file at `path`. Raises ScenarioError with one line per fault."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from error
    return parse_scenario(content, str(path))


def parse_scenario(content: Any, source: str = "scenario") -> Scenario:
    """Check `content`, the decoded YAML of `source`. Raises ScenarioError with one line per fault."""
    if not isinstance(content, dict):
        raise ScenarioError(f"{source}: must be a mapping with the keys of a fleet, such as 'clusters'")
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        faults = (f"{source}: {'.'.join(map(str, e['loc'])) or 'fleet'}: {e['msg']}" for e in error.errors())
        raise ScenarioError("\n".join(faults)) from error


def _doubles(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(name.lower() for name in names).items() if times > 1]
