# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule is, how it is registered, and how all of them judge one cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.findings import FindingReport, Severity
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings

#: What a rule saw, in one sentence or several; None (or nothing) where the rule has nothing to say.
Evidence: TypeAlias = "str | Sequence[str] | None"
Judgement = Callable[[Settings, Facts], Evidence]

_ORDER: dict[Severity, int] = {"blocker": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Rule:
    """One documented limit of the upgrade."""

    id: str
    severity: Severity
    title: str
    remedy: str
    source: str
    judgement: Judgement
    #: A blocker that users may accept on purpose, by its id in `aml_accepted_findings`: it is a warning then.
    acceptable: bool = False
    #: A blocker that is about what a change needs, and not about what is there: in a run that only verifies it is a
    #: warning, and what was looked at decides.
    about_changing: bool = False


@dataclass(frozen=True)
class Finding:
    """What one rule says about one cluster."""

    rule: Rule
    evidence: tuple[str, ...]
    accepted: bool = False

    @property
    def severity(self) -> Severity:
        """How much the finding weighs: what was accepted blocks nothing."""
        return "warning" if self.accepted else self.rule.severity

    def to_result(self) -> FindingReport:
        """Return the finding as a module returns it and the report keeps it."""
        return FindingReport(
            id=self.rule.id,
            severity=self.severity,
            title=self.rule.title,
            evidence=list(self.evidence),
            remedy=self.rule.remedy,
            source=self.rule.source,
            accepted=self.accepted,
        )


_RULES: dict[str, Rule] = {}
_TOPICS: list[str] = []


def rule(
    id: str,  # noqa: A002  # `id` is what a rule's id is called
    severity: Severity,
    title: str,
    *,
    remedy: str,
    source: str,
    acceptable: bool = False,
    about_changing: bool = False,
) -> Callable[[Judgement], Judgement]:
    """Register the decorated function as a rule. `title` says what is wrong when the rule finds something.

    Raises ValueError when another rule has the same id, because reports and waivers name rules by it.
    """

    def register(judgement: Judgement) -> Judgement:
        if id in _RULES and _RULES[id].judgement.__qualname__ != judgement.__qualname__:
            raise ValueError(f"two rules have the id {id}")
        _RULES[id] = Rule(id, severity, title, remedy, source, judgement, acceptable, about_changing)
        return judgement

    return register


def arrange(topics: Sequence[str]) -> None:
    """Set the order of topics, by the names of their modules: what explains other findings comes first."""
    _TOPICS[:] = topics


def every_rule() -> list[Rule]:
    """Return all rules, topic by topic, in the order in which a topic declares them."""
    return sorted(_RULES.values(), key=lambda each: _TOPICS.index(each.judgement.__module__))


def judge(settings: Settings, facts: Facts) -> list[Finding]:
    """Return what all rules find, blockers first, each severity in the order of `every_rule`."""
    findings: list[Finding] = []
    for each in every_rule():
        evidence = each.judgement(settings, facts)
        sentences = (evidence,) if isinstance(evidence, str) else tuple(evidence or ())
        if sentences:
            accepted = each.acceptable and each.id in settings.run.accepted_findings
            findings.append(Finding(each, sentences, accepted))
    return sorted(findings, key=lambda finding: _ORDER[finding.severity])
