# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_compute_attach`: attach a cluster to workspaces as compute of type Kubernetes, update, detach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import compute_changes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.compute_changes import ComputeRequest
from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import compute_facts, read_compute
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY as MISSING_AZURE
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described, differing
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import (
    ComputePlan,
    WantedCompute,
    check_namespace,
    check_wanted,
    plan_attach,
    plan_detach,
    staying_sentence,
    subscription_problem,
    surplus_identities,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    ResourceId,
    parse_cluster_id,
    parse_workspace_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER_REQUIRED, waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec, OptionSpec

MISSING_LIBRARY = MISSING_AZURE or compute_changes.missing_library()

_IDENTITY: OptionSpec = {
    "type": "dict",
    "options": {
        "type": {"type": "str", "choices": ["None", "SystemAssigned", "UserAssigned"], "required": True},
        "user_assigned_identities": {"type": "list", "elements": "str", "default": []},
    },
}
_ATTACHMENT: dict[str, OptionSpec] = {
    "namespace": {"type": "str"},
    "identity": _IDENTITY,
    "default_instance_type": {"type": "str"},
    "description": {"type": "str"},
    "tags": {"type": "dict"},
}
SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        "attachments": {
            "type": "list",
            "elements": "dict",
            "options": {
                "workspace_id": {"type": "str", "required": True},
                "name": {"type": "str", "required": True},
                **_ATTACHMENT,
            },
        },
        "workspace_id": {"type": "str"},
        "name": {"type": "str"},
        **_ATTACHMENT,
        "forbidden_namespaces": {"type": "list", "elements": "str", "default": []},
    },
    mutually_exclusive=tuple(("attachments", name) for name in ("workspace_id", "name", *_ATTACHMENT)),
    required_together=(("workspace_id", "name"),),
    required_one_of=(("attachments", "workspace_id"),),
).merge(AZURE, CLUSTER_REQUIRED, waiting(timeout_seconds=RunOptions.compute_timeout))


@dataclass
class _Attaching:
    """One call, and what it works with."""

    call: Call
    connection: AzureConnection
    cluster: ResourceId
    waiting: Waiting

    @property
    def plan(self) -> Callable[[WantedCompute, ComputeFacts | None, str], ComputePlan]:
        """Return the function that plans what the state asks for."""
        return plan_detach if self.call.params["state"] == "absent" else plan_attach


@dataclass
class _Begun:
    """A compute and what was begun for it."""

    wanted: WantedCompute
    plan: ComputePlan
    body: dict[str, Any] | None
    poller: Any = None


def run(call: Call) -> Outcome:
    """Attach, update or detach: everything is planned first, then everything is sent, then all ends are awaited."""
    with reported_failures():
        cluster = parse_cluster_id(call.params["cluster_id"])
        wanted = [_wanted(each, cluster, call) for each in _given(call.params)]
        task = _Attaching(call, connect_azure(call, MISSING_LIBRARY), cluster, waiting_for(call))
        begun = [_planned(task, each) for each in wanted]
        for each in begun:
            _warn(call, each)
        if not call.check_mode:
            for each in begun:
                _submit(task, each)
            if call.params["wait"]:
                for each in begun:
                    _finish(task, each)
    return _outcome(task, begun)


