# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one cluster as plain data: what `aml_cluster_info` returns and what rules, plan and verification judge.

Every value is what Azure or Kubernetes said, with its spelling made uniform; nothing here is a judgement, except the
front end's verdict. Absent is None, never a guess.

Where a module returns a kind of fact, the comment on a field's line is its documentation, which
`python -m scripts.generate` writes into the module.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class NodePool(TypedDict):
    """A node pool of an AKS cluster (agentPoolProfiles of Microsoft.ContainerService/managedClusters)."""

    name: str
    mode: str | None
    count: int | None  # None for pools of type VirtualMachines and for managed system pools
    min_count: int | None
    max_count: int | None
    autoscaling: bool
    vm_size: str | None
    os_type: str | None
    labels: dict[str, str]
    taints: list[str]
    provisioning_state: str | None
    power_state: str | None
    gpu_driver: str | None  # Install, None, or absent
    gpu_instance_profile: str | None


class ClusterFacts(TypedDict):
    """The cluster as Azure Resource Manager knows it."""

    id: str
    name: str
    kind: Literal["aks", "arc"]
    cloud: str  # AzureCloud, AzureUSGovernment, AzureChinaCloud, or how another cloud calls itself
    subscription_id: str
    resource_group: str
    location: str
    kubernetes_version: str | None
    provisioning_state: str | None
    power_state: str | None
    node_count: int | None  # sum of the pools on AKS, totalNodeCount on Arc
    node_pools: list[NodePool]
    # AKS only
    identity: Literal["SystemAssigned", "UserAssigned", "ServicePrincipal", "None"]
    local_accounts_disabled: bool
    entra_integrated: bool
    azure_rbac: bool
    private: bool
    private_public_fqdn: bool
    authorized_ip_ranges: list[str]
    run_command_disabled: bool
    pod_identity: bool
    workload_identity: bool
    sku_name: str | None
    node_resource_group: str | None  # of the nodes; AKS writes its name on every node
    # Arc only
    distribution: str | None
    infrastructure: str | None
    connectivity_status: str | None


class Taint(TypedDict):
    """A taint of a node (core/v1 Taint)."""

    key: str
    value: str | None
    effect: str


class NodeFacts(TypedDict):
    """A node as the Kubernetes API shows it. CPU in cores, memory in bytes."""

    name: str
    ready: bool
    schedulable: bool
    pool: str | None  # label kubernetes.azure.com/agentpool, or agentpool
    vm_size: str | None  # label node.kubernetes.io/instance-type
    architecture: str | None
    operating_system: str | None
    kubelet_version: str | None
    cpu: float
    memory: int
    gpus: dict[str, int]  # allocatable extended resources of GPUs, e.g. {"nvidia.com/gpu": 4}
    taints: list[Taint]
    labels: dict[str, str]


class FrontEndFacts(TypedDict):
    """azureml-fe of the cluster in namespace default, where AksCompute put it."""

    verdict: Literal["absent", "v1", "v2", "v2_not_ready", "owned_by_extension"]
    reasons: list[str]
    annotated: bool
    annotation: str | None  # the annotation's value, whatever it is
    version_label: str | None
    wanted_replicas: int
    ready_replicas: int
    service_type: str | None
    address: str | None
    owner: dict[str, str] | None  # Helm release name and namespace, when Helm owns it
    uid: str | None


class InstanceTypeFacts(TypedDict):
    """An InstanceType of the cluster (amlarc.azureml.com/v1alpha1)."""

    name: str  # Name of the InstanceType.
    node_selector: dict[str, str]  # Labels that a node must carry.
    requests: dict[str, str]  # Amounts that a pod asks for.
    limits: dict[str, str]  # Amounts that a pod may use at most.
    managed: bool  # Whether it carries the label C(app.kubernetes.io/managed-by=azureml.fleet).
    #: Field (such as `nodeSelector.pool`) -> who set it: pairs of field manager and operation (Apply or Update).
    owners: dict[str, list[tuple[str, str]]]


class WorkloadFacts(TypedDict):
    """A workload of the extension, or the Deployment of a v1 web service."""

    kind: Literal["Deployment", "DaemonSet", "StatefulSet"]
    namespace: str
    name: str
    wanted_replicas: int  # of a DaemonSet: nodes that should run a pod of it
    ready_replicas: int
    images: list[str]


class RouterServiceFacts(TypedDict):
    """A Service through which scoring requests reach a router."""

    namespace: str
    name: str
    type: str
    address: str | None  # of the load balancer, else inside the cluster; None while there is none
    tls_port: int | None  # 443, or the one that is called https
    endpoints: int  # ready pods that it selects


class CertificateFacts(TypedDict):
    """A certificate as everybody may see it."""

    fingerprint: str  # SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` says it, without colons
    names: list[str]  # DNS names and addresses that it covers
    begins: str  # ISO 8601, UTC
    ends: str


class RouterTlsFacts(TypedDict):
    """What the router showed in a TLS handshake from the controller."""

    place: str | None  # address and port that were asked
    answered: bool  # somebody took the connection
    certificate: CertificateFacts | None
    reason: str | None  # why no certificate was seen


