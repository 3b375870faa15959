# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Authorization: roles, their assignments, and locks; what a caller may do.

Source: learn.microsoft.com/azure/role-based-access-control/overview (an assignment holds at its scope and below it;
actions minus NotActions, `*` stands for anything) and /azure/azure-resource-manager/management/lock-resources; the text
of the refusals as users report them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.simulator.arm.actions import Demand
from tests.simulator.arm.common import need_body
from tests.simulator.state.access import MARK, PROVIDER, Assignment, Role, covers, lock_body
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, error, gateway_error

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

CREATED = "2026-01-01T08:00:00.0000000Z"
#: What a public script says that attaching calls on the cluster.
CREDENTIAL_OF_AN_ADMINISTRATOR = "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"


def check(fleet: Fleet, request: ArmRequest, wanted: Demand, principal: str) -> None:
    """Raise 403 unless the caller has the action at the scope; lists need it somewhere below.

    Source: learn.microsoft.com/azure/role-based-access-control/troubleshooting for the text.
    """
    access = fleet.access
    if not wanted.action or access.allows(principal, wanted.action, wanted.scope):
        return
    listing = request.method == "GET" and wanted.scope.lower() != request.path.lower()
    if listing and access.allows_below(principal, wanted.action, wanted.scope):
        return
    message = (
        f"The client '{principal}' with object id '{principal}' does not have authorization to perform action "
        f"'{wanted.action}' over scope '{wanted.scope}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials."
    )
    raise gateway_error(403, "AuthorizationFailed", message)


def check_linked(fleet: Fleet, request: ArmRequest, wanted: Demand, principal: str) -> None:
    """Raise 403 when attaching an AKS cluster needs a permission on the cluster itself, a linked scope.

    Source: github.com/Azure/aad-pod-identity/issues/613 for the code and the text, of another pair of resources.
    Belief: linked-scope-permission
    """
    if request.method != "PUT" or wanted.type.lower() != "workspaces/computes" or not isinstance(request.body, dict):
        return
    resource = fleet.resources.get(str((request.body.get("properties") or {}).get("resourceId")).lower())
    if resource is None or not resource.managed:
        return
    if resource.cluster.beliefs.answer("linked-scope-permission") != "more":
        return
    if fleet.access.allows(principal, CREDENTIAL_OF_AN_ADMINISTRATOR, resource.identifier):
        return
    message = (
        f"The client '{principal}' with object id '{principal}' has permission to perform action '{wanted.action}' on "
        f"scope '{wanted.scope}'; however, it does not have permission to perform action "
        f"'{CREDENTIAL_OF_AN_ADMINISTRATOR}' on the linked scope(s) '{resource.identifier}' or the linked scope(s) are "
        "invalid."
    )
    raise gateway_error(403, "LinkedAuthorizationFailed", message)


def visible(fleet: Fleet, answer: Answer, wanted: Demand, principal: str) -> None:
    """Leave in a list what the caller may read."""
    values = answer.body.get("value") if isinstance(answer.body, dict) else None
    if not isinstance(values, list) or fleet.access.allows(principal, wanted.action, wanted.scope):
        return
    answer.body["value"] = [
        entry
        for entry in values
        if not isinstance(entry, dict) or fleet.access.allows(principal, wanted.action, str(entry.get("id", "")))
    ]


def check_locks(fleet: Fleet, request: ArmRequest, wanted: Demand) -> None:
    """Raise 409 when a lock forbids the request.

    Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources: CanNotDelete forbids DELETE,
    ReadOnly forbids everything but GET, POST actions included; locks hold for everything below their scope.
    """
    if request.method in ("GET", "HEAD") or wanted.provider.lower() == PROVIDER.lower():
        return
    verb = "delete" if request.method == "DELETE" else "write"
    strict = ("ReadOnly", "CanNotDelete") if verb == "delete" else ("ReadOnly",)
    hit = [scope for scope, locks in fleet.locks.items() if covers(scope, wanted.scope) and _levels(locks, strict)]
    if hit:
        message = (
            f"The scope '{wanted.scope}' cannot perform {verb} operation because following scope(s) are locked: "
            f"'{', '.join(hit)}'. Please remove the lock and try again."
        )
        raise gateway_error(409, "ScopeLocked", message)


