# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one cluster as plain data: what `aml_cluster_info` returns and what rules, plan and verification judge.

Every value is what Azure or Kubernetes said, with its spelling made uniform; nothing here is a judgement, except the
front end's verdict. Absent is None, never a guess.

Where a module returns a kind of fact, the comment on a field's line, or above it, is its documentation, which
`python -m scripts.generate` writes into the module.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class NodePool(TypedDict):
    """A node pool of an AKS cluster (agentPoolProfiles of Microsoft.ContainerService/managedClusters)."""

    name: str  # Name.
    mode: str | None  # V(System) or V(User).
    count: int | None  # Number of nodes; null for pools of type VirtualMachines and for managed system pools.
    min_count: int | None  # Fewest nodes of the autoscaler.
    max_count: int | None  # Most nodes of the autoscaler.
    autoscaling: bool  # Whether the cluster autoscaler is on.
    vm_size: str | None  # VM size.
    os_type: str | None  # V(Linux) or V(Windows).
    labels: dict[str, str]  # Labels of its nodes.
    taints: list[str]  # Taints of its nodes, as C(key=value:effect).
    provisioning_state: str | None  # V(Succeeded), V(Failed), V(Canceled), or what is going on.
    power_state: str | None  # V(Running) or V(Stopped).
    gpu_driver: str | None  # V(Install), V(None), or null.
    gpu_instance_profile: str | None  # How GPUs are divided (MIG).


class ClusterFacts(TypedDict):
    """The cluster as Azure Resource Manager knows it."""

    id: str  # Resource id.
    name: str  # Name.
    kind: Literal["aks", "arc"]  # V(aks), or V(arc) for a cluster that Azure Arc connects.
    cloud: str  # V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), or how another cloud calls itself.
    subscription_id: str  # Subscription.
    resource_group: str  # Resource group.
    location: str  # Region.
    kubernetes_version: str | None  # Version of Kubernetes.
    provisioning_state: str | None  # V(Succeeded), V(Failed), V(Canceled), or what is going on.
    power_state: str | None  # V(Running) or V(Stopped).
    node_count: int | None  # Sum of the pools on AKS, C(totalNodeCount) on Azure Arc.
    node_pools: list[NodePool]  # Node pools; AKS only.
    # Kind of the cluster's identity; AKS only, as are those that follow.
    identity: Literal["SystemAssigned", "UserAssigned", "ServicePrincipal", "None"]
    local_accounts_disabled: bool  # Whether its local accounts are disabled.
    entra_integrated: bool  # Whether users are those of Microsoft Entra ID.
    azure_rbac: bool  # Whether Azure RBAC says who may do what in it.
    private: bool  # Whether its API has a private address only.
    private_public_fqdn: bool  # Whether the name of a private API is public.
    authorized_ip_ranges: list[str]  # Addresses from which its API may be called.
    run_command_disabled: bool  # Whether C(az aks command invoke) is disabled.
    pod_identity: bool  # Whether pod-managed identities are on.
    workload_identity: bool  # Whether workload identity is on.
    sku_name: str | None  # V(Base) or V(Automatic).
    node_resource_group: str | None  # Resource group of the nodes; AKS writes its name on every node.
    distribution: str | None  # Distribution of Kubernetes; Azure Arc only, as are those that follow.
    infrastructure: str | None  # Where it runs.
    connectivity_status: str | None  # V(Connected), V(Connecting), V(Offline) or V(Expired).


class Taint(TypedDict):
    """A taint of a node (core/v1 Taint)."""

    key: str  # Key.
    value: str | None  # Value.
    effect: str  # V(NoSchedule), V(PreferNoSchedule) or V(NoExecute).


class NodeFacts(TypedDict):
    """A node as the Kubernetes API shows it. CPU in cores, memory in bytes."""

    name: str  # Name.
    ready: bool  # Whether it is ready.
    schedulable: bool  # Whether pods may be placed on it.
    pool: str | None  # Node pool, from the label C(kubernetes.azure.com/agentpool) or C(agentpool).
    vm_size: str | None  # VM size, from the label C(node.kubernetes.io/instance-type).
    architecture: str | None  # Architecture.
    operating_system: str | None  # V(linux) or V(windows).
    kubelet_version: str | None  # Version of its kubelet.
    cpu: float  # Cores that pods may have.
    memory: int  # Bytes that pods may have.
    gpus: dict[str, int]  # GPUs that pods may have, such as C(nvidia.com/gpu), with their number.
    taints: list[Taint]  # Taints.
    labels: dict[str, str]  # Labels.


