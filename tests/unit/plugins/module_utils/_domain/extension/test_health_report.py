# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.health_report import (
    CODES,
    explained,
    failed_checks,
)
from tests.simulator.chart import health
from tests.unit.plugins.module_utils._domain.builders import extension

#: In the form of the report in github.com/Azure/azure-sdk-for-python/issues/33480.
REPORT = """reports-pre-install:
Report:
Duration: 149.978981ms
Date: 2023-12-12 13:57:17.896838241 +0000 UTC

Status: Passed Name: service
Status: Failed Name: instancetype ErrorCode: E45006 ErrorMessage: Failed to validate or update instancetype
Status: Failed Name: own ErrorCode: E41234 ErrorMessage: Something new.
Status: Failed Name: mute
reports-pre-upgrade:
Status: Failed Name: instancetype ErrorCode: E45006 ErrorMessage: Failed to validate or update instancetype
"""


def test_each_check_that_failed_is_said_once_with_meaning_and_remedy() -> None:
    known, unknown, mute = explained(REPORT)
    assert "Health check instancetype failed with E45006 (not documented: Failed to validate" in known
    assert CODES["E45006"].meaning in known
    assert CODES["E45006"].remedy in known
    assert unknown.startswith("Health check own failed (E41234): Something new. Read `kubectl logs")
    assert "mute failed (no code)" in mute


def test_a_report_without_failures_and_none_at_all_say_nothing() -> None:
    assert explained(None) == []
    assert explained("Status: Passed Name: service") == []


@pytest.mark.parametrize("code", sorted(health.KNOWN_CODES))
def test_every_code_that_the_simulated_chart_reports_is_explained(code: str) -> None:
    (found,) = failed_checks(health.report(health.with_codes([code]), "2026-11-21"))
    assert found.code == code
    assert CODES[code].remedy in found.sentences()


def test_the_cause_comes_before_the_long_text_of_azure() -> None:
    facts = extension(provisioning_state="Failed", error="x" * 1000)
    message = failures.extension_failure(facts, "aks", explained(REPORT)[0])
    assert message.index("E45006") < 100
    assert message.endswith("x.")
