# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Policy, as far as it denies requests.

Source: learn.microsoft.com/azure/governance/policy/concepts/effect-deny.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.simulator.arm.actions import Demand
from tests.simulator.state.access import covers
from tests.simulator.state.answers import Answer, ArmError, ArmRequest
from tests.simulator.state.scenario import Policy

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet


def check(fleet: Fleet, request: ArmRequest, wanted: Demand) -> None:
    """Raise 403 when an assignment of Azure Policy denies the request; only PUT and PATCH are looked at.

    Source: learn.microsoft.com/azure/governance/policy/concepts/effect-deny; the body from learn.microsoft.com/azure/
        azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy.
    """
    if request.method not in ("PUT", "PATCH"):
        return
    for policy in fleet.scenario.policies:
        scope = f"{fleet.subscription}/{policy.scope}".rstrip("/")
        if covers(scope, wanted.scope) and wanted.action.lower() == f"{policy.denies.lower()}/write":
            raise ArmError(Answer(403, _denial(fleet, request, policy)))


def _denial(fleet: Fleet, request: ArmRequest, policy: Policy) -> dict[str, Any]:
    name = request.path.rpartition("/")[2]
    assigned = f"{fleet.subscription}/providers/Microsoft.Authorization/policyAssignments/{policy.assignment}"
    definition = "/providers/Microsoft.Authorization/policyDefinitions/0a1b2c3d"
    identifiers = [
        {
            "policyAssignment": {"name": policy.assignment, "id": assigned},
            "policyDefinition": {"name": policy.name, "id": definition},
        }
    ]
    info = {
        "policyDefinitionDisplayName": policy.name,
        "policyDefinitionEffect": "deny",
        "policyDefinitionId": definition,
        "policyAssignmentDisplayName": policy.assignment,
        "policyAssignmentId": assigned,
        "policyAssignmentName": policy.assignment,
        "policyAssignmentScope": fleet.subscription,
    }
    message = f"Resource '{name}' was disallowed by policy. Policy identifiers: '{json.dumps(identifiers)}'."
    return {
        "error": {
            "code": "RequestDisallowedByPolicy",
            "target": name,
            "message": message,
            "additionalInfo": [{"type": "PolicyViolation", "info": info}],
        }
    }
