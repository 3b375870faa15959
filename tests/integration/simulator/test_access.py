# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller may do in the simulated Azure: roles, their scopes, and locks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, EXTENSIONS, WORKSPACE

FLUX = {"properties": {"extensionType": "microsoft.flux"}}
ROLES: list[dict[str, Any]] = [
    {
        "name": "clusters",
        "actions": [
            "Microsoft.ContainerService/managedClusters/*",
            "Microsoft.KubernetesConfiguration/extensions/*",
        ],
        "not_actions": ["Microsoft.ContainerService/managedClusters/stop/action"],
        "scopes": ["resourceGroups/rg"],
    },
    {"name": "polls", "actions": ["Microsoft.ContainerService/locations/*/read"]},
]
FLEET: dict[str, Any] = {
    "timing": {"node_pool_update": 5},
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {"name": "aks", "resource_group": "rg"},
        {"name": "other", "resource_group": "rg-other"},
        {"name": "kept", "resource_group": "rg", "lock": "CanNotDelete"},
        {"name": "fixed", "resource_group": "rg", "lock": "ReadOnly"},
    ],
}
POOL = {"properties": {"nodeLabels": {"a": "b"}}}


@pytest.fixture(scope="module")
def arm() -> Iterator[ArmClient]:
    """A client whose principal has the two roles only."""
    with Simulator({**FLEET, "roles": ROLES}, time_scale=100) as simulator:
        yield ArmClient(simulator.ready)


@pytest.fixture(scope="module")
def owner() -> Iterator[ArmClient]:
    with Simulator(FLEET, time_scale=100) as simulator:
        yield ArmClient(simulator.ready)


def test_what_the_role_has_is_allowed_at_its_scope_and_below(arm: ArmClient) -> None:
    assert arm.send("GET", f"{AKS}/aks").status_code == 200
    assert arm.send("PUT", f"{AKS}/aks/{EXTENSIONS}/flux", FLUX).status_code == 201
    assert arm.send("POST", f"{AKS}/aks/listClusterUserCredential").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "action", "scope"),
    [
        ("POST", f"{AKS}/aks/stop", "Microsoft.ContainerService/managedClusters/stop/action", f"{AKS}/aks"),
        ("GET", WORKSPACE, "Microsoft.MachineLearningServices/workspaces/read", WORKSPACE),
        (
            "GET",
            AKS.replace("/rg/", "/rg-other/") + "/other",
            "Microsoft.ContainerService/managedClusters/read",
            AKS.replace("/rg/", "/rg-other/") + "/other",
        ),
        (
            "GET",
            "providers/Microsoft.Relay",
            "Microsoft.Resources/subscriptions/providers/read",
            "providers/Microsoft.Relay",
        ),
        ("POST", "providers/Microsoft.Relay/register", "Microsoft.Relay/register/action", ""),
    ],
)
def test_what_the_role_lacks_is_refused_by_name(
    arm: ArmClient, method: str, path: str, action: str, scope: str
) -> None:
    refused = arm.send(method, path)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")
    message = refused.json()["error"]["message"]
    wanted = f"{arm.subscription}/{scope}".rstrip("/")
    assert f"does not have authorization to perform action '{action}' over scope '{wanted}'" in message
    assert "with object id 'c2a1f0e9-" in message


def test_operations_are_polled_at_the_subscription(arm: ArmClient) -> None:
    changed = arm.send("PUT", f"{AKS}/kept/agentPools/system", POOL)
    assert arm.wait(changed).json()["status"] == "Succeeded"
    narrow = {**FLEET, "roles": ROLES[:1]}
    with Simulator(narrow, time_scale=100) as simulator:
        other = ArmClient(simulator.ready)
        changed = other.send("PUT", f"{AKS}/aks/agentPools/system", POOL)
        assert changed.status_code == 200
        refused = other.send("GET", changed.headers["Azure-AsyncOperation"])
        assert refused.status_code == 403
        assert "Microsoft.ContainerService/locations/operations/read" in refused.text


def test_a_list_holds_what_the_caller_may_read(arm: ArmClient) -> None:
    found = arm.send("GET", "providers/Microsoft.ContainerService/managedClusters").json()["value"]
    assert {cluster["name"] for cluster in found} == {"aks", "kept", "fixed"}
    refused = arm.send("GET", "providers/Microsoft.MachineLearningServices/workspaces")
    assert refused.status_code == 403


def test_an_assigned_role_counts_at_once_and_only_once(owner: ArmClient) -> None:
    definitions = "providers/Microsoft.Authorization/roleDefinitions"
    named: dict[str, Any] = {"$filter": "roleName eq 'Reader'"}
    (reader,) = owner.send("GET", definitions, **named).json()["value"]
    body = {"properties": {"roleDefinitionId": reader["id"], "principalId": "11111111-1111-1111-1111-111111111111"}}
    path = f"{AKS}/aks/providers/Microsoft.Authorization/roleAssignments"
    first = owner.send("PUT", f"{path}/22222222-2222-2222-2222-222222222222", body)
    assert first.status_code == 201
    again = owner.send("PUT", f"{path}/33333333-3333-3333-3333-333333333333", body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "RoleAssignmentExists")
    mine: dict[str, Any] = {"$filter": f"principalId eq '{body['properties']['principalId']}'"}
    assert [each["id"] for each in owner.send("GET", path, **mine).json()["value"]] == [first.json()["id"]]
    assert owner.send("DELETE", f"{path}/22222222-2222-2222-2222-222222222222").status_code == 200
    assert owner.send("GET", path, **mine).json()["value"] == []
    assert owner.send("DELETE", f"{path}/22222222-2222-2222-2222-222222222222").status_code == 204


def test_a_lock_against_deletion_forbids_only_that(owner: ArmClient) -> None:
    assert owner.send("PUT", f"{AKS}/kept/agentPools/system", POOL).status_code == 200
    refused = owner.send("DELETE", f"{AKS}/kept/{EXTENSIONS}/x")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ScopeLocked")
    assert "cannot perform delete operation because following scope(s) are locked" in refused.text


def test_a_read_only_lock_forbids_writes_and_actions_until_it_is_removed(owner: ArmClient) -> None:
    assert owner.send("GET", f"{AKS}/fixed").status_code == 200
    for method, path, body in (
        ("PUT", f"{AKS}/fixed/{EXTENSIONS}/flux", FLUX),
        ("POST", f"{AKS}/fixed/listClusterUserCredential", None),
    ):
        refused = owner.send(method, path, body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ScopeLocked")
    locks = f"{AKS}/fixed/providers/Microsoft.Authorization/locks"
    (lock,) = owner.send("GET", locks, version="2016-09-01").json()["value"]
    assert lock["properties"]["level"] == "ReadOnly"
    assert owner.send("DELETE", lock["id"], version="2016-09-01").status_code == 200
    assert owner.send("PUT", f"{AKS}/fixed/{EXTENSIONS}/flux", FLUX).status_code == 201


def test_a_lock_of_a_group_holds_for_what_is_in_it(owner: ArmClient) -> None:
    lock = "resourceGroups/rg-other/providers/Microsoft.Authorization/locks/all"
    path = AKS.replace("/rg/", "/rg-other/") + "/other/agentPools/system"
    assert owner.send("PUT", lock, {"properties": {"level": "ReadOnly"}}, version="2016-09-01").status_code == 201
    assert owner.send("PUT", path, POOL).json()["error"]["code"] == "ScopeLocked"
    assert owner.send("DELETE", lock, version="2016-09-01").status_code == 200
    assert owner.send("PUT", path, POOL).status_code == 200
