# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and removes InstanceTypes: rules are checked and changes planned before the first write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types as rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import FIELD_MANAGER, ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.conflicts import write_on_current
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.instance_types import Writer
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec, Option

_AMOUNTS: dict[str, Option] = {
    "node_selector": {"type": "dict"},
    "requests": {"type": "dict"},
    "limits": {"type": "dict"},
}
SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        "name": {"type": "str"},
        **_AMOUNTS,
        "instance_types": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, **_AMOUNTS},
        },
        "mode": {"type": "str", "choices": ["merge", "replace"], "default": "merge"},
        "force_conflicts": {"type": "bool", "default": False},
        "prune": {"type": "bool", "default": False},
        "extension_node_selector": {"type": "dict"},
        "definition_pending": {"type": "bool", "default": False},
    },
    mutually_exclusive=tuple(("instance_types", option) for option in ("name", *_AMOUNTS)),
    required_one_of=(("name", "instance_types"),),
).merge(*CLUSTER_ACCESS)


@dataclass(frozen=True)
class Change:
    """What happens to one InstanceType. `wanted` is None when it is to be removed."""

    name: str
    action: Literal["none", "create", "change", "remove"]
    before: InstanceTypeFacts | None
    after: InstanceTypeFacts | None
    wanted: InstanceType | None
    found: Mapping[str, Any] | None


def run(call: Call) -> Outcome:
    """Read what is, plan what should be, write what differs, report."""
    wanted = _wanted(call.params)
    if call.params["state"] == "present":
        _refuse_problems(wanted, call.params["extension_node_selector"])
    with open_cluster(call) as cluster:
        found = _read(call, cluster)
        plan = _plan(call.params, wanted, found)
        if not call.params["force_conflicts"]:
            _refuse_conflicts(cluster, plan, call.params["mode"])
        if not call.check_mode:
            for change in plan:
                _apply(call.params, cluster, change)
        return _outcome(cluster, plan)


def _wanted(params: Mapping[str, Any]) -> list[InstanceType]:
    """Return the InstanceTypes that the options name."""
    if params["instance_types"] is None:
        return [rules.from_option(params)]
    return [rules.from_option(option) for option in params["instance_types"]]


def _refuse_problems(wanted: Sequence[InstanceType], extension_node_selector: Mapping[str, str] | None) -> None:
    """Raise ModuleFailure that lists everything Azure ML or Kubernetes would not accept."""
    problems = rules.problems(wanted, extension_node_selector)
    if problems:
        raise ModuleFailure(
            f"Nothing was changed, because {len(problems)} things in the instance types are not valid: "
            f"{'; '.join(problems)}."
            if len(problems) > 1
            else f"Nothing was changed, because an instance type is not valid: {problems[0]}.",
            problems=problems,
        )


def _read(call: Call, cluster: ClusterConnection) -> dict[str, dict[str, Any]]:
    """Return the InstanceType objects by name; where the kind is not served yet, none, if that can be."""
    found = instance_types.read_objects(cluster)
    if found is not None:
        return found
    expected = call.check_mode and call.params["definition_pending"]
    if expected or call.params["state"] == "absent":
        return {}
    raise ModuleFailure(
        f"The API of {cluster.name} knows no InstanceType ({rules.API_VERSION}), so nothing was changed: the "
        "extension Microsoft.AzureML.Kubernetes brings it. Install the extension first, and wait for it."
    )


def _plan(
    params: Mapping[str, Any], wanted: Sequence[InstanceType], found: Mapping[str, dict[str, Any]]
) -> list[Change]:
    """Return what happens to every InstanceType that is named, or pruned."""
    if params["state"] == "absent":
        return [_removal(each.name, found.get(each.name)) for each in wanted]
    plan = [_wish(params["mode"], each, found.get(each.name)) for each in wanted]
    if params["prune"]:
        named = {each.name for each in wanted}
        plan += [
            _removal(name, found[name])
            for name in sorted(found.keys() - named)
            if rules.from_object(found[name])["managed"]
        ]
    return plan


def _wish(mode: str, wanted: InstanceType, found: Mapping[str, Any] | None) -> Change:
    """Return what happens to an InstanceType that should be there."""
    before = None if found is None else rules.from_object(found)
    if mode == "replace":
        after = rules.replaced(before, wanted)
    else:
        after = rules.merged(before, wanted, rules.owners(found or {}), FIELD_MANAGER)
    if before is None:
        return Change(wanted.name, "create", None, after, wanted, None)
    action: Literal["none", "change"] = "none" if before == after else "change"
    return Change(wanted.name, action, before, after, wanted, found)


def _removal(name: str, found: Mapping[str, Any] | None) -> Change:
    """Return what happens to an InstanceType that should not be there."""
    if found is None:
        return Change(name, "none", None, None, None, None)
    return Change(name, "remove", rules.from_object(found), None, None, found)


def _refuse_conflicts(cluster: ClusterConnection, plan: Sequence[Change], mode: str) -> None:
    """Raise ModuleFailure when a merge would change what somebody else set: the API would refuse it too."""
    if mode != "merge":
        return
    for change in plan:
        if change.before and change.after and change.found:
            owners = rules.owners(change.found)
            conflicts = rules.conflicts(change.before, change.after, owners, FIELD_MANAGER)
            if conflicts:
                raise ModuleFailure(
                    instance_types.conflict_message(cluster, change.name, conflicts), conflicts=conflicts
                )


def _apply(params: Mapping[str, Any], cluster: ClusterConnection, change: Change) -> None:
    """Make one change, on the object as it is at that moment."""
    if change.action == "none":
        return
    writer = Writer(cluster, change.name, force=params["force_conflicts"])

    def write(found: Mapping[str, Any] | None) -> None:
        if change.wanted is None:
            pruned = change.name not in _named(params)
            writer.remove(found, only_managed=pruned)
        else:
            now = _wish(params["mode"], change.wanted, found)
            if now.action != "none" and now.after is not None:
                writer.write(found, change.wanted, now.after, replace=params["mode"] == "replace")

    subject = f"Instance type '{change.name}' of {cluster.name}"
    write_on_current(change.found, write, writer.read, subject)


def _named(params: Mapping[str, Any]) -> set[str]:
    """Return the names that the options mention."""
    return {each.name for each in _wanted(params)}


def _outcome(cluster: ClusterConnection, plan: Sequence[Change]) -> Outcome:
    """Report the InstanceTypes as they are now, or would be."""
    return Outcome(
        changed=any(change.action != "none" for change in plan),
        result={
            "instance_types": [change.after for change in plan if change.after is not None],
            "created": [change.name for change in plan if change.action == "create"],
            "updated": [change.name for change in plan if change.action == "change"],
            "removed": [change.name for change in plan if change.action == "remove"],
        },
        differences=[
            Difference(f"instance type {change.name} on {cluster.name}", _shown(change.before), _shown(change.after))
            for change in plan
        ],
    )


def _shown(facts: InstanceTypeFacts | None) -> dict[str, Any]:
    """Return an InstanceType as a diff shows it."""
    return {} if facts is None else dict(facts)
