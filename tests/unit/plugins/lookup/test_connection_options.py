# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup that turns a host's variables into connection options: only those that are set."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.azureml.fleet.plugins.lookup.connection_options import LookupModule
from tests.unit.plugins.lookup.templates import template


def options(*groups: str, **variables: Any) -> dict[str, Any]:
    templar = Templar(loader=DataLoader(), variables=variables)
    found: dict[str, Any] = LookupModule(loader=DataLoader(), templar=templar).run(list(groups), variables)[0]
    return found


def test_only_options_that_a_variable_sets_are_given() -> None:
    variables = {"aml_tenant": "t", "aml_secret": "s", "aml_context": "c", "aml_workspace": "w", "tenant": "x"}
    assert options("azure", **variables) == {"tenant": "t", "secret": "s"}
    assert options("kubernetes", **variables) == {"context": "c"}
    assert options("azure") == {}


def test_a_variable_without_a_value_leaves_the_environment_its_say() -> None:
    assert options("azure", aml_tenant=None) == {}


def test_templates_are_resolved() -> None:
    found = options("azure", aml_tenant=template("{{ company }}"), company="contoso")
    assert found == {"tenant": "contoso"}


def test_what_cannot_be_resolved_is_named() -> None:
    with pytest.raises(AnsibleLookupError, match=r"aml_tenant cannot be used: .*company"):
        options("azure", aml_tenant=template("{{ company }}"))
    with pytest.raises(AnsibleLookupError, match="ssh is not a group of connection options"):
        options("ssh")
