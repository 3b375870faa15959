# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart's health check, and what it renders: pure functions of values and cluster facts."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import trustme

from tests.simulator.chart import Release, components, health, manifests
from tests.simulator.foundation.beliefs import Beliefs

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


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    issued = trustme.CA().issue_cert("ml.example.com", common_name="ml.example.com")
    return issued.cert_chain_pems[0].bytes().decode(), issued.private_key_pem.bytes().decode()


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def as_values(pair: tuple[str, str], cname: str = "ml.example.com") -> dict[str, str]:
    certificate, key = map(in_base64, pair)
    return {"scoringFe.sslCert": certificate, "scoringFe.sslKey": key, "sslCname": cname}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"allowInsecureConnections": "false"},
        {"sslCname": "ml.example.com"},
        # These mean something to the Azure CLI only, which turns them into keys below scoringFe.
        {"sslSecret": "tls", "sslCname": "ml.example.com"},
        {"sslCertPemFile": "/c.pem", "sslKeyPemFile": "/k.pem", "sslCname": "ml.example.com"},
        {"scoringFe.sslCert": "c", "sslCname": "ml.example.com"},
        {"scoringFe.sslCert": "c", "scoringFe.sslKey": "k", "sslCname": "ml.example.com"},
    ],
)
def test_inference_needs_a_decision_about_tls(more: dict[str, str]) -> None:
    assert codes(TLS | more) == ["E40007"]


def test_a_certificate_must_fit_its_key_and_the_name(pair: tuple[str, str]) -> None:
    other = trustme.CA().issue_cert("ml.example.com").private_key_pem.bytes().decode()
    assert codes(TLS | as_values(pair)) == []
    assert codes(TLS | as_values(pair, "other.example.com")) == ["E40007"]
    assert codes(TLS | as_values((pair[0], other))) == ["E40007"]
    assert codes(TLS | {**as_values(pair), "sslCname": ""}) == ["E40007"]
    assert codes(TLS | {"enableInference": "False"}) == []


def test_a_secret_for_tls_must_be_there_with_both_parts(pair: tuple[str, str]) -> None:
    values = TLS | {"scoringFe.sslSecret": "tls", "sslCname": "ml.example.com"}
    both = {"cert.pem": pair[0], "key.pem": pair[1]}
    (ssl,) = [finding for finding in health.examine(release(values), THREE) if finding.name == "ssl"]
    assert (ssl.code, ssl.message) == ("E40007", "Secret tls is not found in namespace azureml")
    assert codes(values, health.ClusterFacts(3, ssl_secret=both)) == []
    assert codes(values, health.ClusterFacts(3, ssl_secret={"cert.pem": pair[0]})) == ["E40007"]


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


def test_a_load_balancer_needs_somebody_who_gives_it_its_address() -> None:
    owner = replace(release(GOOD), load_balancer=False)
    assert [finding.code for finding in health.examine(owner, THREE) if not finding.passed] == ["E40001"]
    owner = replace(owner, values=GOOD | {"inferenceRouterServiceType": "ClusterIP"})
    assert all(finding.passed for finding in health.examine(owner, THREE))


def router_service(values: dict[str, str], beliefs: Beliefs | None = None) -> components.ServiceSpec:
    owner = replace(release(GOOD | values), beliefs=beliefs or Beliefs())
    return next(service for service in components.services(owner) if service.name == "azureml-fe")


@pytest.mark.parametrize(
    ("values", "expected", "internal"),
    [
        ({}, "LoadBalancer", False),
        # What the documentation names is an order to the Azure CLI; alone it makes a public address.
        ({"internalLoadBalancerProvider": "azure"}, "LoadBalancer", False),
        ({"scoringFe.serviceType.internalLoadBalancer": "True"}, "LoadBalancer", True),
        ({"inferenceRouterServiceType": "NodePort"}, "LoadBalancer", False),
        ({"inferenceRouterServiceType": "NodePort", "scoringFe.serviceType.nodePort": "True"}, "NodePort", False),
        ({"inferenceRouterServiceType": "clusterIP"}, "ClusterIP", False),
    ],
)
def test_the_chart_reads_only_what_the_azure_cli_turns_its_options_into(
    values: dict[str, str], expected: str, internal: bool
) -> None:
    service = router_service(values)
    assert (service.type, bool(service.annotations)) == (expected, internal)


def test_a_chart_that_reads_the_service_type_itself_makes_a_node_port() -> None:
    beliefs = Beliefs({"service-type-setting": "either"})
    assert router_service({"inferenceRouterServiceType": "NodePort"}, beliefs).type == "NodePort"


def test_a_front_end_of_the_first_version_conflicts() -> None:
    old = health.ClusterFacts(3, front_end="v1")
    assert codes(GOOD, old) == ["E45005"]
    assert codes({**GOOD, "enableInference": "false"}, old) == []
    assert believing({"front-end-of-version-1": "taken-over"}, GOOD, old) == []


def believing(beliefs: dict[str, str], values: dict[str, str], facts: health.ClusterFacts) -> list[str]:
    owner = replace(release(values), beliefs=Beliefs(beliefs))
    return [finding.code for finding in health.examine(owner, facts) if not finding.passed]


