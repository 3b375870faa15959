# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A memory that the tasks of one run share: tokens and kubeconfigs, never on disk.

A module that runs as a process of its own has none (`NoMemory`); the in-process shell lends one
(plugin_utils/_run_memory.py).
"""

from __future__ import annotations

from typing import Protocol


class RunMemory(Protocol):
    """Short-lived values by key; every value in it is to be treated as a secret."""

    def get(self, key: str) -> str | None:
        """Return the value stored under `key`, or None when there is none that is still fresh."""

    def put(self, key: str, value: str, seconds: float) -> None:
        """Keep `value` under `key` for `seconds`."""

    def forget(self, key: str) -> None:
        """Drop what is kept under `key`, for example a token that was refused."""


class NoMemory:
    """The memory of a process that runs one task: it keeps nothing."""

    def get(self, key: str) -> str | None:
        """Return None: nothing is kept."""
        del key
        return None

    def put(self, key: str, value: str, seconds: float) -> None:
        """Keep nothing."""
        del key, value, seconds

    def forget(self, key: str) -> None:
        """Do nothing."""
        del key
