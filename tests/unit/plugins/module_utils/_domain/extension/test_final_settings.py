# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The final settings for every combination of the documented options, and where each rule comes from.

`deploy`, `cli`, `upgrade` and `troubleshooting` are the sources named in extension_settings.py. The whole product of
the options is walked; an oracle written as plain rules, one with each source, says what must come out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import (
    derived_settings,
    disruptions,
    final_settings,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import OPTIONS, ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import (
    ExtensionSettingsError,
    Problem,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import same_value
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import Option
from tests.unit.plugins.module_utils._domain.builders import cluster as cluster_facts
from tests.unit.plugins.module_utils._domain.builders import extension

AKS_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
ARC_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters/arc"


def cluster(kind: str = "aks", nodes: int | None = 3, distribution: str | None = None) -> ClusterFacts:
    return cluster_facts(
        id=AKS_ID if kind == "aks" else ARC_ID,
        name=kind,
        kind=kind,
        subscription_id="s",
        node_count=nodes,
        node_pools=[],
        distribution=distribution,
    )


TLS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "insecure": {"allow_insecure_connections": True},
    "pair": {"ssl_certificate": "CERT", "ssl_key": "KEY", "ssl_cname": "models.example.com"},
    "pair without a name": {"ssl_certificate": "CERT", "ssl_key": "KEY"},
    "certificate alone": {"ssl_certificate": "CERT", "ssl_cname": "models.example.com"},
    "secret": {"ssl_secret": "tls", "ssl_cname": "models.example.com"},
    "secret without a name": {"ssl_secret": "tls"},
    "insecure and secret": {
        "allow_insecure_connections": True,
        "ssl_secret": "tls",
        "ssl_cname": "models.example.com",
    },
}
PURPOSES = tuple(itertools.product((None, False, True), repeat=2))
SERVICES = (None, "LoadBalancer", "NodePort", "ClusterIP")
HIGH_AVAILABILITY = (None, False, True)
CLUSTERS = {
    "aks of 3": cluster(),
    "aks of 2": cluster(nodes=2),
    "aks of an unknown number": cluster(nodes=None),
    "arc of 3": cluster("arc"),
    "openshift of 1": cluster("arc", nodes=1, distribution="openshift"),
}


def combinations() -> Iterator[tuple[ExtensionOptions, ClusterFacts, dict[str, Any]]]:
    product = itertools.product(PURPOSES, SERVICES, (None, "azure"), TLS, HIGH_AVAILABILITY, CLUSTERS)
    for (training, inference), service, balancer, tls, available, name in product:
        options = ExtensionOptions(
            enable_training=training,
            enable_inference=inference,
            inference_router_service_type=service,
            internal_load_balancer_provider=balancer,
            inference_router_ha=available,
            **TLS[tls],
        )
        facts = {"tls": tls, "cluster": name}
        yield options, CLUSTERS[name], facts


def refusal(options: ExtensionOptions, where: ClusterFacts, tls: str) -> str | None:
    """Return a word of the sentence with which the options must be refused, or None when they are good."""
    if not options.enable_training and not options.enable_inference:
        return "enable_training"  # deploy: "enableTraining ... must be set to True" for one of the two
    if not options.enable_inference:
        given = options.ssl_secret or options.ssl_cname or options.ssl_certificate
        router = options.inference_router_service_type or options.internal_load_balancer_provider
        return "enable_inference" if given or router else None  # deploy: settings of the inference router
    if options.inference_router_service_type is None:
        return "inference_router_service_type"  # deploy: "Required if enableInference=True"
    if options.internal_load_balancer_provider and where["kind"] == "arc":
        return "AKS"  # deploy: "only applicable for Azure Kubernetes Service (AKS) cluster now"
    if options.internal_load_balancer_provider and options.inference_router_service_type != "LoadBalancer":
        return "LoadBalancer"  # deploy: the internal load balancer is one of service type LoadBalancer
    if options.inference_router_ha and (where["node_count"] or 3) < 3:
        return "nodes"  # deploy: three nodes for high availability; health check E40002
    return {
        "nothing": "TLS",  # deploy: "allowInsecureConnections ... must be True, or sslSecret, or the two files"
        "pair without a name": "ssl_cname",  # deploy: sslCname is required with TLS; cli refuses
        "certificate alone": "together",  # deploy: sslCertPemFile and sslKeyPemFile go together
        "secret without a name": "ssl_cname",
        "insecure and secret": "contradict",  # either or (deploy)
    }.get(tls)


def expected_of_cluster(options: ExtensionOptions, where: ClusterFacts) -> dict[str, str]:
    """Return what the cluster decides, rule by rule."""
    on_arc = where["kind"] == "arc"
    settings = {
        # cli, AzureMLKubernetes.Create: the cluster's id under three names
        "cluster_name": where["id"],
        "clusterId": where["id"],
        "prometheus.prometheusSpec.externalLabels.cluster_name": where["id"],
        # cli: from the location of the cluster
        "domain": "westeurope.cloudapp.azure.com",
        "location": "westeurope",
        "jobSchedulerLocation": "westeurope",
        "cluster_name_friendly": where["name"],
        # cli: relay on Arc, ingress on AKS, service bus never
        "servicebus.enabled": "false",
        "relayserver.enabled": "true" if on_arc else "false",
        "nginxIngress.enabled": "false" if on_arc else "true",
        # cli: both are always sent
        "enableTraining": "True" if options.enable_training else "False",
        "enableInference": "True" if options.enable_inference else "False",
    }
    if (where["node_count"] or 3) < 3:  # cli: fewer than three nodes
        settings["clusterPurpose"] = "DevTest"
        if options.enable_inference:
            settings["inferenceRouterHA"] = "false"
    if where["distribution"] == "openshift":  # cli
        settings["openshift"] = "true"
    return settings


def expected(options: ExtensionOptions, where: ClusterFacts) -> dict[str, str]:
    """Return the settings of a new extension, rule by rule."""
    settings = expected_of_cluster(options, where)
    if options.inference_router_ha is not None:  # deploy
        settings["inferenceRouterHA"] = str(options.inference_router_ha)
    if options.inference_router_service_type:  # deploy
        settings["inferenceRouterServiceType"] = options.inference_router_service_type
    if options.inference_router_service_type == "NodePort":  # cli
        settings["scoringFe.serviceType.nodePort"] = "True"
    if options.internal_load_balancer_provider:  # deploy; cli adds what the chart reads
        settings["internalLoadBalancerProvider"] = "azure"
        settings["scoringFe.serviceType.internalLoadBalancer"] = "True"
    if options.allow_insecure_connections:  # deploy
        settings["allowInsecureConnections"] = "True"
    if options.ssl_secret:  # cli: sslSecret becomes scoringFe.sslSecret
        settings["scoringFe.sslSecret"] = options.ssl_secret
    if options.ssl_cname:  # deploy
        settings["sslCname"] = options.ssl_cname
    return settings


def test_every_combination_of_the_documented_options_gives_its_settings_or_its_refusal() -> None:
    counted = {"settings": 0, "refused": 0}
    for options, where, facts in combinations():
        word = refusal(options, where, facts["tls"])
        if word is not None:
            with pytest.raises(ExtensionSettingsError, match=word):
                final_settings(options, where)
            counted["refused"] += 1
            continue
        final = final_settings(options, where)
        assert final.for_new() == expected(options, where), (options, facts)
        pair = {"scoringFe.sslCert": "Q0VSVA==", "scoringFe.sslKey": "S0VZ"}
        assert final.protected == (pair if options.ssl_certificate and options.enable_inference else {})
        assert all(isinstance(value, str) for value in final.for_new().values())
        assert final.changes(final.for_new()) == {}, "what was just sent is not a change"
        counted["settings"] += 1
    assert counted == {"settings": 483, "refused": 8157}


SWITCHES = [
    ("install_nvidia_device_plugin", True, "installNvidiaDevicePlugin", "True", "deploy"),
    ("install_nvidia_device_plugin", False, "installNvidiaDevicePlugin", "False", "deploy"),
    ("install_prom_op", True, "installPromOp", "True", "deploy"),
    ("install_prom_op", False, "installPromOp", "False", "deploy"),
    ("install_volcano", True, "installVolcano", "True", "deploy"),
    ("install_volcano", False, "installVolcano", "False", "deploy"),
    ("install_dcgm_exporter", True, "installDcgmExporter", "True", "deploy"),
    ("install_dcgm_exporter", False, "installDcgmExporter", "False", "deploy"),
    ("enable_upgrade", True, "scoringFe.enableUpgrade", "True", "upgrade"),
    ("enable_upgrade", False, "scoringFe.enableUpgrade", "False", "upgrade"),
    ("cluster_purpose", "DevTest", "clusterPurpose", "DevTest", "cli"),
    ("cluster_purpose", "FastProd", "clusterPurpose", "FastProd", "cli"),
    ("node_selector", {"pool": "ml"}, "nodeSelector.pool", "ml", "deploy"),
    (
        "settings",
        {"amloperator.skipResourceValidation": True},
        "amloperator.skipResourceValidation",
        "True",
        "troubleshooting",
    ),
    ("settings", {"nginxIngress.controller": "x"}, "nginxIngress.controller", "x", "troubleshooting"),
    ("settings", {"logAnalyticsWS": 1}, "logAnalyticsWS", "1", "cli"),
]


@pytest.mark.parametrize(("option", "value", "name", "text", "source"), SWITCHES)
def test_an_option_becomes_its_setting(option: str, value: Any, name: str, text: str, source: str) -> None:
    options = replace(ExtensionOptions(enable_training=True), **{option: value})
    without = final_settings(ExtensionOptions(enable_training=True), cluster()).for_new()
    assert {**without, name: text} == final_settings(options, cluster()).for_new(), source


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("InferenceRouterHA", "inferenceRouterHA"),
        ("inferenceLoadBalancerHA", "inferenceRouterHA"),
        ("privateEndpointILB", "internalLoadBalancerProvider"),
        ("privateEndpointNodeport", "inferenceRouterServiceType"),
        ("sslCertKeyFile", "ssl_key_file"),
        ("sslKeyPemFile", "ssl_key_file"),
        ("doamin", "domain"),
        ("enabletraining", "enableTraining"),
    ],
)
def test_a_name_that_would_have_no_effect_is_refused_with_the_right_one(name: str, right: str) -> None:
    options = ExtensionOptions(enable_training=True, settings={name: "x"})
    with pytest.raises(ExtensionSettingsError, match=right):
        final_settings(options, cluster())


