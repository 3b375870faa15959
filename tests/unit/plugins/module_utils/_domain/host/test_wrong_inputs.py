# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable, written wrongly in all ways that its declaration rules out: one sentence that names it, not more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import VariablesError, read_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import VARIABLES
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, IDENTITY_ID, WORKSPACE_ID

LEAST: dict[str, Any] = {"aml_cluster_id": AKS_ID, "aml_workspace": WORKSPACE_ID, "aml_compute_name": "k8s"}
#: What can never be read as an option of the kind.
WRONG: dict[str, tuple[Any, ...]] = {
    "bool": ("maybe", [True], {"a": 1}),
    "dict": (["a"], "a", 3, True),
    "float": ("soon", [1], {"a": 1}, True),
    "int": ("soon", [1], {"a": 1}, True, 1.5, float("inf"), float("nan")),
    "list": ({"a": 1},),
    "path": ([1], {"a": 1}, True),
    "str": ([1], {"a": 1}, True),
}
CHOICES = "is none of"
INSTANCE_TYPE: dict[str, Any] = {"name": "cpu", "limits": {"cpu": "1"}}


def of_the_wrong_kind() -> Iterator[tuple[str, Any]]:
    for declared in VARIABLES:
        if not declared.secret and declared.variable is not None:
            for value in WRONG.get(declared.kind, ()):
                yield declared.variable, value
            if declared.choices:
                yield declared.variable, "another"


def misspelt() -> Iterator[tuple[str, str]]:
    names = {each.variable for each in VARIABLES if each.variable is not None}
    for name in sorted(names):
        wrong = name[:-1]
        if len(name) > len("aml_") + 5 and wrong not in names:
            yield wrong, name


def instance_type(**changes: Any) -> list[dict[str, Any]]:
    return [INSTANCE_TYPE, {**INSTANCE_TYPE, "name": "second", **changes}]


#: What no kind rules out: the variables, and what the message says first.
VALUES: list[tuple[dict[str, Any], str]] = [
    *(({f"aml_{name}": value}, f"aml_{name}: a number of seconds above 0 is needed, not ")
      for name in ("extension_timeout", "compute_timeout", "node_pool_timeout") for value in (0, -1)),
    *(({"aml_poll_interval": value}, "aml_poll_interval: a number of seconds above 0 is needed, not ")
      for value in (0, -0.5, "nan", "inf", "-inf")),
    *(({"aml_extension_version": value}, f"aml_extension_version: '{value}' is no version; one looks like 1.1.90")
      for value in ("newest", "latest", "1.1", "1.1.x", "v1.1.90", "1", "1.1.90 beta")),
    ({"aml_extension_version": 1.1}, "aml_extension_version: '1.1' is no version"),
    *(({"aml_supported_kubernetes_versions": value}, f"aml_supported_kubernetes_versions[{at}]: ")
      for value, at in ((["newest"], 0), (["1.33", "x"], 1), ([1.35], 0), (["1.33.1"], 0), (["1.33", None], 1))),
    *(({"aml_compute_tags": {"team": value}}, "aml_compute_tags.team: a text is needed, not ")
      for value in ({"a": "b"}, ["a"], None)),
    *(({"aml_accepted_findings": [value]}, "aml_accepted_findings[0]: a text is needed, not ")
      for value in (3, None, ["a"], " ")),
    *(({"aml_supported_regions": ["westeurope", value]}, "aml_supported_regions[1]: a text is needed, not ")
      for value in (3, None, ["a"])),
    *(({"aml_namespace": value}, text) for value, text in (
        ("kube-system", "Namespace kube-system begins with 'kube-'"),
        ("azureml", "Namespace azureml belongs to the extension itself"),
        ("azure-arc", "Namespace azure-arc belongs to the agents of Azure Arc"),
        ("gatekeeper-system", "Namespace gatekeeper-system belongs to Azure Policy"),
        ("Team", "'Team' cannot be a Kubernetes namespace"),
        ("a.b", "'a.b' cannot be a Kubernetes namespace"),
        ("x" * 64, f"'{'x' * 64}' cannot be a Kubernetes namespace"),
    )),
    *(({"aml_compute_identity": "UserAssigned", "aml_compute_user_assigned_identities": value}, text)
      for value, text in (
        ([], "identity type UserAssigned needs user_assigned_identities"),
        (["me"], "'me' is not the id of a user-assigned identity"),
        ([AKS_ID], f"'{AKS_ID}' is not the id of a user-assigned identity"),
        ([IDENTITY_ID, "me"], "'me' is not the id of a user-assigned identity"),
        ([3], "'3' is not the id of a user-assigned identity"),
    )),
    *(({"aml_compute_name": value}, f"'{value}' cannot be a compute's name")
      for value in ("a", "1a", "a_b", "a b", "x" * 33, "a-", "é1", "a/b", "..")),
    *(({"aml_cluster_id": value}, "aml_cluster_id: ")
      for value in ("aks", WORKSPACE_ID, AKS_ID + "/agentPools/x", AKS_ID.replace("/rg/", "/../"), "/", "http://a/b")),
    *(({"aml_workspace": value}, f"'{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{value}' is not an")
      for GROUP in (AKS_ID.partition("/providers/")[0],) for value in ("a b", "..", "a/..", "a?b")),
    *(({"aml_instance_types": instance_type(**changes)}, f"aml_instance_types[1]{text}") for changes, text in (
        ({"limit": {"cpu": 1}}, ": 'limit' is not a key of an instance type. Did you mean limits?"),
        ({"nodeSelector": {"a": "b"}}, ": 'nodeSelector' is not a key of an instance type. Did you mean node_"),
        ({"name": None}, ".name: a text is needed, not nothing"),
        ({"name": 3}, ".name: a text is needed, not a number"),
        ({"requests": ["cpu=1"]}, ".requests: a dictionary is needed, not a list"),
        ({"limits": "cpu=1"}, ".limits: a dictionary is needed, not 'cpu=1'"),
        ({"limits": {"cpu": {"a": 1}}}, ".limits.cpu: a text is needed, not a dictionary"),
        ({"limits": {"cpu": [1]}}, ".limits.cpu: a text is needed, not a list"),
        ({"limits": {"cpu": None}}, ".limits.cpu: a text is needed, not nothing"),
        ({"node_selector": "gpu"}, ".node_selector: a dictionary is needed, not 'gpu'"),
        ({"node_selector": {"v": 1.1}}, ".node_selector: the value of label 'v' is not a text"),
    )),
    ({"aml_instance_types": ["cpu"]}, "aml_instance_types[0]: a dictionary is needed, not 'cpu'"),
    ({"aml_node_pool_labels": {"gpu": ["a"]}}, "aml_node_pool_labels.gpu: a dictionary of labels is needed, not"),
    ({"aml_node_pool_labels": {"gpu": {"v": 1.1}}}, "aml_node_pool_labels.gpu: the value of label 'v' is not a text"),
]  # fmt: skip
ATTACHMENTS: list[tuple[Any, str]] = [
    (["ml"], "aml_attachments[0]: a dictionary is needed, not 'ml'"),
    ([{}], "aml_attachments[0]: "),
    ([{"workspace": "ml"}], "aml_attachments[0]: compute_name is required and not set"),
    ([{"compute_name": "k8s"}], "aml_attachments[0]: workspace is required and not set"),
    (
        [{"workspace": "ml", "compute_name": "a1"}, {"workspace": "ml", "compute_nam": "b1"}],
        "aml_attachments[1]: 'compute_nam' is not a key of an attachment. Did you mean compute_name?",
    ),
    ([{"workspace": "ml", "compute_name": "a1", "tags": ["a"]}], "aml_attachments[0]: tags: a dictionary is needed"),
    ([{"workspace": "ml", "compute_name": "a1", "tags": {"a": {}}}], "aml_attachments[0]: tags.a: a text is needed"),
    ([{"workspace": "ml", "compute_name": "a1", "identity": "me"}], "aml_attachments[0]: identity: 'me' is none of"),
    ([{"workspace": "ml", "compute_name": "a1", "namespace": "kube-a"}], "aml_attachments[0]: Namespace kube-a begins"),
    ([{"workspace": "ml", "compute_name": "a1"}, {"workspace": "ML", "compute_name": "A1"}], "aml_attachments: two"),
]


