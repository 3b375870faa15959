# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users write becomes settings, or one clear sentence for each thing that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import VariablesError, read_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import VARIABLES
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, ARC_ID, SUBSCRIPTION, WORKSPACE_ID, settings


def problems(**variables: Any) -> list[str]:
    with pytest.raises(VariablesError) as caught:
        settings(**variables)
    return caught.value.problems


def test_three_lines_are_enough() -> None:
    read = settings()
    assert read.kind == "aks"
    assert [each.to_option() for each in read.attachments] == [
        {"workspace_id": WORKSPACE_ID, "name": "k8s", "namespace": "azureml-workloads"}
    ]
    assert read.extension.enable_training
    assert not read.extension.enable_inference
    assert read.extension.inference_router_ha is None


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(VariablesError) as caught:
        read_settings(
            {"aml_cluster_idd": AKS_ID, "aml_enable_inference": [1], "aml_namespac": "x", "other": 1}, converted
        )
    text = str(caught.value)
    assert "aml_cluster_idd is not a variable of azureml.fleet. Did you mean aml_cluster_id?" in text
    assert "aml_namespac is not a variable of azureml.fleet. Did you mean aml_namespace?" in text
    assert "aml_cluster_id: it is required and not set." in text
    assert "aml_enable_inference: true or false is needed, not a list." in text
    assert "aml_workspace is required and not set." in text
    assert "other" not in text


def test_a_name_like_no_other_gets_no_guess() -> None:
    assert problems(zzzzzzzzzz=1) == [
        "aml_zzzzzzzzzz is not a variable of azureml.fleet. See docs/variables.md for the names."
    ]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"cluster_id": "aks"}, "aml_cluster_id: 'aks' is not an Azure resource id"),
        ({"cluster_id": WORKSPACE_ID}, "not of a cluster"),
        ({"workspace": AKS_ID}, "is not the id of an Azure Machine Learning workspace"),
        ({"workspace": None}, "aml_workspace is required and not set."),
        ({"compute_name": ""}, "aml_compute_name is required and not set."),
        ({"compute_name": "9lives"}, "'9lives' cannot be a compute's name"),
        ({"namespace": "Big"}, "'Big' cannot be a Kubernetes namespace"),
        ({"inference_router_service_type": "Ingress"}, "'Ingress' is none of ClusterIP, LoadBalancer, NodePort"),
        ({"compute_identity": "UserAssigned"}, "identity type UserAssigned needs user_assigned_identities"),
        ({"poll_interval": 0}, "aml_poll_interval: a number of seconds above 0 is needed, not 0"),
        ({"extension_timeout": -5}, "aml_extension_timeout: a number of seconds above 0 is needed, not -5."),
        (
            {"instance_types": [{"node_selctor": {}}]},
            "'node_selctor' is not a key of an instance type. Did you mean node",
        ),
        ({"poll_interval": "soon"}, "aml_poll_interval: a number is needed, not 'soon'."),
        ({"instance_types": {"name": "x"}}, "aml_instance_types: a list is needed, not a dictionary."),
        ({"ssl_key": "x", "ssl_key_file": "y"}, "Both aml_ssl_key and aml_ssl_key_file are set"),
        ({"ssl_secret": "x", "ssl_certificate": "y"}, "Both aml_ssl_certificate and aml_ssl_secret are set"),
        ({"enable_training": False}, "The extension needs aml_enable_training, aml_enable_inference, or both."),
        (
            {"extension_version": "1.1.88", "auto_upgrade_minor_version": True},
            "aml_auto_upgrade_minor_version cannot be true beside it",
        ),
        ({"attachments": ["k8s"]}, "a dictionary is needed, not 'k8s'"),
    ],
)
def test_what_cannot_be_meant_is_refused(variables: dict[str, Any], sentence: str) -> None:
    assert any(sentence in each for each in problems(**variables))


def test_several_attachments_inherit_what_they_do_not_say() -> None:
    read = settings(
        workspace=None,
        compute_name=None,
        workspace_resource_group="rg-ml",
        compute_identity="systemassigned",
        compute_tags={"team": "a"},
        attachments=[
            {"workspace": "west", "compute_name": "one"},
            {"workspace": WORKSPACE_ID, "compute_name": "two", "namespace": "two", "identity": "None"},
        ],
    )
    one, two = (each.to_option() for each in read.attachments)
    assert one["workspace_id"] == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ml"
        "/providers/Microsoft.MachineLearningServices/workspaces/west"
    )
    assert one["identity"] == {"type": "SystemAssigned"}
    assert one["tags"] == {"team": "a"}
    assert two["namespace"] == "two"
    assert two["identity"] == {"type": "None"}
    assert read.namespaces() == ["azureml-workloads", "two"]
    assert len(read.workspace_ids()) == 2


def test_attachments_beside_a_single_one_are_refused() -> None:
    assert (
        "Both aml_attachments and aml_workspace"
        in problems(attachments=[{"workspace": "west", "compute_name": "one"}])[0]
    )


def test_two_attachments_of_one_name_in_one_workspace_are_refused() -> None:
    twice = [{"workspace": "ml", "compute_name": "k8s"}, {"workspace": WORKSPACE_ID.upper(), "compute_name": "K8S"}]
    found = problems(workspace=None, compute_name=None, attachments=twice)
    assert any("the same compute name in the same workspace" in each for each in found)


def test_a_misspelt_key_of_an_attachment_is_named() -> None:
    found = problems(workspace=None, compute_name=None, attachments=[{"workspace": "ml", "compute_nam": "x"}])
    assert found == ["aml_attachments[0]: 'compute_nam' is not a key of an attachment. Did you mean compute_name?"]


def test_texts_of_an_ini_inventory_become_types() -> None:
    read = settings(
        enable_inference="yes",
        extension_timeout="60",
        supported_regions="westeurope,eastus",
        compute_tags="a=b",
        inference_router_service_type="loadbalancer",
    )
    assert read.extension.enable_inference
    assert read.values["aml_extension_timeout"] == 60
    assert read.run.supported_regions == ["westeurope", "eastus"]
    assert read.values["aml_compute_tags"] == {"a": "b"}
    assert read.extension.inference_router_service_type == "LoadBalancer"


def test_reading_again_what_was_read_changes_nothing() -> None:
    first = settings(cluster_id=ARC_ID, enable_inference=True, instance_types=[{"name": "x"}])
    assert read_settings(first.values, converted).values == first.values


def test_a_certificate_is_never_shown() -> None:
    read = settings(certificate="CERTIFICATE-TEXT", key="KEY-TEXT")
    assert "CERTIFICATE-TEXT" not in repr(read)
    assert "KEY-TEXT" not in repr(read)


def test_every_variable_is_described_and_begins_alike() -> None:
    for variable in VARIABLES:
        assert str(variable.variable).startswith("aml_")
        assert variable.description.endswith("."), variable.variable
        assert not (variable.secret and variable.default), variable.variable