def test_the_users_domain_stands_although_the_cli_would_overwrite_it() -> None:
    options = ExtensionOptions(enable_training=True, settings={"domain": "example.com"})
    assert final_settings(options, cluster()).for_new()["domain"] == "example.com"


def test_an_option_and_the_free_map_must_not_contradict_each_other() -> None:
    options = ExtensionOptions(enable_training=True, settings={"enableTraining": "false"})
    with pytest.raises(ExtensionSettingsError, match="enableTraining"):
        final_settings(options, cluster())


@pytest.mark.parametrize("value", [None, ["a"], {"a": "b"}])
def test_only_plain_values_are_settings(value: Any) -> None:
    with pytest.raises(ExtensionSettingsError, match="custom"):
        final_settings(ExtensionOptions(enable_training=True, settings={"custom": value}), cluster())


def test_an_extension_made_by_the_cli_needs_no_change() -> None:
    """Settings of a real extension, as pasted by a user: the old name without effect stands beside the right one."""
    made = {
        "InferenceRouterHA": "False",
        "allowInsecureConnections": "True",
        "clusterId": AKS_ID.upper(),
        "clusterPurpose": "DevTest",
        "cluster_name": AKS_ID,
        "cluster_name_friendly": "aks",
        "domain": "westeurope.cloudapp.azure.com",
        "enableInference": "True",
        "enableTraining": "True",
        "inferenceRouterHA": "false",
        "inferenceRouterServiceType": "loadBalancer",
        "jobSchedulerLocation": "westeurope",
        "location": "westeurope",
        "nginxIngress.enabled": "true",
        "prometheus.prometheusSpec.externalLabels.cluster_name": AKS_ID,
        "relayserver.enabled": "false",
        "servicebus.enabled": "false",
    }
    options = ExtensionOptions(
        enable_training=True,
        enable_inference=True,
        inference_router_service_type="LoadBalancer",
        allow_insecure_connections=True,
        install_prom_op=True,
        enable_upgrade=False,
    )
    assert final_settings(options, cluster(nodes=1), extension(settings=made)).changes(made) == {}
    assert final_settings(options, cluster(nodes=5), extension(settings=made)).changes(made) == {}, (
        "a grown cluster keeps its purpose"
    )


