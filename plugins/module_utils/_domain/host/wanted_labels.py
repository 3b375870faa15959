# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which labels the nodes of a cluster should carry, and where its pods could go once they carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, NodeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import (
    gpu,
    instance_types,
    label_plan,
    placement,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states

Labels = dict[str, dict[str, str]]


def wanted_pool_labels(settings: Settings, facts: Facts, *, with_stopped: bool = False) -> Labels:
    """Return the labels by node pool of an AKS cluster; pools that need none are left out, and so are stopped ones.

    Whether a stopped pool takes labels is not known (docs/beliefs.md, `stopped-pool-update`), and it runs nothing: it
    gets them with the first run after it was started. A pool's labels come from what its machines are
    (`aml_gpu_node_labels`) and from `aml_node_pool_labels`.
    """
    if facts["cluster"]["kind"] != "aks":
        return {}
    nodes = facts["kubernetes"]["nodes"] if facts["kubernetes"] else []
    overrides = settings.nodes.node_pool_labels
    found: Labels = {}
    for pool in facts["cluster"]["node_pools"]:
        own = _overrides(overrides.get(pool["name"]))
        if settings.nodes.gpu_node_labels:
            labels = dict(gpu.pool_labels(pool, nodes, own).labels)
        else:
            labels = {key: value for key, value in own.items() if value is not None}
        if labels and (with_stopped or not states.is_stopped(pool["power_state"])):
            found[pool["name"]] = labels
    return found


def wanted_node_labels(settings: Settings, facts: Facts) -> Labels:
    """Return the labels by node of a cluster without node pools (Azure Arc); nodes that need none are left out."""
    if facts["cluster"]["kind"] != "arc" or facts["kubernetes"] is None or not settings.nodes.gpu_node_labels:
        return {}
    found: Labels = {}
    for node in facts["kubernetes"]["nodes"]:
        labels = dict(gpu.node_labels(node).labels)
        if labels:
            found[node["name"]] = labels
    return found


def candidates(settings: Settings, facts: Facts) -> list[placement.Candidate]:
    """Return every node that a pod could get: those that are there, and those that an empty pool could start.

    All are taken as they will be once the wanted labels are on them.
    """
    if facts["kubernetes"] is None:
        return []
    pools = wanted_pool_labels(settings, facts, with_stopped=True)
    own = wanted_node_labels(settings, facts)
    nodes = facts["kubernetes"]["nodes"]
    found = [_labelled(node, {**pools.get(node["pool"] or "", {}), **own.get(node["name"], {})}) for node in nodes]
    peopled = {node["pool"] for node in nodes}
    for pool in facts["cluster"]["node_pools"]:
        if pool["name"] not in peopled:
            found.append(placement.pool_candidate(pool, pools.get(pool["name"])))
    return found


def unfit_for_router(settings: Settings, facts: Facts) -> dict[str, list[str]]:
    """Return what each node lacks to run the extension's router now, nothing for a node that can; by its name."""
    if facts["kubernetes"] is None:
        return {}
    pools, own = wanted_pool_labels(settings, facts), wanted_node_labels(settings, facts)
    selector = {key: str(value) for key, value in label_plan.label_texts(settings.extension.node_selector).items()}
    found: dict[str, list[str]] = {}
    for node in facts["kubernetes"]["nodes"]:
        candidate = _labelled(node, {**pools.get(node["pool"] or "", {}), **own.get(node["name"], {})})
        found[node["name"]] = placement.system_pod_lacks(node, candidate, selector)
    return found


def tolerations(facts: Facts) -> list[placement.Toleration]:
    """Return the tolerations of Azure Machine Learning's pods; AKS adds those for devices that a pod asks for."""
    devices = instance_types.GPU_RESOURCES if facts["cluster"]["kind"] == "aks" else ()
    return placement.workload_tolerations(extended_resources=devices)


def _labelled(node: NodeFacts, labels: Mapping[str, str]) -> placement.Candidate:
    """Return a node with `labels` put on it."""
    together: dict[str, Any] = {**node, "labels": {**node["labels"], **labels}}
    return placement.as_candidate(NodeFacts(**together))  # type: ignore[typeddict-item]  # the same keys as `node`


def _overrides(labels: object) -> dict[str, str | None]:
    """Return an inventory's labels as texts; null takes a label out. What cannot be a text is left to the rules."""
    given = labels if isinstance(labels, Mapping) else {}
    return {key: None if value is None else str(value) for key, value in label_plan.label_texts(given).items()}