class FrontEndFacts(TypedDict):
    """azureml-fe of the cluster in namespace default, where AksCompute put it."""

    # V(absent) when there is no Deployment C(default/azureml-fe). V(v1) when its pods are not labelled
    # C(azuremlappversion=v2). V(v2) when they are, and replicas are ready. V(v2_not_ready) when they are, but none is
    # ready, or a rollout has not ended. V(owned_by_extension) when the extension's Helm release owns the Deployment.
    verdict: Literal["absent", "v1", "v2", "v2_not_ready", "owned_by_extension"]
    reasons: list[str]  # The evidence for the verdict, in words.
    annotated: bool  # Whether the Deployment carries the annotation C(azureml-fe-enable-upgrade=true).
    annotation: str | None  # The annotation's value, whatever it is, or null.
    version_label: str | None  # The value of the label C(azuremlappversion) that all running pods share, or null.
    wanted_replicas: int  # Replicas that the Deployment asks for.
    ready_replicas: int  # Replicas that are ready.
    service_type: str | None  # Type of the Service C(azureml-fe), or null when there is none.
    address: str | None  # Address of the Service, or null while it has none.
    owner: dict[str, str] | None  # Name and namespace of the Helm release that owns the Deployment, or null.
    uid: str | None  # The Deployment's unique id, or null.


class InstanceTypeFacts(TypedDict):
    """An InstanceType of the cluster (amlarc.azureml.com/v1alpha1)."""

    name: str  # Name of the InstanceType.
    node_selector: dict[str, str]  # Labels that a node must carry.
    requests: dict[str, str]  # Amounts that a pod asks for.
    limits: dict[str, str]  # Amounts that a pod may use at most.
    managed: bool  # Whether it carries the label C(app.kubernetes.io/managed-by=azureml.fleet).
    # By field (such as C(nodeSelector.pool)) who set it: pairs of field manager and operation (C(Apply), C(Update)).
    owners: dict[str, list[tuple[str, str]]]


class WorkloadFacts(TypedDict):
    """A workload of the extension, or the Deployment of a v1 web service."""

    kind: Literal["Deployment", "DaemonSet", "StatefulSet"]  # V(Deployment), V(DaemonSet) or V(StatefulSet).
    namespace: str  # Namespace.
    name: str  # Name.
    wanted_replicas: int  # Replicas that it asks for; of a DaemonSet, nodes that should run a pod of it.
    ready_replicas: int  # Replicas that are ready.
    images: list[str]  # Images of its containers.


class RouterServiceFacts(TypedDict):
    """A Service through which scoring requests reach a router."""

    namespace: str  # Namespace.
    name: str  # Name.
    type: str  # V(LoadBalancer), V(NodePort) or V(ClusterIP).
    address: str | None  # Address of the load balancer, else inside the cluster; null while there is none.
    tls_port: int | None  # 443, or the port that is called https.
    endpoints: int  # Ready pods that it selects.


class CertificateFacts(TypedDict):
    """A certificate as everybody may see it."""

    fingerprint: str  # SHA-256 of the certificate, as C(openssl x509 -fingerprint -sha256) says it, without colons.
    names: list[str]  # DNS names and addresses that it covers.
    begins: str  # When it begins to be valid (ISO 8601, UTC).
    ends: str  # When it ends to be valid (ISO 8601, UTC).


class RouterTlsFacts(TypedDict):
    """What the router showed in a TLS handshake from the controller."""

    place: str | None  # Address and port that were asked.
    answered: bool  # Whether somebody took the connection.
    certificate: CertificateFacts | None  # The certificate that all connections showed, or null.
    # SHA-256 of all certificates that were shown, its own first; null where Python (before 3.13) does not tell.
    chain: list[str] | None
    mixed: bool  # Whether fresh connections showed different things, as while pods are replaced.
    reason: str | None  # Why no certificate was seen.