def test_an_update_needs_only_what_it_changes() -> None:
    made = {**derived_settings(cluster()), "enableInference": "True", "inferenceRouterServiceType": "NodePort"}
    made |= {"scoringFe.serviceType.nodePort": "True", "allowInsecureConnections": "True"}
    assert final_settings(ExtensionOptions(install_volcano=False), cluster(), extension(settings=made)).changes(
        made
    ) == {"installVolcano": "False"}
    to_balancer = ExtensionOptions(inference_router_service_type="LoadBalancer")
    assert final_settings(to_balancer, cluster(), extension(settings=made)).changes(made) == {
        "inferenceRouterServiceType": "LoadBalancer",
        "scoringFe.serviceType.nodePort": "False",
    }


@pytest.mark.parametrize(
    ("existing", "changes", "expected_names"),
    [
        ({"enableInference": "True"}, {"allowInsecureConnections": "True"}, ["allowInsecureConnections"]),
        ({"enableInference": "True"}, {"allowInsecureConnections": "False"}, []),
        ({"enableInference": "False"}, {"allowInsecureConnections": "True"}, []),
        ({"enableInference": "True"}, {"sslCname": "b"}, ["sslCname"]),
        (
            {"enableInference": "True", "inferenceRouterServiceType": "NodePort"},
            {"inferenceRouterServiceType": "LoadBalancer"},
            ["inferenceRouterServiceType"],
        ),
        (
            {"enableInference": "True"},
            {"internalLoadBalancerProvider": "azure"},
            ["internalLoadBalancerProvider"],
        ),
        ({"enableTraining": "True"}, {"enableTraining": "False"}, ["enableTraining"]),
        ({"enableTraining": "False"}, {"enableTraining": "True"}, []),
        ({"enableTraining": "True"}, {"nodeSelector.pool": "x"}, ["nodeSelector.pool"]),
        ({"enableTraining": "True"}, {"installVolcano": "False"}, []),
    ],
)
def test_changes_that_interrupt_what_runs_are_named(
    existing: dict[str, str], changes: dict[str, str], expected_names: list[str]
) -> None:
    assert disruptions(existing, changes) == expected_names


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("enableTraining", "True", "true", True),
        ("enableTraining", "True", "false", False),
        ("clusterId", "/A/b", "/a/B", True),
        ("sslCname", "A.example", "a.example", False),
        ("inferenceRouterServiceType", "loadBalancer", "LoadBalancer", True),
        ("location", "westeurope", "westeurope", True),
    ],
)
def test_values_that_mean_the_same_are_equal(name: str, one: str, other: str, *, same: bool) -> None:
    assert same_value(name, one, other) is same


