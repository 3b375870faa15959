# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that collects what the roles registered."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.azureml.fleet.plugins.filter.cluster_record import cluster_record
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import BY_ID
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.report import Record, cluster_report

HOST = {"inventory_hostname": "aks", "aml_cluster_id": "/id"}
JUDGED = {"verdict": "change", "findings": [], "plan": {}, "settings": {"aml_x": 1}}


def test_a_host_that_was_never_reached_has_a_record() -> None:
    assert cluster_record(HOST) == {"host": "aks", "cluster_id": "/id", "changed": []}


def test_stages_that_changed_something_are_named_in_their_order() -> None:
    record = cluster_record(
        {
            **HOST,
            "_aml_compute_result": {"changed": True},
            "_aml_compute_namespaces": {"changed": False, "results": []},
            "_aml_front_end_result": {"changed": True},
            "_aml_extension_result": {"changed": False, "skipped": True},
            "_aml_preflight_result": JUDGED,
            "_aml_verify_result": {"checks": [1]},
        }
    )
    assert record["changed"] == ["front_end", "compute"]
    assert record["preflight"] == {"verdict": "change", "findings": [], "plan": {}}
    assert record["verification"] == {"checks": [1]}


@pytest.mark.parametrize(
    ("action", "judged", "stage"),
    [
        ("azureml.fleet.aml_preflight", False, "preflight"),
        ("azureml.fleet.aml_cluster_info", False, "preflight"),
        ("azureml.fleet.aml_cluster_info", True, "verify"),
        ("azureml.fleet.aml_extension_info", True, "extension"),
        ("azureml.fleet.aks_node_pool_labels", True, "gpu_nodes"),
        ("azureml.fleet.aml_namespace", True, "compute"),
        ("azureml.fleet.aml_verify", True, "verify"),
    ],
)
def test_a_failure_is_put_into_its_stage(action: str, judged: bool, stage: str) -> None:
    variables: dict[str, Any] = {**HOST, "_aml_failure": {"action": action, "result": {"msg": "no route"}}}
    if judged:
        variables["_aml_preflight_result"] = JUDGED
    assert cluster_record(variables)["failure"] == {"stage": stage, "message": "no route"}


def test_a_failed_loop_tells_what_its_items_said() -> None:
    result = {"msg": "One or more items failed", "results": [{"msg": "a", "failed": True}, {"msg": "b"}]}
    record = cluster_record({**HOST, "_aml_failure": {"action": "azureml.fleet.aml_namespace", "result": result}})
    assert record["failure"]["message"] == "a"


def test_a_preflight_that_failed_is_no_verdict() -> None:
    assert "preflight" not in cluster_record({**HOST, "_aml_preflight_result": {"failed": True, "msg": "x"}})


def test_the_report_says_who_the_run_was_to_azure() -> None:
    identity = {"object_id": "o", "tenant_id": "t", "application_id": "a", "subscription_id": "s"}
    record = cluster_record({**HOST, "_aml_preflight_result": {**JUDGED, "facts": {"identity": identity}}})
    made = cluster_report(cast(Record, record), BY_ID["preflight"])
    assert made["identity"] == identity
    assert cluster_report(cast(Record, cluster_record(HOST)), BY_ID["preflight"])["identity"] is None