class Permission(TypedDict):
    """One SelfSubjectAccessReview: may this run's user do `verb` on `resource`?"""

    verb: str  # What is done.
    group: str  # API group.
    resource: str  # Resource.
    namespace: str | None  # Namespace, null for all.
    name: str | None  # Name of one object, or null.
    allowed: bool  # Whether the run's user may do it.
    purpose: str  # What the collection needs it for.


class ArcAgentFacts(TypedDict):
    """For which connected cluster the agents of Azure Arc in the cluster were installed; empty texts are not known."""

    name: str  # Name of the connected cluster.
    resource_group: str  # Its resource group.
    subscription_id: str  # Its subscription.


class TlsSecretFacts(TypedDict):
    """The Secret that the router is to take its certificate from. Never the key that is in it."""

    name: str  # Name.
    keys: list[str] | None  # Names of its entries, empty when it does not exist; null when it may not be read.
    fingerprint: str | None  # SHA-256 of the certificate in it, which is no secret; null when there is none to be read.


class KubernetesFacts(TypedDict):
    """The cluster as its own API shows it."""

    version: str  # Version of Kubernetes.
    nodes: list[NodeFacts]  # Nodes.
    namespaces: dict[str, str]  # Phases (V(Active), V(Terminating)) of the namespaces by their names.
    front_end: FrontEndFacts  # azureml-fe in namespace C(default), as M(azureml.fleet.azureml_fe_check) returns it.
    # Services of routers, azureml-fe in namespace C(default) and in the extension's.
    router_services: list[RouterServiceFacts]
    v1_services: list[WorkloadFacts]  # Deployments of v1 web services, in whatever namespace they are.
    extension_workloads: list[WorkloadFacts]  # All that the extension runs (namespace C(azureml), device plug-in).
    instance_type_definition: bool  # Whether the kind InstanceType is served.
    instance_types: list[InstanceTypeFacts]  # Instance types.
    health_report: str | None  # Text of the ConfigMap C(azureml/arcml-healthcheck), when there is one.
    # The Secret that the router takes its certificate from; null when none was asked for. Never the key in it.
    tls_secret: TlsSecretFacts | None
    permissions: list[Permission]  # What the run's user may do of what the collection needs.
    # For which cluster the agents of Azure Arc were installed; of clusters that Azure Arc connects only.
    arc_agents: ArcAgentFacts | None


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

    name: str  # Name.
    scope: str  # Id of what it is on, a subscription, a resource group or a resource.
    level: str  # V(ReadOnly) or V(CanNotDelete).


class IdentityFacts(TypedDict):
    """Who the run is to Azure, from the claims of its token; never the token. None: the token does not say."""

    object_id: str | None  # Object id of the user, service principal or managed identity.
    tenant_id: str | None  # Tenant.
    application_id: str | None  # Application id.
    subscription_id: str | None  # Subscription in which the run works.


class Facts(TypedDict):
    """Everything that is known of one cluster before the first write."""

    # Who the run is to Azure, from the claims of its token, never the token; null where the token does not say.
    identity: IdentityFacts
    cluster: ClusterFacts  # The cluster as Azure Resource Manager knows it, with its node pools.
    # The registration state of the resource providers that the extension needs, by namespace.
    providers: dict[str, str]
    # Regions in which Azure offers cluster extensions to the subscription; empty when it does not say.
    extension_regions: list[str]
    # Minor versions of Kubernetes that AKS offers in the region, in no preview; empty when it does not say.
    kubernetes_versions: list[str]
    # Locks that hold for the cluster or a workspace, and those in the resource group of its nodes; null where they
    # cannot be read.
    locks: list[LockFacts] | None
    extension: ExtensionFacts | None  # The extension C(Microsoft.AzureML.Kubernetes) of the cluster, or null.
    workspaces: list[WorkspaceFacts]  # The workspaces with the computes of this cluster in them.
    # Ids of those workspaces that act as a user-assigned identity.
    workspaces_of_user_identity: list[str]
    # What the router showed in a TLS handshake; null where no router is to serve TLS.
    router_tls: RouterTlsFacts | None
    kubernetes: KubernetesFacts | None  # The cluster as its own API shows it; null when that cannot be read.
    kubernetes_error: str | None  # Why the cluster's API cannot be read, or null.