def _given(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the attachments, of which the options name one or a list."""
    if params["attachments"] is not None:
        return list(params["attachments"])
    return [{name: params[name] for name in ("workspace_id", "name", *_ATTACHMENT)}]


def _wanted(given: Mapping[str, Any], cluster: ResourceId, call: Call) -> WantedCompute:
    """Return one attachment, checked as far as it can be without Azure. Raises ModuleFailure."""
    workspace = parse_workspace_id(given["workspace_id"])
    identity = given.get("identity") or {}
    wanted = WantedCompute(
        workspace=workspace,
        name=given["name"],
        namespace=given.get("namespace"),
        identity_type=identity.get("type"),
        user_assigned_identities=tuple(identity.get("user_assigned_identities") or ()),
        default_instance_type=given.get("default_instance_type"),
        description=given.get("description"),
        tags={str(k): str(v) for k, v in given["tags"].items()} if given.get("tags") is not None else None,
    )
    if call.params["state"] == "absent":
        return wanted
    check_wanted(wanted)
    problem = subscription_problem(cluster, workspace)
    if problem:
        raise ModuleFailure(
            f"{problem} Azure Machine Learning does not support that. Nothing was changed; use a workspace of the "
            "cluster's subscription, or connect the cluster through Azure Arc in the workspace's."
        )
    return wanted


def _planned(task: _Attaching, wanted: WantedCompute) -> _Begun:
    """Return a compute with its plan. Raises AttachmentError when it must not be touched, or not in its namespace."""
    body = read_compute(task.connection, wanted.workspace_id, wanted.name)
    existing = None if body is None else compute_facts(body, wanted.workspace_id)
    deleting = existing is not None and states.is_deleting(existing["provisioning_state"])
    plan = task.plan(wanted, None if deleting else existing, str(task.cluster))
    if plan.action == "attach":
        check_namespace(wanted, task.call.params["forbidden_namespaces"])
    return _Begun(wanted, plan, body)


def _warn(call: Call, each: _Begun) -> None:
    """Tell what of a compute will not become as it was asked for, although nothing is wrong."""
    if each.plan.staying:
        call.warn(staying_sentence(each.wanted, each.plan.staying))
    unused = surplus_identities(each.wanted)
    if unused and each.plan.action in ("attach", "update"):
        call.warn(unused)


def _submit(task: _Attaching, each: _Begun) -> None:
    """Send what the plan says; wait first for an operation that is in progress, and plan again then."""
    shown = each.plan
    while each.plan.action != "none":
        if each.body is not None and not states.is_settled(_state(each.body)):
            _settle(task, each)
            renewed = _planned(task, each.wanted)
            each.plan, each.body = renewed.plan, renewed.body
            continue
        try:
            each.poller = _send(task, each)
            break
        except AzureError as error:
            if not error.busy:
                raise
            task.waiting.pause(_what(each.wanted), f"busy ({error.code})")
            each.body = read_compute(task.connection, each.wanted.workspace_id, each.wanted.name)
    if each.plan.action == "none":
        each.plan = ComputePlan("none", shown.before, each.plan.after, each.plan.staying)


def _send(task: _Attaching, each: _Begun) -> Any:
    """Send one request; return the SDK's poller."""
    workspace = each.wanted.workspace
    interval = task.waiting.interval
    after = each.plan.after
    if after is None:
        return compute_changes.detach(task.connection, workspace, each.wanted.name, poll_interval=interval)
    request = ComputeRequest(
        name=each.wanted.name,
        resource_id=str(task.cluster),
        namespace=after["namespace"] or "",
        existing=each.body or {},
        default_instance_type=each.wanted.default_instance_type,
        identity_type=after["identity_type"],
        user_assigned_identities=tuple(after["user_assigned_identities"]),
        description=after["description"],
        tags=after["tags"] or None,
    )
    return compute_changes.attach(task.connection, workspace, request, poll_interval=interval)


def _settle(task: _Attaching, each: _Begun) -> dict[str, Any] | None:
    """Wait until nothing happens to a compute any more; return its body, or None when it is gone."""
    return task.waiting.until(
        lambda: read_compute(task.connection, each.wanted.workspace_id, each.wanted.name),
        lambda body: body is None or states.is_settled(_state(body)),
        lambda body: _state(body) if body else "gone",
        _what(each.wanted),
    )


def _finish(task: _Attaching, each: _Begun) -> None:
    """Wait for the end of what was begun for one compute, by us or by somebody before us.

    Raises ModuleFailure when it did not end well.
    """
    if each.poller is not None:
        verb = "Detaching" if each.plan.action == "detach" else "Attaching"
        preposition = "from" if each.plan.action == "detach" else "to"
        doing = f"{verb} compute {each.wanted.name} {preposition} workspace {each.wanted.workspace.name}"
        compute_changes.follow(task.waiting, each.poller, _what(each.wanted), doing)
    if each.poller is None and (each.body is None or states.is_settled(_state(each.body))):
        return
    each.body = _settle(task, each)
    if each.plan.action == "detach":
        if each.body is not None:
            raise ModuleFailure(f"{_what(each.wanted)} is still there after it was detached; run again.")
        return
    if each.body is None:
        raise ModuleFailure(f"{_what(each.wanted)} is gone: somebody detached it meanwhile. Run again to attach it.")
    facts = compute_facts(each.body, each.wanted.workspace_id)
    if not states.has_succeeded(facts["provisioning_state"]):
        raise ModuleFailure(failures.compute_failure(facts, each.wanted.workspace.name), compute=facts)
    _refuse_kept(each, facts)


def _refuse_kept(each: _Begun, facts: ComputeFacts) -> None:
    """Raise ModuleFailure when Azure accepted an update and kept what was to change; else every run would change it.

    An omitted description, say: whether the service clears what a PUT leaves out is not known (docs/beliefs.md,
    `compute-cleared-by-omission`).
    """
    again = plan_attach(each.wanted, facts, facts["resource_id"])
    if each.plan.action != "update" or again.action == "none":
        return
    before, after = differing(again.before and {**again.before}, again.after and {**again.after})
    kept = sorted({*(before or {}), *(after or {})})
    raise ModuleFailure(
        f"{_what(each.wanted)}: Azure accepted the update and kept {', '.join(kept).replace('_', ' ')} as it "
        "was. Detach the compute and attach it again to change that, or stop asking for it.",
        compute=facts,
    )


def _outcome(task: _Attaching, begun: list[_Begun]) -> Outcome:
    """Return the result: the computes as they are now, or as they would be."""
    differences = [
        Difference(
            subject=described("compute", each.wanted.subject),
            before=each.plan.before or {},
            after=each.plan.after or {},
        )
        for each in begun
    ]
    computes = [_result(task, each) for each in begun if each.plan.after is not None]
    return Outcome(
        changed=any(each.before != each.after for each in differences),
        result={"computes": computes, "submitted": any(each.poller is not None for each in begun)},
        differences=differences,
    )


def _result(task: _Attaching, each: _Begun) -> ComputeFacts:
    """Return one compute: as it was read last, or as the plan makes it."""
    after = each.plan.after
    read_last = each.poller is None or task.call.params["wait"]
    if each.body is not None and after is not None and each.plan.action == "none":
        return compute_facts(each.body, each.wanted.workspace_id)
    if each.body is not None and not task.call.check_mode and read_last:
        return compute_facts(each.body, each.wanted.workspace_id)
    facts = compute_facts(each.body or {}, each.wanted.workspace_id)
    facts["name"] = each.wanted.name
    facts["type"] = "Kubernetes"
    facts["attached"] = True
    facts["resource_id"] = str(task.cluster)
    facts["errors"] = []
    facts["provisioning_state"] = "Succeeded" if task.call.check_mode else "Creating"
    if after is not None:
        facts["namespace"] = after["namespace"]
        facts["default_instance_type"] = after["default_instance_type"]
        facts["identity_type"] = after["identity_type"]
        facts["user_assigned_identities"] = after["user_assigned_identities"]
        facts["description"] = after["description"]
        facts["tags"] = after["tags"]
    return facts


def _state(body: Mapping[str, Any]) -> str:
    """Return the provisioning state in a compute's body."""
    return compute_facts(body, "")["provisioning_state"]


def _what(wanted: WantedCompute) -> str:
    """Return a compute in words."""
    return f"Compute {wanted.name} of workspace {wanted.workspace.name}"
