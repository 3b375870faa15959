#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_cluster_info
short_description: Read everything about a cluster in one call
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Reads what Azure knows of an AKS or Arc-connected cluster, its extension, and its computes in the workspaces that
    are named, the legacy AksCompute included.
  - Reads from the cluster's own API its nodes, namespaces, front end, InstanceTypes, the extension's components, v1 web
    services, and whether the credentials may do what the collection does.
  - A cluster whose own API cannot be read is no failure. C(facts.kubernetes) is null then, and
    C(facts.kubernetes_error) says why.
options:
  workspaces:
    description:
      - Resource ids of the workspaces in which the cluster's computes are looked for.
      - In their namespaces C(azureml-<workspace>) every Deployment that is not of v2 counts as a v1 web service. Those
        that carry v1's labels are found in every namespace of the cluster.
    type: list
    elements: str
    default: []
  namespaces:
    description:
      - More namespaces in which every Deployment that is not of v2 counts as a v1 web service.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.required
  - azureml.fleet.cluster.known
"""

EXAMPLES = r"""
- name: Read everything about a cluster
  azureml.fleet.aml_cluster_info:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    workspaces:
      - >-
        /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/ml-west
  register: info

- name: Show what the credentials may not do
  ansible.builtin.debug:
    msg: "{{ info.facts.kubernetes.permissions | rejectattr('allowed') | map(attribute='purpose') | list }}"
  when: info.facts.kubernetes is not none