def _levels(locks: dict[str, dict[str, Any]], levels: tuple[str, ...]) -> bool:
    return any(lock["properties"]["level"] in levels for lock in locks.values())


async def list_role_definitions(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of role definitions, all or the one that `$filter=roleName eq '...'` names.

    Source: Azure/azure-rest-api-specs, RoleDefinitions_List 2022-04-01.
    """
    name = _quoted(request.query.get("$filter", ""), "roleName eq")
    found = [_role(fleet, role) for role in fleet.access.roles.values() if not name or role.name == name]
    return Answer(200, {"value": found})


async def get_role_definition(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a role definition.

    Source: Azure/azure-rest-api-specs, RoleDefinitions_Get 2022-04-01.
    """
    return Answer(200, _role(fleet, _need_role(fleet, request.params["role"])))


async def put_role_definition(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a custom role.

    Source: Azure/azure-rest-api-specs, RoleDefinitions_CreateOrUpdate 2022-04-01.
    """
    sent = need_body(request).get("properties") or {}
    (permissions,) = sent.get("permissions") or [{}]
    identifier = request.params["role"].lower()
    fleet.access.roles[identifier] = Role(
        identifier,
        str(sent.get("roleName") or identifier),
        tuple(permissions.get("actions") or ()),
        tuple(permissions.get("notActions") or ()),
    )
    return Answer(201, _role(fleet, fleet.access.roles[identifier]))


async def list_role_assignments(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of role assignments at a scope, above it, and (without `atScope()`) below it.

    Source: Azure/azure-rest-api-specs, RoleAssignments_ListForScope 2022-04-01.
    """
    text = request.query.get("$filter", "")
    principal = _quoted(text, "principalId eq") or _quoted(text, "assignedTo(")
    scope = request.params["scope"]
    found = [
        _assignment(fleet, each)
        for each in fleet.access.assignments.values()
        if (covers(each.scope, scope) or ("atScope()" not in text and covers(scope, each.scope)))
        and (not principal or each.principal.lower() == principal.lower())
    ]
    return Answer(200, {"value": found})


async def get_role_assignment(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a role assignment.

    Source: Azure/azure-rest-api-specs, RoleAssignments_Get 2022-04-01.
    """
    found = fleet.access.assignments.get(request.params["assignment"].lower())
    if found is None:
        name = request.params["assignment"]
        raise error(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
    return Answer(200, _assignment(fleet, found))


async def put_role_assignment(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a role assignment: 201; the same role for the same principal at the same scope is a 409.

    Source: Azure/azure-rest-api-specs, RoleAssignments_Create 2022-04-01; the 409 from github.com/hashicorp/
    terraform-provider-azurerm issues (RoleAssignmentExists).
    """
    sent = need_body(request).get("properties") or {}
    scope, name = request.params["scope"], request.params["assignment"]
    role = _need_role(fleet, str(sent.get("roleDefinitionId", "")).rpartition("/")[2])
    principal = str(sent.get("principalId", ""))
    for each in fleet.access.assignments.values():
        same = (each.role, each.principal.lower(), each.scope.lower())
        if same == (role.identifier, principal.lower(), scope.lower()) and each.identifier.lower() != name.lower():
            raise error(409, "RoleAssignmentExists", "The role assignment already exists.")
    return Answer(201, _assignment(fleet, fleet.access.assign(role.identifier, principal, scope, name)))


async def delete_role_assignment(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of a role assignment: 200 with what it was, or 204.

    Source: Azure/azure-rest-api-specs, RoleAssignments_Delete 2022-04-01.
    """
    found = fleet.access.assignments.pop(request.params["assignment"].lower(), None)
    return Answer(204) if found is None else Answer(200, _assignment(fleet, found))


async def list_locks(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the locks at a scope, above it and below it.

    Source: Azure/azure-rest-api-specs, ManagementLocks_ListByScope 2016-09-01.
    """
    wanted = request.params["scope"]
    found = [
        lock
        for scope, locks in fleet.locks.items()
        if covers(scope, wanted) or covers(wanted, scope)
        for lock in locks.values()
    ]
    return Answer(200, {"value": found})


async def get_lock(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a lock.

    Source: Azure/azure-rest-api-specs, ManagementLocks_GetByScope 2016-09-01.
    """
    scope, name = request.params["scope"], request.params["lock"]
    for known, locks in fleet.locks.items():
        if known.lower() == scope.lower() and name.lower() in locks:
            return Answer(200, locks[name.lower()])
    raise error(404, "LockNotFound", f"The lock '{name}' could not be found.")


async def put_lock(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a lock: 201.

    Source: Azure/azure-rest-api-specs, ManagementLocks_CreateOrUpdateByScope 2016-09-01.
    """
    sent = need_body(request).get("properties") or {}
    level = str(sent.get("level"))
    if level not in ("CanNotDelete", "ReadOnly"):
        raise error(400, "LockLevelNotValid", f"The lock level '{level}' is not valid.")
    scope, name = request.params["scope"], request.params["lock"]
    found = fleet.locks.setdefault(scope, {})[name.lower()] = lock_body(scope, name, level, sent.get("notes"))
    return Answer(201, found)


async def delete_lock(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of a lock: 200, or 204 when there is none.

    Source: Azure/azure-rest-api-specs, ManagementLocks_DeleteByScope 2016-09-01.
    """
    scope, name = request.params["scope"], request.params["lock"].lower()
    for known, locks in fleet.locks.items():
        if known.lower() == scope.lower() and name in locks:
            del locks[name]
            return Answer(200)
    return Answer(204)


def _role(fleet: Fleet, role: Role) -> dict[str, Any]:
    permissions = {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": [],
        "notDataActions": [],
    }
    return {
        "id": f"{fleet.subscription}{MARK}roleDefinitions/{role.identifier}",
        "name": role.identifier,
        "type": f"{PROVIDER}/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": "CustomRole" if role.custom else "BuiltInRole",
            "description": "",
            "assignableScopes": [fleet.subscription if role.custom else "/"],
            "permissions": [permissions],
            "createdOn": CREATED,
            "updatedOn": CREATED,
            "createdBy": None,
            "updatedBy": None,
        },
    }


def _assignment(fleet: Fleet, each: Assignment) -> dict[str, Any]:
    return {
        "id": f"{each.scope}{MARK}roleAssignments/{each.identifier}",
        "name": each.identifier,
        "type": f"{PROVIDER}/roleAssignments",
        "properties": {
            "roleDefinitionId": f"{fleet.subscription}{MARK}roleDefinitions/{each.role}",
            "principalId": each.principal,
            "principalType": each.kind,
            "scope": each.scope,
            "condition": None,
            "conditionVersion": None,
            "createdOn": CREATED,
            "updatedOn": CREATED,
        },
    }


def _need_role(fleet: Fleet, identifier: str) -> Role:
    found = fleet.access.roles.get(identifier.lower())
    if found is None:
        raise _missing_role(identifier)
    return found


def _missing_role(identifier: str) -> ArmError:
    message = f"The specified role definition with ID '{identifier}' does not exist."
    return error(404, "RoleDefinitionDoesNotExist", message)


def _quoted(text: str, before: str) -> str:
    """The text in quotes that follows `before` in an OData filter."""
    rest = unquote(text).partition(before)[2]
    return rest.partition("'")[2].partition("'")[0]
