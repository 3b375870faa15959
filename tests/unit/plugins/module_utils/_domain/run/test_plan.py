# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan names every change with its reason, and nothing where a cluster is as wanted."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import subject, why
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import planned_extension
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_labels import wanted_pool_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import from_option, replaced
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.stages import STAGES
from tests.unit.plugins.module_utils._domain.builders import (
    ARC_ID,
    IDENTITY_ID,
    WORKSPACE_ID,
    compute,
    facts,
    gpu_node,
    gpu_pool,
    legacy_compute,
    node,
    pool,
    settings,
    workload,
)

SMALL = {"name": "cpu", "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


#: Inference without TLS.
OPEN: dict[str, Any] = {
    "enable_inference": True,
    "inference_router_service_type": "LoadBalancer",
    "allow_insecure_connections": True,
}


def upgraded(wanted: Settings, found: Facts | None = None) -> Facts:
    """Return the facts after everything in the plan was done."""
    after = found or facts()
    kubernetes = after["kubernetes"]
    assert kubernetes is not None
    after["extension"] = planned_extension(wanted, after).after
    kubernetes["front_end"]["annotated"] = True
    kubernetes["namespaces"].update(dict.fromkeys(wanted.namespaces(), "Active"))
    kubernetes["instance_type_definition"] = True
    kubernetes["instance_types"] = [replaced(None, from_option(each)) for each in wanted.nodes.instance_types]
    for name, labels in wanted_pool_labels(wanted, after).items():
        next(each for each in after["cluster"]["node_pools"] if each["name"] == name)["labels"].update(labels)
        for each in kubernetes["nodes"]:
            if each["pool"] == name:
                each["labels"].update(labels)
    after["workspaces"][0]["computes"] = [
        legacy_compute(),
        *(
            compute(
                each.name,
                namespace=each.namespace,
                default_instance_type=each.default_instance_type,
                identity_type=each.identity_type,
                description=each.description,
                tags=dict(each.tags or {}),
            )
            for each in wanted.attachments
        ),
    ]
    return after


def described(wanted: Settings, found: Facts) -> list[tuple[str, str, str, str]]:
    data = [each.to_result() for each in make_plan(wanted, found).changes]
    return [(each["stage"], each["action"], subject(each), why(each)) for each in data]


def gpu_facts() -> Facts:
    found = facts(node_pools=[pool(), gpu_pool()])
    assert found["kubernetes"] is not None
    found["kubernetes"]["nodes"].append(gpu_node())
    return found


def test_a_fresh_cluster_goes_through_every_stage() -> None:
    plan = make_plan(settings(instance_types=[SMALL], **OPEN), gpu_facts())
    assert plan.stages == [stage.id for stage in STAGES]
    assert [(each.action, subject(each.to_result())) for each in plan.changes] == [
        ("annotate", "deployment default/azureml-fe"),
        ("label", "node pool gpu"),
        ("create", "extension azureml"),
        ("create", "instance type cpu"),
        ("create", "namespace azureml-workloads"),
        ("create", "compute k8s in workspace ml"),
    ]
    assert all(each.reason for each in plan.changes)


def test_the_stages_get_what_only_facts_tell() -> None:
    found = gpu_facts()
    assert found["kubernetes"] is not None
    found["kubernetes"]["v1_services"].append(workload("churn", namespace="of-another-team"))
    options = make_plan(settings(**OPEN), found).options
    assert options["enable_upgrade"] is True
    assert options["extension_name"] == "azureml"
    assert options["definition_pending"] is True
    assert options["namespaces"] == ["azureml-workloads"]
    assert options["forbidden_namespaces"] == ["azureml-ml", "of-another-team"]
    assert options["pools"]["gpu"]["azureml.fleet/gpu-model"] == "a100"
    assert options["attachments"] == [{"workspace_id": WORKSPACE_ID, "name": "k8s", "namespace": "azureml-workloads"}]


def test_training_alone_leaves_the_front_end_alone_unless_it_is_told_otherwise() -> None:
    plan = make_plan(settings(), gpu_facts())
    assert "front_end" not in plan.stages
    assert "enable_upgrade" not in plan.options
    assert "front_end" in make_plan(settings(enable_upgrade=True), gpu_facts()).stages


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"instance_types": [SMALL]},
        {
            "enable_inference": True,
            "inference_router_service_type": "NodePort",
            "allow_insecure_connections": True,
        },
        {"compute_identity": "SystemAssigned", "compute_tags": {"a": "b"}, "compute_description": "d"},
        {"extension_version": "1.1.88"},
        {"node_selector": {"tier": "ml"}, "extension_settings": {"amloperator.skipResourceValidation": True}},
    ],
)
def test_an_upgraded_cluster_has_nothing_to_change(variables: dict[str, Any]) -> None:
    wanted = settings(**variables)
    plan = make_plan(wanted, upgraded(wanted, gpu_facts()))
    assert plan.changes == ()
    assert plan.stages == []


def test_the_router_is_not_taken_over_twice() -> None:
    wanted = settings()
    after = upgraded(wanted)
    assert after["kubernetes"] is not None
    after["kubernetes"]["front_end"].update({"verdict": "owned_by_extension", "annotated": False})
    assert described(wanted, after) == []