def refused(**variables: Any) -> list[str]:
    with pytest.raises(VariablesError) as caught:
        read_settings({**LEAST, **variables}, converted)
    return caught.value.problems


@pytest.mark.parametrize(("name", "value"), of_the_wrong_kind())
def test_a_value_of_the_wrong_kind_is_one_sentence(name: str, value: Any) -> None:
    said = [each for each in refused(**{name: value}) if each.startswith(name)]
    assert len(said) >= 1
    assert said[0].startswith((f"{name}: ", f"{name} is required"))
    assert "needed, not " in said[0] or CHOICES in said[0]


@pytest.mark.parametrize(("wrong", "name"), misspelt())
def test_a_misspelt_name_is_told_the_right_one(wrong: str, name: str) -> None:
    (said,) = refused(**{wrong: "x"})
    assert said.startswith(f"{wrong} is not a variable of azureml.fleet. Did you mean aml_")


@pytest.mark.parametrize(("variables", "text"), VALUES)
def test_a_value_that_cannot_be_meant_is_one_sentence_with_its_path(variables: dict[str, Any], text: str) -> None:
    said = refused(**variables)
    assert any(each.startswith(text) and each.endswith((".", "?")) for each in said), said


@pytest.mark.parametrize(("attachments", "text"), ATTACHMENTS)
def test_what_is_wrong_in_an_attachment_is_one_sentence_with_its_place(attachments: Any, text: str) -> None:
    said = refused(aml_attachments=attachments, aml_workspace=None, aml_compute_name=None)
    assert any(each.startswith(text) for each in said), said


def test_there_are_hundreds_of_them() -> None:
    counted: list[list[Any]] = [list(of_the_wrong_kind()), list(misspelt()), VALUES, ATTACHMENTS]
    assert sum(len(each) for each in counted) >= 250, [len(each) for each in counted]


def test_spaces_around_a_text_are_taken_off() -> None:
    read = read_settings({**LEAST, "aml_cluster_id": f" {AKS_ID}\n", "aml_compute_name": " k8s "}, converted)
    assert (read.cluster_id, read.attachments[0].name) == (AKS_ID, "k8s")
