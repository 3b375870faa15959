# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Will jobs find nodes: GPU pools, their taints and labels, instance types?"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, Taint
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host import wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import (
    gpu,
    instance_types,
    label_plan,
    labels,
    placement,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_type_plan import plan_instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states


def _wanted(settings: Settings) -> list[instance_types.InstanceType]:
    """Return the instance types of the inventory."""
    return [instance_types.from_option(each) for each in settings.nodes.instance_types]


def _selector(settings: Settings) -> dict[str, str]:
    """Return the extension's node selector as texts."""
    return {key: str(value) for key, value in label_plan.label_texts(settings.extension.node_selector).items()}


@rule(
    "instance-type-invalid",
    "blocker",
    "An instance type is not valid",
    remedy="Correct aml_instance_types: CPU and memory need a request and a limit, GPUs stand in limits, amounts are "
    "Kubernetes quantities.",
    source=source.INSTANCE_TYPES,
)
def instance_type_invalid(settings: Settings, _facts: Facts) -> Evidence:
    """Find instance types that Azure Machine Learning or Kubernetes would not accept."""
    return [f"{each[0].upper()}{each[1:]}." for each in instance_types.problems(_wanted(settings), _selector(settings))]


@rule(
    "instance-type-impossible",
    "blocker",
    "No node of the cluster could ever run an instance type",
    remedy="Lower its amounts, mend its node selector, or add a node pool that fits: jobs of this type would wait for "
    "ever.",
    source=source.INSTANCE_TYPES,
)
def instance_type_impossible(settings: Settings, facts: Facts) -> Evidence:
    """Find instance types that fit on no node, with the nearest node and what it lacks."""
    if facts["kubernetes"] is None or instance_types.problems(_wanted(settings), _selector(settings)):
        return None
    found: list[str] = []
    for each in _wanted(settings):
        place = placement.placement(
            each, wanted_labels.candidates(settings, facts), wanted_labels.tolerations(facts), _selector(settings)
        )
        if not place.possible:
            found.append(f"Instance type '{each.name}' fits nowhere: {_nearest(place)}.")
    return found


@rule(
    "instance-type-owned",
    "blocker",
    "Somebody else set what an instance type is to change",
    remedy="Ask who set it and take the change out of aml_instance_types, or take the field over with "
    "azureml.fleet.aml_instance_type (force_conflicts: true), then run again.",
    source=source.INSTANCE_TYPES,
)
def instance_type_owned(settings: Settings, facts: Facts) -> Evidence:
    """Find fields of instance types that another manager owns with another value: the module would refuse them."""
    if facts["kubernetes"] is None or settings.nodes.instance_types_mode != "merge":
        return None
    there = {each["name"]: each for each in facts["kubernetes"]["instance_types"]}
    found: list[str] = []
    for each in plan_instance_types(there, _wanted(settings), mode="merge", prune=False):
        conflicts = instance_types.conflicts(each.before, each.after) if each.before and each.after else {}
        found.extend(f"{field} of instance type '{each.name}' belongs to {who}." for field, who in conflicts.items())
    return found


@rule(
    "default-instance-type-unknown",
    "warning",
    "The default instance type of a compute does not exist",
    remedy="Add it to aml_instance_types, or choose one that the cluster has.",
    source=source.INSTANCE_TYPES,
)
def default_instance_type_unknown(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments whose default instance type is neither wanted nor there."""
    if facts["kubernetes"] is None:
        return None
    there = {each["name"] for each in facts["kubernetes"]["instance_types"]} | {each.name for each in _wanted(settings)}
    names = {each.default_instance_type for each in settings.attachments} - {None, instance_types.DEFAULT_NAME}
    return [f"There is no instance type '{name}'." for name in sorted(filter(None, names)) if name not in there]


@rule(
    "gpu-pool-tainted",
    "warning",
    "A GPU node pool has taints that Azure Machine Learning's pods do not tolerate",
    remedy="Use one of the taints that its pods tolerate (ml.azure.com/amlarc=true, ml.azure.com/amlarc-workload=true, "
    "…), or remove the taint from the pool.",
    source=source.REFERENCE,
)
def gpu_pool_tainted(_settings: Settings, facts: Facts) -> Evidence:
    """Find GPU pools (on Arc: GPU nodes) that stay empty of jobs because of a taint."""
    tolerated = wanted_labels.tolerations(facts)
    nothing = instance_types.InstanceType("any")
    found: list[str] = []
    for name, taints in _gpu_taints(facts):
        lacks = placement.placement(nothing, [placement.Candidate(name, {}, taints, {})], tolerated).lacks
        found.extend(f"On {name} its pods lack {each}." for each in lacks)
    return found


@rule(
    "node-pool-stopped",
    "warning",
    "A node pool that is to get labels is stopped",
    remedy="Nothing has to be done while it is stopped. Start the node pool and run again before jobs are to find it "
    "by its labels.",
    source=source.NODE_LABELS,
)
def node_pool_stopped(settings: Settings, facts: Facts) -> Evidence:
    """Find stopped pools whose labels differ from the wanted ones: they are left alone."""
    wanted = wanted_labels.wanted_pool_labels(settings, facts, with_stopped=True)
    return [
        f"Node pool {pool['name']} is stopped; {len(wanted[pool['name']])} label(s) are not written to it."
        for pool in facts["cluster"]["node_pools"]
        if states.is_stopped(pool["power_state"]) and not wanted.get(pool["name"], {}).items() <= pool["labels"].items()
    ]


@rule(
    "gpu-pool-odd",
    "warning",
    "A GPU node pool is not what its VM size promises",
    remedy="Install the GPU device plug-in (aml_install_nvidia_device_plugin: true), or label the pool yourself with "
    "aml_node_pool_labels.",
    source=source.INSTANCE_TYPES,
)
def gpu_pool_odd(settings: Settings, facts: Facts) -> Evidence:
    """Find GPU pools whose nodes offer other devices than their size has."""
    kubernetes = facts["kubernetes"]
    if kubernetes is None or not settings.nodes.gpu_node_labels:
        return None
    pools = facts["cluster"]["node_pools"]
    return [f"{each.rstrip('.?')}." for pool in pools for each in gpu.pool_labels(pool, kubernetes["nodes"]).remarks]


@rule(
    "node-label-refused",
    "blocker",
    "A node label cannot be set",
    remedy="Use a label key with a prefix of your own in aml_node_pool_labels.",
    source=source.NODE_LABELS,
)
def node_label_refused(settings: Settings, _facts: Facts) -> Evidence:
    """Find labels that Kubernetes refuses or that belong to Kubernetes and AKS."""
    found: list[str] = []
    for pool, wanted in sorted(settings.nodes.node_pool_labels.items()):
        values = {key: value for key, value in wanted.items() if value is not None}
        found.extend(
            f"Node pool {pool}: {each}." for each in labels.node_label_problems(label_plan.label_texts(values))
        )
    return found


@rule(
    "node-pool-unknown",
    "blocker",
    "Labels are wanted for a node pool that the cluster does not have",
    remedy="Correct the names in aml_node_pool_labels. Clusters connected through Azure Arc have no node pools.",
    source=source.NODE_LABELS,
)
def node_pool_unknown(settings: Settings, facts: Facts) -> Evidence:
    """Find misspelt pools."""
    known = {pool["name"] for pool in facts["cluster"]["node_pools"]}
    names = ", ".join(sorted(known)) or "none"
    wanted = sorted(settings.nodes.node_pool_labels)
    return [f"There is no node pool {each}; there is {names}." for each in wanted if each not in known]


@rule(
    "extension-nodes-missing",
    "blocker",
    "No node carries the labels that the extension's own pods select",
    remedy="Label a node pool (aml_node_pool_labels), or correct aml_node_selector.",
    source=source.DEPLOY_EXTENSION,
)
def extension_nodes_missing(settings: Settings, facts: Facts) -> Evidence:
    """Find a node selector of the extension that matches no node."""
    selector = _selector(settings)
    if facts["kubernetes"] is None or not selector:
        return None
    for each in wanted_labels.candidates(settings, facts):
        if all(each.labels.get(key) == value for key, value in selector.items()):
            return None
    return f"No node has {', '.join(f'{key}={value}' for key, value in sorted(selector.items()))}."


@rule(
    "pool-autoscaled",
    "note",
    "A node pool scales by itself",
    remedy="When distributed jobs fail instead of waiting for new nodes, give the extension a Volcano configuration "
    "without the gang plug-in and set amloperator.skipResourceValidation in aml_extension_settings.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def pool_autoscaled(settings: Settings, facts: Facts) -> Evidence:
    """Find pools with the cluster autoscaler where training is wanted."""
    if not settings.extension.enable_training:
        return None
    return [
        f"Node pool {pool['name']} scales from {pool['min_count']} to {pool['max_count']} nodes."
        for pool in facts["cluster"]["node_pools"]
        if pool["autoscaling"]
    ]


def _gpu_taints(facts: Facts) -> list[tuple[str, list[Taint]]]:
    """Return the taints of every GPU node pool of AKS, or of every GPU node elsewhere, with a name for each."""
    if facts["cluster"]["kind"] == "aks":
        return [
            (f"node pool {pool['name']}", [placement.parse_taint(text) for text in pool["taints"]])
            for pool in facts["cluster"]["node_pools"]
            if gpu.of_size(pool["vm_size"]) or gpu.looks_like_gpu(pool["vm_size"])
        ]
    nodes = facts["kubernetes"]["nodes"] if facts["kubernetes"] else []
    return [(f"node {node['name']}", list(node["taints"])) for node in nodes if gpu.of_node(node)]


def _nearest(place: placement.Placement) -> str:
    """Return the nearest node and what it lacks."""
    if place.nearest is None:
        return "the cluster has no node"
    return f"the nearest is {place.nearest}, which lacks {'; '.join(place.lacks)}"
