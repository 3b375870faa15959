# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did to each cluster, as data for machines and as one line for people."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import ChangeData
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import IdentityFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.findings import CheckReport, FindingReport
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import every_rule
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import Mode, ModeId
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.text import one_line

ClusterOutcome = Literal["failed", "blocked", "upgraded", "would change", "current", "checked"]

#: In the order in which the summary counts them: what needs a person comes first.
OUTCOMES: tuple[ClusterOutcome, ...] = ("failed", "blocked", "upgraded", "would change", "current", "checked")
SCHEMA_VERSION: Literal[1] = 1
#: Characters of a name before its digest. With `.json` and what a temporary file adds it fits into 255 bytes, the limit
#: of Linux's file systems (NAME_MAX, https://man7.org/linux/man-pages/man0/limits.h.0p.html).
_LONGEST_NAME = 120
_DIGEST = 8
#: The id of an Azure resource within a sentence; its last segment is the name that a person knows. Scopes and URLs stay
#: whole, and locks, because commands are typed with them.
_RESOURCE_ID = re.compile(
    r"(?<![\w.-])/subscriptions/(?![^\s'\",;:()]*/locks/)[^\s'\",;:()]+/providers/[^\s'\",;:()]+/([^\s'\",;:()/?]+)(?![/?])"
)
#: Characters of a reason on the terminal: about 25 lines. The cluster's file has the rest of the few that are longer.
_LONGEST_REASON = 2000
#: What a person has to look at first.
_URGENT: tuple[ClusterOutcome, ...] = ("failed", "blocked")


class Record(TypedDict, total=False):
    """What the playbooks know of one cluster at the end; absent parts were never reached."""

    host: str
    cluster_id: str
    #: Who the run was to Azure, where it got so far.
    identity: IdentityFacts
    preflight: Mapping[str, Any]
    verification: Mapping[str, Any]
    #: Stage and message of what went wrong.
    failure: Mapping[str, Any]
    #: Stages whose modules changed something, or in check mode would have.
    changed: Sequence[str]
    #: Settings of the host that steer the report, where they can be read.
    report_directory: str
    fail_when_blocked: bool


class ClusterLine(TypedDict):
    """How one cluster ended, in which stage, and why."""

    host: str
    cluster_id: str
    outcome: ClusterOutcome
    stage: str
    reason: str


class ClusterReport(ClusterLine):
    """One cluster's file: its line, and everything that was found, planned, changed and verified."""

    schema_version: Literal[1]
    #: Who the run was to Azure: ids, never a secret. Null where it did not get so far.
    identity: IdentityFacts | None
    findings: list[FindingReport]
    changes: list[ChangeData]
    changed_stages: list[str]
    checks: list[CheckReport]


class FleetReport(TypedDict):
    """The fleet's file: how many clusters ended how, and each one's line."""

    schema_version: Literal[1]
    mode: ModeId
    counts: dict[ClusterOutcome, int]
    clusters: list[ClusterLine]


def cluster_report(record: Record, mode: Mode) -> ClusterReport:
    """Return the report of one cluster after a run of `mode`."""
    preflight = _weighed(record.get("preflight") or {}, mode)
    outcome, stage, reason = _judge(record, preflight, mode)
    return ClusterReport(
        schema_version=SCHEMA_VERSION,
        host=record["host"],
        cluster_id=str(record.get("cluster_id") or ""),
        outcome=outcome,
        stage=stage,
        reason=reason,
        identity=record.get("identity"),
        findings=list(preflight.get("findings") or []),
        changes=list((preflight.get("plan") or {}).get("changes") or []),
        changed_stages=list(record.get("changed") or []),
        checks=list((record.get("verification") or {}).get("checks") or []),
    )


def _weighed(preflight: Mapping[str, Any], mode: Mode) -> Mapping[str, Any]:
    """Return preflight's result as it counts in a run of `mode`.

    Where nothing is to be changed, a blocker that is about changing is a warning, and a cluster without any other one
    is not blocked: its checks say how it is.
    """
    findings = preflight.get("findings") or []
    if mode.stages or not mode.verifies or not findings:
        return preflight
    about_changing = {rule.id for rule in every_rule() if rule.about_changing}
    weighed = [
        {**each, "severity": "warning"} if each["severity"] == "blocker" and each["id"] in about_changing else each
        for each in findings
    ]
    blocked = any(each["severity"] == "blocker" for each in weighed)
    verdict = preflight.get("verdict")
    return {**preflight, "findings": weighed, "verdict": verdict if blocked or verdict != "blocked" else "current"}


