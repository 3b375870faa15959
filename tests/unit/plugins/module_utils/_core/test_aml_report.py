# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that reports: private files, only where something differs, none in check mode."""

from __future__ import annotations

import json
import os
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
    options = {"fail_when_blocked": True, "mode": "upgrade", "records": RECORDS, **params}
    return aml_report.run(Call(params={"directory": directory and str(directory), **options}, check_mode=check_mode))


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
    expected = "blocked in stage preflight; the report above says why."
    assert run(None).result["unfinished"] == {"bad": expected}
    assert run(None, fail_when_blocked=False).result["unfinished"] == {}
    assert set(run(None).result["artifacts"]) == {"azureml_fleet_good", "azureml_fleet_bad"}


def test_a_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModuleFailure, match=r"The report's files were not written: .*aml_report_directory") as caught:
        run(tmp_path / "file")
    said = caught.value.details
    assert len(said["lines"]) == 3, "what the run did is told all the same"
    assert "were not written" in said["unfinished"]["good"]
    assert said["unfinished"]["bad"].startswith("blocked in stage preflight")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_files_that_others_could_read_are_closed(tmp_path: Path) -> None:
    directory = tmp_path / "report"
    run(directory)
    for path in (directory, directory / "clusters"):
        path.chmod(0o777)
    (directory / "fleet.json").chmod(0o644)
    assert run(directory).result["written"] == [str(directory / "fleet.json")]
    assert [mode_of(path) for path in (directory, directory / "clusters", directory / "fleet.json")] == [
        0o700,
        0o700,
        0o600,
    ]


def test_a_directory_that_holds_other_things_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "playbook.yml").touch()
    tmp_path.chmod(0o755)
    run(tmp_path)
    assert (mode_of(tmp_path), mode_of(tmp_path / "clusters")) == (0o755, 0o700)


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "clusters").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModuleFailure, match=r"not written: a link is .*clusters"):
        run(tmp_path / "report")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    with pytest.raises(ModuleFailure, match="belongs to another user"):
        run(tmp_path)


@pytest.mark.parametrize("kind", ["fifo", "link", "not UTF-8"])
def test_whatever_is_in_the_place_of_a_report_gives_way(kind: str, tmp_path: Path) -> None:
    run(tmp_path)
    path, other = tmp_path / "fleet.json", tmp_path / "other.json"
    path.rename(other)
    kept = other.read_bytes()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(other)
    else:
        path.write_bytes(b"\xff")
    assert run(tmp_path).result["written"] == [str(path)]
    assert path.is_file()
    assert not path.is_symlink()
    assert path.read_bytes() == other.read_bytes() == kept


def test_a_host_whose_name_is_no_text_has_a_report(tmp_path: Path) -> None:
    records = [{**RECORDS[0], "host": f"a{chr(0xD800)}"}]
    assert len(run(tmp_path, records=records).result["written"]) == 2
