# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is wanted and what was found to a list of changes, stage by stage.

Every decision is made by the one function of its subject, which the module, check mode and verification call as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change, ChangeData
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes import plan as computes
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import plan as extension
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host import wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import (
    accepts_v1,
    planned_extension,
    takes_over,
    wanted_upgrade,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import (
    instance_type_plan,
    instance_types,
    label_plan,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.stages import STAGES, StageId, in_order
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.namespaces import v1_namespaces


class StageOptions(TypedDict, total=False):
    """Values for the stages' modules that only the facts tell; what is to stay as it is is left out."""

    enable_upgrade: bool
    allow_v1: bool
    extension_name: str
    pools: dict[str, dict[str, str]]
    nodes: dict[str, dict[str, str]]
    definition_pending: bool
    namespaces: list[str]
    forbidden_namespaces: list[str]
    attachments: list[dict[str, object]]


class PlanData(TypedDict):
    """The plan as a module returns it."""

    stages: list[StageId]
    changes: list[ChangeData]
    options: StageOptions


@dataclass(frozen=True)
class Plan:
    """Everything that will be done to one cluster; without changes there is nothing to do."""

    changes: tuple[Change, ...]
    options: StageOptions

    @property
    def stages(self) -> list[StageId]:
        """The stages that have something to do, in their order."""
        return in_order(change.stage for change in self.changes)

    def to_result(self) -> PlanData:
        """Return the plan as a module returns it."""
        return PlanData(
            stages=self.stages, changes=[change.to_result() for change in self.changes], options=self.options
        )


def empty_plan() -> Plan:
    """Return the plan of a cluster to which nothing is done."""
    return Plan((), StageOptions())


def make_plan(settings: Settings, facts: Facts) -> Plan:
    """Return the plan for one cluster that no rule blocks.

    Raises InputError (of the extension, of a compute) for what the modules would refuse; rules find that first.
    """
    changes = [change for stage in STAGES for change in PLANNERS[stage.id](settings, facts)]
    return Plan(tuple(changes), _options(settings, facts))


def missing_namespaces(settings: Settings, facts: Facts) -> list[str]:
    """Return the namespaces of attachments that are not there and are to be created."""
    if facts["kubernetes"] is None or not settings.namespace_create:
        return []
    return [each for each in settings.namespaces() if each not in facts["kubernetes"]["namespaces"]]


def _options(settings: Settings, facts: Facts) -> StageOptions:
    """Return what the stages' modules need and only the facts tell."""
    kubernetes = facts["kubernetes"]
    options = StageOptions(
        extension_name=facts["extension"]["name"] if facts["extension"] else settings.extension.name,
        pools=wanted_labels.wanted_pool_labels(settings, facts),
        nodes=wanted_labels.wanted_node_labels(settings, facts),
        allow_v1=accepts_v1(settings),
        definition_pending=not (kubernetes and kubernetes["instance_type_definition"]),
        namespaces=missing_namespaces(settings, facts),
        forbidden_namespaces=sorted(v1_namespaces(settings.workspace_ids(), facts)),
        attachments=[each.to_option() for each in settings.attachments],
    )
    upgrade = wanted_upgrade(settings, facts)
    if upgrade is not None:
        options["enable_upgrade"] = upgrade
    return options


def _front_end(settings: Settings, facts: Facts) -> Sequence[Change]:
    """Return the annotation that lets the extension take over a healthy azureml-fe."""
    if facts["kubernetes"] is None:
        return ()
    return front_end.changes_of(
        facts["kubernetes"]["front_end"], taken_over=takes_over(settings, facts), accept_v1=accepts_v1(settings)
    )


def _extension(settings: Settings, facts: Facts) -> Sequence[Change]:
    """Return what happens to the extension."""
    return extension.changes_of(facts["extension"], planned_extension(settings, facts))


def _gpu_nodes(settings: Settings, facts: Facts) -> Sequence[Change]:
    """Return the node pools of AKS, or the nodes elsewhere, whose labels differ."""
    cluster = facts["cluster"]
    pools = {pool["name"]: pool["labels"] for pool in cluster["node_pools"]}
    nodes = {node["name"]: node["labels"] for node in facts["kubernetes"]["nodes"]} if facts["kubernetes"] else {}
    return [
        *label_plan.changes_of(
            "node pool",
            cluster["id"],
            label_plan.plan_labels(pools, wanted_labels.wanted_pool_labels(settings, facts)),
        ),
        *label_plan.changes_of(
            "node",
            cluster["id"],
            label_plan.plan_labels(nodes, wanted_labels.wanted_node_labels(settings, facts)),
        ),
    ]


def _instance_types(settings: Settings, facts: Facts) -> Sequence[Change]:
    """Return the instance types that are missing, differ, or are to be pruned."""
    wanted = [instance_types.from_option(each) for each in settings.nodes.instance_types]
    if not wanted:
        return ()
    found = {each["name"]: each for each in facts["kubernetes"]["instance_types"]} if facts["kubernetes"] else {}
    plan = instance_type_plan.plan_instance_types(
        found, wanted, mode=settings.nodes.instance_types_mode, prune=settings.nodes.instance_types_prune
    )
    return instance_type_plan.changes_of(plan)


def _compute(settings: Settings, facts: Facts) -> Sequence[Change]:
    """Return the namespaces and the computes that are missing or differ."""
    found = [
        Change("compute", "create", "namespace", f"Namespace/{name}", name, None, {"name": name}, "missing")
        for name in missing_namespaces(settings, facts)
    ]
    for each in settings.attachments:
        existing = computes.find_compute(facts, each)
        plan = computes.plan_attach(each, existing, facts["cluster"]["id"])
        found.extend(computes.changes_of(each, existing, plan))
    return found


#: Stage -> the function that plans it.
PLANNERS: Mapping[str, Callable[[Settings, Facts], Sequence[Change]]] = {
    "front_end": _front_end,
    "gpu_nodes": _gpu_nodes,
    "extension": _extension,
    "instance_types": _instance_types,
    "compute": _compute,
}
