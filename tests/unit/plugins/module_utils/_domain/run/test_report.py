# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line for each cluster that says how it ended, in which stage, and why."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.report import ClusterReport, Record

BLOCKER = {"id": "cluster-stopped", "severity": "blocker", "title": "The cluster is stopped", "evidence": ["Stopped."]}
SECOND = {**BLOCKER, "id": "cluster-busy"}
WARNING = {**BLOCKER, "id": "namespace-shared", "severity": "warning"}
PLAN = {"stages": ["extension", "compute"], "changes": [{"stage": "extension"}, {"stage": "compute"}]}
NOTHING: dict[str, Any] = {"stages": [], "changes": []}
CHECKS = {"checks": [{"id": "a"}, {"id": "b"}]}


def judged(record: dict[str, Any], **options: bool) -> tuple[str, str, str]:
    whole: Record = {"host": "aks", "cluster_id": "/id", **record}  # type: ignore[typeddict-item]  # tests name the keys
    made = report.cluster_report(whole, **{"predicted": False, "preflight_only": False, **options})
    return made["outcome"], made["stage"], made["reason"]


def preflight(verdict: str, plan: dict[str, Any] | None = None, *findings: dict[str, Any]) -> dict[str, Any]:
    return {"preflight": {"verdict": verdict, "plan": plan or NOTHING, "findings": list(findings)}}


@pytest.mark.parametrize(
    ("record", "options", "expected"),
    [
        ({}, {}, ("failed", "preflight", "it was never judged: its tasks did not run to the end")),
        (
            {"failure": {"stage": "compute", "message": "no\n  route"}, **preflight("change", PLAN)},
            {},
            ("failed", "compute", "no route"),
        ),
        (
            preflight("blocked", NOTHING, BLOCKER, SECOND),
            {},
            ("blocked", "preflight", "The cluster is stopped. Stopped. [cluster-stopped] (also: cluster-busy)"),
        ),
        (
            preflight("change", PLAN, WARNING),
            {"predicted": True},
            ("would change", "plan", "2 changes planned: extension, compute (warnings: namespace-shared)"),
        ),
        (
            {**preflight("change", PLAN), "verification": CHECKS, "changed": ["extension", "compute"]},
            {},
            ("upgraded", "verify", "extension, compute changed, 2 checks passed"),
        ),
        (
            {**preflight("current"), "verification": CHECKS},
            {},
            ("current", "verify", "nothing to change, 2 checks passed"),
        ),
        (
            {**preflight("current"), "verification": CHECKS},
            {"predicted": True},
            ("current", "verify", "nothing to change, 2 checks passed"),
        ),
        (
            preflight("change", PLAN),
            {"preflight_only": True},
            ("checked", "preflight", "2 changes planned: extension, compute"),
        ),
        (preflight("current"), {"preflight_only": True}, ("checked", "preflight", "nothing to change")),
        (
            {**preflight("change", PLAN), "changed": ["extension"]},
            {},
            ("failed", "verify", "it was never verified: its tasks did not run to the end (changed: extension)"),
        ),
    ],
)
def test_how_a_cluster_ended(record: dict[str, Any], options: dict[str, bool], expected: tuple[str, str, str]) -> None:
    assert judged(record, **options) == expected


def cluster(host: str, outcome: str, reason: str = "because") -> ClusterReport:
    return ClusterReport(
        host=host,
        cluster_id="/id",
        outcome=outcome,  # type: ignore[typeddict-item]  # one of the outcomes
        stage="verify",
        reason=reason,
        findings=[],
        changes=[],
        changed_stages=[],
        checks=[],
    )


def test_lines_stand_in_columns_and_end_with_the_counts() -> None:
    lines = report.lines([cluster("a", "upgraded"), cluster("aks-long", "failed"), cluster("b", "upgraded", "")])
    assert lines == [
        "a         UPGRADED  verify  because",
        "aks-long  FAILED    verify  because",
        "b         UPGRADED  verify",
        "3 clusters: 1 failed, 2 upgraded",
    ]
    assert report.lines([]) == ["0 clusters: no clusters"]


@pytest.mark.parametrize(
    ("outcome", "fail_when_blocked", "fails"),
    [
        ("failed", False, True),
        ("failed", True, True),
        ("blocked", True, True),
        ("blocked", False, False),
        ("upgraded", True, False),
        ("would change", True, False),
    ],
)
def test_which_clusters_end_the_run_with_an_error(outcome: str, fail_when_blocked: bool, fails: bool) -> None:
    assert report.must_fail(cluster("a", outcome), fail_when_blocked=fail_when_blocked) is fails


@pytest.mark.parametrize(
    ("host", "expected"), [("aks-1.west", "aks-1.west"), ("../../etc/x", "_.._etc_x"), ("a b:c", "a_b_c"), ("..", "_")]
)
def test_a_host_cannot_choose_where_its_report_goes(host: str, expected: str) -> None:
    assert report.file_name(host) == expected


def test_a_long_reason_is_cut() -> None:
    _unused, _unused_2, reason = judged({"failure": {"stage": "x", "message": "word " * 200}})
    assert len(reason) == 300
    assert reason.endswith("…")


def test_an_artifact_has_a_variable_name() -> None:
    assert report.artifact_name("aks-1.west") == "aml_fleet_aks_1_west"
