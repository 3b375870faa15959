# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GPUs a node has, from its VM size and from what it says itself, and the labels that say so.

Sizes: https://learn.microsoft.com/azure/virtual-machines/sizes/overview#gpu-accelerated and the page of each series
below it. Label keys: AKS reserves `kubernetes.azure.com/` and sets `kubernetes.azure.com/accelerator` itself
(https://learn.microsoft.com/azure/aks/use-labels), so the collection uses a prefix of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import NodeFacts, NodePool

PREFIX = "azureml.fleet/"
ACCELERATOR_LABEL = f"{PREFIX}accelerator"
MODEL_LABEL = f"{PREFIX}gpu-model"
COUNT_LABEL = f"{PREFIX}gpu-count"
NVIDIA, AMD = "nvidia", "amd"


@dataclass(frozen=True)
class GpuFacts:
    """The GPUs of one node."""

    vendor: str
    model: str | None
    count: int  # devices that the operating system sees
    partial: bool = False  # the device is a slice of a GPU that several VMs share

    @property
    def resource(self) -> str:
        """The resource that a pod asks for."""
        return f"{self.vendor}.com/gpu"


#: Sizes by series, without 'Standard_': vendor, model, whether the sizes share one GPU, and devices of each size.
_SERIES: tuple[tuple[str, str, bool, Mapping[str, int]], ...] = (
    (NVIDIA, "k80", False, {"NC6": 1, "NC12": 2, "NC24": 4, "NC24r": 4}),  # NC-series
    (NVIDIA, "p100", False, {"NC6s_v2": 1, "NC12s_v2": 2, "NC24s_v2": 4, "NC24rs_v2": 4}),  # NCv2
    (NVIDIA, "v100", False, {"NC6s_v3": 1, "NC12s_v3": 2, "NC24s_v3": 4, "NC24rs_v3": 4}),  # NCv3
    (
        NVIDIA,
        "t4",
        False,
        {"NC4as_T4_v3": 1, "NC8as_T4_v3": 1, "NC16as_T4_v3": 1, "NC64as_T4_v3": 4},  # NCasT4_v3
    ),
    (NVIDIA, "a100", False, {"NC24ads_A100_v4": 1, "NC48ads_A100_v4": 2, "NC96ads_A100_v4": 4}),  # NC A100 v4
    (NVIDIA, "h100", False, {"NC40ads_H100_v5": 1, "NC80adis_H100_v5": 2}),  # NCads H100 v5
    (NVIDIA, "h100", False, {"NCC40ads_H100_v5": 1}),  # NCCads H100 v5 (confidential)
    (NVIDIA, "p40", False, {"ND6s": 1, "ND12s": 2, "ND24s": 4, "ND24rs": 4}),  # ND-series
    (NVIDIA, "v100", False, {"ND40rs_v2": 8}),  # NDv2
    (NVIDIA, "a100", False, {"ND96asr_v4": 8}),  # ND A100 v4 (40 GB)
    (NVIDIA, "a100", False, {"ND96amsr_A100_v4": 8, "ND96ams_A100_v4": 8}),  # NDm A100 v4 (80 GB)
    (NVIDIA, "h100", False, {"ND96isr_H100_v5": 8}),  # ND H100 v5
    (NVIDIA, "h200", False, {"ND96isr_H200_v5": 8}),  # ND H200 v5
    (NVIDIA, "gb200", False, {"ND128isr_NDR_GB200_v6": 4}),  # ND GB200 v6
    (AMD, "mi300x", False, {"ND96isr_MI300X_v5": 8, "ND96is_MI300X_v5": 8}),  # ND MI300X v5
    (NVIDIA, "m60", False, {"NV6": 1, "NV12": 2, "NV24": 4}),  # NV-series
    (NVIDIA, "m60", False, {"NV6s_v2": 1, "NV12s_v2": 2, "NV24s_v2": 4}),  # NVv2
    (NVIDIA, "m60", False, {"NV12s_v3": 1, "NV24s_v3": 2, "NV48s_v3": 4}),  # NVv3
    (AMD, "mi25", True, {"NV4as_v4": 1, "NV8as_v4": 1, "NV16as_v4": 1}),  # NVv4: 1/8 to 1/2
    (AMD, "mi25", False, {"NV32as_v4": 1}),
    (NVIDIA, "a10", True, {"NV6ads_A10_v5": 1, "NV12ads_A10_v5": 1, "NV18ads_A10_v5": 1}),  # NVads A10 v5: 1/6 to 1/2
    (NVIDIA, "a10", False, {"NV36ads_A10_v5": 1, "NV36adms_A10_v5": 1, "NV72ads_A10_v5": 2}),
    (AMD, "v620", True, {"NG8ads_V620_v1": 1, "NG16ads_V620_v1": 1}),  # NGads V620: 1/4 and 1/2
    (AMD, "v620", False, {"NG32ads_V620_v1": 1, "NG32adms_V620_v1": 1}),
    (AMD, "v710", True, {"NV4ads_V710_v5": 1, "NV8ads_V710_v5": 1, "NV12ads_V710_v5": 1}),  # NVads V710 v5
    (AMD, "v710", False, {"NV24ads_V710_v5": 1, "NV28adms_V710_v5": 1}),
)
_SIZES: dict[str, GpuFacts] = {
    size.lower(): GpuFacts(vendor, model, count, partial)
    for vendor, model, partial, sizes in _SERIES
    for size, count in sizes.items()
}
#: N-series are the accelerated ones; NP has FPGAs, which are no GPUs.
_GPU_NAME = re.compile(r"(?:standard_)?n(?:c|cc|d|v|g)\d+", re.IGNORECASE)
_CORES = re.compile(r"(?:standard_)?[a-z]+(\d+)(?:-(\d+))?", re.IGNORECASE)


@dataclass(frozen=True)
class WantedLabels:
    """The labels that a node pool or node should carry, and what is odd about it, as whole sentences."""

    labels: Mapping[str, str]
    remarks: tuple[str, ...] = ()


def of_size(vm_size: str | None) -> GpuFacts | None:
    """Return the GPUs of an Azure VM size; None when it has none or is not in the table (see `looks_like_gpu`)."""
    return _SIZES.get((vm_size or "").lower().removeprefix("standard_"))


def looks_like_gpu(vm_size: str | None) -> bool:
    """Tell whether a size's name is one of a GPU series, the table's and newer ones."""
    return _GPU_NAME.match(vm_size or "") is not None


def cores_of_size(vm_size: str | None) -> int | None:
    """Return the vCPUs that a size's name tells (the constrained count in `Standard_E8-4s_v5`), or None.

    https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions. Sizes older than the convention
    (`Standard_DS2_v2`) count differently, so the series D and DS up to v2, A, F before v2 and G give None.
    """
    name = (vm_size or "").lower().removeprefix("standard_")
    if re.match(r"(a|b|basic|g)\w*|ds?\d+(_v2)?(_promo)?$", name):
        return None
    match = _CORES.match(name)
    return int(match.group(2) or match.group(1)) if match else None


def of_node(node: NodeFacts) -> GpuFacts | None:
    """Return the GPUs that a node offers to pods, with the model that its size or its own labels tell."""
    offered = [(name, count) for name, count in node["gpus"].items() if count > 0]
    if not offered:
        return None
    name, count = max(offered, key=lambda pair: pair[1])
    vendor = NVIDIA if name.startswith("nvidia.com/") else AMD
    by_size = of_size(node["vm_size"])
    model = by_size.model if by_size else _discovered_model(node["labels"])
    return GpuFacts(vendor, model, count, by_size.partial if by_size else False)


def labels_of(facts: GpuFacts) -> dict[str, str]:
    """Return the labels that say which GPUs a node has."""
    found = {ACCELERATOR_LABEL: facts.vendor, COUNT_LABEL: str(facts.count)}
    if facts.model:
        found[MODEL_LABEL] = facts.model
    return found


def pool_labels(
    pool: NodePool, nodes: Sequence[NodeFacts], overrides: Mapping[str, str | None] | None = None
) -> WantedLabels:
    """Return the labels for a node pool of AKS from its VM size, its nodes (of the whole cluster) and the inventory.

    What nodes offer counts more than what the size promises (GPUs split into instances are several devices); an
    override of null takes a label out.
    """
    promised = None if (pool["os_type"] or "linux").lower() == "windows" else of_size(pool["vm_size"])
    mine = [node for node in nodes if node["pool"] == pool["name"]]
    offered = {of_node(node) for node in mine}
    remarks = _remarks(pool, promised, mine)
    facts = next(iter(offered)) if len(offered) == 1 and None not in offered else promised
    return WantedLabels(_overridden(labels_of(facts) if facts else {}, overrides), tuple(remarks))


def node_labels(node: NodeFacts, overrides: Mapping[str, str | None] | None = None) -> WantedLabels:
    """Return the labels for one node of a cluster without node pools (Azure Arc)."""
    facts = of_node(node)
    return WantedLabels(_overridden(labels_of(facts) if facts else {}, overrides))


def _remarks(pool: NodePool, promised: GpuFacts | None, nodes: Sequence[NodeFacts]) -> list[str]:
    """Return what does not fit between a pool's size and its nodes."""
    remarks = []
    size = pool["vm_size"]
    if promised is None and looks_like_gpu(size) and not any(of_node(node) for node in nodes):
        remarks.append(f"Node pool {pool['name']} ({size}) looks like a GPU pool, but its GPUs are not known")
    for node in nodes:
        found = of_node(node)
        if promised is not None and found is None and node["ready"]:
            remarks.append(
                f"Node {node['name']} of pool {pool['name']} ({size}) offers no {promised.resource}: is the device "
                "plug-in installed?"
            )
        elif promised is not None and found is not None and found.count < promised.count:
            remarks.append(
                f"Node {node['name']} of pool {pool['name']} ({size}) offers {found.count} of "
                f"{promised.count} {promised.resource}"
            )
    return remarks


def _overridden(computed: Mapping[str, str], overrides: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return labels with the inventory's put over them."""
    together: dict[str, str | None] = {**computed, **(overrides or {})}
    return {key: value for key, value in together.items() if value is not None}


def _discovered_model(labels: Mapping[str, str]) -> str | None:
    """Return the model that NVIDIA's GPU feature discovery wrote on a node, as a label value."""
    product = labels.get("nvidia.com/gpu.product")
    return product.lower() if product else None
