# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import NodeFacts, NodePool
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import gpu
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.gpu import GpuFacts


def pool(vm_size: str | None, **changes: Any) -> NodePool:
    facts: dict[str, Any] = {"name": "gpu", "vm_size": vm_size, "os_type": "Linux", "labels": {}, "taints": []}
    return NodePool(**{**facts, **changes})  # type: ignore[typeddict-item]  # only what the functions read


def node(gpus: dict[str, int], **changes: Any) -> NodeFacts:
    facts: dict[str, Any] = {
        "name": "node-0",
        "ready": True,
        "pool": "gpu",
        "vm_size": "Standard_NC4as_T4_v3",
        "gpus": gpus,
        "labels": {},
    }
    return NodeFacts(**{**facts, **changes})  # type: ignore[typeddict-item]  # only what the functions read


@pytest.mark.parametrize(
    ("size", "vendor", "model", "count", "partial"),
    [
        ("Standard_NC6s_v3", "nvidia", "v100", 1, False),
        ("standard_nc24rs_v3", "nvidia", "v100", 4, False),
        ("STANDARD_NC64AS_T4_V3", "nvidia", "t4", 4, False),
        ("Standard_NC24ads_A100_v4", "nvidia", "a100", 1, False),
        ("Standard_NC80adis_H100_v5", "nvidia", "h100", 2, False),
        ("Standard_ND96isr_H200_v5", "nvidia", "h200", 8, False),
        ("Standard_ND96isr_MI300X_v5", "amd", "mi300x", 8, False),
        ("Standard_NV6ads_A10_v5", "nvidia", "a10", 1, True),
        ("Standard_NV72ads_A10_v5", "nvidia", "a10", 2, False),
        ("Standard_NV4as_v4", "amd", "mi25", 1, True),
        ("Standard_NG32ads_V620_v1", "amd", "v620", 1, False),
        ("NC6", "nvidia", "k80", 1, False),
    ],
)
def test_sizes_of_the_gpu_series_are_known(size: str, vendor: str, model: str, count: int, partial: bool) -> None:
    assert gpu.of_size(size) == GpuFacts(vendor, model, count, partial)


@pytest.mark.parametrize("size", [None, "", "Standard_D4s_v5", "Standard_NP10s", "Standard_E8-4s_v5"])
def test_other_sizes_have_no_gpu(size: str | None) -> None:
    assert gpu.of_size(size) is None
    assert not gpu.looks_like_gpu(size)


def test_newer_gpu_size_is_told_by_its_name() -> None:
    assert gpu.of_size("Standard_NC200ads_X900_v9") is None
    assert gpu.looks_like_gpu("Standard_NC200ads_X900_v9")


@pytest.mark.parametrize(
    ("size", "cores"),
    [
        ("Standard_D4s_v5", 4),
        ("Standard_E8-4s_v5", 4),
        ("Standard_NC24ads_A100_v4", 24),
        ("Standard_F16s_v2", 16),
        ("Standard_DS2_v2", None),
        ("Standard_D3", None),
        ("Standard_A4_v2", None),
        ("Standard_B2ms", None),
        (None, None),
    ],
)
def test_cores_are_read_from_the_name_where_the_name_tells_them(size: str | None, cores: int | None) -> None:
    assert gpu.cores_of_size(size) == cores


def test_resource_is_the_vendors() -> None:
    assert GpuFacts("nvidia", "t4", 1).resource == "nvidia.com/gpu"
    assert GpuFacts("amd", "mi300x", 8).resource == "amd.com/gpu"


def test_pool_without_nodes_gets_the_labels_of_its_size() -> None:
    wanted = gpu.pool_labels(pool("Standard_NC64as_T4_v3"), [])
    assert wanted.labels == {
        "azureml.fleet/accelerator": "nvidia",
        "azureml.fleet/gpu-count": "4",
        "azureml.fleet/gpu-model": "t4",
    }
    assert wanted.remarks == ()


def test_what_nodes_offer_counts_more_than_what_the_size_promises() -> None:
    nodes = [node({"nvidia.com/gpu": 7}), node({"nvidia.com/gpu": 7}, name="node-1")]
    wanted = gpu.pool_labels(pool("Standard_NC24ads_A100_v4"), nodes)
    assert wanted.labels["azureml.fleet/gpu-count"] == "7"


def test_node_that_offers_no_gpu_is_remarked_and_the_size_counts() -> None:
    wanted = gpu.pool_labels(pool("Standard_NC4as_T4_v3"), [node({})])
    assert wanted.labels["azureml.fleet/gpu-count"] == "1"
    assert "offers no nvidia.com/gpu" in wanted.remarks[0]


def test_node_that_offers_fewer_gpus_is_remarked() -> None:
    wanted = gpu.pool_labels(pool("Standard_NC64as_T4_v3"), [node({"nvidia.com/gpu": 3})])
    assert "offers 3 of 4 nvidia.com/gpu" in wanted.remarks[0]


def test_nodes_of_other_pools_say_nothing_about_this_one() -> None:
    wanted = gpu.pool_labels(pool("Standard_D4s_v5", name="cpu"), [node({"nvidia.com/gpu": 1})])
    assert wanted.labels == {}


def test_pool_of_an_unknown_gpu_size_is_labelled_by_its_nodes_or_remarked() -> None:
    unknown = pool("Standard_NC200ads_X900_v9")
    nodes = [node({"nvidia.com/gpu": 2}, vm_size="Standard_NC200ads_X900_v9")]
    assert gpu.pool_labels(unknown, nodes).labels == {
        "azureml.fleet/accelerator": "nvidia",
        "azureml.fleet/gpu-count": "2",
    }
    assert "looks like a GPU pool" in gpu.pool_labels(unknown, []).remarks[0]


def test_inventory_overrides_and_takes_out() -> None:
    overrides = {"azureml.fleet/gpu-model": None, "team": "vision"}
    wanted = gpu.pool_labels(pool("Standard_NC4as_T4_v3"), [], overrides)
    assert wanted.labels == {"azureml.fleet/accelerator": "nvidia", "azureml.fleet/gpu-count": "1", "team": "vision"}


def test_windows_pool_gets_no_labels() -> None:
    assert gpu.pool_labels(pool("Standard_NC4as_T4_v3", os_type="Windows"), []).labels == {}


def test_node_of_an_arc_cluster_is_labelled_by_what_it_offers() -> None:
    found = node({"nvidia.com/gpu": 2}, vm_size=None, labels={"nvidia.com/gpu.product": "NVIDIA-L40S"})
    assert gpu.node_labels(found).labels == {
        "azureml.fleet/accelerator": "nvidia",
        "azureml.fleet/gpu-count": "2",
        "azureml.fleet/gpu-model": "nvidia-l40s",
    }
    assert gpu.node_labels(node({"nvidia.com/gpu": 0})).labels == {}


def test_own_labels_are_not_reserved_ones() -> None:
    from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.labels import node_label_problems

    assert node_label_problems(gpu.labels_of(GpuFacts("nvidia", "a100", 8))) == []
