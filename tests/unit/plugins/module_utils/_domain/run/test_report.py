# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line for each cluster that says how it ended, in which stage, and why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.findings import FindingReport
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import PREFIX
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import modes, report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.report import (
    ClusterReport,
    Record,
)

BLOCKER = {"id": "cluster-stopped", "severity": "blocker", "title": "The cluster is stopped", "evidence": ["Stopped."]}
SECOND = {**BLOCKER, "id": "cluster-busy"}
WARNING = {**BLOCKER, "id": "namespace-shared", "severity": "warning"}
PLAN = {"stages": ["extension", "compute"], "changes": [{"stage": "extension"}, {"stage": "compute"}]}
NOTHING: dict[str, Any] = {"stages": [], "changes": []}
CHECKS = {"checks": [{"id": "a"}, {"id": "b"}]}


def judged(record: dict[str, Any], mode: str = "upgrade") -> tuple[str, str, str]:
    whole: Record = {"host": "aks", "cluster_id": "/id", **record}  # type: ignore[typeddict-item]  # tests name the keys
    made = report.cluster_report(whole, modes.BY_ID[mode])
    return made["outcome"], made["stage"], made["reason"]


def preflight(verdict: str, plan: dict[str, Any] | None = None, *findings: dict[str, Any]) -> dict[str, Any]:
    return {"preflight": {"verdict": verdict, "plan": plan or NOTHING, "findings": list(findings)}}


@pytest.mark.parametrize(
    ("record", "mode", "expected"),
    [
        ({}, "upgrade", ("failed", "preflight", "it was never judged: its tasks did not run to the end")),
        (
            {"failure": {"stage": "compute", "message": "no\n  route"}, **preflight("change", PLAN)},
            "upgrade",
            ("failed", "compute", "no route"),
        ),
        (
            preflight("blocked", NOTHING, BLOCKER, SECOND),
            "upgrade",
            ("blocked", "preflight", "The cluster is stopped. Stopped. [cluster-stopped] (also: cluster-busy)"),
        ),
        (
            preflight("change", PLAN, WARNING),
            "check",
            ("would change", "plan", "2 changes planned: extension, compute (warnings: namespace-shared)"),
        ),
        (
            {**preflight("change", PLAN), "verification": CHECKS, "changed": ["extension", "compute"]},
            "upgrade",
            ("upgraded", "verify", "extension, compute changed, 2 checks passed"),
        ),
        (
            {**preflight("current"), "verification": CHECKS},
            "upgrade",
            ("current", "verify", "nothing to change, 2 checks passed"),
        ),
        (
            {**preflight("current"), "verification": CHECKS},
            "check",
            ("current", "verify", "nothing to change, 2 checks passed"),
        ),
        (
            preflight("change", PLAN),
            "preflight",
            ("checked", "preflight", "2 changes planned: extension, compute"),
        ),
        (preflight("current"), "preflight", ("checked", "preflight", "nothing to change")),
        (
            {**preflight("current"), "verification": CHECKS},
            "verify",
            ("current", "verify", "nothing to change, 2 checks passed"),
        ),
        (
            {**preflight("change", PLAN), "changed": ["extension"]},
            "upgrade",
            ("failed", "verify", "it was never verified: its tasks did not run to the end (changed: extension)"),
        ),
    ],
)
def test_how_a_cluster_ended(record: dict[str, Any], mode: str, expected: tuple[str, str, str]) -> None:
    assert judged(record, mode) == expected


def cluster(host: str, outcome: str, reason: str = "because") -> ClusterReport:
    return ClusterReport(
        schema_version=1,
        host=host,
        cluster_id="/id",
        identity=None,
        outcome=outcome,  # type: ignore[typeddict-item]  # one of the outcomes
        stage="verify",
        reason=reason,
        findings=[],
        changes=[],
        changed_stages=[],
        checks=[],
    )


LOCK = {**BLOCKER, "id": "lock-read-only", "title": "A lock forbids every change", "evidence": ["Locked."]}
OLD = {**LOCK, "id": "kubernetes-version-unsupported"}


def test_what_only_forbids_changes_is_a_warning_where_nothing_is_to_be_changed() -> None:
    record = {**preflight("blocked", NOTHING, LOCK, OLD, WARNING), "verification": CHECKS}
    whole: Record = {"host": "aks", "cluster_id": "/id", **record}  # type: ignore[typeddict-item]  # as above
    made = report.cluster_report(whole, modes.BY_ID["verify"])
    assert (made["outcome"], made["stage"]) == ("current", "verify")
    ids = "lock-read-only, kubernetes-version-unsupported, namespace-shared"
    assert made["reason"] == f"nothing to change, 2 checks passed (warnings: {ids})"
    assert {each["severity"] for each in made["findings"]} == {"warning"}
    assert LOCK["severity"] == "blocker"
    for mode in ("preflight", "check", "upgrade"):
        assert judged(record, mode)[0] == "blocked"


