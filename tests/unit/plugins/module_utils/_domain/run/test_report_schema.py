# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of real findings, plans and checks keeps to the published schema, and has nothing beside it."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import MODES, Mode
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.report import Record
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.stages import STAGES
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.verification import verify
from scripts.generate import ROOT
from tests.unit.plugins.module_utils._domain.builders import facts, gpu_node, gpu_pool, pool, settings

SMALL = {"name": "cpu", "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


def published(name: str) -> dict[str, Any]:
    """The schema as users get it."""
    schema: dict[str, Any] = json.loads((ROOT / "docs" / "schemas" / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not name: ours are all named."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    return {**made, "additionalProperties": False} if isinstance(made.get("properties"), dict) else made


def gpu_facts() -> Facts:
    found = facts(node_pools=[pool(), gpu_pool()])
    assert found["kubernetes"] is not None
    found["kubernetes"]["nodes"].append(gpu_node())
    return found


def record(mode: Mode) -> Record:
    """What a run of `mode` leaves of a cluster on which every stage has something to do."""
    wanted, found = settings(instance_types=[SMALL], enable_upgrade=True), gpu_facts()
    plan = make_plan(wanted, found)
    assert plan.stages == [stage.id for stage in STAGES]
    made: dict[str, Any] = {
        "host": "aks",
        "cluster_id": "/id",
        "changed": plan.stages if mode.stages else [],
        "preflight": {
            "verdict": "change",
            "plan": plan.to_result(),
            "findings": [finding.to_result() for finding in rules.judge(wanted, found)],
        },
        "verification": {"checks": [check.to_result() for check in verify(wanted, found)]} if mode.verifies else {},
    }
    plain: Record = json.loads(json.dumps(made))
    return plain


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.id)
def test_reports_keep_to_the_schema(mode: Mode) -> None:
    clusters = [report.cluster_report(record(mode), mode), report.cluster_report({"host": "lost"}, mode)]
    for each in clusters:
        jsonschema.validate(each, closed(published("cluster.json")))
    jsonschema.validate(report.fleet_report(clusters, mode), closed(published("fleet.json")))
    assert clusters[0]["changes"], "the schema of a change was tried"


def test_a_report_with_another_shape_is_noticed() -> None:
    made: dict[str, Any] = dict(copy.deepcopy(report.cluster_report({"host": "lost"}, MODES[0])))
    jsonschema.validate({**made, "later": 1}, published("cluster.json"))
    for wrong in ({**made, "outcome": "well"}, {**made, "findings": [{"id": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, published("cluster.json"))
