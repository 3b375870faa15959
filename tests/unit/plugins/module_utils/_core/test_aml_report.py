# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that reports: private files, only where something differs, none in check mode."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._core import aml_report
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome

BLOCKER = {"id": "cluster-stopped", "severity": "blocker", "title": "The cluster is stopped", "evidence": ["Stopped."]}
RECORDS = [
    {
        "host": "good",
        "cluster_id": "/g",
        "preflight": {"verdict": "current"},
        "verification": {"checks": [{"id": "a"}]},
    },
    {"host": "bad", "cluster_id": "/b", "preflight": {"verdict": "blocked", "findings": [BLOCKER]}},
]


def run(directory: Path | None, *, check_mode: bool = False, **params: Any) -> Outcome:
    options = {"fail_when_blocked": True, "mode": "upgrade", **params}
    return aml_report.run(
        Call(params={"records": RECORDS, "directory": directory and str(directory), **options}, check_mode=check_mode)
    )


def test_each_cluster_and_the_fleet_get_a_file_for_their_owner_only(tmp_path: Path) -> None:
    outcome = run(tmp_path / "new" / "report")
    files = sorted(path for path in (tmp_path / "new" / "report").rglob("*") if path.is_file())
    assert sorted(outcome.result["written"]) == [str(path) for path in files]
    assert [path.name for path in files] == ["bad.json", "good.json", "fleet.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "new" / "report").stat().st_mode) == 0o700
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    fleet = json.loads(files[2].read_text(encoding="utf-8"))
    assert fleet["counts"] == {"blocked": 1, "current": 1}
    assert json.loads(files[0].read_text(encoding="utf-8"))["findings"] == [BLOCKER]


def test_a_second_report_of_the_same_writes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path).changed
    assert not run(tmp_path).changed


def test_check_mode_and_no_directory_write_nothing(tmp_path: Path) -> None:
    outcome = run(tmp_path, check_mode=True)
    assert outcome.changed
    assert list(tmp_path.iterdir()) == []
    assert run(None).result["written"] == []


def test_hosts_that_need_a_person_are_named_with_the_reason() -> None:
    expected = "preflight: The cluster is stopped. Stopped. [cluster-stopped]"
    assert run(None).result["unfinished"] == {"bad": expected}
    assert run(None, fail_when_blocked=False).result["unfinished"] == {}
    assert set(run(None).result["artifacts"]) == {"azureml_fleet_good", "azureml_fleet_bad"}


def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModuleFailure, match=r"The report was not written: .*aml_report_directory"):
        run(tmp_path / "file")