class Permission(TypedDict):
    """One SelfSubjectAccessReview: may this run's user do `verb` on `resource`?"""

    verb: str
    group: str
    resource: str
    namespace: str | None
    name: str | None
    allowed: bool
    purpose: str  # what the collection needs it for, in words


class ArcAgentFacts(TypedDict):
    """For which connected cluster the agents of Azure Arc in the cluster were installed; empty texts are not known."""

    name: str
    resource_group: str
    subscription_id: str


class TlsSecretFacts(TypedDict):
    """The Secret that the router is to take its certificate from. Never the key that is in it."""

    name: str
    keys: list[str] | None  # names of its entries, empty when it does not exist; None when it may not be read
    fingerprint: str | None  # SHA-256 of the certificate in it, which is no secret; None when there is none to be read


class KubernetesFacts(TypedDict):
    """The cluster as its own API shows it."""

    version: str
    nodes: list[NodeFacts]
    namespaces: dict[str, str]  # name -> phase (Active, Terminating)
    front_end: FrontEndFacts
    router_services: list[RouterServiceFacts]  # azureml-fe in namespace default, and in the extension's
    v1_services: list[WorkloadFacts]  # Deployments of v1 web services, in whatever namespace they are
    extension_workloads: list[WorkloadFacts]  # all that the extension runs (namespace azureml, device plug-in)
    instance_type_definition: bool  # the CRD is served
    instance_types: list[InstanceTypeFacts]
    health_report: str | None  # ConfigMap azureml/arcml-healthcheck, when there is one
    tls_secret: TlsSecretFacts | None  # None when no Secret was asked for
    permissions: list[Permission]
    arc_agents: ArcAgentFacts | None  # read of clusters that are connected through Azure Arc only


class ExtensionFacts(TypedDict):
    """The Microsoft.AzureML.Kubernetes extension of the cluster. Values of protected settings are never known."""

    id: str  # Resource id.
    name: str  # Name.
    provisioning_state: str  # V(Succeeded), V(Failed), V(Canceled), or what is going on.
    version: str | None  # Installed version (C(currentVersion)).
    pinned_version: str | None  # Version that it stays at; null when upgraded automatically.
    release_train: str | None  # Release train.
    auto_upgrade_minor_version: bool | None  # Whether minor versions are installed by themselves.
    release_namespace: str | None  # Namespace of the release.
    settings: dict[str, str]  # Settings.
    protected_settings: list[str]  # Names of the protected settings; their values are never known.
    error: str | None  # What went wrong in the last operation.


class ComputeFacts(TypedDict):
    """A compute of a workspace that lives on this cluster."""

    workspace_id: str  # Workspace.
    name: str  # Name.
    type: str  # V(Kubernetes), or V(AKS) for a legacy AksCompute.
    provisioning_state: str  # V(Succeeded), V(Failed), V(Canceled), or what is going on.
    attached: bool | None  # Whether it was attached; false when the workspace created the cluster, null when unknown.
    namespace: str | None  # Namespace of its jobs and deployments.
    default_instance_type: str | None  # Instance type of jobs that name none.
    identity_type: str | None  # Kind of its managed identity.
    user_assigned_identities: list[str]  # Ids of its identities.
    resource_id: str  # Cluster that it is on.
    cluster_purpose: str | None  # Purpose of a legacy compute.
    ssl_status: str | None  # Whether a legacy compute uses TLS.
    ssl_cname: str | None  # DNS name of a legacy compute with TLS.
    load_balancer_type: str | None  # Kind of load balancer of a legacy compute.
    description: str | None  # Description.
    tags: dict[str, str]  # Tags.
    errors: list[str]  # What went wrong in the last operation.


class WorkspaceFacts(TypedDict):
    """A workspace and what of this cluster is in it; `error` says why it could not be read."""

    id: str  # Resource id.
    exists: bool  # Whether there is such a workspace.
    error: str | None  # Why it could not be read.
    computes: list[ComputeFacts]  # Its computes that were asked for.


class LockFacts(TypedDict):
    """A lock of Azure Resource Manager."""

    name: str
    scope: str  # id of what it is on: a subscription, a resource group or a resource
    level: str  # ReadOnly or CanNotDelete


class IdentityFacts(TypedDict):
    """Who the run is to Azure, from the claims of its token; never the token. None: the token does not say."""

    object_id: str | None  # of the user, service principal or managed identity (claim oid)
    tenant_id: str | None
    application_id: str | None
    subscription_id: str | None  # the one that the run works in


class Facts(TypedDict):
    """Everything that is known of one cluster before the first write."""

    identity: IdentityFacts
    cluster: ClusterFacts
    providers: dict[str, str]  # namespace -> registrationState
    extension_regions: list[str]  # where Azure offers cluster extensions to this subscription; empty: it did not say
    kubernetes_versions: list[str]  # minor versions that AKS offers in the region, in no preview; empty: it did not say
    locks: list[LockFacts] | None  # those that hold for the cluster or a workspace; None where they cannot be read
    extension: ExtensionFacts | None
    workspaces: list[WorkspaceFacts]
    router_tls: RouterTlsFacts | None  # None where no router is to serve TLS
    kubernetes: KubernetesFacts | None
    kubernetes_error: str | None
