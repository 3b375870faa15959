# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and who has them where; locks.

Source: learn.microsoft.com/azure/role-based-access-control/overview (an assignment holds at its scope and below it;
actions minus NotActions, `*` stands for anything) and built-in-roles.
"""

from __future__ import annotations

import fnmatch
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulator.state import scenario

PROVIDER = "Microsoft.Authorization"
MARK = f"/providers/{PROVIDER}/"


@dataclass(frozen=True)
class Role:
    """A role definition; `identifier` is its GUID."""

    identifier: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    custom: bool = True

    def allows(self, action: str) -> bool:
        """Whether the role has `action`, in any letter case."""
        wanted = action.lower()
        return _matches(wanted, self.actions) and not _matches(wanted, self.not_actions)


@dataclass(frozen=True)
class Assignment:
    """A role that a principal has at a scope (a path without a slash at its end)."""

    identifier: str
    role: str
    principal: str
    scope: str
    kind: str = "ServicePrincipal"


BUILT_IN = (
    Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ("*",), custom=False),
    Role(
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "Contributor",
        ("*",),
        ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
        custom=False,
    ),
    Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ("*/read",), custom=False),
    Role(
        "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
        "Azure Kubernetes Service Cluster User Role",
        (
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/read",
        ),
        custom=False,
    ),
    Role(
        "85cb6faf-e071-4c9b-8136-154b5a04f717",
        "Kubernetes Extension Contributor",
        ("Microsoft.KubernetesConfiguration/extensions/*",),
        custom=False,
    ),
    Role("2787bf04-f1f5-4bfe-8383-c8a24483ee38", "Azure Relay Owner", ("Microsoft.Relay/*",), custom=False),
)


class Access:
    """The roles of a subscription and who has them."""

    def __init__(self, subscription: str, principal: str, plan: list[scenario.Role] | None) -> None:
        """Give `principal` what the scenario says: entries with actions, not_actions and scopes; None is Owner."""
        self.subscription = subscription
        self.roles = {role.identifier: role for role in BUILT_IN}
        self.assignments: dict[str, Assignment] = {}
        if plan is None:
            self.assign(BUILT_IN[0].identifier, principal, subscription)
        for entry in plan or ():
            role = Role(str(uuid.uuid4()), entry.name, tuple(entry.actions), tuple(entry.not_actions))
            self.roles[role.identifier] = role
            for scope in entry.scopes:
                self.assign(role.identifier, principal, f"{subscription}/{scope}".rstrip("/"))

    def assign(self, role: str, principal: str, scope: str, name: str = "") -> Assignment:
        """Assign a role; returns the assignment."""
        found = Assignment(name or str(uuid.uuid4()), role, principal, scope)
        self.assignments[found.identifier.lower()] = found
        return found

    def allows(self, principal: str, action: str, scope: str) -> bool:
        """Whether `principal` may do `action` at `scope`."""
        return any(
            covers(each.scope, scope) and self.roles[each.role].allows(action) for each in self._held_by(principal)
        )

    def allows_below(self, principal: str, action: str, scope: str) -> bool:
        """Whether `principal` may do `action` anywhere below `scope`."""
        return any(
            covers(scope, each.scope) and self.roles[each.role].allows(action) for each in self._held_by(principal)
        )

    def _held_by(self, principal: str) -> list[Assignment]:
        return [each for each in self.assignments.values() if each.principal.lower() == principal.lower()]


def lock_body(scope: str, name: str, level: str, notes: str | None = None) -> dict[str, Any]:
    """A lock as the service writes it."""
    properties = {"level": level, **({"notes": notes} if notes else {})}
    return {"id": f"{scope}{MARK}locks/{name}", "name": name, "type": f"{PROVIDER}/locks", "properties": properties}


def covers(scope: str, below: str) -> bool:
    """Whether `below` is `scope` or something in it, in any letter case."""
    upper, lower = scope.lower().rstrip("/"), below.lower().rstrip("/")
    return lower == upper or lower.startswith(f"{upper}/")


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(action, pattern.lower()) for pattern in patterns)
