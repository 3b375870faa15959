# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that judges after: all checks, on failure as well."""

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._core import aml_verify
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from tests.unit.plugins.module_utils._domain.builders import facts, settings
from tests.unit.plugins.module_utils._domain.run.test_verification import WANTED, running


def run(found: Facts) -> Outcome:
    return aml_verify.run(
        Call(
            params={
                "variables": dict(settings(**WANTED).values),
                "facts": found,
                "before": None,
                "ssl_certificate": None,
            }
        )
    )


def test_a_cluster_in_order_passes() -> None:
    outcome = run(running(settings(**WANTED)))
    assert not outcome.changed
    assert all(check["passed"] for check in outcome.result["checks"])


def test_a_failure_says_what_is_wrong_and_keeps_every_check() -> None:
    with pytest.raises(ModuleFailure) as caught:
        run(facts())
    assert caught.value.message.startswith("2 of 10 checks on cluster aks failed. The extension is installed?")
    assert len(caught.value.details["checks"]) == 10