"""

RETURN = r"""
facts:
  description: The facts. What is absent is null.
  type: dict
  returned: success
  contains:  # generated from Facts
    identity:
      description: Who the run is to Azure, from the claims of its token, never the token; null
        where the token does not say.
      type: dict
      contains:
        object_id:
          description: Object id of the user, service principal or managed identity.
          type: str
        tenant_id:
          description: Tenant.
          type: str
        application_id:
          description: Application id.
          type: str
        subscription_id:
          description: Subscription in which the run works.
          type: str
    cluster:
      description: The cluster as Azure Resource Manager knows it, with its node pools.
      type: dict
      contains:
        id:
          description: Resource id.
          type: str
        name:
          description: Name.
          type: str
        kind:
          description: V(aks), or V(arc) for a cluster that Azure Arc connects.
          type: str
        cloud:
          description: V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), or how another cloud
            calls itself.
          type: str
        subscription_id:
          description: Subscription.
          type: str
        resource_group:
          description: Resource group.
          type: str
        location:
          description: Region.
          type: str
        kubernetes_version:
          description: Version of Kubernetes.
          type: str
        provisioning_state:
          description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
          type: str
        power_state:
          description: V(Running) or V(Stopped).
          type: str
        node_count:
          description: Sum of the pools on AKS, C(totalNodeCount) on Azure Arc.
          type: int
        node_pools:
          description: Node pools; AKS only.
          type: list
          elements: dict
          contains:
            name:
              description: Name.
              type: str
            mode:
              description: V(System) or V(User).
              type: str
            count:
              description: Number of nodes; null for pools of type VirtualMachines and for managed
                system pools.
              type: int
            min_count:
              description: Fewest nodes of the autoscaler.
              type: int
            max_count:
              description: Most nodes of the autoscaler.
              type: int
            autoscaling:
              description: Whether the cluster autoscaler is on.
              type: bool
            vm_size:
              description: VM size.
              type: str
            os_type:
              description: V(Linux) or V(Windows).
              type: str
            labels:
              description: Labels of its nodes.
              type: dict
            taints:
              description: Taints of its nodes, as C(key=value:effect).
              type: list
              elements: str
            provisioning_state:
              description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
              type: str
            power_state:
              description: V(Running) or V(Stopped).
              type: str
            gpu_driver:
              description: V(Install), V(None), or null.
              type: str
            gpu_instance_profile:
              description: How GPUs are divided (MIG).
              type: str
        identity:
          description: Kind of the cluster's identity; AKS only, as are those that follow.
          type: str
        local_accounts_disabled:
          description: Whether its local accounts are disabled.
          type: bool
        entra_integrated:
          description: Whether users are those of Microsoft Entra ID.
          type: bool
        azure_rbac:
          description: Whether Azure RBAC says who may do what in it.
          type: bool
        private:
          description: Whether its API has a private address only.
          type: bool
        private_public_fqdn:
          description: Whether the name of a private API is public.
          type: bool
        authorized_ip_ranges:
          description: Addresses from which its API may be called.
          type: list
          elements: str
        run_command_disabled:
          description: Whether C(az aks command invoke) is disabled.
          type: bool
        pod_identity:
          description: Whether pod-managed identities are on.
          type: bool
        workload_identity:
          description: Whether workload identity is on.
          type: bool
        sku_name:
          description: V(Base) or V(Automatic).
          type: str
        node_resource_group:
          description: Resource group of the nodes; AKS writes its name on every node.
          type: str
        distribution:
          description: Distribution of Kubernetes; Azure Arc only, as are those that follow.
          type: str
        infrastructure:
          description: Where it runs.
          type: str
        connectivity_status:
          description: V(Connected), V(Connecting), V(Offline) or V(Expired).
          type: str
    providers:
      description: The registration state of the resource providers that the extension needs, by
        namespace.
      type: dict
    extension_regions:
      description: Regions in which Azure offers cluster extensions to the subscription; empty when
        it does not say.
      type: list
      elements: str
    kubernetes_versions:
      description: Minor versions of Kubernetes that AKS offers in the region, in no preview; empty
        when it does not say.
      type: list
      elements: str
    locks:
      description: Locks that hold for the cluster or a workspace, and those in the resource group
        of its nodes; null where they cannot be read.
      type: list
      elements: dict
      contains:
        name:
          description: Name.
          type: str
        scope:
          description: Id of what it is on, a subscription, a resource group or a resource.
          type: str
        level:
          description: V(ReadOnly) or V(CanNotDelete).
          type: str
    extension:
      description: The extension C(Microsoft.AzureML.Kubernetes) of the cluster, or null.
      type: dict
      contains:
        id:
          description: Resource id.
          type: str
        name:
          description: Name.
          type: str
        provisioning_state:
          description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
          type: str
        version:
          description: Installed version (C(currentVersion)).
          type: str
        pinned_version:
          description: Version that it stays at; null when upgraded automatically.
          type: str
        release_train:
          description: Release train.
          type: str
        auto_upgrade_minor_version:
          description: Whether minor versions are installed by themselves.
          type: bool
        release_namespace:
          description: Namespace of the release.
          type: str
        settings:
          description: Settings.
          type: dict
        protected_settings:
          description: Names of the protected settings; their values are never known.
          type: list
          elements: str
        error:
          description: What went wrong in the last operation.
          type: str
    workspaces:
      description: The workspaces with the computes of this cluster in them.
      type: list
      elements: dict
      contains:
        id:
          description: Resource id.
          type: str
        exists:
          description: Whether there is such a workspace.
          type: bool
        error:
          description: Why it could not be read.
          type: str
        computes:
          description: Its computes that were asked for.
          type: list
          elements: dict
          contains:
            workspace_id:
              description: Workspace.
              type: str
            name:
              description: Name.
              type: str
            type:
              description: V(Kubernetes), or V(AKS) for a legacy AksCompute.
              type: str
            provisioning_state:
              description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
              type: str
            attached:
              description: Whether it was attached; false when the workspace created the cluster,
                null when unknown.
              type: bool
            namespace:
              description: Namespace of its jobs and deployments.
              type: str
            default_instance_type:
              description: Instance type of jobs that name none.
              type: str
            identity_type:
              description: Kind of its managed identity.
              type: str
            user_assigned_identities:
              description: Ids of its identities.
              type: list
              elements: str
            resource_id:
              description: Cluster that it is on.
              type: str
            cluster_purpose:
              description: Purpose of a legacy compute.
              type: str
            ssl_status:
              description: Whether a legacy compute uses TLS.
              type: str
            ssl_cname:
              description: DNS name of a legacy compute with TLS.
              type: str
            load_balancer_type:
              description: Kind of load balancer of a legacy compute.
              type: str
            description:
              description: Description.
              type: str
            tags:
              description: Tags.
              type: dict
            errors:
              description: What went wrong in the last operation.
              type: list
              elements: str
    workspaces_of_user_identity:
      description: Ids of those workspaces that act as a user-assigned identity.
      type: list
      elements: str
    router_tls:
      description: What the router showed in a TLS handshake; null where no router is to serve TLS.
      type: dict
      contains:
        place:
          description: Address and port that were asked.
          type: str
        answered:
          description: Whether somebody took the connection.
          type: bool
        certificate:
          description: The certificate that all connections showed, or null.
          type: dict
          contains:
            fingerprint:
              description: SHA-256 of the certificate, as C(openssl x509 -fingerprint -sha256) says
                it, without colons.
              type: str
            names:
              description: DNS names and addresses that it covers.
              type: list
              elements: str
            begins:
              description: When it begins to be valid (ISO 8601, UTC).
              type: str
            ends:
              description: When it ends to be valid (ISO 8601, UTC).
              type: str
        chain:
          description: SHA-256 of all certificates that were shown, its own first; null where Python
            (before 3.13) does not tell.
          type: list
          elements: str
        mixed:
          description: Whether fresh connections showed different things, as while pods are replaced.
          type: bool
        reason:
          description: Why no certificate was seen.
          type: str
    kubernetes:
      description: The cluster as its own API shows it; null when that cannot be read.
      type: dict
      contains:
        version:
          description: Version of Kubernetes.
          type: str
        nodes:
          description: Nodes.
          type: list
          elements: dict
          contains:
            name:
              description: Name.
              type: str
            ready:
              description: Whether it is ready.
              type: bool
            schedulable:
              description: Whether pods may be placed on it.
              type: bool
            pool:
              description: Node pool, from the label C(kubernetes.azure.com/agentpool) or C(agentpool).
              type: str
            vm_size:
              description: VM size, from the label C(node.kubernetes.io/instance-type).
              type: str
            architecture:
              description: Architecture.
              type: str
            operating_system:
              description: V(linux) or V(windows).
              type: str
            kubelet_version:
              description: Version of its kubelet.
              type: str
            cpu:
              description: Cores that pods may have.
              type: float
            memory:
              description: Bytes that pods may have.
              type: int
            gpus:
              description: GPUs that pods may have, such as C(nvidia.com/gpu), with their number.
              type: dict
            taints:
              description: Taints.
              type: list
              elements: dict
              contains:
                key:
                  description: Key.
                  type: str
                value:
                  description: Value.
                  type: str
                effect:
                  description: V(NoSchedule), V(PreferNoSchedule) or V(NoExecute).
                  type: str
            labels:
              description: Labels.
              type: dict
        namespaces:
          description: Phases (V(Active), V(Terminating)) of the namespaces by their names.
          type: dict
        front_end:
          description: azureml-fe in namespace C(default), as M(azureml.fleet.azureml_fe_check)
            returns it.
          type: dict
          contains:
            verdict:
              description: V(absent) when there is no Deployment C(default/azureml-fe). V(v1) when
                its pods are not labelled C(azuremlappversion=v2). V(v2) when they are, and replicas
                are ready. V(v2_not_ready) when they are, but none is ready, or a rollout has not
                ended. V(owned_by_extension) when the extension's Helm release owns the Deployment.
              type: str
            reasons:
              description: The evidence for the verdict, in words.
              type: list
              elements: str
            annotated:
              description: Whether the Deployment carries the annotation C(azureml-fe-enable-upgrade=true).
              type: bool
            annotation:
              description: The annotation's value, whatever it is, or null.
              type: str
            version_label:
              description: The value of the label C(azuremlappversion) that all running pods share,
                or null.
              type: str
            wanted_replicas:
              description: Replicas that the Deployment asks for.
              type: int
            ready_replicas:
              description: Replicas that are ready.
              type: int
            service_type:
              description: Type of the Service C(azureml-fe), or null when there is none.
              type: str
            address:
              description: Address of the Service, or null while it has none.
              type: str
            owner:
              description: Name and namespace of the Helm release that owns the Deployment, or null.
              type: dict
            uid:
              description: The Deployment's unique id, or null.
              type: str
        router_services:
          description: Services of routers, azureml-fe in namespace C(default) and in the extension's.
          type: list
          elements: dict
          contains:
            namespace:
              description: Namespace.
              type: str
            name:
              description: Name.
              type: str
            type:
              description: V(LoadBalancer), V(NodePort) or V(ClusterIP).
              type: str
            address:
              description: Address of the load balancer, else inside the cluster; null while there
                is none.
              type: str
            tls_port:
              description: 443, or the port that is called https.
              type: int
            endpoints:
              description: Ready pods that it selects.
              type: int
        v1_services:
          description: Deployments of v1 web services, in whatever namespace they are.
          type: list
          elements: dict
          contains:
            kind:
              description: V(Deployment), V(DaemonSet) or V(StatefulSet).
              type: str
            namespace:
              description: Namespace.
              type: str
            name:
              description: Name.
              type: str
            wanted_replicas:
              description: Replicas that it asks for; of a DaemonSet, nodes that should run a pod
                of it.
              type: int
            ready_replicas:
              description: Replicas that are ready.
              type: int
            images:
              description: Images of its containers.
              type: list
              elements: str
        extension_workloads:
          description: All that the extension runs (namespace C(azureml), device plug-in).
          type: list
          elements: dict
          contains:
            kind:
              description: V(Deployment), V(DaemonSet) or V(StatefulSet).
              type: str
            namespace:
              description: Namespace.
              type: str
            name:
              description: Name.
              type: str
            wanted_replicas:
              description: Replicas that it asks for; of a DaemonSet, nodes that should run a pod
                of it.
              type: int
            ready_replicas:
              description: Replicas that are ready.
              type: int
            images:
              description: Images of its containers.
              type: list
              elements: str
        instance_type_definition:
          description: Whether the kind InstanceType is served.
          type: bool
        instance_types:
          description: Instance types.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the InstanceType.
              type: str
            node_selector:
              description: Labels that a node must carry.
              type: dict
            requests:
              description: Amounts that a pod asks for.
              type: dict
            limits:
              description: Amounts that a pod may use at most.
              type: dict
            managed:
              description: Whether it carries the label C(app.kubernetes.io/managed-by=azureml.fleet).
              type: bool
            owners:
              description: 'By field (such as C(nodeSelector.pool)) who set it: pairs of field manager
                and operation (C(Apply), C(Update)).'
              type: dict
        health_report:
          description: Text of the ConfigMap C(azureml/arcml-healthcheck), when there is one.
          type: str
        tls_secret:
          description: The Secret that the router takes its certificate from; null when none was
            asked for. Never the key in it.
          type: dict
          contains:
            name:
              description: Name.
              type: str
            keys:
              description: Names of its entries, empty when it does not exist; null when it may
                not be read.
              type: list
              elements: str
            fingerprint:
              description: SHA-256 of the certificate in it, which is no secret; null when there
                is none to be read.
              type: str
        permissions:
          description: What the run's user may do of what the collection needs.
          type: list
          elements: dict
          contains:
            verb:
              description: What is done.
              type: str
            group:
              description: API group.
              type: str
            resource:
              description: Resource.
              type: str
            namespace:
              description: Namespace, null for all.
              type: str
            name:
              description: Name of one object, or null.
              type: str
            allowed:
              description: Whether the run's user may do it.
              type: bool
            purpose:
              description: What the collection needs it for.
              type: str
        arc_agents:
          description: For which cluster the agents of Azure Arc were installed; of clusters that
            Azure Arc connects only.
          type: dict
          contains:
            name:
              description: Name of the connected cluster.
              type: str
            resource_group:
              description: Its resource group.
              type: str
            subscription_id:
              description: Its subscription.
              type: str
    kubernetes_error:
      description: Why the cluster's API cannot be read, or null.
      type: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_cluster_info import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
