# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and removes InstanceTypes: rules are checked and changes planned before the first write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import NodeOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types as rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_type_plan import (
    InstanceTypePlan,
    plan_instance_types,
    plan_one,
    plan_removal,
    shown,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import options_of
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.conflicts import write_on_current
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.instance_types import Writer
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec, OptionSpec

_AMOUNTS: dict[str, OptionSpec] = {
    "node_selector": {"type": "dict"},
    "requests": {"type": "dict"},
    "limits": {"type": "dict"},
}
#: The roles hand these options on: they are declared there.
_VARIABLES = options_of(NodeOptions)
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
        "mode": _VARIABLES["instance_types_mode"].argument(),
        "force_conflicts": {"type": "bool", "default": False},
        "prune": _VARIABLES["instance_types_prune"].argument(),
        "extension_node_selector": {"type": "dict"},
        "definition_pending": {"type": "bool", "default": False},
    },
    mutually_exclusive=tuple(("instance_types", option) for option in ("name", *_AMOUNTS)),
    required_one_of=(("name", "instance_types"),),
).merge(*CLUSTER_ACCESS)


def run(call: Call) -> Outcome:
    """Read what is, plan what should be, write what differs, report."""
    wanted = _wanted(call.params)
    if call.params["state"] == "present":
        _refuse_problems(wanted, call.params["extension_node_selector"])
    with open_cluster(call) as cluster:
        found = _read(call, cluster)
        plan = _plan(call.params, wanted, {name: rules.from_object(each) for name, each in found.items()})
        if not call.params["force_conflicts"]:
            _refuse_conflicts(cluster, plan, call.params["mode"])
        if not call.check_mode:
            for each in plan:
                _apply(call.params, cluster, each, found.get(each.name))
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
    params: Mapping[str, Any], wanted: Sequence[InstanceType], found: Mapping[str, InstanceTypeFacts]
) -> list[InstanceTypePlan]:
    """Return what happens to every InstanceType that is named, or pruned."""
    if params["state"] == "absent":
        return [plan_removal(each.name, found.get(each.name)) for each in wanted]
    return plan_instance_types(found, wanted, mode=params["mode"], prune=params["prune"])


def _refuse_conflicts(cluster: ClusterConnection, plan: Sequence[InstanceTypePlan], mode: str) -> None:
    """Raise ModuleFailure when a merge would change what somebody else set: the API would refuse it too."""
    if mode != "merge":
        return
    for each in plan:
        conflicts = rules.conflicts(each.before, each.after) if each.before and each.after else {}
        if conflicts:
            raise ModuleFailure(instance_types.conflict_message(cluster, each.name, conflicts), conflicts=conflicts)


def _apply(
    params: Mapping[str, Any], cluster: ClusterConnection, planned: InstanceTypePlan, found: Mapping[str, Any] | None
) -> None:
    """Do what is planned, on the object as it is at that moment."""
    if planned.action == "none":
        return
    writer = Writer(cluster, planned.name, force=params["force_conflicts"])

    def write(current: Mapping[str, Any] | None) -> None:
        if planned.wanted is None:
            pruned = planned.name not in _named(params)
            writer.remove(current, only_managed=pruned)
        else:
            now = plan_one(None if current is None else rules.from_object(current), planned.wanted, params["mode"])
            if now.action != "none" and now.after is not None:
                writer.write(current, planned.wanted, now.after, replace=params["mode"] == "replace")

    write_on_current(found, write, writer.read, f"Instance type '{planned.name}' of {cluster.name}")


def _named(params: Mapping[str, Any]) -> set[str]:
    """Return the names that the options mention."""
    return {each.name for each in _wanted(params)}


def _outcome(cluster: ClusterConnection, plan: Sequence[InstanceTypePlan]) -> Outcome:
    """Report the InstanceTypes as they are now, or would be."""
    return Outcome(
        changed=any(each.action != "none" for each in plan),
        result={
            "instance_types": [shown(each.after) for each in plan if each.after is not None],
            "created": [each.name for each in plan if each.action == "create"],
            "updated": [each.name for each in plan if each.action == "update"],
            "removed": [each.name for each in plan if each.action == "delete"],
        },
        differences=[
            Difference(described("instance type", each.name, cluster.name), shown(each.before), shown(each.after))
            for each in plan
        ],
    )
