# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that the forked workers of one run share: an anonymous file in RAM, made before the first fork.

Ansible forks a worker for every host and task, and a worker's memory dies with it. A memfd that exists before the fork
is inherited by every worker, is visible in no file system, and ends with the run. It holds tokens and kubeconfigs,
so that a run asks Azure for them once and not once a task.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import time
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # not a POSIX system: there is no shared memory then
    fcntl = None  # type: ignore[assignment]  # the platform lacks it; `create` then returns NoMemory

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory

#: Digest of the key, time of expiry (seconds since the epoch), length of the value.
_HEADER = struct.Struct("!32sdI")
#: Bytes after which everything is dropped and collected anew; a kubeconfig is about 10 kB.
_LIMIT = 64 * 1024 * 1024


class SharedMemory:
    """An append-only list of records; the last record of a key counts."""

    def __init__(self, descriptor: int) -> None:
        """Use the anonymous file behind `descriptor`, which every forked process inherits."""
        self._descriptor = descriptor

    def get(self, key: str) -> str | None:
        """Return the newest fresh value under `key`, or None."""
        digest = _digest(key)
        found: str | None = None
        with self._locked():
            size = os.fstat(self._descriptor).st_size
            offset = 0
            while offset < size:
                record, expires, length = _HEADER.unpack(os.pread(self._descriptor, _HEADER.size, offset))
                offset += _HEADER.size
                if record == digest:
                    fresh = expires > time.time()
                    found = os.pread(self._descriptor, length, offset).decode() if fresh else None
                offset += length
        return found

    def put(self, key: str, value: str, seconds: float) -> None:
        """Keep `value` under `key` for `seconds`."""
        data = value.encode()
        with self._locked():
            size = os.fstat(self._descriptor).st_size
            if size + len(data) > _LIMIT:
                os.ftruncate(self._descriptor, 0)
                size = 0
            header = _HEADER.pack(_digest(key), time.time() + seconds, len(data))
            os.pwrite(self._descriptor, header + data, size)

    def forget(self, key: str) -> None:
        """Make the next `get` of `key` find nothing."""
        self.put(key, "", 0.0)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other workers out: POSIX record locks belong to a process, so they work across forks."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)


def _digest(key: str) -> bytes:
    """Return a fixed-length name for `key`, which may itself be made from a secret."""
    return hashlib.sha256(key.encode()).digest()


def create() -> RunMemory:
    """Return a memory shared with every process forked from this one, or `NoMemory` where the system has none."""
    if fcntl is None or not hasattr(os, "memfd_create"):
        return NoMemory()
    return SharedMemory(os.memfd_create("azureml.fleet", os.MFD_CLOEXEC))