def test_the_relay_that_only_the_cli_makes_is_mentioned() -> None:
    assert "Relay" in final_settings(ExtensionOptions(enable_training=True), cluster("arc")).warnings[0]
    given = ExtensionOptions(
        enable_training=True, protected_settings={"relayserver.relayConnectionString": "of the relay"}
    )
    assert final_settings(given, cluster("arc")).warnings == ()
    assert "of the relay" not in repr(given)
    assert "of the relay" not in repr(final_settings(given, cluster("arc")))


SERVING = {
    "enableInference": "True",
    "enableTraining": "True",
    "inferenceRouterServiceType": "LoadBalancer",
    "allowInsecureConnections": "True",
    "sslCname": "models.example.com",
}


def test_an_installed_router_keeps_its_replicas_when_the_cluster_shrinks_for_a_moment() -> None:
    final = final_settings(ExtensionOptions(enable_inference=True), cluster(nodes=2), extension(settings=SERVING))
    assert final.changes(SERVING).keys().isdisjoint({"inferenceRouterHA", "clusterPurpose"})
    new = final_settings(
        ExtensionOptions(
            enable_inference=True, inference_router_service_type="NodePort", allow_insecure_connections=True
        ),
        cluster(nodes=2),
    )
    assert new.for_new()["inferenceRouterHA"] == "false"


