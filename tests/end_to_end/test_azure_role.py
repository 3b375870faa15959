# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped Azure role holds the actions that an upgrade uses, all of them and no others."""

from __future__ import annotations

import json
import re

import pytest

from tests.end_to_end import real_fleet
from tests.integration.harness import ROOT, Ansible, Simulator

ROLE = json.loads((ROOT / "docs" / "permissions" / "azure-role.json").read_text("utf-8"))
VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
SUBSCRIPTION_PROVIDER = re.compile(r"/subscriptions/[^/]+/providers/[^/]+", re.IGNORECASE)


def action_of(method: str, path: str) -> str:
    """The action that Azure asks for, as in https://learn.microsoft.com/azure/role-based-access-control/role-definitions."""
    if SUBSCRIPTION_PROVIDER.fullmatch(path):
        return "microsoft.resources/subscriptions/providers/read"
    provider, *rest = path.rpartition("/providers/")[2].strip("/").split("/")
    types = rest[::2]
    if method == "POST":
        return "/".join([provider, *types, "action"]).lower()
    return "/".join([provider, *types, VERBS[method]]).lower()


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/subscriptions/s/providers/Microsoft.X", "microsoft.resources/subscriptions/providers/read"),
        ("PUT", "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a/bs/b", "microsoft.x/as/bs/write"),
        ("GET", "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a/bs", "microsoft.x/as/bs/read"),
        ("POST", "/subscriptions/s/resourceGroups/g/providers/Microsoft.X/as/a/go", "microsoft.x/as/go/action"),
        ("GET", "/subscriptions/s/providers/Microsoft.X/as/a/providers/Microsoft.Y/b/c", "microsoft.y/b/read"),
    ],
)
def test_actions_are_read_from_requests(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action


#: What is read below the subscription: status URLs belong to no resource group. docs/permissions says where to assign.
AT_THE_SUBSCRIPTION = re.compile(r"Microsoft\.Resources/|Microsoft\.Authorization/locks/|.*/locations/")


def assigned(*groups: str) -> list[dict[str, object]]:
    """The shipped role on the resource groups, and what is read at the subscription there."""
    wide = [action for action in ROLE["Actions"] if AT_THE_SUBSCRIPTION.match(action)]
    scopes = [f"resourceGroups/{group}" for group in groups]
    return [{"name": "fleet", "actions": ROLE["Actions"], "scopes": scopes}, {"name": "wide", "actions": wide}]


def test_an_upgrade_needs_no_more_than_the_role(ansible: Ansible) -> None:
    """Azure itself refuses whatever the role does not have, so that nothing depends on how requests are counted."""
    plan = {**real_fleet.scenario(real_fleet.cluster("aks-one")), "roles": assigned("rg-aks", "rg-ml")}
    with Simulator(plan) as simulator:
        hosts = real_fleet.inventory(simulator)
        ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check()
        refused = [each for each in simulator.request_log(service="arm") if each["status"] == 403]
    assert refused == []


def test_where_attaching_needs_more_the_failure_names_what_and_where(ansible: Ansible) -> None:
    """The other answer to the belief linked-scope-permission: docs/permissions says what to grant then."""
    answer = {"linked-scope-permission": "more"}
    action = "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"
    more = {"name": "attach", "actions": [action], "scopes": ["resourceGroups/rg-granted"]}
    clusters = [{**real_fleet.cluster("refused"), "beliefs": answer}]
    clusters.append({**real_fleet.cluster("granted"), "resource_group": "rg-granted", "beliefs": answer})
    plan = {**real_fleet.scenario(*clusters), "roles": [*assigned("rg-aks", "rg-granted", "rg-ml"), more]}
    with Simulator(plan) as simulator:
        hosts = real_fleet.inventory(simulator)
        run = ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check(rc=2)
        cluster_id = simulator.clusters["refused"]["id"]
    said = [str(each.result.get("msg")) for each in run.tasks if each.host == "refused" and each.status == "failed"]
    assert any("(LinkedAuthorizationFailed)" in each and action in each and cluster_id in each for each in said), said
    assert run.stats["granted"]["failures"] == 0
    page = (ROOT / "docs" / "permissions" / "README.md").read_text(encoding="utf-8")
    assert action in page
    assert "LinkedAuthorizationFailed" in page


def test_an_upgrade_uses_exactly_the_role_s_actions(ansible: Ansible) -> None:
    clusters = (real_fleet.cluster("aks-one"), real_fleet.cluster("arc-one", kind="arc"))
    with Simulator(real_fleet.scenario(*clusters)) as simulator:
        hosts = real_fleet.inventory(simulator)
        ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check()
        log = simulator.request_log(service="arm")
    used = {action_of(each["method"], each["path"]) for each in log}
    # azure-ai-ml polls an attach from a thread of its own: a worker that does not wait may end before the first poll.
    used.add("microsoft.machinelearningservices/locations/computeoperationsstatus/read")
    assert used == {action.lower() for action in ROLE["Actions"]}