def test_a_changed_setting_is_named() -> None:
    after = upgraded(settings())
    assert described(settings(install_volcano=False), after) == [
        ("extension", "update", "extension azureml", "these differ: installVolcano")
    ]


def test_a_new_protected_setting_is_named_and_not_shown() -> None:
    after = upgraded(settings())
    changed = settings(extension_protected_settings={"relayserver.relayConnectionString": "(set)"})
    assert described(changed, after) == [
        ("extension", "update", "extension azureml", "these differ: protected settings, protected values")
    ]


@pytest.mark.parametrize(
    ("state", "action"), [("Failed", "repair"), ("Canceled", "repair"), ("Creating", "wait"), ("Updating", "wait")]
)
def test_an_extension_in_another_state_is_taken_on(state: str, action: str) -> None:
    wanted = settings()
    after = upgraded(wanted)
    assert after["extension"] is not None
    after["extension"]["provisioning_state"] = state
    assert [each[1] for each in described(wanted, after)] == [action]


@pytest.mark.parametrize(
    ("changes", "action", "reason"),
    [
        ({"provisioning_state": "Failed"}, "update", "its last operation failed"),
        ({"provisioning_state": "Creating"}, "wait", "an operation is in progress (Creating)"),
        ({"default_instance_type": "old"}, "update", "these differ: default instance type"),
        ({"identity_type": "SystemAssigned"}, "update", "these differ: identity type"),
        ({"tags": {"a": "c"}}, "update", "these differ: tags.a"),
    ],
)
def test_a_compute_that_differs_is_named_with_the_reason(changes: dict[str, Any], action: str, reason: str) -> None:
    wanted = settings(
        default_instance_type="cpu", compute_identity="UserAssigned",
        compute_user_assigned_identities=[IDENTITY_ID], compute_tags={"a": "b"},
    )  # fmt: skip
    after = upgraded(wanted)
    same = {"identity_type": "UserAssigned", "user_assigned_identities": [IDENTITY_ID.upper()]}
    after["workspaces"][0]["computes"][1].update({**same, **changes})  # type: ignore[typeddict-item]  # tests name the keys
    assert described(wanted, after) == [("compute", action, "compute k8s in workspace ml", reason)]


def test_what_was_not_asked_for_is_left_as_it_is() -> None:
    after = upgraded(settings())
    after["workspaces"][0]["computes"][1].update({"identity_type": "SystemAssigned", "tags": {"a": "b"}})
    assert described(settings(), after) == []


def test_equal_amounts_are_no_change() -> None:
    wanted = settings(instance_types=[SMALL])
    after = upgraded(wanted)
    same = {**SMALL, "requests": {"cpu": "1000m", "memory": "1024Mi"}}
    assert described(settings(instance_types=[same]), after) == []


def test_an_instance_type_of_others_is_only_changed_where_it_differs() -> None:
    after = upgraded(settings(instance_types=[SMALL]))
    assert after["kubernetes"] is not None
    theirs = after["kubernetes"]["instance_types"][0]
    theirs.update({"managed": False, "node_selector": {"pool": "theirs"}})
    assert described(settings(instance_types=[SMALL]), after) == []
    replacing = settings(instance_types=[SMALL], instance_types_mode="replace")
    assert [each[1] for each in described(replacing, after)] == ["update"]


@pytest.mark.parametrize(("managed", "deleted"), [(True, ["delete"]), (False, [])])
def test_pruning_takes_only_what_is_ours(managed: bool, deleted: list[str]) -> None:
    after = upgraded(settings(instance_types=[SMALL, {**SMALL, "name": "old"}]))
    assert after["kubernetes"] is not None
    after["kubernetes"]["instance_types"][1]["managed"] = managed
    wanted = settings(instance_types=[SMALL], instance_types_prune=True)
    assert [each[1] for each in described(wanted, after)] == deleted


def test_labels_can_be_added_taken_out_and_switched_off() -> None:
    found = gpu_facts()
    wanted = settings(node_pool_labels={"gpu": {"azureml.fleet/gpu-count": None, "tier": 1}, "system": {"x": True}})
    labels = make_plan(wanted, found).options["pools"]
    assert labels == {
        "gpu": {"azureml.fleet/accelerator": "nvidia", "azureml.fleet/gpu-model": "a100", "tier": "1"},
        "system": {"x": "true"},
    }
    assert make_plan(settings(gpu_node_labels=False), found).options["pools"] == {}


def test_an_arc_cluster_gets_its_nodes_labelled() -> None:
    found = facts(kind="arc", id=ARC_ID, node_pools=[], identity="None", distribution="k3s")
    assert found["kubernetes"] is not None
    found["kubernetes"]["nodes"] = [node(pool=None), gpu_node(pool=None, vm_size=None)]
    plan = make_plan(settings(cluster_id=ARC_ID), found)
    assert plan.options["nodes"] == {"gpu-0": {"azureml.fleet/accelerator": "nvidia", "azureml.fleet/gpu-count": "2"}}
    assert ("gpu_nodes", "label", "node gpu-0") in {
        (each.stage, each.action, subject(each.to_result())) for each in plan.changes
    }


def test_the_user_decides_about_the_take_over() -> None:
    assert make_plan(settings(enable_upgrade=False), facts()).options["enable_upgrade"] is False
