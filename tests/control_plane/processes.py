# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that outlive the command that started them, found and ended by what was written down."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS_TO_END = 10.0


@dataclass(frozen=True)
class Started:
    """A running process. Its start time tells it from a later one that got the same number."""

    name: str
    pid: int
    start_time: str
    log: str


def start(name: str, command: Sequence[str], log: Path) -> Started:
    """Start a process in a session of its own, with its output in ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    # The object is dropped on purpose: a process that was started here is followed by its number alone.
    process.returncode = 0
    return Started(name, process.pid, _start_time(process.pid), str(log))


def is_running(process: Started) -> bool:
    """Whether this very process still runs (a zombie does not)."""
    running = bool(process.start_time) and _start_time(process.pid) == process.start_time
    if not running:
        with contextlib.suppress(ChildProcessError):  # it was started by another process
            os.waitpid(process.pid, os.WNOHANG)
    return running


def stop(processes: Iterable[Started]) -> None:
    """End processes politely, all at once, and without mercy after ten seconds."""
    remaining = [process for process in processes if is_running(process)]
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for process in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, sent)
        deadline = time.monotonic() + SECONDS_TO_END
        while remaining and time.monotonic() < deadline:
            time.sleep(0.05)
            remaining = [process for process in remaining if is_running(process)]


def last_lines(process: Started, count: int = 5) -> str:
    """The end of a process's log, for an error message."""
    with contextlib.suppress(OSError):
        return " | ".join(Path(process.log).read_text("utf-8", "replace").splitlines()[-count:])
    return ""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that are free now. All are held until all are known, so that they differ."""
    with contextlib.ExitStack() as held:
        ports = []
        for _unused in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    return ports


def _start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks (Linux), else by ``ps``; empty when there is none."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    if Path("/proc/self").exists():
        return ""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()