def test_a_verified_cluster_stays_blocked_by_what_is_not_about_changing() -> None:
    outcome, stage, reason = judged(
        {**preflight("blocked", NOTHING, LOCK, BLOCKER), "verification": CHECKS}, mode="verify"
    )
    assert (outcome, stage) == ("blocked", "preflight")
    assert reason == "The cluster is stopped. Stopped. [cluster-stopped]"


def test_without_a_verification_nothing_that_forbids_changes_is_green() -> None:
    assert judged(preflight("blocked", NOTHING, LOCK), mode="verify")[0] == "failed"
    failure = {"failure": {"stage": "verify", "message": "no"}}
    assert judged({**failure, **preflight("blocked", NOTHING, LOCK)}, mode="verify")[0] == "failed"


def test_lines_stand_in_columns_and_end_with_the_counts() -> None:
    clusters = [
        cluster("a", "upgraded"),
        cluster("z", "blocked"),
        cluster("aks-long", "failed"),
        cluster("b", "current", ""),
    ]
    lines = report.screen(clusters)
    assert [line["text"] for line in lines] == [
        "aks-long  FAILED    verify  because",
        "z         BLOCKED   verify  because",
        "a         UPGRADED  verify  because",
        "b         CURRENT   verify",
        "4 clusters: 1 failed, 1 blocked, 1 upgraded, 1 current",
    ]
    assert [line["outcome"] for line in lines] == ["failed", "blocked", "upgraded", "current", None]
    assert [line["text"] for line in report.screen([])] == ["0 clusters: no clusters"]


def test_the_terminal_has_names_in_the_place_of_ids() -> None:
    pool = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks/agentPools/gpu"
    line = report.screen([cluster("a", "failed", f"Pool '{pool}' (of {pool.rpartition('/agentPools')[0]}): no.")])[0]
    assert line["text"].endswith("Pool 'gpu' (of aks): no.")


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


@pytest.mark.parametrize("host", ["../../etc/x", "a b:c", "..", "", "ä", "x" * 300, "a\nb", "a-0123abcd"])
def test_a_host_cannot_choose_where_its_report_goes(host: str) -> None:
    name = report.file_name(host)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,140}-[0-9a-f]{8}", name), name


def test_an_ordinary_host_gives_its_report_its_name() -> None:
    assert report.file_name("aks-1.west") == "aks-1.west"


def test_reports_of_hosts_with_similar_names_are_different_files() -> None:
    hosts = ["a_b", "a b", "a:b", ".a_b", "x" * 300, "x" * 301, report.file_name("a b")]
    assert len({report.file_name(host) for host in hosts}) == len(hosts)


def test_a_long_reason_is_whole_in_the_file_and_says_on_the_terminal_where_the_rest_is() -> None:
    _unused, _unused_2, reason = judged({"failure": {"stage": "x", "message": "word " * 800 + "Do this."}})
    assert reason.endswith("word Do this.")
    line = report.screen([cluster("a", "failed", reason)])[0]["text"]
    assert len(line) < 2100
    assert line.endswith("… (the rest is in the cluster's file)")


def test_a_failed_cluster_says_what_was_changed_before() -> None:
    failure = {"stage": "compute", "message": "The disk is on fire."}
    reason = judged({"failure": failure, "changed": ["gpu_nodes", "extension"]})[2]
    assert reason == "The disk is on fire. (changed before: gpu_nodes, extension)"


def test_an_artifact_has_a_variable_name_that_no_user_may_set() -> None:
    assert report.artifact_names(["aks-1.west"]) == {"aks-1.west": "azureml_fleet_aks_1_west"}
    assert not any(name.startswith(PREFIX) for name in report.artifact_names(["aks"]).values())


def test_artifacts_of_hosts_with_similar_names_have_different_names() -> None:
    hosts = ["aks-1", "aks.1", "alone", "x" * 300, "x" * 300 + "y"]
    names = report.artifact_names(hosts)
    assert names["alone"] == "azureml_fleet_alone"
    assert len(set(names.values())) == len(hosts)
    assert all(re.fullmatch(r"azureml_fleet_\w{1,140}", name) for name in names.values())


def test_what_a_cluster_says_cannot_forge_a_line_or_write_to_the_terminal() -> None:
    clusters = [cluster("a\x1b[2J", "failed", "no\x1b]0;title\x07 b\r\nb  UPGRADED")]
    lines = [line["text"] for line in report.screen(clusters)]
    assert len(lines) == 2
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))
    assert r"a\x1b[2J" in lines[0]


def test_a_refusal_says_what_was_seen_and_what_to_do() -> None:
    blocker = FindingReport(
        id="cluster-stopped",
        severity="blocker",
        title="The cluster is stopped",
        evidence=["It is Stopped."],
        remedy="Start it.",
        source="https://learn.microsoft.com",
        accepted=False,
    )
    warning = blocker.copy()
    warning.update({"id": "namespace-shared", "severity": "warning"})
    assert report.refusal("aks", [blocker, warning]) == (
        "Cluster aks is blocked; nothing of it was changed. "
        "The cluster is stopped: It is Stopped. Start it. [cluster-stopped]"
    )