def fleet_report(clusters: Sequence[ClusterReport], mode: Mode) -> FleetReport:
    """Return the report of the fleet: how many ended how, and each cluster's line."""
    return FleetReport(
        schema_version=SCHEMA_VERSION,
        mode=mode.id,
        counts=counts(clusters),
        clusters=[
            ClusterLine(
                host=cluster["host"],
                cluster_id=cluster["cluster_id"],
                outcome=cluster["outcome"],
                stage=cluster["stage"],
                reason=cluster["reason"],
            )
            for cluster in clusters
        ],
    )


def counts(clusters: Sequence[ClusterReport]) -> dict[ClusterOutcome, int]:
    """Return how many clusters ended how; outcomes that nobody had are left out."""
    found = {outcome: sum(cluster["outcome"] == outcome for cluster in clusters) for outcome in OUTCOMES}
    return {outcome: count for outcome, count in found.items() if count}


class Line(TypedDict):
    """One line for the terminal, and the outcome that gives it its colour; None for the line with the counts."""

    text: str
    outcome: ClusterOutcome | None


def screen(clusters: Sequence[ClusterReport]) -> list[Line]:
    """Return one line per cluster, in columns, those that need a person first, and a last one with the counts.

    Ids of Azure resources are shortened to names, which the files hold in full.
    """
    host = max((len(cluster["host"]) for cluster in clusters), default=0)
    outcome = max((len(cluster["outcome"]) for cluster in clusters), default=0)
    stage = max((len(cluster["stage"]) for cluster in clusters), default=0)
    rows = [
        Line(
            text=one_line(
                f"{cluster['host']:<{host}}  {cluster['outcome'].upper():<{outcome}}  {cluster['stage']:<{stage}}  "
                f"{_shortened(cluster['reason'])}"
            ),
            outcome=cluster["outcome"],
        )
        for cluster in sorted(clusters, key=lambda each: _urgency(each["outcome"]))
    ]
    total = ", ".join(f"{count} {outcome}" for outcome, count in counts(clusters).items()) or "no clusters"
    return [*rows, Line(text=f"{len(clusters)} cluster{'' if len(clusters) == 1 else 's'}: {total}", outcome=None)]


