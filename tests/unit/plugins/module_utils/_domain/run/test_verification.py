# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification finds what is missing, and lets pass what the documentation promises."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import expected_components
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    Facts,
    RouterServiceFacts,
    WorkloadFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.verification import verify
from tests.simulator.foundation.beliefs import every_belief
from tests.unit.plugins.module_utils._domain.builders import (
    extension,
    legacy_compute,
    router_service,
    settings,
    workload,
)
from tests.unit.plugins.module_utils._domain.run.test_plan import SMALL, gpu_facts, upgraded

INFERENCE: dict[str, Any] = {
    "enable_inference": True,
    "inference_router_service_type": "LoadBalancer",
    "allow_insecure_connections": True,
}
WANTED: dict[str, Any] = {**INFERENCE, "instance_types": [SMALL]}


def running(wanted: Settings) -> Facts:
    """Return the facts of a cluster that is upgraded and has every component."""
    after = upgraded(wanted, gpu_facts())
    assert after["extension"] is not None
    assert after["kubernetes"] is not None
    for each in expected_components(after["extension"]["name"], after["extension"]["settings"]):
        after["kubernetes"]["extension_workloads"].append(workload(each.names[0], kind=each.kind))
    return after


def failed(found: Facts, before: Facts | None = None) -> dict[str, tuple[str, ...]]:
    checks = verify(settings(**WANTED), found, before)
    return {check.id: check.problems for check in checks if check.problems}


def test_an_upgraded_cluster_passes_every_check() -> None:
    found = running(settings(**WANTED))
    assert failed(found, copy.deepcopy(found)) == {}
    assert len(verify(settings(**WANTED), found)) == 10


def test_a_fresh_cluster_is_not_upgraded() -> None:
    assert set(failed(gpu_facts())) == {"extension-installed", "as-planned", "labels-on-nodes"}


def _workload(found: Facts, name: str) -> WorkloadFacts:
    assert found["kubernetes"] is not None
    return next(each for each in found["kubernetes"]["extension_workloads"] if each["name"] == name)


def _without(found: Facts, name: str) -> None:
    assert found["kubernetes"] is not None
    found["kubernetes"]["extension_workloads"].remove(_workload(found, name))


def _set(found: Facts, part: str, **changes: Any) -> Facts:
    assert found["kubernetes"] is not None
    found["kubernetes"][part].update(changes)  # type: ignore[literal-required]  # tests name the part
    return found


def _services(found: Facts, *services: RouterServiceFacts) -> Facts:
    assert found["kubernetes"] is not None
    found["kubernetes"]["router_services"] = list(services)
    return found


def _add(found: Facts, *workloads: WorkloadFacts) -> None:
    assert found["kubernetes"] is not None
    found["kubernetes"]["extension_workloads"].extend(workloads)


def _node_labels(found: Facts) -> None:
    assert found["kubernetes"] is not None
    found["kubernetes"]["nodes"][-1]["labels"].clear()


def _no_services(found: Facts) -> None:
    assert found["kubernetes"] is not None
    found["kubernetes"]["v1_services"].clear()


def _huge_type(found: Facts) -> None:
    assert found["kubernetes"] is not None
    for each in found["kubernetes"]["nodes"]:
        each["cpu"] = 0.5


def _failed_extension(found: Facts) -> None:
    found["extension"] = extension(
        provisioning_state="Failed",
        error="E40007",
        settings=found["extension"]["settings"] if found["extension"] else {},
    )
    _set(found, "front_end")
    assert found["kubernetes"] is not None
    found["kubernetes"]["health_report"] = "Status: Passed Name: a\nStatus: Failed Name: b ErrorCode: E40007"


