# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: lock files that say what the requirements want, its licences, its known vulnerabilities."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import audit, check_licences, run_tests

Captured = pytest.CaptureFixture[str]

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
LOCKS = {
    "requirements.lock": ("requirements.txt", "tests/requirements.txt"),
    "requirements-lowest.lock": ("requirements.txt", "tests/requirements-lowest.txt"),
    "requirements-azure-cli.lock": ("tests/requirements-azure-cli.txt",),
}


def requirements(path: Path) -> Iterator[Requirement]:
    """The requirements of a file, or the pinned ones of a lock file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].rstrip("\\ ")
        if text and not text.startswith(" "):
            yield Requirement(text)


def pinned(lock: str) -> dict[str, str]:
    """The versions that a lock file installs on this Python."""
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in requirements(TESTS / lock)
        if each.marker is None or each.marker.evaluate()
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_installs_what_the_requirements_want(lock: str) -> None:
    versions = pinned(lock)
    wanted = [each for file in LOCKS[lock] for each in requirements(ROOT / file)]
    missing = [
        str(each)
        for each in wanted
        if (each.marker is None or each.marker.evaluate())
        and not each.specifier.contains(versions.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert missing == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes_and_no_place_is_named(lock: str) -> None:
    text = (TESTS / lock).read_text(encoding="utf-8")
    for package in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in package, package
    assert not re.search(r"://|--index|--find-links|--extra|--trusted|file:", text)


def test_the_lowest_environment_holds_exactly_the_lower_bounds() -> None:
    versions = pinned("requirements-lowest.lock")
    bounds = {each.name: str(each.specifier).removeprefix(">=") for each in requirements(ROOT / "requirements.txt")}
    assert bounds == {name: versions[name] for name in bounds}


def test_the_lowest_environment_has_the_tools_of_the_others() -> None:
    lowest, usual = pinned("requirements-lowest.lock"), pinned("requirements.lock")
    tools = {canonicalize_name(each.name) for each in requirements(TESTS / "requirements-lowest.txt")} - {
        "ansible-core"
    }
    assert {name: lowest[name] for name in tools} == {name: usual[name] for name in tools}


def test_documented_bounds_are_those_of_the_requirements() -> None:
    bounds = {f"{each.name} {each.specifier}".replace(">=", ">= ") for each in requirements(ROOT / "requirements.txt")}
    names = {bound.partition(" ")[0] for bound in bounds}
    documented: set[str] = set()
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for block in re.findall(r"^requirements:\n((?:  - .*\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            documented |= {str(each) for each in yaml.safe_load(block)}
    known = {each for each in documented if ">=" in each and each.partition(" ")[0] in names}
    assert known
    assert known <= bounds


def test_a_licence_that_is_not_allowed_is_named() -> None:
    packages: list[check_licences.Package] = [
        {"Name": "good", "Version": "1", "License": "MIT"},
        {"Name": "odd", "Version": "2", "License": "SSPL-1.0"},
    ]
    found = check_licences.offences(packages, {"MIT": "compatible with GPL 3"})
    assert len(found) == 1
    assert found[0].startswith("odd 2 has the licence 'SSPL-1.0'")


SOUND: audit.Dependency = {"name": "sound", "version": "1", "vulns": []}
FLAWED: audit.Dependency = {"name": "flawed", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN: audit.Dependency = {"name": "unknown", "skip_reason": "Dependency not found on PyPI: unknown (1)"}


@pytest.mark.parametrize(
    ("found", "status"),
    [([SOUND], 0), ([SOUND, FLAWED], 1), ([SOUND, UNKNOWN], 77), ([FLAWED, UNKNOWN], 1)],
    ids=["sound", "flawed", "unknown", "flawed-and-unknown"],
)
def test_only_what_was_audited_is_taken_for_sound(found: list[audit.Dependency], status: int) -> None:
    assert audit.report(found) == status


def test_a_vulnerability_is_told_with_its_remedy() -> None:
    assert audit.offences([SOUND, FLAWED]) == [
        "flawed 1 has PYSEC-1, mended in 2. Run `make lock ARGS='--upgrade-package flawed'`, "
        "or say in pyproject.toml why it does not matter."
    ]


@pytest.mark.parametrize(
    ("status", "word", "failed"), [(0, "passed", False), (1, "FAILED", True), (77, "skipped", False)]
)
def test_a_stage_that_could_not_be_done_is_neither_green_nor_red(
    status: int,
    word: str,
    failed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_tests, "LOGS", tmp_path)
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    code = f"import sys; print('asked'); print('no network'); sys.exit({status})"
    outcome = run_tests.run(run_tests.Stage("audit", (sys.executable, "-c", code)), show=False)
    assert (outcome.word, outcome.failed) == (word, failed)
    run_tests.summarise([outcome], 1.0)
    assert ("skipped: the stage audit: no network" in capsys.readouterr().out) == (status == 77)