def _shortened(reason: str) -> str:
    """Return a reason with names in the place of ids; one that would fill the screen ends with where the rest is."""
    text = _RESOURCE_ID.sub(lambda found: found[1], reason)
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}… (the rest is in the cluster's file)"


def _urgency(outcome: ClusterOutcome) -> int:
    """Return a number to sort by: what needs a person first, all others in the order of the inventory."""
    return _URGENT.index(outcome) if outcome in _URGENT else len(_URGENT)


def must_fail(cluster: ClusterReport, *, fail_when_blocked: bool) -> bool:
    """Tell whether this cluster makes the run end with an error."""
    return cluster["outcome"] == "failed" or (fail_when_blocked and cluster["outcome"] == "blocked")


def file_name(host: str) -> str:
    """Return a file name for a host's report: letters, digits, dots, dashes and underscores only.

    A host whose name had to be changed or cut gets a digest of it, so that no other host's report has the same name, in
    this run or another. A name that ends like one with a digest gets one, too.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", host).lstrip(".") or "_"
    looks_taken = re.search(rf"-[0-9a-f]{{{_DIGEST}}}$", plain)
    return plain if plain == host and len(host) <= _LONGEST_NAME and not looks_taken else _with_digest(plain, "-", host)


def artifact_names(hosts: Sequence[str]) -> dict[str, str]:
    """Return the names under which AWX keeps the hosts' lines: variable names, one for each host.

    AWX hands them to the next job of a workflow as extra variables, so they do not begin as the users' own do. Hosts of
    the run whose names differ in punctuation only get a digest of the name, as do very long ones.
    """
    plain = {host: "azureml_fleet_" + re.sub(r"[^A-Za-z0-9_]", "_", host) for host in hosts}
    times = Counter(plain.values())
    alone = {host: times[name] == 1 and len(name) <= _LONGEST_NAME for host, name in plain.items()}
    return {host: name if alone[host] else _with_digest(name, "_", host) for host, name in plain.items()}


def _with_digest(name: str, separator: str, host: str) -> str:
    """Return `name`, cut where it is very long, with a digest of the host's whole name."""
    digest = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{name[:_LONGEST_NAME]}{separator}{digest}"


def _judge(record: Record, preflight: Mapping[str, Any], mode: Mode) -> tuple[ClusterOutcome, str, str]:
    """Return how a cluster ended, in which stage, and why."""
    failure = record.get("failure")
    if failure:
        return "failed", str(failure.get("stage") or ""), _failed(record, str(failure.get("message") or "no message"))
    if not preflight.get("verdict"):
        return "failed", "preflight", "it was never judged: its tasks did not run to the end"
    if preflight["verdict"] == "blocked":
        return "blocked", "preflight", _blockers(preflight)
    if not mode.verifies:
        return "checked", "preflight", _ready(preflight)
    changes = (preflight.get("plan") or {}).get("changes") or []
    if mode.predicts and changes:
        return "would change", "plan", _summary(preflight)
    checks = (record.get("verification") or {}).get("checks") or []
    if not checks:
        changed = ", ".join(record.get("changed") or []) or "nothing"
        return "failed", "verify", f"it was never verified: its tasks did not run to the end (changed: {changed})"
    passed = _passed(checks)
    if not record.get("changed"):
        return "current", "verify", f"nothing to change, {passed}{_warnings(preflight)}"
    return "upgraded", "verify", f"{', '.join(record['changed'])} changed, {passed}{_warnings(preflight)}"


def _passed(checks: Sequence[Mapping[str, Any]]) -> str:
    """Return how many checks passed, and the ids of those that could not be made."""
    unseen = [each["id"] for each in checks if each.get("not_checked")]
    also = f", not checked: {', '.join(unseen)}" if unseen else ""
    return f"{len(checks) - len(unseen)} checks passed{also}"


def _failed(record: Record, message: str) -> str:
    """Return why a cluster failed, and what had been changed before."""
    changed = ", ".join(record.get("changed") or [])
    before = f" (changed before: {changed})" if changed else ""
    return _one_line(f"{message}{before}")


def refusal(cluster: str, findings: Sequence[FindingReport]) -> str:
    """Return why a blocked cluster is refused: every blocker with what was seen and what to do about it."""
    blockers = [each for each in findings if each["severity"] == "blocker"]
    said = " ".join(
        f"{each['title']}: {' '.join(each['evidence'])} {each['remedy']} [{each['id']}]" for each in blockers
    )
    return f"Cluster {cluster} is blocked; nothing of it was changed. {said}"


def _blockers(preflight: Mapping[str, Any]) -> str:
    """Return the blockers: what was seen of the first and what to do about it, ids of the others."""
    blockers = [each for each in preflight.get("findings") or [] if each["severity"] == "blocker"]
    if not blockers:
        return "a rule blocks it"
    first, others = blockers[0], [each["id"] for each in blockers[1:]]
    also = f" (also: {', '.join(others)})" if others else ""
    said = f"{first['title']}. {first['evidence'][0]} {first.get('remedy') or ''}"
    return _one_line(f"{said} [{first['id']}]{also}")


def _ready(preflight: Mapping[str, Any]) -> str:
    """Return what an upgrade would do."""
    stages = (preflight.get("plan") or {}).get("stages") or []
    return (_summary(preflight) if stages else "nothing to change") + ("" if stages else _warnings(preflight))


def _summary(preflight: Mapping[str, Any]) -> str:
    """Return the planned changes in few words."""
    plan = preflight.get("plan") or {}
    changes, stages = plan.get("changes") or [], plan.get("stages") or []
    count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    return f"{count} planned: {', '.join(stages)}{_warnings(preflight)}"


def _warnings(preflight: Mapping[str, Any]) -> str:
    """Return the ids of the warnings, for the end of a line."""
    warnings = [each["id"] for each in preflight.get("findings") or [] if each["severity"] == "warning"]
    return f" (warnings: {', '.join(warnings)})" if warnings else ""


def _one_line(text: str) -> str:
    """Return a text on one line, whole: what to do about it often stands at its end."""
    return one_line(" ".join(text.split()))
