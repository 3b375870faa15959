# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup that collects a host's variables: values where they are needed, markers where they are secret."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.azureml.fleet.plugins.lookup.fleet_variables import LookupModule
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import VARIABLES
from tests.unit.plugins.lookup.templates import template

SECRET = "hunter2-never-shown"


def collect(**variables: Any) -> dict[str, Any]:
    found = LookupModule(loader=DataLoader(), templar=Templar(loader=DataLoader(), variables=variables)).run(
        [], variables
    )
    assert len(found) == 1
    collected: dict[str, Any] = found[0]
    return collected


def test_only_variables_with_the_prefix_are_collected() -> None:
    assert collect(aml_namespace="x", _aml_internal="y", ansible_user="z") == {"aml_namespace": "x"}


@pytest.mark.parametrize("name", [variable.variable for variable in VARIABLES if variable.secret])
def test_a_secret_is_only_said_to_be_set(name: str) -> None:
    assert SECRET not in repr(collect(**{name: SECRET}))
    assert SECRET not in repr(collect(**{name: {"key": SECRET}}))
    assert collect(**{name: ""}) == {name: ""}


def test_the_names_of_protected_settings_are_kept() -> None:
    assert collect(aml_extension_protected_settings={"a": SECRET}) == {
        "aml_extension_protected_settings": {"a": "(set)"}
    }


def test_a_misspelt_secret_is_not_shown_either() -> None:
    assert collect(aml_secrte=SECRET) == {"aml_secrte": "(set)"}


def test_a_variable_that_cannot_be_templated_is_named() -> None:
    with pytest.raises(AnsibleLookupError, match=r"aml_workspace cannot be used: .*nothing"):
        collect(aml_workspace=template("{{ nothing }}"))
