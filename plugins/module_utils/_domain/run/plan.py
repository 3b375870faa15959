# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is wanted and what was found to a list of changes, stage by stage, each with its reason.

The comparisons are those of the modules themselves, so that the plan, check mode and the real run agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.wanted import (
    differences,
    find_compute,
    planned_compute,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.wanted import (
    planned_extension,
    wanted_upgrade,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types, wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id

Stage = Literal["front_end", "extension", "gpu_nodes", "instance_types", "compute"]
#: In the order in which they run.
STAGES: tuple[Stage, ...] = ("front_end", "extension", "gpu_nodes", "instance_types", "compute")


@dataclass(frozen=True)
class Change:
    """One thing that a stage will do."""

    stage: Stage
    action: Literal["annotate", "create", "delete", "label", "repair", "update", "wait"]
    subject: str
    reason: str

    def to_result(self) -> dict[str, str]:
        """Return the change as a module returns it and the report keeps it."""
        return {"stage": self.stage, "action": self.action, "subject": self.subject, "reason": self.reason}


@dataclass(frozen=True)
class Plan:
    """Everything that will be done to one cluster; without changes there is nothing to do."""

    changes: tuple[Change, ...]
    #: Values for the stages' modules that were derived from facts.
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stages(self) -> list[Stage]:
        """The stages that have something to do, in their order."""
        return [stage for stage in STAGES if any(change.stage == stage for change in self.changes)]

    def to_result(self) -> dict[str, Any]:
        """Return the plan as a module returns it."""
        return {
            "stages": self.stages,
            "changes": [change.to_result() for change in self.changes],
            "options": dict(self.options),
        }


def make_plan(settings: Settings, facts: Facts) -> Plan:
    """Return the plan for one cluster that no rule blocks.

    Raises VariablesError (of extension_settings) or AttachmentError for what the modules would refuse; rules find that
    first.
    """
    changes = (
        *_front_end(facts),
        *_extension(settings, facts),
        *_gpu_nodes(settings, facts),
        *_instance_types(settings, facts),
        *_compute(settings, facts),
    )
    return Plan(changes, _options(settings, facts))


def _options(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return what the stages' modules need and only the facts tell; what is to stay as it is is left out."""
    kubernetes = facts["kubernetes"]
    workspaces = {parse_workspace_id(each).name for each in settings.workspace_ids()}
    upgrade = wanted_upgrade(settings, facts)
    return {
        **({} if upgrade is None else {"enable_upgrade": upgrade}),
        "extension_name": facts["extension"]["name"] if facts["extension"] else settings.text("extension_name"),
        "pools": wanted_labels.wanted_pool_labels(settings, facts),
        "nodes": wanted_labels.wanted_node_labels(settings, facts),
        "definition_pending": not (kubernetes and kubernetes["instance_type_definition"]),
        "namespaces": missing_namespaces(settings, facts),
        "forbidden_namespaces": sorted(names.v1_namespace(name) for name in workspaces),
        "attachments": [each.to_option() for each in settings.attachments],
    }


def missing_namespaces(settings: Settings, facts: Facts) -> list[str]:
    """Return the namespaces of attachments that are not there and are to be created."""
    if facts["kubernetes"] is None or not settings.flag("namespace_create"):
        return []
    return [each for each in settings.namespaces() if each not in facts["kubernetes"]["namespaces"]]


def _front_end(facts: Facts) -> Iterator[Change]:
    """Yield the annotation that lets the extension take over a healthy azureml-fe."""
    kubernetes = facts["kubernetes"]
    if kubernetes and kubernetes["front_end"]["verdict"] == "v2" and not kubernetes["front_end"]["annotated"]:
        yield Change("front_end", "annotate", "deployment default/azureml-fe", "the extension may take it over")


def _extension(settings: Settings, facts: Facts) -> Iterator[Change]:
    """Yield what happens to the extension."""
    existing = facts["extension"]
    if existing and not states.is_settled(existing["provisioning_state"]):
        reason = f"an operation is in progress ({existing['provisioning_state']})"
        yield Change("extension", "wait", f"extension {existing['name']}", reason)
    plan = planned_extension(settings, facts)
    if plan.action == "none" or plan.after is None:
        return
    subject = f"extension {plan.after['name']}"
    if plan.action == "create":
        yield Change("extension", "create", subject, "it is not installed")
    elif plan.action == "repair":
        yield Change("extension", "repair", subject, "its last operation failed")
    else:
        protected = plan.protected if plan.protected is not None else {}
        names = sorted({*plan.settings, *protected} | ({"version"} if plan.version else set()))
        yield Change("extension", "update", subject, f"these differ: {', '.join(names) or 'its release'}")


def _gpu_nodes(settings: Settings, facts: Facts) -> Iterator[Change]:
    """Yield the node pools of AKS, or the nodes elsewhere, whose labels differ."""
    pools = {pool["name"]: pool["labels"] for pool in facts["cluster"]["node_pools"]}
    for name, wanted in wanted_labels.wanted_pool_labels(settings, facts).items():
        yield from _labels(f"node pool {name}", pools.get(name, {}), wanted)
    nodes = {node["name"]: node["labels"] for node in facts["kubernetes"]["nodes"]} if facts["kubernetes"] else {}
    for name, wanted in wanted_labels.wanted_node_labels(settings, facts).items():
        yield from _labels(f"node {name}", nodes.get(name, {}), wanted)


def _labels(subject: str, existing: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Change]:
    """Yield a change when one of the wanted labels is missing or has another value."""
    differing = sorted(key for key, value in wanted.items() if existing.get(key) != value)
    if differing:
        yield Change("gpu_nodes", "label", subject, f"these labels differ: {', '.join(differing)}")


def _instance_types(settings: Settings, facts: Facts) -> Iterator[Change]:
    """Yield the instance types that are missing, differ, or are to be pruned."""
    found = {each["name"]: each for each in facts["kubernetes"]["instance_types"]} if facts["kubernetes"] else {}
    wanted = [instance_types.from_option(each) for each in settings.items("instance_types")]
    replace = settings.text("instance_types_mode") == "replace"
    for each in wanted:
        before = found.get(each.name)
        if before is None:
            yield Change("instance_types", "create", f"instance type {each.name}", "it does not exist")
        elif replace or before["managed"]:
            # What was once applied by us and is no longer wanted goes, also in a merge: only equality is no change.
            if not instance_types.same_spec(before, instance_types.replaced(None, each)):
                yield Change("instance_types", "update", f"instance type {each.name}", "it differs")
        elif not instance_types.same_spec(before, instance_types.merged(before, each, {}, "")):
            yield Change("instance_types", "update", f"instance type {each.name}", "it differs")
    if wanted and settings.flag("instance_types_prune"):
        for name in sorted(found.keys() - {each.name for each in wanted}):
            if found[name]["managed"]:
                yield Change("instance_types", "delete", f"instance type {name}", "it is no longer wanted")


def _compute(settings: Settings, facts: Facts) -> Iterator[Change]:
    """Yield the namespaces and the computes that are missing or differ."""
    for name in missing_namespaces(settings, facts):
        yield Change("compute", "create", f"namespace {name}", "it does not exist")
    for each in settings.attachments:
        subject = f"compute {each.compute_name} in workspace {each.workspace.name}"
        existing, plan = find_compute(facts, each), planned_compute(facts, each)
        if existing and not states.is_settled(existing["provisioning_state"]):
            yield Change("compute", "wait", subject, f"it is {existing['provisioning_state']}")
        if plan.action == "attach":
            yield Change("compute", "create", subject, "the cluster is not attached under this name")
        elif plan.action == "update":
            yield Change("compute", "update", subject, ", ".join(differences(plan)))
