# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments: what is refused, what is a change, what is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import compute_facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import (
    AttachmentError,
    WantedCompute,
    check_wanted,
    identity_name,
    plan_attach,
    plan_detach,
    staying_sentence,
    surplus_identities,
    view,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id
from tests.unit.plugins.module_utils._domain.builders import IDENTITY_ID

CLUSTER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"


WORKSPACE = parse_workspace_id(
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
)


def wanted(**changes: Any) -> WantedCompute:
    return WantedCompute(**{"workspace": WORKSPACE, "name": "k8s", **changes})


def read(**changes: Any) -> ComputeFacts:
    """A compute as it is read of an answer of the service: other letter case, nulls, and fields of its own."""
    made: dict[str, Any] = {
        "name": "k8s",
        "tags": None,
        "identity": {"type": "systemAssigned", "principalId": "p"},
        "properties": {
            "computeType": "Kubernetes",
            "resourceId": CLUSTER.lower(),
            "provisioningState": "Succeeded",
            "description": None,
            "properties": {
                "namespace": "jobs",
                "defaultInstanceType": None,
                "extensionPrincipalId": "x",
                "relayConnectionString": None,
                "instanceTypes": {"gpu": {}},
            },
        },
    }
    made["properties"].update(changes.pop("properties", {}))
    made.update(changes)
    return compute_facts(made, str(WORKSPACE))


@pytest.mark.parametrize("namespace", ["azureml-ml", "kube-ml", "azureml", "AzureML-ML"])
def test_the_namespace_of_the_legacy_services_is_refused(namespace: str) -> None:
    with pytest.raises(AttachmentError, match=r"belongs to|cannot be"):
        check_wanted(wanted(namespace=namespace))


@pytest.mark.parametrize(
    "changes",
    [
        {"identity_type": "UserAssigned"},
        {"identity_type": "SystemAssigned", "user_assigned_identities": (IDENTITY_ID,)},
        {"user_assigned_identities": (IDENTITY_ID,)},
        {"identity_type": "UserAssigned", "user_assigned_identities": ("i",)},
        {"identity_type": "UserAssigned", "user_assigned_identities": (IDENTITY_ID, CLUSTER)},
    ],
)
def test_an_identity_that_is_not_whole_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AttachmentError, match=r"(?i)user.assigned"):
        check_wanted(wanted(**changes))


def test_a_new_compute_gets_the_default_namespace_only_when_none_is_named() -> None:
    named = plan_attach(wanted(namespace="jobs"), None, CLUSTER)
    unnamed = plan_attach(wanted(), None, CLUSTER)
    assert named.after is not None
    assert unnamed.after is not None
    assert (named.action, named.after["namespace"], unnamed.after["namespace"]) == ("attach", "jobs", "default")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"namespace": "jobs"},
        {"identity_type": "SystemAssigned"},
        {"tags": {}},
        {"description": ""},
    ],
)
def test_equal_is_not_changed(changes: dict[str, Any]) -> None:
    assert plan_attach(wanted(**changes), read(), CLUSTER).action == "none"


@pytest.mark.parametrize(
    "changes",
    [
        {"identity_type": "UserAssigned", "user_assigned_identities": (IDENTITY_ID,)},
        {"default_instance_type": "gpu"},
        {"tags": {"a": "b"}},
        {"description": "text"},
    ],
)
def test_a_difference_is_an_update_that_keeps_the_namespace(changes: dict[str, Any]) -> None:
    made = plan_attach(wanted(**changes), read(), CLUSTER)
    assert made.action == "update"
    assert made.after is not None
    assert made.after["namespace"] == "jobs"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identity_type": "None"}, "identity SystemAssigned"),
        ({"tags": {}}, "the tags a, b"),
        ({"identity_type": "None", "tags": {}}, "identity SystemAssigned and the tags a, b"),
    ],
)
def test_what_azure_may_keep_is_not_sent_but_said(changes: dict[str, Any], words: str) -> None:
    """Belief compute-cleared-by-omission: if it stays, each run would change it again."""
    existing = read(tags={"b": "1", "a": "2"})
    made = plan_attach(wanted(**changes), existing, CLUSTER)
    assert made.action == "none"
    assert words in staying_sentence(wanted(**changes), made.staying)
    another = plan_attach(wanted(**changes, description="new"), existing, CLUSTER)
    assert another.action == "update"
    assert another.after is not None
    assert (another.after["identity_type"], another.after["tags"]) == ("SystemAssigned", {"b": "1", "a": "2"})


@pytest.mark.parametrize("changes", [{"identity_type": "None"}, {"tags": {}}])
def test_where_nothing_is_to_be_taken_away_nothing_is_said(changes: dict[str, Any]) -> None:
    assert plan_attach(wanted(**changes), read(identity=None), CLUSTER).staying == ()
    assert plan_attach(wanted(**changes), None, CLUSTER).staying == ()


def test_all_identities_but_the_first_do_nothing() -> None:
    two = wanted(
        identity_type="UserAssigned", user_assigned_identities=(f"{IDENTITY_ID}-first", f"{IDENTITY_ID}-second")
    )
    assert re.search(r"the first user-assigned identity only, \S+-first; \S+-second will", str(surplus_identities(two)))
    one = wanted(identity_type="UserAssigned", user_assigned_identities=(f"{IDENTITY_ID}-first",))
    assert surplus_identities(one) is None


def test_identities_differ_by_more_than_letter_case() -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY_ID.upper(): {}}}
    same = wanted(identity_type="UserAssigned", user_assigned_identities=(IDENTITY_ID,))
    assert plan_attach(same, read(identity=identity), CLUSTER).action == "none"


def test_a_failed_compute_is_sent_again() -> None:
    assert plan_attach(wanted(), read(properties={"provisioningState": "Failed"}), CLUSTER).action == "update"


def test_the_namespace_of_a_compute_cannot_be_changed() -> None:
    with pytest.raises(AttachmentError, match="detaching it"):
        plan_attach(wanted(namespace="other"), read(), CLUSTER)


@pytest.mark.parametrize("plan", [plan_attach, plan_detach])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"computeType": "AKS"}, "never touched"),
        ({"computeType": "AmlCompute"}, "taken"),
        ({"resourceId": CLUSTER + "2"}, "not on"),
        ({"resourceId": None}, "no cluster"),
    ],
)
def test_a_compute_that_is_not_ours_is_not_touched(plan: Any, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AttachmentError, match=words):
        plan(wanted(), read(properties=changes), CLUSTER)


def test_detaching_what_is_not_there_is_nothing() -> None:
    assert plan_detach(wanted(), None, CLUSTER).action == "none"
    assert plan_detach(wanted(), read(), CLUSTER).action == "detach"


def test_a_compute_without_inner_properties_can_be_read() -> None:
    facts = compute_facts({"properties": {"computeType": "Kubernetes", "properties": None}}, str(WORKSPACE))
    assert view(facts)["namespace"] is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (None, None),
        ("none", None),
        ("systemassigned", "SystemAssigned"),
        ("UserAssigned", "UserAssigned"),
        ("systemAssigned, userAssigned", "SystemAssigned,UserAssigned"),
    ],
)
def test_an_identity_has_one_spelling(kind: str | None, name: str | None) -> None:
    assert identity_name(kind) == name