@pytest.mark.parametrize(
    "change",
    [
        {"inferenceRouterHA": "False"},
        {"clusterPurpose": "DevTest"},
        {"scoringFe.sslSecret": "other"},
        {"scoringFe.serviceType.internalLoadBalancer": "True"},
        {"scoringFe.serviceType.nodePort": "True"},
        {"allowInsecureConnections": "False"},
    ],
)
def test_what_moves_or_restarts_a_serving_router_is_disruptive(change: dict[str, str]) -> None:
    assert disruptions(SERVING, change) == list(change)
    assert disruptions({"enableInference": "False"}, change) == []


def test_a_device_plugin_is_not_switched_off_unasked() -> None:
    on = {"installNvidiaDevicePlugin": "True"}
    assert disruptions(on, {"installNvidiaDevicePlugin": "False"}) == ["installNvidiaDevicePlugin"]
    assert disruptions({}, {"installNvidiaDevicePlugin": "True"}) == []


def test_free_settings_bring_their_companions_and_meet_the_same_rules() -> None:
    given = {"inferenceRouterServiceType": "LoadBalancer", "internalLoadBalancerProvider": "azure"}
    options = ExtensionOptions(enable_inference=True, allow_insecure_connections=True, settings=given)
    assert final_settings(options, cluster()).wanted["scoringFe.serviceType.internalLoadBalancer"] == "True"
    node_port = ExtensionOptions(
        enable_inference=True,
        allow_insecure_connections=True,
        settings={"inferenceRouterServiceType": "NodePort", "isAKSMigration": "true"},
    )
    wanted = final_settings(node_port, cluster()).wanted
    assert wanted["scoringFe.serviceType.nodePort"] == "True"
    assert wanted["scoringFe.namespace"] == "default"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"settings": {"sslSecret": "s", "sslCname": "c"}, "ssl_certificate": "C", "ssl_key": "K"},
            "not both",
        ),
        ({"settings": {"a": "1"}, "protected_settings": {"a": "2"}}, "both as a setting and in protected_settings"),
        ({"settings": {"cluster_name": "/subscriptions/other"}}, "cluster's own id"),
        ({"settings": {"clusterId": "x"}}, "cluster's own id"),
        (
            {"settings": {"inferenceRouterServiceType": "NodePort", "internalLoadBalancerProvider": "azure"}},
            "LoadBalancer",
        ),
    ],
)
def test_contradictions_are_found_whatever_way_a_value_came(more: dict[str, Any], words: str) -> None:
    base: dict[str, Any] = {"enable_training": True, "enable_inference": True}
    if "inferenceRouterServiceType" not in more.get("settings", {}):
        base["inference_router_service_type"] = "LoadBalancer"
    if "ssl_certificate" not in more:
        base["allow_insecure_connections"] = True
    with pytest.raises(ExtensionSettingsError, match=words):
        final_settings(ExtensionOptions(**base, **more), cluster())


