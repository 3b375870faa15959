# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import NodeFacts, NodePool
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.placement import (
    parse_taint,
    placement,
    pool_candidate,
    workload_tolerations,
)

GIB = 2**30
TOLERATIONS = workload_tolerations(workspace="ml-west")


def node(name: str, **changes: Any) -> NodeFacts:
    facts: dict[str, Any] = {
        "name": name,
        "ready": True,
        "schedulable": True,
        "operating_system": "linux",
        "cpu": 3.86,
        "memory": 12 * GIB,
        "gpus": {},
        "taints": [],
        "labels": {},
    }
    return NodeFacts(**{**facts, **changes})  # type: ignore[typeddict-item]  # only what the function reads


def wish(cpu: str = "1", memory: str = "1Gi", gpus: int = 0, **selector: str) -> InstanceType:
    limits = {"cpu": "64", "memory": "512Gi"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    return InstanceType("x", selector, {"cpu": cpu, "memory": memory}, limits)


def taint(key: str, value: str | None = None, effect: str = "NoSchedule") -> dict[str, Any]:
    return {"key": key, "value": value, "effect": effect}


GPU_NODE = node("gpu", cpu=23.77, memory=400 * GIB, gpus={"nvidia.com/gpu": 4}, labels={"gpu": "yes"})


def test_every_node_that_fits_is_named() -> None:
    found = placement(wish(), [node("b"), node("a"), node("c", cpu=0.5)], TOLERATIONS)
    assert found.possible
    assert found.fitting == ("a", "b")
    assert found.nearest is None


def test_requests_count_and_not_limits() -> None:
    assert placement(wish("3"), [node("a")], TOLERATIONS).possible


@pytest.mark.parametrize(
    ("wanted", "lacks"),
    [
        (wish("4"), "4 CPU (it offers 3.86 CPU)"),
        (wish(memory="13Gi"), "13 GiB memory (it offers 12 GiB memory)"),
        (wish(gpus=1), "1 nvidia.com/gpu (it offers 0 nvidia.com/gpu)"),
        (wish(team="a"), "label team=a (not set)"),
        (wish(pool="b"), "label pool=b (it has a)"),
    ],
)
def test_what_the_nearest_node_lacks_is_said(wanted: InstanceType, lacks: str) -> None:
    found = placement(wanted, [node("only", labels={"pool": "a"})], TOLERATIONS)
    assert not found.possible
    assert found.nearest == "only"
    assert found.lacks == (lacks,)


def test_nearest_node_is_the_one_that_lacks_least() -> None:
    found = placement(wish(gpus=8, gpu="yes"), [node("cpu"), GPU_NODE], TOLERATIONS)
    assert found.nearest == "gpu"
    assert found.lacks == ("8 nvidia.com/gpu (it offers 4 nvidia.com/gpu)",)


def test_without_nodes_there_is_no_nearest() -> None:
    found = placement(wish(), [], TOLERATIONS)
    assert not found.possible
    assert found.nearest is None


@pytest.mark.parametrize(
    ("found_taint", "fits"),
    [
        (taint("sku", "gpu"), False),
        (taint("sku", "gpu", "NoExecute"), False),
        (taint("sku", "gpu", "PreferNoSchedule"), True),
        (taint("ml.azure.com/amlarc", "true"), True),
        (taint("ml.azure.com/amlarc", "false"), False),
        (taint("ml.azure.com/amlarc-workload", "true", "NoExecute"), True),
        (taint("ml.azure.com/amlarc-system", "true"), False),
        (taint("ml.azure.com/workspace", "ml-west"), True),
        (taint("ml.azure.com/workspace", "other"), False),
        (taint("ml.azure.com/compute", "anything"), True),
        (taint("node.kubernetes.io/not-ready"), True),
        (taint("node.kubernetes.io/unschedulable"), True),
        (taint("nvidia.com/gpu", "present"), False),
    ],
)
def test_only_taints_that_azure_ml_tolerates_or_that_pass_let_pods_in(found_taint: dict[str, Any], fits: bool) -> None:
    assert placement(wish(), [node("a", taints=[found_taint])], TOLERATIONS).possible is fits


def test_taint_is_named_in_full() -> None:
    found = placement(wish(), [node("a", taints=[taint("sku", "gpu")])], TOLERATIONS)
    assert found.lacks == ("a pod's toleration of its taint sku=gpu:NoSchedule",)


def test_admission_may_add_a_toleration_for_devices() -> None:
    tolerations = workload_tolerations(extended_resources=["nvidia.com/gpu"])
    assert placement(wish(), [node("a", taints=[taint("nvidia.com/gpu", "present")])], tolerations).possible


def test_extensions_node_selector_counts_too() -> None:
    found = placement(wish(), [node("a")], TOLERATIONS, {"purpose": "ml"})
    assert found.lacks == ("label purpose=ml (not set)",)


def test_windows_nodes_run_no_azure_ml_pods() -> None:
    assert "not Linux" in placement(wish(), [node("a", operating_system="windows")], TOLERATIONS).lacks[0]


def pool(**changes: Any) -> NodePool:
    facts: dict[str, Any] = {"name": "gpu", "vm_size": "Standard_NC4as_T4_v3", "os_type": "Linux", "labels": {}}
    return NodePool(**{**facts, "taints": [], **changes})  # type: ignore[typeddict-item]  # only what is read


def test_pool_without_nodes_is_judged_by_its_size() -> None:
    candidate = pool_candidate(pool(), {"azureml.fleet/accelerator": "nvidia"})
    fitting = wish("4", "100Gi", 1, **{"azureml.fleet/accelerator": "nvidia", "agentpool": "gpu"})
    assert placement(fitting, [candidate], TOLERATIONS).fitting == ("pool gpu",)
    assert placement(wish("5"), [candidate], TOLERATIONS).lacks == ("5 CPU (it offers 4 CPU)",)
    assert placement(wish(gpus=2), [candidate], TOLERATIONS).lacks[0].startswith("2 nvidia.com/gpu")


def test_pool_of_an_unknown_gpu_size_is_given_the_benefit_of_the_doubt() -> None:
    unknown = pool_candidate(pool(vm_size="Standard_NC200ads_X900_v9"))
    assert placement(wish(gpus=16), [unknown], TOLERATIONS).possible
    cpu_only = pool_candidate(pool(vm_size="Standard_D4s_v5"))
    assert not placement(wish(gpus=1), [cpu_only], TOLERATIONS).possible


def test_pools_taints_are_read_as_aks_writes_them() -> None:
    assert parse_taint("sku=gpu:NoSchedule") == {"key": "sku", "value": "gpu", "effect": "NoSchedule"}
    assert parse_taint("dedicated:NoExecute") == {"key": "dedicated", "value": "", "effect": "NoExecute"}
    tainted = pool_candidate(pool(taints=["sku=gpu:NoSchedule"]))
    assert not placement(wish(), [tainted], TOLERATIONS).possible


def test_unknown_device_that_no_node_offers_is_lacking() -> None:
    wanted = InstanceType("x", {}, {"cpu": "1", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi", "x.example/npu": "1"})
    assert placement(wanted, [node("a")], TOLERATIONS).lacks == ("1 x.example/npu (it offers 0 x.example/npu)",)
