# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marked objects that controllers still have to look at, and the task that works through them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes.store import Key

REACTION_SECONDS = 0.03
"""Real seconds after which controllers notice a change: what a write returns is never their doing yet."""
_ROUNDS = 2000


class WorkQueue:
    """Nothing runs while nothing is marked; one task works through what is."""

    def __init__(self, clock: SimulationClock) -> None:
        """Start empty; `reconcile` is set before the first object is marked."""
        self.reconcile: Callable[[Key], None] = _nothing
        self._clock = clock
        self._marked: dict[Key, None] = {}
        self._due: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False

    def mark(self, key: Key) -> None:
        """Reconcile an object soon."""
        if not self._closed:
            self._marked[key] = None
            self.wake()

    def mark_later(self, seconds: float, key: Key) -> None:
        """Reconcile an object after some simulated seconds."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.mark(key)
            return

        def fire() -> None:
            self._timers.discard(timer)
            self.mark(key)

        timer = loop.call_later(self._clock.real(seconds), fire)
        self._timers.add(timer)

    def is_due(self, key: Key, what: str, seconds: float) -> bool:
        """Whether so many simulated seconds are over since this was first asked; marks the object for that moment."""
        now = self._clock.now().timestamp()
        if what not in self._due:
            self._due[what] = now + seconds
            if seconds > 0:
                self.mark_later(seconds, key)
        return now >= self._due[what]

    def wake(self) -> None:
        """Start the task that works through the marked objects, when there are some and an event loop runs."""
        if self._closed or not self._marked or (self._task is not None and not self._task.done()):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._task = loop.create_task(self._work())

    async def _work(self) -> None:
        await asyncio.sleep(REACTION_SECONDS)
        while self._marked and not self._closed:
            self.settle(rounds=20)
            await asyncio.sleep(0)

    def settle(self, rounds: int = _ROUNDS) -> None:
        """Work through the marked objects now, at most so many."""
        for _unused in range(rounds):
            if not self._marked:
                return
            key = next(iter(self._marked))
            del self._marked[key]
            self.reconcile(key)

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._task is not None:
            self._task.cancel()


def _nothing(_key: Key) -> None:
    """What is done with objects before there are controllers."""
