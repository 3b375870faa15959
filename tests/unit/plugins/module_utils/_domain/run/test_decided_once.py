# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, modules and rules give one answer, because one function of each subject decides."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import changed_fields
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import final_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import OPTIONS, ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import VariablesError
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import planned_extension
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_type_plan import plan_instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.label_plan import LabelError, checked_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError
from tests.unit.plugins.module_utils._domain.builders import extension, facts, gpu_pool, node, pool, settings
from tests.unit.plugins.module_utils._domain.run.test_plan import SMALL, upgraded


def test_a_selector_key_that_somebody_added_to_our_type_is_no_change_for_plan_and_module() -> None:
    wanted = settings(instance_types=[SMALL])
    after = upgraded(wanted)
    assert after["kubernetes"] is not None
    ours = after["kubernetes"]["instance_types"][0]
    ours["node_selector"] = {"added": "1"}
    ours["owners"] = {"nodeSelector.added": [("kubectl-edit", "Update")]}
    assert make_plan(wanted, after).changes == ()
    by_module = plan_instance_types({"cpu": ours}, [instance_types.from_option(SMALL)], mode="merge", prune=False)
    assert [each.action for each in by_module] == ["none"]


def test_a_selector_key_that_only_we_applied_goes_in_plan_and_module() -> None:
    wanted = settings(instance_types=[SMALL])
    after = upgraded(wanted)
    assert after["kubernetes"] is not None
    ours = after["kubernetes"]["instance_types"][0]
    ours["node_selector"] = {"old": "1"}
    ours["owners"] = {"nodeSelector.old": [("azureml.fleet", "Apply")]}
    (change,) = make_plan(wanted, after).changes
    assert change.to_result()["before"] == {"node_selector": {"old": "1"}}
    assert change.to_result()["after"] == {"node_selector": {}}


@pytest.mark.parametrize("unquoted", [1.10, ["a"]])
def test_a_label_that_yaml_has_changed_already_is_refused_by_module_and_by_rule(unquoted: Any) -> None:
    with pytest.raises(LabelError, match="not a text"):
        checked_labels("node pool gpu", {"version": unquoted})
    found = facts(node_pools=[pool(), gpu_pool()])
    for variables in ({"node_pool_labels": {"gpu": {"version": unquoted}}}, {"node_selector": {"version": unquoted}}):
        with pytest.raises(VariablesError, match="'version' is not a text"):
            settings(**variables)
    with pytest.raises(InputError, match="not a text"):
        final_settings(
            ExtensionOptions(enable_training=True, node_selector={"version": unquoted}), found["cluster"], None
        )


@pytest.mark.parametrize("value", [True, 4, "1.10"])
def test_a_label_that_has_one_meaning_is_the_same_text_everywhere(value: Any) -> None:
    text = checked_labels("node pool gpu", {"a": value})["a"]
    wanted = settings(node_pool_labels={"system": {"a": value}}, gpu_node_labels=False)
    assert make_plan(wanted, facts()).options["pools"] == {"system": {"a": text}}
    selected = final_settings(
        ExtensionOptions(enable_training=True, node_selector={"a": value}), facts()["cluster"], None
    )
    assert selected.wanted["nodeSelector.a"] == text


def test_verification_asks_the_same_plan_although_it_never_sees_the_key() -> None:
    tls: dict[str, Any] = {
        "enable_inference": True,
        "inference_router_service_type": "LoadBalancer",
        "ssl_cname": "models.example.com",
        "ssl_certificate": "(set)",
        "ssl_key": "(set)",
    }
    before = facts()
    assert "create" in {each.action for each in make_plan(settings(**tls), before).changes if each.stage == "extension"}
    after = upgraded(settings(certificate="CERTIFICATE", key="KEY", **tls))
    assert [each.stage for each in make_plan(settings(**tls), after).changes] == []
    assert after["extension"] is not None
    after["extension"]["protected_settings"] = []
    (change,) = make_plan(settings(**tls), after).changes
    assert changed_fields(change.to_result())[:1] == ["protected settings"]