CASES: dict[str, tuple[Callable[[Facts], object], str, str]] = {
    "extension failed": (_failed_extension, "extension-installed", "b failed with E40007 (INVALID_SSL_SETTING"),
    "component missing": (lambda f: _without(f, "gateway"), "components-ready", "Deployment gateway is missing."),
    "component unready": (
        lambda f: _workload(f, "aml-operator").update({"ready_replicas": 0}),
        "components-ready",
        "Deployment aml-operator in azureml has 0 of 1 replicas ready.",
    ),
    "router missing": (lambda f: _without(f, "azureml-fe-v2"), "components-ready", "azureml-fe-v2 is missing"),
    "setting changed": (
        lambda f: f["extension"] and f["extension"]["settings"].update({"enableTraining": "False"}),
        "as-planned",
        "Extension azureml: these differ: enableTraining.",
    ),
    "compute failed": (
        lambda f: f["workspaces"][0]["computes"][1].update({"provisioning_state": "Failed", "errors": ["no route"]}),
        "compute-ready",
        "Compute k8s is Failed: no route",
    ),
    "node without labels": (_node_labels, "labels-on-nodes", "Node gpu-0 lacks azureml.fleet/accelerator=nvidia"),
    "instance type too big": (_huge_type, "instance-types-placeable", "Instance type 'cpu' fits nowhere"),
    "no router ready": (
        lambda f: (_set(f, "front_end", ready_replicas=0), _workload(f, "azureml-fe-v2").update({"ready_replicas": 0})),
        "front-end-serving",
        "No router is ready: default/azureml-fe has 0 of 3 replicas ready; azureml/azureml-fe-v2 has 0 of 1",
    ),
    "no pod behind the address": (
        lambda f: _services(f, router_service(endpoints=0)),
        "front-end-serving",
        "Service default/azureml-fe (LoadBalancer) has no ready pod behind it.",
    ),
    "no address": (
        lambda f: _services(f, router_service(address=None)),
        "front-end-serving",
        "Service default/azureml-fe (LoadBalancer) has no address.",
    ),
    "no service": (_services, "front-end-serving", "There is no Service azureml-fe"),
    "StatefulSet missing": (
        lambda f: _without(f, "prometheus-prom-prometheus"),
        "components-ready",
        "StatefulSet prometheus-prom-prometheus is missing.",
    ),
    "DaemonSet runs nowhere": (
        lambda f: _add(f, workload("fluent-bit", kind="DaemonSet", wanted_replicas=3, ready_replicas=0)),
        "components-ready",
        "DaemonSet fluent-bit in azureml has 0 of 3 replicas ready.",
    ),
    "front end moved": (
        lambda f: (_set(f, "front_end", address="20.0.0.9"), _services(f, router_service(address="20.0.0.9"))),
        "front-end-serving",
        "Its address was 20.0.0.1 and is 20.0.0.9.",
    ),
    "service gone": (_no_services, "v1-services-running", "Deployment credit-score in azureml-ml is gone."),
    "legacy compute gone": (
        lambda f: f["workspaces"][0]["computes"].pop(0),
        "legacy-compute-untouched",
        "aks-v1 is gone.",
    ),
    "legacy compute busy": (
        lambda f: f["workspaces"][0]["computes"][0].update({"provisioning_state": "Deleting"}),
        "legacy-compute-untouched",
        "aks-v1 was Succeeded and is Deleting.",
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_what_is_wrong_is_found(case: str) -> None:
    break_it, check, words = CASES[case]
    found = running(settings(**WANTED))
    before = copy.deepcopy(found)
    break_it(found)
    assert words in " ".join(failed(found, before)[check])


def test_the_router_may_be_the_one_that_was_taken_over() -> None:
    found = running(settings(**WANTED))
    _without(found, "azureml-fe-v2")
    _set(found, "front_end", verdict="owned_by_extension")
    assert failed(found) == {}


def test_without_facts_from_before_only_the_present_counts() -> None:
    found = running(settings(**WANTED))
    found["workspaces"][0]["computes"].pop(0)
    _no_services(found)
    _set(found, "front_end", verdict="absent", reasons=["none"])
    assert failed(found) == {}
    found["workspaces"][0]["computes"].append(legacy_compute(provisioning_state="Deleting"))
    assert set(failed(found)) == {"legacy-compute-untouched"}


#: What an installation with inference may make of azureml-fe: the answers to the belief in beliefs.yml.
OUTCOMES: dict[str, Callable[[Facts], object]] = {
    "adopted": lambda f: _set(f, "front_end", verdict="owned_by_extension"),
    "resized": lambda f: _set(f, "front_end", verdict="owned_by_extension", wanted_replicas=1, ready_replicas=1),
    "idle": lambda f: _set(f, "front_end", verdict="owned_by_extension", wanted_replicas=0, ready_replicas=0),
    "relabelled": lambda f: _set(f, "front_end", verdict="v1", version_label=None),
    "moved": lambda f: (
        _set(f, "front_end", verdict="absent", reasons=["none"], address=None, service_type=None),
        _services(f, router_service(namespace="azureml", address="20.0.0.9")),
    ),
    "scaled to 0 and left alone": lambda f: _set(
        f, "front_end", verdict="v2_not_ready", wanted_replicas=0, ready_replicas=0
    ),
}


def test_every_answer_of_the_belief_is_tried() -> None:
    assert set(every_belief()["front-end-after-installation"].answers) <= set(OUTCOMES)


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_whatever_becomes_of_the_front_end_what_serves_is_what_counts(outcome: str) -> None:
    wanted = settings(**WANTED)
    before, found = running(wanted), running(wanted)
    OUTCOMES[outcome](found)
    assert failed(found, before) == {}
    assert failed(found) == {}
    assert [each.rule.id for each in rules.judge(wanted, found) if each.rule.severity == "blocker"] == []
    assert make_plan(wanted, found).changes == ()


def test_a_moved_address_is_said_although_nothing_is_broken() -> None:
    wanted = settings(**WANTED)
    before, found = running(wanted), running(wanted)
    OUTCOMES["moved"](found)
    (check,) = [each for each in verify(wanted, found, before) if each.remarks]
    assert "20.0.0.1, which is gone; callers of v1 services now use 20.0.0.9" in check.remarks[0]


def test_training_alone_asks_for_the_front_end_of_v1_as_it_was() -> None:
    wanted = settings(instance_types=[SMALL])
    before = running(wanted)
    found = copy.deepcopy(before)
    _set(found, "front_end", verdict="v2_not_ready", ready_replicas=0, reasons=["0 of 3"])
    found_checks = {each.id: each.problems for each in verify(wanted, found, before) if each.problems}
    assert found_checks == {"front-end-serving": ("azureml-fe is v2_not_ready: 0 of 3.",)}


def test_a_daemon_set_that_lacks_a_node_is_a_remark() -> None:
    found = running(settings(**WANTED))
    _add(found, workload("fluent-bit", kind="DaemonSet", wanted_replicas=4, ready_replicas=3))
    assert failed(found) == {}
    assert any(
        "fluent-bit in azureml has 3 of 4" in said
        for each in verify(settings(**WANTED), found)
        for said in each.remarks
    )


def test_services_of_every_namespace_are_compared_and_scaling_is_no_loss() -> None:
    wanted = settings(**WANTED)
    found = running(wanted)
    assert found["kubernetes"] is not None
    other = workload("churn", namespace="of-another-team", wanted_replicas=3, ready_replicas=3)
    found["kubernetes"]["v1_services"].append(other)
    before = copy.deepcopy(found)
    other.update({"wanted_replicas": 2, "ready_replicas": 2})
    assert failed(found, before) == {}
    other.update({"ready_replicas": 1})
    assert "churn in of-another-team has 1 of 2" in failed(found, before)["v1-services-running"][0]
    found["kubernetes"]["v1_services"].remove(other)
    assert failed(found, before)["v1-services-running"] == ("Deployment churn in of-another-team is gone.",)


def test_an_unreachable_cluster_is_not_verified() -> None:
    found = running(settings(**WANTED))
    found["kubernetes"], found["kubernetes_error"] = None, "connection refused"
    assert "connection refused" in failed(found)["components-ready"]


def test_what_nobody_could_look_at_is_not_green() -> None:
    found = running(settings(**WANTED))
    before = copy.deepcopy(found)
    found["kubernetes"], found["kubernetes_error"] = None, "connection refused"
    for earlier in (before, None):
        checks = verify(settings(**WANTED), found, earlier)
        unseen = {each.id for each in checks if each.to_result()["not_checked"]}
        assert unseen == {
            "front-end-serving",
            "v1-services-running",
            "labels-on-nodes",
            "instance-types-placeable",
        }
        assert not [each.id for each in checks if each.id in unseen and each.to_result()["passed"]]
    # Where no labels and no instance types are wanted there is nothing that anybody had to look at.
    without = verify(settings(**INFERENCE, gpu_node_labels=False), found)
    assert {each.id for each in without if each.unseen} == {"front-end-serving", "v1-services-running"}


@pytest.mark.parametrize(
    ("wanted", "present", "absent"),
    [
        ({"enableTraining": "True"}, {"aml-operator", "volcano-scheduler", "x-prometheus-operator"}, {"azureml-fe-v2"}),
        ({"enableTraining": "true", "installVolcano": "False"}, {"aml-operator"}, {"volcano-scheduler"}),
        (
            {"enableInference": "True", "nginxIngress.enabled": "true", "installPromOp": "False"},
            {"azureml-fe-v2", "azureml-ingress-nginx-controller", "amlarc-identity-proxy"},
            {"aml-operator", "x-prometheus-operator"},
        ),
        ({"relayserver.enabled": "true"}, {"relayserver", "gateway", "x-kube-state-metrics"}, set()),
    ],
)
def test_components_follow_from_the_settings(wanted: dict[str, str], present: set[str], absent: set[str]) -> None:
    names = {name for component in expected_components("x", wanted) for name in component.names}
    assert present <= names
    assert not absent & names
