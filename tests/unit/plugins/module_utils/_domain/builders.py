# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy cluster and the settings of a user who wants it upgraded; tests change what they are about."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    ClusterFacts,
    ComputeFacts,
    ExtensionFacts,
    Facts,
    FrontEndFacts,
    KubernetesFacts,
    NodeFacts,
    NodePool,
    RouterServiceFacts,
    WorkloadFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings, read_settings
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted

SUBSCRIPTION = "10000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
AKS_ID = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
ARC_ID = f"{GROUP}/providers/Microsoft.Kubernetes/connectedClusters/arc"
WORKSPACE_ID = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ml"
IDENTITY_ID = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
GIB = 1024**3


def settings(*, certificate: str | None = None, key: str | None = None, **variables: Any) -> Settings:
    """Return the settings of the smallest host, with `variables` (without their `aml_`) over it."""
    minimal = {"cluster_id": AKS_ID, "workspace": "ml", "compute_name": "k8s"}
    named = {f"aml_{name}": value for name, value in {**minimal, **variables}.items()}
    return read_settings(named, converted, certificate=certificate, key=key)


def pool(name: str = "system", **changes: Any) -> NodePool:
    """Return a node pool of three small machines."""
    base = NodePool(
        name=name,
        mode="System",
        count=3,
        min_count=None,
        max_count=None,
        autoscaling=False,
        vm_size="Standard_D4s_v5",
        os_type="Linux",
        labels={},
        taints=[],
        provisioning_state="Succeeded",
        power_state="Running",
        gpu_driver=None,
        gpu_instance_profile=None,
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def node(name: str = "node-0", **changes: Any) -> NodeFacts:
    """Return a node of the pool `system`: 4 vCPU, 16 GiB."""
    base = NodeFacts(
        name=name,
        ready=True,
        schedulable=True,
        pool="system",
        vm_size="Standard_D4s_v5",
        architecture="amd64",
        operating_system="linux",
        kubelet_version="v1.35.4",
        cpu=3.86,
        memory=13 * GIB,
        gpus={},
        taints=[],
        labels={"kubernetes.azure.com/agentpool": "system"},
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def gpu_pool(**changes: Any) -> NodePool:
    """Return a pool of one machine with two A100."""
    return pool("gpu", **{"mode": "User", "count": 1, "vm_size": "Standard_NC48ads_A100_v4", **changes})


def gpu_node(**changes: Any) -> NodeFacts:
    """Return the node of `gpu_pool`."""
    own = {"pool": "gpu", "vm_size": "Standard_NC48ads_A100_v4", "cpu": 47.2, "memory": 400 * GIB}
    labels = {"kubernetes.azure.com/agentpool": "gpu"}
    return node("gpu-0", **{**own, "gpus": {"nvidia.com/gpu": 2}, "labels": labels, **changes})


def compute(name: str = "k8s", **changes: Any) -> ComputeFacts:
    """Return the Kubernetes compute that the smallest host asks for."""
    base = ComputeFacts(
        workspace_id=WORKSPACE_ID,
        name=name,
        type="Kubernetes",
        provisioning_state="Succeeded",
        attached=True,
        namespace="azureml-workloads",
        default_instance_type=None,
        identity_type=None,
        user_assigned_identities=[],
        resource_id=AKS_ID,
        cluster_purpose=None,
        ssl_status=None,
        ssl_cname=None,
        load_balancer_type=None,
        description=None,
        tags={},
        errors=[],
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def legacy_compute(name: str = "aks-v1", **changes: Any) -> ComputeFacts:
    """Return an attached AksCompute of the cluster."""
    return compute(name, **{"type": "AKS", "namespace": None, "cluster_purpose": "FastProd", **changes})


def extension(**changes: Any) -> ExtensionFacts:
    """Return an installed extension."""
    base = ExtensionFacts(
        id=f"{AKS_ID}/providers/Microsoft.KubernetesConfiguration/extensions/azureml",
        name="azureml",
        provisioning_state="Succeeded",
        version="1.1.88",
        pinned_version=None,
        release_train="stable",
        auto_upgrade_minor_version=True,
        release_namespace="azureml",
        settings={},
        protected_settings=[],
        error=None,
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def workload(name: str, **changes: Any) -> WorkloadFacts:
    """Return a Deployment of the extension with one replica that is ready."""
    base = WorkloadFacts(
        kind="Deployment", namespace="azureml", name=name, wanted_replicas=1, ready_replicas=1, images=["image:1"]
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def router_service(**changes: Any) -> RouterServiceFacts:
    """Return the Service of the azureml-fe that AksCompute made."""
    base = RouterServiceFacts(
        namespace="default", name="azureml-fe", type="LoadBalancer", address="20.0.0.1", tls_port=443, endpoints=3
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def cluster(**changes: Any) -> ClusterFacts:
    """Return a healthy AKS cluster."""
    base = ClusterFacts(
        id=AKS_ID,
        name="aks",
        kind="aks",
        cloud="AzureCloud",
        subscription_id=SUBSCRIPTION,
        resource_group="rg",
        location="westeurope",
        kubernetes_version="1.35.4",
        provisioning_state="Succeeded",
        power_state="Running",
        node_count=3,
        node_pools=[pool()],
        identity="SystemAssigned",
        local_accounts_disabled=False,
        entra_integrated=False,
        azure_rbac=False,
        private=False,
        private_public_fqdn=False,
        authorized_ip_ranges=[],
        run_command_disabled=False,
        pod_identity=False,
        workload_identity=False,
        sku_name="Base",
        node_resource_group="MC_rg_aks_westeurope",
        distribution=None,
        infrastructure=None,
        connectivity_status=None,
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


def front_end() -> FrontEndFacts:
    """Return the azureml-fe of version 2 that AksCompute made, all replicas ready."""
    return {
        "verdict": "v2",
        "reasons": ["3 of 3 replicas are ready"],
        "annotated": False,
        "annotation": None,
        "version_label": "v2",
        "wanted_replicas": 3,
        "ready_replicas": 3,
        "service_type": "LoadBalancer",
        "address": "20.0.0.1",
        "owner": None,
        "uid": "f00d",
    }


def inside() -> KubernetesFacts:
    """Return what is in the cluster before the upgrade: the first generation's front end and one of its services."""
    return {
        "version": "v1.35.4",
        "nodes": [node(f"node-{number}") for number in range(3)],
        "namespaces": {"default": "Active", "azureml-ml": "Active"},
        "front_end": front_end(),
        "router_services": [router_service()],
        "v1_services": [workload("credit-score", namespace="azureml-ml")],
        "extension_workloads": [],
        "instance_type_definition": False,
        "instance_types": [],
        "health_report": None,
        "tls_secret": None,
        "permissions": [],
        "arc_agents": None,
    }


def facts(**cluster_changes: Any) -> Facts:
    """Return the facts of a healthy AKS cluster with a legacy compute, before the upgrade."""
    return {
        "identity": {
            "object_id": "object",
            "tenant_id": "tenant",
            "application_id": "app",
            "subscription_id": SUBSCRIPTION,
        },
        "cluster": cluster(**cluster_changes),
        "providers": {"Microsoft.KubernetesConfiguration": "Registered"},
        "extension_regions": ["West Europe", "Poland Central"],
        "extension": None,
        "workspaces": [
            {"id": WORKSPACE_ID, "exists": True, "error": None, "computes": [legacy_compute()]},
        ],
        "router_tls": None,
        "kubernetes_versions": ["1.34", "1.35", "1.36"],
        "locks": [],
        "workspaces_of_user_identity": [],
        "kubernetes": inside(),
        "kubernetes_error": None,
    }
