# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which computes are waited for: ours, whatever happens to those of other teams on the same cluster."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._core import aml_compute_info as core
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import WorkspaceFacts
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import ModuleFailure
from tests.unit.plugins.module_utils._domain.builders import WORKSPACE_ID, compute, legacy_compute


def workspace(*computes: Any) -> WorkspaceFacts:
    return cast(WorkspaceFacts, {"id": WORKSPACE_ID, "computes": list(computes), "error": None, "exists": True})


BUSY = compute("theirs", provisioning_state="Creating")
FAILED = compute("broken", provisioning_state="Failed")
OURS = compute("K8s")
WAIT_FOR: list[Any] = [{"workspace_id": WORKSPACE_ID.upper(), "name": "k8S", "namespace": "jobs"}]


def test_only_ours_is_waited_for_and_only_ours_can_fail_the_run() -> None:
    ours = core._waited_for(WAIT_FOR)
    there = workspace(OURS, BUSY, FAILED, legacy_compute())
    assert core._busy(there, ours) == []
    core._refuse_failed([there], ours)
    assert core._busy(workspace({**OURS, "provisioning_state": "Creating"}), ours) == ["K8s Creating"]
    with pytest.raises(ModuleFailure, match="K8s"):
        core._refuse_failed([workspace({**OURS, "provisioning_state": "Failed"})], ours)


def test_without_a_list_every_kubernetes_compute_is_waited_for() -> None:
    there = workspace(OURS, BUSY, FAILED, legacy_compute(provisioning_state="Updating"))
    assert core._busy(there, None) == ["theirs Creating"]
    with pytest.raises(ModuleFailure, match="broken"):
        core._refuse_failed([workspace(OURS, FAILED)], None)


@pytest.mark.parametrize("entry", [{}, {"name": "k8s"}, {"workspace_id": WORKSPACE_ID}])
def test_an_entry_that_names_no_compute_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ModuleFailure, match="every entry needs workspace_id and name"):
        core._waited_for([entry])


def test_the_list_may_be_empty() -> None:
    """A cluster that was asked to attach nothing waits for nothing."""
    assert core._busy(workspace(BUSY, FAILED), core._waited_for([])) == []
