# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the InstanceTypes of a cluster: decided here for module, check mode, plan and verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType

STAGE = "instance_types"
MergeMode = Literal["merge", "replace"]


@dataclass(frozen=True)
class InstanceTypePlan:
    """What happens to one InstanceType. `wanted` is None when it is to be removed."""

    name: str
    action: Literal["none", "create", "update", "delete"]
    before: InstanceTypeFacts | None
    after: InstanceTypeFacts | None
    wanted: InstanceType | None


def plan_instance_types(
    found: Mapping[str, InstanceTypeFacts], wanted: Sequence[InstanceType], *, mode: MergeMode, prune: bool
) -> list[InstanceTypePlan]:
    """Return what happens to every InstanceType that is wanted, or that is ours and is to be pruned."""
    plan = [plan_one(found.get(each.name), each, mode) for each in wanted]
    if prune:
        named = {each.name for each in wanted}
        plan += [plan_removal(name, found[name]) for name in sorted(found.keys() - named) if found[name]["managed"]]
    return plan


def plan_one(before: InstanceTypeFacts | None, wanted: InstanceType, mode: MergeMode) -> InstanceTypePlan:
    """Return what happens to an InstanceType that should be there."""
    after = instance_types.replaced(before, wanted) if mode == "replace" else instance_types.merged(before, wanted)
    if before is None:
        return InstanceTypePlan(wanted.name, "create", None, after, wanted)
    return InstanceTypePlan(wanted.name, "none" if before == after else "update", before, after, wanted)


def plan_removal(name: str, before: InstanceTypeFacts | None) -> InstanceTypePlan:
    """Return what happens to an InstanceType that should not be there."""
    return InstanceTypePlan(name, "none" if before is None else "delete", before, None, None)


def shown(facts: InstanceTypeFacts | None) -> dict[str, object]:
    """Return an InstanceType as `--diff` shows it and a change holds it: what it asks for, not who set it."""
    return {} if facts is None else {name: value for name, value in facts.items() if name != "owners"}


def changes_of(plan: Sequence[InstanceTypePlan]) -> list[Change]:
    """Return the plan as changes."""
    reasons: dict[str, Literal["missing", "differs", "unwanted"]] = {
        "create": "missing",
        "update": "differs",
        "delete": "unwanted",
    }
    return [
        Change(
            STAGE,
            each.action,
            "instance type",
            f"{instance_types.KIND}/{each.name}",
            each.name,
            shown(each.before) if each.before else None,
            shown(each.after) if each.after else None,
            reasons[each.action],
            owner=_other_owner(each),
        )
        for each in plan
        if each.action != "none"
    ]


def _other_owner(plan: InstanceTypePlan) -> str | None:
    """Return another manager whose fields change, if there is one."""
    if plan.before is None or plan.after is None:
        return None
    return next(iter(instance_types.conflicts(plan.before, plan.after).values()), None)