def test_roles_that_the_first_version_left_behind_conflict() -> None:
    assert codes(GOOD, health.ClusterFacts(3, foreign_role=True)) == ["E45004"]


def test_a_front_end_that_is_gone_may_be_missed() -> None:
    values = GOOD | {"scoringFe.enableUpgrade": "true"}
    assert codes(values) == []
    assert believing({"front-end-gone": "refused"}, values, THREE) == ["E40004"]
    assert believing({"front-end-gone": "refused"}, GOOD, THREE) == []


def test_an_installation_for_training_may_look_at_the_front_end() -> None:
    values, checked = GOOD | {"enableInference": "false"}, {"front-end-without-inference": "checked"}
    found = health.ClusterFacts(3, front_end="v2")
    assert codes(values, found) == []
    assert believing(checked, values, found) == ["E45005"]
    assert believing(checked, values, replace(found, annotated=True)) == []


def test_missing_settings_may_not_be_reported() -> None:
    assert believing({"code-of-missing-settings": "timeout"}, {"enableTraining": "true"}, THREE) == []


def test_an_update_may_demand_what_the_installation_did_not_have() -> None:
    older = {key: value for key, value in GOOD.items() if key != "relayserver.enabled"}
    demanded = {"settings-of-an-older-installation": "demanded"}
    without = frozenset({"relayserver.enabled"})
    for beliefs, found in (({}, []), (demanded, ["E40000"])):
        there = replace(release(older), beliefs=Beliefs(beliefs), runs_without=without)
        assert [each.code for each in health.examine(there, THREE) if not each.passed] == found
    assert [each.code for each in health.examine(release(older), THREE) if not each.passed] == ["E40000"]


def test_the_report_names_every_check() -> None:
    text = health.report(health.examine(release(TLS), THREE), "now")
    assert "Status: Failed Name: ssl ErrorCode: E40007" in text
    assert "Status: Passed Name: service" in text


def names(**values: str) -> set[str]:
    return {component.name for component in components.workloads(release({**GOOD, **values}))}


def test_components_follow_training_and_inference() -> None:
    both, training, inference = names(), names(enableInference="False"), names(enableTraining="False")
    assert both == training | inference
    assert "aml-operator" in training - inference
    assert "azureml-fe-v2" in inference - training
    assert {"gateway", "ml-prometheus-operator"} <= training & inference
    assert not {name for name in names(installVolcano="false") if name.startswith("volcano")}
    assert "relayserver" in names(**{"relayserver.enabled": "true"})


def of_kind(kind: str, beliefs: Beliefs | None = None, **values: str) -> set[str]:
    owner = replace(release({**GOOD, **values}), beliefs=beliefs or Beliefs())
    return {component.name for component in components.workloads(owner) if component.kind == kind}


def test_every_kind_of_workload_is_there_as_documented() -> None:
    assert of_kind("StatefulSet") == {"prometheus-prom-prometheus"}
    assert of_kind("DaemonSet") == set()
    more = of_kind("DaemonSet", installNvidiaDevicePlugin="True", installDcgmExporter="True")
    assert more == {"nvidia-device-plugin-daemonset", "ml-dcgm-exporter"}
    assert of_kind("DaemonSet", Beliefs({"fluent-bit-installed": "installed"})) == {"fluent-bit"}


@pytest.mark.parametrize(
    ("beliefs", "namespace"),
    [(Beliefs(), "azureml"), (Beliefs({"device-plugin-namespace": "kube-system"}), "kube-system")],
)
def test_the_device_plugin_is_where_the_answer_says(beliefs: Beliefs, namespace: str) -> None:
    owner = replace(release({**GOOD, "installNvidiaDevicePlugin": "True"}), beliefs=beliefs)
    (plugin,) = [c for c in components.workloads(owner) if c.name == "nvidia-device-plugin-daemonset"]
    manifest = manifests.workload_manifest(owner, plugin)
    assert manifest["metadata"]["namespace"] == namespace
    assert manifest["spec"]["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]


@pytest.mark.parametrize(("value", "replicas"), [("true", 3), ("false", 1), (None, 3)])
def test_the_router_has_three_replicas_unless_told_otherwise(value: str | None, replicas: int) -> None:
    values = GOOD | ({"inferenceRouterHA": value} if value else {})
    (router,) = [c for c in components.workloads(release(values)) if c.name == "azureml-fe-v2"]
    assert router.replicas == replicas


def test_every_object_carries_the_marks_of_helm() -> None:
    owner = release(GOOD)
    found = [manifests.workload_manifest(owner, c) for c in components.workloads(owner)]
    found += [manifests.service_manifest(owner, s) for s in components.services(owner)]
    found.append(manifests.crd_manifest(owner))
    assert all(owner.owns(manifest["metadata"]) for manifest in found)
    assert not Release("other", "azureml", {}, True).owns(found[0]["metadata"])


def test_the_node_selector_reaches_the_pods() -> None:
    owner = release({**GOOD, "nodeSelector.pool": "ml"})
    first = manifests.workload_manifest(owner, next(components.workloads(owner)))
    assert first["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "ml"}
