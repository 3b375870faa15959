# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that become part of a URL, in resource ids, in names of Azure's children, and in paths of Kubernetes."""

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    ResourceIdError,
    parse_resource_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import DEPLOYMENTS, NODES

BAD = [
    "",
    ".",
    "..",
    "...",
    "a/b",
    "x/../../agentPools/system",
    "a\\b",
    "a?b",
    "a#b",
    "a%2fb",
    "%2e%2e",
    "a b",
    "a\nb",
    "a\x00b",
    "a;b",
    "a@b",
    "a" * 254,
]


@pytest.mark.parametrize("name", ["azureml", "my-rg_1.x", "Gruppe-Süd(1)", "a" * 253])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    assert checked_segment(name, "an extension") == name


@pytest.mark.parametrize("name", BAD)
def test_what_could_lead_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of an extension") as caught:
        checked_segment(name, "an extension")
    assert len(caught.value.message) < 400
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", [each for each in BAD if each])
def test_objects_of_kubernetes_are_named_by_names(name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of one of nodes"):
        NODES.path(name)
    with pytest.raises(InputError, match="cannot be the name of a namespace"):
        DEPLOYMENTS.path("azureml-fe", name)


@pytest.mark.parametrize("group", ["..", "a?b", "a#b", "%2e%2e", "a b", "a\\b", "a" * 300])
def test_a_resource_id_has_names_in_it(group: str) -> None:
    text = f"/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Kubernetes/connectedClusters/c"
    with pytest.raises(ResourceIdError, match="is not an Azure resource id"):
        parse_resource_id(text)
