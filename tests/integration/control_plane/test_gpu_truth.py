# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says about where an instance type's pods can run, against the real scheduler's own decision.

Every instance type is tried on every node: a pod as Azure ML would start it, pinned to that node, is bound by the
scheduler or refused. The collection's answer has to be the same for each pair.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types, placement
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import nodes
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint
from tests.control_plane.cluster import Cluster
from tests.control_plane.fixtures import Starter
from tests.control_plane.nodes import NodeGroup
from tests.control_plane.rest import Connection

pytestmark = pytest.mark.control_plane
PODS = "/api/v1/namespaces/default/pods"

NODES = [
    NodeGroup(
        "system",
        cpu="1900m",
        memory="5Gi",
        taints=[{"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}],
    ),
    NodeGroup("cpu", cpu="3860m", memory="12880Mi"),
    NodeGroup("t4", cpu="3860m", memory="26Gi", gpus=1, labels={"azureml.fleet/gpu-model": "t4"}),
    NodeGroup("v100", cpu="23770m", memory="420Gi", gpus=4, labels={"azureml.fleet/gpu-model": "v100"}),
    NodeGroup(
        "sku", cpu="5840m", memory="105Gi", gpus=1, taints=[{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]
    ),
    NodeGroup(
        "aml",
        cpu="5840m",
        memory="105Gi",
        gpus=2,
        labels={"azureml.fleet/gpu-model": "v100"},
        taints=[
            {"key": "ml.azure.com/amlarc", "value": "true", "effect": "NoSchedule"},
            {"key": "ml.azure.com/amlarc-workload", "value": "true", "effect": "NoExecute"},
            {"key": "ml.azure.com/workspace", "value": "ml-west", "effect": "NoSchedule"},
        ],
    ),
    NodeGroup("soft", gpus=1, taints=[{"key": "spare", "value": "true", "effect": "PreferNoSchedule"}]),
    NodeGroup(
        "other-team", gpus=1, taints=[{"key": "ml.azure.com/workspace", "value": "ml-east", "effect": "NoSchedule"}]
    ),
]


def amounts(cpu: str, memory: str, **more: str) -> dict[str, str]:
    """Amounts of an instance type; `gpu` stands for nvidia.com/gpu."""
    return {"cpu": cpu, "memory": memory, **({"nvidia.com/gpu": more["gpu"]} if "gpu" in more else {})}


def wanted(name: str, request: dict[str, str], limit: dict[str, str], **selector: str) -> InstanceType:
    """An instance type that selects nodes by `agentpool` or by `model`, a label of the collection's own."""
    keys = {"model": "azureml.fleet/gpu-model"}
    return InstanceType(name, {keys.get(key, key): value for key, value in selector.items()}, request, limit)


GPU = amounts("1", "2Gi", gpu="1")
SMALL = amounts("1", "1Gi")
CASES = [
    wanted("default", amounts("100m", "2Gi"), amounts("2", "2Gi")),
    wanted("exactly-all", amounts("3860m", "12880Mi"), amounts("3860m", "12880Mi")),
    wanted("a-little-more", amounts("3861m", "1Gi"), amounts("3861m", "1Gi")),
    wanted("limits-do-not-count", amounts("100m", "1Gi"), amounts("64", "900Gi")),
    wanted("much-memory", amounts("1", "64Gi"), amounts("1", "64Gi")),
    wanted("one-gpu", SMALL, GPU),
    wanted("two-gpus", SMALL, amounts("1", "2Gi", gpu="2")),
    wanted("eight-gpus", SMALL, amounts("2", "2Gi", gpu="8")),
    wanted("model-t4", SMALL, GPU, model="t4"),
    wanted("model-v100", SMALL, GPU, model="v100"),
    wanted("model-h100", SMALL, GPU, model="h100"),
    wanted("tainted-pool", SMALL, GPU, agentpool="sku"),
    wanted("two-conditions", SMALL, GPU, agentpool="aml", model="v100"),
    wanted("impossible-conditions", SMALL, GPU, agentpool="cpu", model="v100"),
]


@pytest.fixture(scope="module")
def gpu_cluster(start_control_planes: Starter) -> Cluster:
    """A control plane with all sorts of nodes."""
    return start_control_planes(["gpu-truth"], NODES).clusters[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_the_collection_and_the_scheduler_agree(gpu_cluster: Cluster, case: InstanceType) -> None:
    tolerations = placement.workload_tolerations(workspace="ml-west")
    endpoint = Endpoint(gpu_cluster.server, ca_file=str(gpu_cluster.ca_file), token=gpu_cluster.tokens["admin"])
    with ClusterConnection(endpoint) as cluster:
        facts = nodes.read(cluster)
    answer = placement.placement(case, facts, tolerations)
    truth = scheduled_on(gpu_cluster.connection(), case, [node["name"] for node in facts], tolerations)
    assert set(answer.fitting) == truth
    if not truth:
        assert answer.nearest
        assert answer.lacks


def scheduled_on(admin: Connection, case: InstanceType, node_names: list[str], tolerations: list[Any]) -> set[str]:
    """The nodes on which the real scheduler puts a pod of this instance type that is pinned to the node."""
    for name in node_names:
        assert admin.request("POST", PODS, body=workload(case, name, tolerations)).status == 201
    try:
        decided = wait_for_decisions(admin, case.name, len(node_names))
    finally:
        admin.request("DELETE", PODS, query={"labelSelector": f"case={case.name}", "gracePeriodSeconds": "0"})
        wait_for_none(admin, case.name)
    return {name for name in decided if name}


def workload(case: InstanceType, node: str, tolerations: list[Any]) -> Mapping[str, Any]:
    """A pod as Azure ML makes it from an instance type, which may only run on `node`."""
    spec = instance_types.to_spec(case)
    pinned = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [pinned]}}}
    return {
        "metadata": {"name": f"{case.name}-{node}", "labels": {"case": case.name}},
        "spec": {
            "nodeSelector": spec.get("nodeSelector", {}),
            "tolerations": tolerations,
            "affinity": affinity,
            "restartPolicy": "Never",
            "containers": [{"name": "job", "image": "none", "resources": spec["resources"]}],
        },
    }


def wait_for_decisions(admin: Connection, case: str, count: int) -> list[str | None]:
    """The node of each pod, None for one that the scheduler refused, once all are decided."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pods = admin.request("GET", PODS, query={"labelSelector": f"case={case}"}).body["items"]
        decisions = [decision(pod) for pod in pods]
        if len(decisions) == count and "waiting" not in decisions:
            return [None if each == "refused" else each for each in decisions]
        time.sleep(0.05)
    raise AssertionError(f"the scheduler did not decide about {case}")


def decision(pod: dict[str, Any]) -> str:
    """The pod's node, or 'refused', or 'waiting'."""
    if "nodeName" in pod["spec"]:
        return str(pod["spec"]["nodeName"])
    conditions = {each["type"]: each for each in pod.get("status", {}).get("conditions", [])}
    refused = conditions.get("PodScheduled", {}).get("reason") == "Unschedulable"
    return "refused" if refused and pod["status"]["phase"] == "Pending" else "waiting"


def wait_for_none(admin: Connection, case: str) -> None:
    """Wait until the pods are gone: what they hold is not free before."""
    deadline = time.monotonic() + 30
    while admin.request("GET", PODS, query={"labelSelector": f"case={case}"}).body["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
