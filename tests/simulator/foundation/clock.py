# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated time, which runs `scale` times as fast as the wall clock."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import datetime, timedelta, timezone


class SimulationClock:
    """Simulated time: it begins at the real time of its creation and runs `scale` times as fast."""

    def __init__(self, scale: float = 1.0) -> None:
        """Start the clock; `scale` is simulated seconds per real second. Raises ValueError unless it is positive."""
        if math.isnan(scale) or scale <= 0:
            raise ValueError(f"the time scale must be a positive number, not {scale!r}")
        self.scale = scale
        self._began_real = time.monotonic()
        self._began = datetime.now(timezone.utc)

    def elapsed(self) -> float:
        """Simulated seconds since the clock was made."""
        return (time.monotonic() - self._began_real) * self.scale

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._began + timedelta(seconds=self.elapsed())

    def wall(self) -> datetime:
        """The real time, in UTC."""
        return datetime.now(timezone.utc)

    def timestamp(self) -> str:
        """The real time as Kubernetes writes it: `2026-11-21T08:00:00Z`.

        Clients compare timestamps of a cluster with their own clocks (kubectl prints `<invalid>` for what lies in the
        future), so they do not run faster; only what happens between them does.
        """
        return self.wall().strftime("%Y-%m-%dT%H:%M:%SZ")

    def azure_timestamp(self) -> str:
        """The simulated time as Azure Resource Manager writes it, with microseconds."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")

    def real(self, simulated_seconds: float) -> float:
        """Real seconds that `simulated_seconds` take."""
        return simulated_seconds / self.scale

    async def sleep(self, simulated_seconds: float) -> None:
        """Sleep for `simulated_seconds` of simulated time."""
        await asyncio.sleep(self.real(max(simulated_seconds, 0.0)))
