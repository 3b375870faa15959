# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of a file share is made once, although two processes run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import ROOT, pytest_stage
from tests.distribution import APART, FIRST

MODULE = """
import os, pathlib, pytest

@pytest.fixture(scope="module")
def dear():
    path = pathlib.Path(__file__)
    path.with_name(f"{path.stem}-{os.getpid()}.made").touch()

@pytest.mark.parametrize("number", range(6))
def test_something(dear, number):
    pass
"""


@pytest.mark.parametrize("name", [*FIRST, *APART])
def test_the_files_that_are_named_are_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_what_a_file_shares_is_made_in_one_process(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"test_{name}.py").write_text(MODULE, encoding="utf-8")
    how = [word for word in pytest_stage("x", str(tmp_path)).command[1:] if not word.startswith("--junit-xml")]
    command = [sys.executable, "-m", "pytest", "-p", "tests.distribution", "--rootdir", str(tmp_path), *how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "18 passed" in done.stdout, done.stdout + done.stderr
    made = sorted(path.name.partition("-")[0] for path in tmp_path.glob("*.made"))
    assert made == ["test_one", "test_three", "test_two"]
    assert len({path.stem.partition("-")[2] for path in tmp_path.glob("*.made")}) == 2
