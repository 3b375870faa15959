# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end


def deployment(
    *,
    wanted: int | None = 3,
    ready: int | None = 3,
    version: str | None = "v2",
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    labels = {"azuremlappname": "azureml-fe"} | ({"azuremlappversion": version} if version else {})
    spec: dict[str, Any] = {"template": {"metadata": {"labels": labels}}}
    if wanted is not None:
        spec["replicas"] = wanted
    return {
        "metadata": {"name": "azureml-fe", "namespace": "default", "uid": "u-1", "annotations": annotations or {}},
        "spec": spec,
        "status": {} if ready is None else {"readyReplicas": ready},
    }


def pod(version: str | None = "v2", *, phase: str = "Running", name: str = "azureml-fe", leaving: bool = False) -> Any:
    labels = {"azuremlappname": name} | ({"azuremlappversion": version} if version else {})
    metadata: dict[str, Any] = {"labels": labels}
    if leaving:
        metadata["deletionTimestamp"] = "2026-11-21T08:00:00Z"
    return {"metadata": metadata, "status": {"phase": phase}}


def test_no_deployment_is_absent() -> None:
    facts = front_end.judge(None, [pod()], None)
    assert facts["verdict"] == "absent"
    assert facts["uid"] is None


def test_labelled_and_ready_is_v2() -> None:
    facts = front_end.judge(deployment(), [pod(), pod(), pod()], None)
    assert (facts["verdict"], facts["version_label"]) == ("v2", "v2")
    assert (facts["wanted_replicas"], facts["ready_replicas"]) == (3, 3)


@pytest.mark.parametrize("version", [None, "v1"])
def test_running_pods_without_the_label_are_v1_whatever_the_template_says(version: str | None) -> None:
    facts = front_end.judge(deployment(), [pod(version), pod(version)], None)
    assert facts["verdict"] == "v1"
    assert facts["version_label"] == version
    assert "none of its 2 running pods" in facts["reasons"][0]


def test_pods_of_both_versions_are_a_rollout_that_has_not_ended() -> None:
    facts = front_end.judge(deployment(), [pod("v2"), pod("v1")], None)
    assert facts["verdict"] == "v2_not_ready"
    assert facts["version_label"] is None
    assert "1 of 2 running pods" in facts["reasons"][0]


@pytest.mark.parametrize(
    ("found", "pods", "says"),
    [
        (deployment(ready=None), [pod()], "0 of 3 replicas are ready"),
        (deployment(wanted=0, ready=0), [], "scaled to 0"),
        (deployment(), [], "no pod of it is running"),
        (deployment(), [pod(phase="Pending")], "no pod of it is running"),
        (deployment(), [pod(leaving=True)], "no pod of it is running"),
        (deployment(), [pod(name="other")], "no pod of it is running"),
    ],
)
def test_labelled_but_not_all_ready_is_not_ready(found: dict[str, Any], pods: list[Any], says: str) -> None:
    facts = front_end.judge(found, pods, None)
    assert facts["verdict"] == "v2_not_ready"
    assert any(says in reason for reason in facts["reasons"])


def test_a_front_end_that_scales_is_healthy() -> None:
    facts = front_end.judge(deployment(ready=1), [pod()], None)
    assert facts["verdict"] == "v2"
    assert facts["reasons"] == ["1 of 3 replicas are ready and labelled azuremlappversion=v2"]


@pytest.mark.parametrize(("taken_over", "changes"), [(True, 1), (False, 0)])
def test_only_what_is_about_to_be_taken_over_is_annotated(taken_over: bool, changes: int) -> None:
    facts = front_end.judge(deployment(), [pod()], None)
    assert len(front_end.changes_of(facts, taken_over=taken_over)) == changes


@pytest.mark.parametrize(("there", "changes"), [(None, 1), ("false", 1), ("true", 0)])
def test_plan_and_module_see_one_difference(there: str | None, changes: int) -> None:
    facts = front_end.judge(deployment(annotations={front_end.ANNOTATION: there} if there else {}), [pod()], None)
    by_module = front_end.plan_annotation(there, present=True)
    by_plan = [each.to_result() for each in front_end.changes_of(facts, taken_over=True)]
    assert (by_module.differs, len(by_plan)) == (bool(changes), changes)
    for change in by_plan:
        sides = (front_end.shown(by_module.before), front_end.shown(by_module.after))
        assert (change["before"], change["after"]) == sides
    assert not front_end.plan_annotation(None, present=False).differs


@pytest.mark.parametrize(("accept_v1", "changes"), [(True, 1), (False, 0)])
def test_one_that_is_not_marked_as_v2_is_annotated_only_when_that_was_accepted(accept_v1: bool, changes: int) -> None:
    facts = front_end.judge(deployment(version=None), [pod(version=None)], None)
    assert facts["verdict"] == "v1"
    assert len(front_end.changes_of(facts, taken_over=True, accept_v1=accept_v1)) == changes


def test_without_pods_the_template_decides() -> None:
    assert front_end.judge(deployment(version=None), [], None)["verdict"] == "v1"


def test_replicas_default_to_one() -> None:
    assert front_end.judge(deployment(wanted=None, ready=1), [pod()], None)["wanted_replicas"] == 1


def test_extensions_helm_release_owns_it() -> None:
    owned = deployment(
        annotations={"meta.helm.sh/release-name": "azureml", "meta.helm.sh/release-namespace": "azureml"}
    )
    facts = front_end.judge(owned, [pod()] * 3, None)
    assert facts["verdict"] == "owned_by_extension"
    assert facts["owner"] == {"name": "azureml", "namespace": "azureml"}


def test_another_helm_release_is_reported_and_changes_no_verdict() -> None:
    owned = deployment(annotations={"meta.helm.sh/release-name": "fe", "meta.helm.sh/release-namespace": "default"})
    facts = front_end.judge(owned, [pod()] * 3, None)
    assert facts["verdict"] == "v2"
    assert "Helm release default/fe owns it" in facts["reasons"]


@pytest.mark.parametrize(("value", "annotated"), [("true", True), ("True", False), ("false", False), (None, False)])
def test_only_the_documented_value_counts_as_annotated(value: str | None, annotated: bool) -> None:
    annotations = {} if value is None else {"azureml-fe-enable-upgrade": value}
    assert front_end.judge(deployment(annotations=annotations), [pod()], None)["annotated"] is annotated


@pytest.mark.parametrize(
    ("service", "kind", "address"),
    [
        (None, None, None),
        (
            {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "20.1.2.3"}]}}},
            "LoadBalancer",
            "20.1.2.3",
        ),
        (
            {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"hostname": "x.example"}]}}},
            "LoadBalancer",
            "x.example",
        ),
        ({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, "status": {}}, "LoadBalancer", None),
        ({"spec": {"clusterIP": "10.0.0.1"}}, "ClusterIP", "10.0.0.1"),
        ({"spec": {"type": "ClusterIP", "clusterIP": "None"}}, "ClusterIP", None),
    ],
)
def test_service_tells_type_and_address(service: dict[str, Any] | None, kind: str | None, address: str | None) -> None:
    facts = front_end.judge(deployment(), [pod()], service)
    assert (facts["service_type"], facts["address"]) == (kind, address)