def test_tls_ends_plain_http_and_says_that_it_interrupts() -> None:
    options = ExtensionOptions(ssl_certificate="C", ssl_key="K", ssl_cname="models.example.com")
    changes = final_settings(options, cluster(), extension(settings=SERVING)).changes(SERVING)
    assert changes["allowInsecureConnections"] == "False"
    assert "allowInsecureConnections" in disruptions(SERVING, changes)


def test_an_update_switches_nothing_that_nobody_asked_for() -> None:
    older = {"enableTraining": "True", "cluster_name": AKS_ID}
    final = final_settings(ExtensionOptions(enable_training=True), cluster(), extension(settings=older))
    assert final.changes(older) == {}
    assert final.changes(older, fill_gaps=True)["relayserver.enabled"] == "false"


PLUMBING = {"relayserver.enabled", "servicebus.enabled", "nginxIngress.enabled"}


@pytest.mark.parametrize("kind", ["aks", "arc"])
def test_another_change_does_not_switch_what_carries_requests(kind: str) -> None:
    older = {"enableTraining": "True"}
    final = final_settings(ExtensionOptions(install_volcano=False), cluster(kind=kind), extension(settings=older))
    sent = final.changes(older)
    assert sent["installVolcano"] == "False"
    assert not PLUMBING & sent.keys()
    assert set(final.changes(older, fill_gaps=True)) >= PLUMBING


@pytest.mark.parametrize(
    ("protected", "left_out"),
    [
        ({"relayserver.relayConnectionString": "x"}, {"relayserver.enabled"}),
        ({"relayServerConnectionString": "x"}, {"relayserver.enabled"}),
        ({"servicebus.connectionString": "x"}, {"servicebus.enabled"}),
        ({"scoringFe.sslKey": "x"}, set()),
    ],
)
def test_a_repair_does_not_switch_off_what_protected_settings_are_for(
    protected: dict[str, str], left_out: set[str]
) -> None:
    older = {"enableTraining": "True"}
    final = final_settings(ExtensionOptions(protected_settings=protected), cluster(), extension(settings=older))
    assert PLUMBING - final.changes(older, fill_gaps=True).keys() == left_out


def test_a_derived_value_never_takes_the_place_of_one_that_is_there() -> None:
    there = dict.fromkeys(derived_settings(cluster()), "as somebody set it")
    final = final_settings(ExtensionOptions(install_volcano=False), cluster(), extension(settings=there))
    assert final.changes(there) == {"installVolcano": "False"}
    assert final.changes(there, fill_gaps=True) == {"installVolcano": "False"}


@pytest.mark.parametrize("name", ["relayserver.enabled", "servicebus.enabled", "nginxIngress.enabled"])
def test_what_carries_requests_is_not_switched_without_a_word(name: str) -> None:
    assert disruptions({name: "true"}, {name: "false"}) == [name]
    assert disruptions({}, {name: "false"}) == []


@pytest.mark.parametrize("option", [each for each in OPTIONS.values() if each.setting and each.choices])
def test_letter_case_of_a_choice_is_no_difference(option: Option) -> None:
    for choice in option.choices:
        assert same_value(str(option.setting), choice, choice.swapcase())
    assert not same_value("sslCname", "a.example", "A.example"), "other texts are what they are"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"version": "1.1.80", "auto_upgrade_minor_version": True}, "auto_upgrade_minor_version cannot be true"),
        ({"auto_upgrade_minor_version": False}, "needs version"),
        ({"enable_training": False, "enable_inference": False}, "needs enable_training, enable_inference, or both"),
    ],
)
def test_options_that_contradict_each_other_are_refused_whatever_is_installed(
    given: dict[str, Any], words: str
) -> None:
    options = ExtensionOptions(**{"enable_training": True, **given})
    for there in (None, extension(settings={"enableTraining": "True"})):
        with pytest.raises(ExtensionSettingsError, match=words):
            final_settings(options, cluster(), there)


