# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that workers of one run share."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory
from ansible_collections.azureml.fleet.plugins.plugin_utils import _run_memory

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no anonymous files (memfd)")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def memory() -> RunMemory:
    return _run_memory.create()


def test_value_is_kept_until_it_expires(memory: RunMemory) -> None:
    memory.put("token", "abc", 60)
    assert memory.get("token") == "abc"
    memory.put("token", "stale", -1)
    assert memory.get("token") is None


def test_newest_value_counts(memory: RunMemory) -> None:
    memory.put("token", "first", 60)
    memory.put("other", "o", 60)
    memory.put("token", "second", 60)
    assert (memory.get("token"), memory.get("other")) == ("second", "o")


def test_forgotten_value_is_gone(memory: RunMemory) -> None:
    memory.put("token", "abc", 60)
    memory.forget("token")
    assert memory.get("token") is None
    memory.put("token", "new", 60)
    assert memory.get("token") == "new"


def test_values_of_any_length_and_script_survive(memory: RunMemory) -> None:
    memory.put("k", "", 60)
    assert memory.get("k") == ""
    memory.put("k", "ключ\n" * 10_000, 60)
    assert memory.get("k") == "ключ\n" * 10_000


def _put(memory: RunMemory, worker: int) -> None:
    for number in range(50):
        memory.put(f"{worker}-{number}", str(worker * number), 60)


def test_workers_that_write_at_once_lose_nothing(memory: RunMemory) -> None:
    workers = [FORK.Process(target=_put, args=(memory, worker)) for worker in range(6)]
    for process in workers:
        process.start()
    for process in workers:
        process.join(30)
    assert {process.exitcode for process in workers} == {0}
    for worker in range(6):
        for number in range(50):
            assert memory.get(f"{worker}-{number}") == str(worker * number)


def test_full_memory_starts_anew(memory: RunMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run_memory, "_LIMIT", 1000)
    for number in range(20):
        memory.put(str(number), "x" * 200, 60)
    assert memory.get("19") == "x" * 200
    assert memory.get("0") is None


def test_memory_is_in_no_file_system_and_not_inherited_by_programs(memory: RunMemory) -> None:
    memory.put("token", "abc", 60)
    descriptor = memory._descriptor  # type: ignore[attr-defined]  # the shared kind has one
    assert "memfd:" in os.readlink(f"/proc/self/fd/{descriptor}")
    program = f"import os; os.fstat({descriptor})"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, close_fds=False
    )
    assert "Bad file descriptor" in answer.stderr


def test_other_systems_keep_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    memory = _run_memory.create()
    assert isinstance(memory, NoMemory)
    memory.put("token", "abc", 60)
    assert memory.get("token") is None
