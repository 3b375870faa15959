# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart's health check, and what it renders: pure functions of values and cluster facts."""

from __future__ import annotations

import pytest

from tests.simulator.chart import Release, components, health

DERIVED = dict.fromkeys(health.ALWAYS_DERIVED, "x") | {"relayserver.enabled": "false", "nginxIngress.enabled": "true"}
GOOD = {
    **DERIVED,
    "enableTraining": "True",
    "enableInference": "True",
    "inferenceRouterServiceType": "LoadBalancer",
    "allowInsecureConnections": "True",
}
THREE = health.ClusterFacts(schedulable_nodes=3)


def release(values: dict[str, str], managed: bool = True) -> Release:
    return Release("ml", "azureml", values, managed)


def codes(values: dict[str, str], facts: health.ClusterFacts = THREE, managed: bool = True) -> list[str]:
    return [finding.code for finding in health.examine(release(values, managed), facts) if not finding.passed]


def test_complete_values_pass() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize("key", health.ALWAYS_DERIVED)
def test_each_derived_setting_is_needed(key: str) -> None:
    assert codes({name: value for name, value in GOOD.items() if name != key}) == ["E40000"]


TLS = {name: value for name, value in GOOD.items() if name != "allowInsecureConnections"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (TLS, ["E40007"]),
        (TLS | {"allowInsecureConnections": "false"}, ["E40007"]),
        (TLS | {"sslSecret": "s", "sslCname": "c"}, []),
        (TLS | {"scoringFe.sslSecret": "s", "sslCname": "c"}, []),
        (TLS | {"scoringFe.sslCert": "c", "scoringFe.sslKey": "k", "sslCname": "c"}, []),
        (TLS | {"scoringFe.sslCert": "c", "sslCname": "c"}, ["E40007"]),
        (TLS | {"sslSecret": "s"}, ["E40007"]),
        (TLS | {"enableInference": "False"}, []),
    ],
)
def test_inference_needs_a_decision_about_tls(values: dict[str, str], expected: list[str]) -> None:
    assert codes(values) == expected


@pytest.mark.parametrize(
    ("nodes", "more", "expected"),
    [
        (3, {}, []),
        (2, {}, ["E40002"]),
        (2, {"inferenceRouterHA": "false"}, []),
        (2, {"InferenceRouterHA": "false"}, ["E40002"]),
        (2, {"enableInference": "false"}, []),
        (0, {"inferenceRouterHA": "False"}, ["E40002"]),
    ],
)
def test_high_availability_needs_three_nodes_and_keys_are_case_sensitive(
    nodes: int, more: dict[str, str], expected: list[str]
) -> None:
    assert codes({**GOOD, **more}, health.ClusterFacts(nodes)) == expected


def test_an_internal_load_balancer_is_for_aks_only() -> None:
    values = {**GOOD, "scoringFe.serviceType.internalLoadBalancer": "True"}
    assert codes(values) == []
    assert codes(values, managed=False) == ["E40003"]


def test_a_service_type_is_needed_for_inference() -> None:
    assert codes({**GOOD, "inferenceRouterServiceType": "Nothing"}) == ["E40001"]


def test_a_front_end_of_the_first_version_conflicts() -> None:
    old = health.ClusterFacts(3, front_end="v1")
    assert codes(GOOD, old) == ["E45005"]
    assert codes({**GOOD, "enableInference": "false"}, old) == []


def test_the_report_names_every_check() -> None:
    text = health.report(health.examine(release(TLS), THREE), "now")
    assert "Status: Failed Name: ssl ErrorCode: E40007" in text
    assert "Status: Passed Name: service" in text


def names(**values: str) -> set[str]:
    return {component.name for component in components.deployments(release({**GOOD, **values}))}


def test_components_follow_training_and_inference() -> None:
    both, training, inference = names(), names(enableInference="False"), names(enableTraining="False")
    assert both == training | inference
    assert "aml-operator" in training - inference
    assert "azureml-fe-v2" in inference - training
    assert {"gateway", "ml-prometheus-operator"} <= training & inference
    assert not {name for name in names(installVolcano="false") if name.startswith("volcano")}
    assert "relayserver" in names(**{"relayserver.enabled": "true"})


@pytest.mark.parametrize(("value", "replicas"), [("true", 3), ("false", 1), (None, 3)])
def test_the_router_has_three_replicas_unless_told_otherwise(value: str | None, replicas: int) -> None:
    values = GOOD | ({"inferenceRouterHA": value} if value else {})
    (router,) = [c for c in components.deployments(release(values)) if c.name == "azureml-fe-v2"]
    assert router.replicas == replicas


def test_every_object_carries_the_marks_of_helm() -> None:
    owner = release(GOOD)
    manifests = [components.deployment_manifest(owner, c) for c in components.deployments(owner)]
    manifests += [components.service_manifest(owner, s) for s in components.services(owner)]
    manifests.append(components.crd_manifest(owner))
    assert all(owner.owns(manifest["metadata"]) for manifest in manifests)
    assert not Release("other", "azureml", {}, True).owns(manifests[0]["metadata"])


def test_the_node_selector_reaches_the_pods() -> None:
    owner = release({**GOOD, "nodeSelector.pool": "ml"})
    first = components.deployment_manifest(owner, next(components.deployments(owner)))
    assert first["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "ml"}