#: Options that serve, with all that any of them needs; the files' texts are read into the options without `_file`.
WITH_PAIR: dict[str, Any] = {
    "enable_inference": True,
    "inference_router_service_type": "LoadBalancer",
    "internal_load_balancer_provider": "azure",
    "ssl_certificate": "CERT",
    "ssl_key": "KEY",
    "ssl_cname": "models.example.com",
}
WITH_SECRET: dict[str, Any] = {**WITH_PAIR, "ssl_secret": "tls", "ssl_certificate": None, "ssl_key": None}
NEEDS = [(name, need) for name, each in OPTIONS.items() if not name.endswith("_file") for need in each.needs]


@pytest.mark.parametrize(("name", "need"), NEEDS)
def test_what_an_option_is_declared_to_need_is_judged(name: str, need: str) -> None:
    whole = WITH_SECRET if name == "ssl_secret" else WITH_PAIR
    final_settings(ExtensionOptions(**whole), cluster())
    other = {each.partition("=")[0]: "NodePort" if "=" in each else None for each in need.split("|")}
    with pytest.raises(ExtensionSettingsError):
        final_settings(ExtensionOptions(**{**whole, **{key: other[key] for key in other if key in whole}}), cluster())


def test_a_file_needs_what_its_text_needs() -> None:
    assert NEEDS
    for name in ("ssl_certificate", "ssl_key"):
        assert OPTIONS[name].needs == OPTIONS[f"{name}_file"].needs
    assert {need.partition("=")[0] for _unused, needs in NEEDS for need in needs.split("|")} <= set(OPTIONS)


def test_everything_that_is_wrong_is_said_at_once_with_options_or_with_variables() -> None:
    options = ExtensionOptions(enable_inference=True, ssl_secret="tls", settings={"doamin": "x", "a": [1]})
    with pytest.raises(ExtensionSettingsError) as caught:
        final_settings(options, cluster())
    assert [each.code for each in caught.value.problems] == ["other", "other", "service type", "tls incomplete"]
    assert "'doamin' in settings is not" in str(caught.value)
    assert "TLS needs ssl_cname," in str(caught.value)
    said = [each.for_variables() for each in caught.value.problems]
    assert said[1] == "'a' in aml_extension_settings must be a text, a number or a boolean."
    assert said[3] == "TLS needs aml_ssl_cname, the name that the certificate is for."
    assert Problem("'O(x)' in O(settings)").for_modules() == "'O(x)' in settings", "what is no option is left alone"


def test_replicas_that_are_there_stay_on_a_cluster_that_is_small_for_a_moment() -> None:
    there = extension(settings={**SERVING, "inferenceRouterHA": "True"})
    options = ExtensionOptions(inference_router_ha=True)
    assert final_settings(options, cluster(nodes=2), there).changes(there["settings"]) == {}
    there["provisioning_state"] = "Failed"
    with pytest.raises(ExtensionSettingsError, match="needs 3 nodes"):
        final_settings(options, cluster(nodes=2), there)


def test_a_router_that_comes_later_meets_the_rules_of_a_new_one() -> None:
    there = extension(settings={"enableTraining": "True"})
    later: dict[str, Any] = {"enable_inference": True, "inference_router_service_type": "NodePort"}
    with pytest.raises(ExtensionSettingsError, match=r"needs 3 nodes.*decision about TLS"):
        final_settings(ExtensionOptions(**later), cluster(nodes=2), there)
    there["protected_settings"] = ["scoringFe.sslCert", "scoringFe.sslKey"]
    assert final_settings(ExtensionOptions(**later), cluster(), there).wanted["enableInference"] == "True"
