# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_compute_info`: read computes that live on clusters, or wait for the end of what happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import list_computes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY, AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, WorkspaceFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    parse_cluster_id,
    parse_workspace_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER, waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

__all__ = ["MISSING_LIBRARY", "SPEC", "run"]

#: Computes by the ids of their workspaces and their names, in lower case.
Ours: TypeAlias = "set[tuple[str, str]]"

SPEC = ModuleSpec(
    argument_spec={
        "workspaces": {"type": "list", "elements": "str", "required": True},
        "name": {"type": "str"},
        "wait_for": {"type": "list", "elements": "dict"},
    }
).merge(AZURE, CLUSTER, waiting(timeout_seconds=RunOptions.compute_timeout, wait=False))


def run(call: Call) -> Outcome:
    """Return the computes; with `wait`, once no operation is in progress on those that are waited for."""
    params = call.params
    with reported_failures():
        ids = [str(parse_workspace_id(each)) for each in params["workspaces"]]
        if params["cluster_id"]:
            parse_cluster_id(params["cluster_id"])
        ours = _waited_for(params["wait_for"])
        connection = connect_azure(call)
        waiting_options = waiting_for(call)
        found: list[WorkspaceFacts] = []
        for workspace in ids:
            if not params["wait"]:
                found.append(_read(call, connection, workspace))
                continue
            found.append(
                waiting_options.until(
                    lambda workspace=workspace: _read(call, connection, workspace),  # type: ignore[misc]  # loop variable
                    lambda facts: not _busy(facts, ours),
                    lambda facts: f"in progress ({', '.join(_busy(facts, ours))})",
                    f"The computes of workspace {parse_workspace_id(workspace).name}",
                )
            )
    for facts in found:
        if facts["error"]:
            call.warn(facts["error"])
    if params["wait"]:
        _refuse_failed(found, ours)
    computes = [compute for facts in found for compute in facts["computes"]]
    return Outcome(result={"computes": computes, "workspaces": found})


def _read(call: Call, connection: AzureConnection, workspace_id: str) -> WorkspaceFacts:
    """Return a workspace with the computes that were asked for."""
    facts = list_computes(connection, workspace_id, call.params["cluster_id"])
    name = call.params["name"]
    if name:
        facts["computes"] = [each for each in facts["computes"] if each["name"].lower() == name.lower()]
    return facts


def _waited_for(given: list[Mapping[str, object]] | None) -> Ours | None:
    """Return the computes of option `wait_for`; None means every Kubernetes compute. Raises ModuleFailure."""
    if given is None:
        return None
    found = set()
    for each in given:
        if not each.get("workspace_id") or not each.get("name"):
            raise ModuleFailure("wait_for: every entry needs workspace_id and name. Nothing was waited for.")
        workspace = parse_workspace_id(str(each["workspace_id"]))
        found.add((str(workspace).lower(), str(each["name"]).lower()))
    return found


def _waited(facts: WorkspaceFacts, ours: Ours | None) -> list[ComputeFacts]:
    """Return the computes of a workspace that are waited for: of type Kubernetes, and ours where that was said.

    Other teams attach the same cluster: what happens to their computes holds and fails nobody else's run.
    """
    key = facts["id"].lower()
    return [
        each
        for each in facts["computes"]
        if each["type"] == "Kubernetes" and (ours is None or (key, each["name"].lower()) in ours)
    ]


def _busy(facts: WorkspaceFacts, ours: Ours | None) -> list[str]:
    """Return the computes that are waited for and to which something still happens, with their states."""
    return [
        f"{each['name']} {each['provisioning_state']}"
        for each in _waited(facts, ours)
        if not states.is_settled(each["provisioning_state"])
    ]


def _refuse_failed(found: list[WorkspaceFacts], ours: Ours | None) -> None:
    """Raise ModuleFailure when the last operation on a compute that was waited for did not succeed."""
    for facts in found:
        for compute in _waited(facts, ours):
            if not states.has_succeeded(compute["provisioning_state"]):
                name = parse_workspace_id(facts["id"]).name
                raise ModuleFailure(failures.compute_failure(compute, name), compute=compute)
