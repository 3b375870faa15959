# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: a deadline, looks with a reason, and the last known state when time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError

State = TypeVar("State")

#: Seconds after which an unchanged state is told again to the person who watches.
_SILENCE_SECONDS = 60.0
AZURE_GOES_ON = "Azure goes on with it."


class WaitTimeoutError(FleetError):
    """The time to wait is over; what was begun goes on."""


@dataclass
class Waiting:
    """How to wait: `timeout` and `interval` in seconds; `progress` hears one line when something is to be told."""

    timeout: float
    interval: float
    progress: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    #: Said at the deadline: who goes on with what was begun.
    goes_on: str = AZURE_GOES_ON
    _started: float = field(init=False)
    _told: tuple[str, float] = field(init=False, default=("", 0.0))

    def __post_init__(self) -> None:
        """Start the deadline's clock."""
        self._started = self.clock()

    @property
    def elapsed(self) -> float:
        """Return the seconds waited so far."""
        return self.clock() - self._started

    @property
    def remaining(self) -> float:
        """Return the seconds left until the deadline, never less than none."""
        return max(0.0, self.timeout - self.elapsed)

    def tell(self, what: str, state: str) -> None:
        """Say that `what` is in `state`, when that is new or has not been said for a while."""
        said, when = self._told
        line = f"{what} is {state}"
        if line != said or self.elapsed - when >= _SILENCE_SECONDS:
            self._told = (line, self.elapsed)
            self.progress(f"{line} (waited {self.elapsed:.0f} of {self.timeout:.0f} s)")

    def pause(self, what: str, state: str) -> None:
        """Sleep until the next poll. Raises WaitTimeoutError, with the last known state, when no time is left."""
        if self.remaining <= 0:
            raise WaitTimeoutError(
                f"{what} was still {state} when the {self.timeout:.0f} s of wait_timeout were over. {self.goes_on} "
                "Nothing was undone: run again to continue waiting.",
                code="WaitTimeout",
            )
        self.tell(what, state)
        self.sleep(min(self.interval, self.remaining))

    def until(
        self,
        read: Callable[[], State],
        is_final: Callable[[State], bool],
        describe: Callable[[State], str],
        what: str,
    ) -> State:
        """Return the first state read that is final. Reads that fail for a moment are repeated until the deadline.

        Raises WaitTimeoutError, and FleetError for a read that cannot succeed by waiting.
        """
        words = "not read yet"
        while True:
            try:
                state = read()
            except FleetError as error:
                if not error.retryable:
                    raise
                words = f"not readable ({error.message})"
            else:
                if is_final(state):
                    return state
                words = describe(state)
            self.pause(what, words)
