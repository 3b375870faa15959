# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that TLS libraries insist on, without a disk: Python loads a client certificate only from a path."""

from __future__ import annotations

import contextlib
import os
import tempfile


class MemoryFiles:
    """PEM texts as paths. On Linux they are anonymous files in RAM that end with the process.

    Elsewhere they are files that only this user can read, removed by `close`.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._descriptors: list[int] = []
        self._paths: list[str] = []

    def add(self, text: str) -> str:
        """Return a path under which `text` can be read until `close`."""
        if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
            descriptor = os.memfd_create("azureml.fleet", os.MFD_CLOEXEC)
            self._descriptors.append(descriptor)
            path = f"/proc/self/fd/{descriptor}"
        else:
            descriptor, path = tempfile.mkstemp(prefix="azureml.fleet.")  # mode 0600
            self._descriptors.append(descriptor)
            self._paths.append(path)
        data = text.encode()
        while data:
            data = data[os.write(descriptor, data) :]
        return path

    def close(self) -> None:
        """Forget every text."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        for path in self._paths:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self._descriptors, self._paths = [], []
