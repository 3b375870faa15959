# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_compute_info`: read computes that live on clusters, or wait for the end of what happens to them."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import list_computes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY, AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import WorkspaceFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    parse_cluster_id,
    parse_workspace_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER, waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

__all__ = ["MISSING_LIBRARY", "SPEC", "run"]

SPEC = ModuleSpec(
    argument_spec={
        "workspaces": {"type": "list", "elements": "str", "required": True},
        "name": {"type": "str"},
    }
).merge(AZURE, CLUSTER, waiting(timeout_seconds=3600, wait=False))


def run(call: Call) -> Outcome:
    """Return the computes; with `wait`, once no operation is in progress on any of them."""
    params = call.params
    with reported_failures():
        ids = [str(parse_workspace_id(each)) for each in params["workspaces"]]
        if params["cluster_id"]:
            parse_cluster_id(params["cluster_id"])
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
                    _is_settled,
                    _describe,
                    f"The computes of workspace {parse_workspace_id(workspace).name}",
                )
            )
    for facts in found:
        if facts["error"]:
            call.warn(facts["error"])
    if params["wait"]:
        _refuse_failed(found)
    computes = [compute for facts in found for compute in facts["computes"]]
    return Outcome(result={"computes": computes, "workspaces": found})


def _read(call: Call, connection: AzureConnection, workspace_id: str) -> WorkspaceFacts:
    """Return a workspace with the computes that were asked for."""
    facts = list_computes(connection, workspace_id, call.params["cluster_id"])
    name = call.params["name"]
    if name:
        facts["computes"] = [each for each in facts["computes"] if each["name"].lower() == name.lower()]
    return facts


def _is_settled(facts: WorkspaceFacts) -> bool:
    """Tell whether nothing happens to any Kubernetes compute; the legacy ones are not waited for."""
    return all(
        states.is_settled(each["provisioning_state"]) for each in facts["computes"] if each["type"] == "Kubernetes"
    )


def _describe(facts: WorkspaceFacts) -> str:
    """Return what is still in progress."""
    busy = [
        f"{each['name']} {each['provisioning_state']}"
        for each in facts["computes"]
        if each["type"] == "Kubernetes" and not states.is_settled(each["provisioning_state"])
    ]
    return f"in progress ({', '.join(busy)})"


def _refuse_failed(found: list[WorkspaceFacts]) -> None:
    """Raise ModuleFailure when the last operation on a Kubernetes compute did not succeed."""
    for facts in found:
        for compute in facts["computes"]:
            if compute["type"] == "Kubernetes" and not states.has_succeeded(compute["provisioning_state"]):
                name = parse_workspace_id(facts["id"]).name
                raise ModuleFailure(failures.compute_failure(compute, name), compute=compute)
