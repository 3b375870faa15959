# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup that compares all hosts: it reads little of them, and one that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.lookup.fleet_conflicts import LookupModule
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, WORKSPACE_ID

READ = {"aml_cluster_id", "aml_workspace", "aml_workspace_resource_group", "aml_compute_name", "aml_attachments"}
CLAIM = {"aml_cluster_id": AKS_ID, "aml_workspace": WORKSPACE_ID, "aml_compute_name": "k8s"}


class Host(Mapping[str, Any]):
    """The variables of a host, each templated when it is read; an exception is what its template raises."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        value = self.variables[name]
        if isinstance(value, BaseException):
            raise value
        return value

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def look(**hosts: Host) -> dict[str, list[str]]:
    found: dict[str, list[str]] = LookupModule().run([], {"hostvars": hosts, "groups": {"all": list(hosts)}})[0]
    return found


def test_nothing_but_what_is_compared_is_templated() -> None:
    host = Host(**{**dict.fromkeys(BY_NAME, ""), **CLAIM})
    assert set(look(one=host, two=Host(**CLAIM))) == {"one", "two"}
    assert host.read == READ


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), RecursionError(), KeyError("x"), TypeError(), UnicodeError(), MemoryError()]
)
def test_a_host_that_cannot_be_read_stops_no_other(error: Exception) -> None:
    broken = Host(**{**CLAIM, "aml_cluster_id": error})
    assert set(look(broken=broken, one=Host(**CLAIM), two=Host(**CLAIM))) == {"one", "two"}


@pytest.mark.parametrize("attachments", ["[", {"a": "b"}, [5], [{"compute_name": "k8s"}], 5])
def test_attachments_that_are_none_leave_their_host_out(attachments: Any) -> None:
    broken = Host(aml_cluster_id=AKS_ID, aml_attachments=attachments)
    assert look(broken=broken, one=Host(**CLAIM)) == {}


def test_an_attachment_counts_whatever_else_it_holds() -> None:
    """Whether the identities of an entry are right depends on variables that are not read here."""
    entry = {"workspace": WORKSPACE_ID, "compute_name": "K8S", "user_assigned_identities": ["x"], "tags": 5}
    several = Host(aml_cluster_id=AKS_ID + "2", aml_attachments=[entry], aml_compute_identity="UserAssigned")
    assert set(look(one=Host(**CLAIM), several=several)) == {"one", "several"}
