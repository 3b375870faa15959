# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules and checks say of a cluster, as modules return it and reports keep it."""

from __future__ import annotations

from typing import Literal, TypedDict

#: blocker: the cluster is left untouched. warning: somebody should look. note: worth knowing.
Severity = Literal["blocker", "warning", "note"]


class FindingReport(TypedDict):
    """What a preflight rule found; `evidence` is what was seen, `source` the page that the rule rests on.

    A blocker that the user has accepted (`aml_accepted_findings`) is `accepted`, and a warning.
    """

    id: str
    severity: Severity
    title: str
    evidence: list[str]
    remedy: str
    source: str
    accepted: bool


class CheckReport(TypedDict):
    """One promise that was verified; without `problems` it holds, and `remarks` are worth knowing all the same.

    What could not be looked at is `not_checked`, each with its reason: the promise neither failed nor passed then.
    """

    id: str
    title: str
    passed: bool
    problems: list[str]
    remarks: list[str]
    not_checked: list[str]
