# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The computes that a user's settings ask for, compared with those that are there, as the module itself compares."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import (
    ComputePlan,
    WantedCompute,
    plan_attach,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.settings import Attachment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import same_id

#: Fields of a plan's view -> what the user calls them.
_WORDS = {
    "default_instance_type": "default instance type",
    "description": "description",
    "identity_type": "identity",
    "namespace": "namespace",
    "tags": "tags",
    "user_assigned_identities": "user-assigned identities",
}


def find_compute(facts: Facts, attachment: Attachment) -> ComputeFacts | None:
    """Return the Kubernetes compute of an attachment, None when it is not there."""
    for workspace in facts["workspaces"]:
        if not same_id(workspace["id"], attachment.workspace_id):
            continue
        for compute in workspace["computes"]:
            if compute["name"].lower() == attachment.compute_name.lower() and compute["type"] == "Kubernetes":
                return compute
    return None


def planned_compute(facts: Facts, attachment: Attachment) -> ComputePlan:
    """Return what `aml_compute_attach` would do. Raises AttachmentError with what it would refuse."""
    existing = find_compute(facts, attachment)
    wanted = WantedCompute(
        workspace_id=attachment.workspace_id,
        workspace_name=attachment.workspace.name,
        name=attachment.compute_name,
        namespace=attachment.namespace,
        identity_type=attachment.identity,
        user_assigned_identities=attachment.user_assigned_identities,
        default_instance_type=attachment.default_instance_type,
        description=attachment.description,
        tags=None if attachment.tags is None else {key: str(value) for key, value in attachment.tags.items()},
    )
    return plan_attach(wanted, _body(existing) if existing else None, facts["cluster"]["id"])


def differences(plan: ComputePlan) -> list[str]:
    """Return what differs between a compute and the wanted one, as ends of sentences; letter case is no difference."""
    before, after = plan.before, plan.after
    if before is None or after is None:
        return []
    found = [f"it is {before['state']}"] if before["state"] != after["state"] else []
    found.extend(
        f"its {words} differs" if not words.endswith("s") else f"its {words} differ"
        for name, words in _WORDS.items()
        if str(before[name]).lower() != str(after[name]).lower()  # type: ignore[literal-required]  # the keys of the table are literals
    )
    return found


def _body(compute: ComputeFacts) -> dict[str, Any]:
    """Return the facts in the shape in which the service sends a compute, which is what the comparison reads."""
    return {
        "identity": {
            "type": compute["identity_type"],
            "userAssignedIdentities": {each: {} for each in compute["user_assigned_identities"]},
        },
        "tags": compute["tags"],
        "properties": {
            "computeType": compute["type"],
            "resourceId": compute["resource_id"],
            "provisioningState": compute["provisioning_state"],
            "description": compute["description"],
            "properties": {
                "namespace": compute["namespace"],
                "defaultInstanceType": compute["default_instance_type"],
            },
        },
    }