@pytest.mark.parametrize(
    "variables",
    [
        {"compute_identity": "SystemAssigned", "compute_user_assigned_identities": ["/i"]},
        {"compute_user_assigned_identities": ["/i"]},
        {"namespace": "kube-ml"},
        {"namespace": "azureml"},
        {"instance_types": ["cpu"]},
        {"node_pool_labels": {"gpu": "fast"}},
    ],
)
def test_what_a_later_stage_would_refuse_is_refused_with_the_variables(variables: dict[str, Any]) -> None:
    with pytest.raises(VariablesError):
        settings(**variables)


def test_an_existing_router_needs_no_decision_again() -> None:
    after = upgraded(settings())
    assert after["extension"] is not None
    after["extension"]["settings"].update(
        {
            "enableInference": "True",
            "inferenceRouterServiceType": "LoadBalancer",
            "allowInsecureConnections": "True",
            "sslCname": "",
        }
    )
    ids = {each.rule.id for each in rules.judge(settings(enable_inference=True), after)}
    assert ids.isdisjoint({"router-service-type-missing", "tls-undecided"})


def test_the_change_of_an_annotation_says_what_was_there_and_whose_it_is() -> None:
    found = facts()
    assert found["kubernetes"] is not None
    front_end = found["kubernetes"]["front_end"]
    front_end.update({"annotation": "false", "owner": {"namespace": "team", "name": "release"}})
    serving: dict[str, Any] = {"inference_router_service_type": "LoadBalancer", "allow_insecure_connections": True}
    changes = make_plan(settings(enable_inference=True, **serving), found).changes
    (change,) = [each.to_result() for each in changes if each.stage == "front_end"]
    assert change["before"] == {"annotations": {"azureml-fe-enable-upgrade": "false"}}
    assert change["owner"] == "Helm release team/release"


def test_every_option_of_the_extension_says_where_its_meaning_is_from() -> None:
    assert [name for name, each in OPTIONS.items() if not each.source or not each.description.endswith(".")] == []


#: The rules that say what the extension would refuse.
REFUSALS = {
    "extension-settings-refused",
    "router-ha-impossible",
    "router-internal-load-balancer",
    "router-service-type-missing",
    "tls-ambiguous",
    "tls-incomplete",
    "tls-undecided",
}
TRAINING = {"enableTraining": "True"}
SERVING = {
    **TRAINING,
    "enableInference": "True",
    "inferenceRouterServiceType": "LoadBalancer",
    "allowInsecureConnections": "True",
    "sslCname": "ml.example.com",
}
CHOICES: dict[str, list[dict[str, Any]]] = {
    "inference": [{}, {"enable_inference": True}],
    "service": [{}, {"inference_router_service_type": "LoadBalancer"}, {"inference_router_service_type": "NodePort"}],
    "balancer": [{}, {"internal_load_balancer_provider": "azure"}],
    "tls": [
        {},
        {"allow_insecure_connections": True},
        {"ssl_secret": "tls"},
        {"ssl_secret": "tls", "ssl_cname": "ml.example.com", "allow_insecure_connections": True},
        {"ssl_certificate_file": "cert.pem", "ssl_cname": "ml.example.com"},
        {"ssl_certificate": "(set)", "ssl_key": "(set)", "ssl_cname": "ml.example.com"},
    ],
    "replicas": [{}, {"inference_router_ha": True}, {"inference_router_ha": False}],
}


@pytest.mark.parametrize("there", [None, TRAINING, SERVING, {**SERVING, "inferenceRouterHA": "False"}])
@pytest.mark.parametrize("nodes", [2, 3])
def test_preflight_refuses_of_the_extension_what_its_module_refuses(there: dict[str, str] | None, nodes: int) -> None:
    counted = {True: 0, False: 0}
    for chosen in itertools.product(*CHOICES.values()):
        wanted = settings(**{name: value for each in chosen for name, value in each.items()})
        found = facts(node_count=nodes)
        found["extension"] = None if there is None else extension(settings=there)
        assert found["kubernetes"] is not None
        found["kubernetes"]["nodes"] = [node(name) for name in "abc"[:nodes]]
        refused = False
        try:
            planned_extension(wanted, found)
        except InputError:
            refused = True
        ids = {each.rule.id for each in rules.judge(wanted, found)} & REFUSALS
        assert bool(ids) is refused, (chosen, ids)
        counted[refused] += 1
    assert min(counted.values()) > 10, counted
