# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose Azure is simulated, and whose clusters have real API servers where the test asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.control_plane.rest import Connection
from tests.integration.harness import Simulator

WORKSPACE = "ml-west"
SYSTEM_POOL = {"name": "system", "vm_size": "Standard_D4s_v5", "count": 3}
GPU_POOL = {
    "name": "gpu",
    "mode": "User",
    "vm_size": "Standard_NC64as_T4_v3",
    "count": 1,
    "taints": ["ml.azure.com/amlarc-workload=true:NoSchedule"],
}
FRONT_END = "/apis/apps/v1/namespaces/default/deployments/azureml-fe"
INSTANCE_TYPES = "/apis/amlarc.azureml.com/v1alpha1/instancetypes"
NAMESPACE = "azureml-workloads"

VARIABLES: dict[str, Any] = {
    "aml_enable_training": True,
    "aml_enable_inference": True,
    "aml_allow_insecure_connections": True,
    "aml_inference_router_service_type": "LoadBalancer",
    "aml_poll_interval": 0.3,
    "aml_instance_types": [
        {
            "name": "small",
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "1Gi"},
        },
        {
            "name": "four-gpus",
            "node_selector": {"azureml.fleet/accelerator": "nvidia"},
            "requests": {"cpu": "4", "memory": "16Gi"},
            "limits": {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "4"},
        },
    ],
}


def cluster(
    name: str,
    *,
    kind: str = "aks",
    version: str = "1.35.4",
    kubeconfig: Path | None = None,
    user_kubeconfig: Path | None = None,
    pools: Sequence[Mapping[str, Any]] = (SYSTEM_POOL, GPU_POOL),
) -> dict[str, Any]:
    """A cluster of the scenario: of the first generation on AKS, new on Arc; real with a kubeconfig."""
    found: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "resource_group": "rg-aks",
        "kubernetes_version": version,
        "node_pools": list(pools),
    }
    if kind == "aks":
        found |= {
            "front_end": "v2",
            "namespaces": [f"azureml-{WORKSPACE}"],
            "v1_services": [{"name": "credit-score", "namespace": f"azureml-{WORKSPACE}"}],
            "legacy_computes": [{"workspace": WORKSPACE, "name": f"{name}-v1"}],
        }
    if kubeconfig:
        found["kubernetes"] = {"kubeconfig": str(kubeconfig)}
        # Several clusters of a scenario can share one real API server: its nodes must be theirs.
        found["node_resource_group"] = "MC_real"
    if user_kubeconfig:
        found["kubernetes"]["user_kubeconfig"] = str(user_kubeconfig)
    return found


def scenario(*clusters: Mapping[str, Any], time_scale: float = 150) -> dict[str, Any]:
    """A scenario of these clusters and one workspace."""
    workspace = {"name": WORKSPACE, "resource_group": "rg-ml", "location": "westeurope"}
    return {"time_scale": time_scale, "workspaces": [workspace], "clusters": list(clusters)}


def inventory(fleet: Simulator, **variables: Any) -> dict[str, Any]:
    """One host for each cluster: three lines, and the kubeconfig of an Arc cluster."""
    workspace = (
        f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg-ml/providers"
        f"/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
    )
    hosts = {}
    for name, entry in fleet.clusters.items():
        hosts[name] = {"aml_cluster_id": entry["id"], "aml_workspace": workspace, "aml_compute_name": name}
        if entry["kind"] == "arc":
            hosts[name]["aml_kubeconfig"] = entry["kubeconfig"]
    return {"all": {"hosts": hosts, "vars": {**VARIABLES, **variables}}}


def snapshot(connection: Connection) -> dict[str, str]:
    """The resourceVersion of everything that the collection may write in a cluster."""
    found: dict[str, str] = {}
    for path in ("/api/v1/namespaces", INSTANCE_TYPES, FRONT_END):
        answer = connection.request("GET", path)
        objects = answer.body.get("items", [answer.body]) if answer.status == 200 else []
        found |= {f"{path} {o['metadata']['name']}": o["metadata"]["resourceVersion"] for o in objects}
    # Nodes change by their heartbeats: only their labels are ours.
    for node in connection.request("GET", "/api/v1/nodes").body["items"]:
        found[f"node {node['metadata']['name']}"] = repr(sorted(node["metadata"]["labels"].items()))
    return found
