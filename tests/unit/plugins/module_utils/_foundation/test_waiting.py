# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting without a clock of its own: deadlines, progress, last states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.waiting import follow
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting, WaitTimeoutError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def waiting(clock: Clock, told: list[str]) -> Waiting:
    return Waiting(100.0, 30.0, told.append, clock=clock.read, sleep=clock.sleep)


def states(*values: str) -> Iterator[str]:
    yield from values
    while True:
        yield values[-1]


def wait(waiting: Waiting, *values: str) -> str:
    source = states(*values)
    return waiting.until(lambda: next(source), lambda state: state == "Succeeded", str, "Extension e")


def test_a_final_state_needs_no_sleep(waiting: Waiting, clock: Clock) -> None:
    assert wait(waiting, "Succeeded") == "Succeeded"
    assert clock.slept == []


def test_it_polls_until_the_state_is_final(waiting: Waiting, clock: Clock, told: list[str]) -> None:
    assert wait(waiting, "Creating", "Creating", "Updating", "Succeeded") == "Succeeded"
    assert clock.slept == [30.0, 30.0, 30.0]
    assert told == [
        "Extension e is Creating (waited 0 of 100 s)",
        "Extension e is Updating (waited 60 of 100 s)",
    ]


def test_a_deadline_passes_with_the_last_state_and_the_next_step(waiting: Waiting, clock: Clock) -> None:
    with pytest.raises(WaitTimeoutError, match="still Creating when the 100 s") as passed:
        wait(waiting, "Creating")
    assert clock.slept == [30.0, 30.0, 30.0, 10.0]
    assert "run again" in passed.value.message
    assert not passed.value.retryable


def test_a_long_silence_is_broken(clock: Clock, told: list[str]) -> None:
    waiting = Waiting(200.0, 30.0, told.append, clock=clock.read, sleep=clock.sleep)
    with pytest.raises(WaitTimeoutError):
        wait(waiting, "Creating")
    assert len(told) == 4


def test_a_read_that_fails_for_a_moment_is_repeated(waiting: Waiting, clock: Clock) -> None:
    answers: list[Any] = [AzureError("throttled", retryable=True), "Succeeded"]

    def read() -> str:
        answer = answers.pop(0)
        if isinstance(answer, AzureError):
            raise answer
        return str(answer)

    assert waiting.until(read, lambda state: state == "Succeeded", str, "Extension e") == "Succeeded"
    assert clock.slept == [30.0]


def test_a_read_that_cannot_succeed_ends_the_wait(waiting: Waiting, clock: Clock) -> None:
    def read() -> str:
        raise AzureError("forbidden", status=403)

    with pytest.raises(AzureError, match="forbidden"):
        waiting.until(read, bool, str, "Extension e")
    assert clock.slept == []


class Poller:
    """What is used of azure.core.polling.LROPoller; its `wait` raises what the operation failed with."""

    def __init__(self, clock: Clock, seconds: float, error: Exception | None = None) -> None:
        self._clock, self._ends, self._error = clock, clock.now + seconds, error

    def done(self) -> bool:
        return self._clock.now >= self._ends

    def status(self) -> str:
        return "InProgress"

    def wait(self, timeout: float) -> None:
        self._clock.sleep(timeout)
        if self.done() and self._error:
            raise self._error

    def result(self) -> str:
        if self._error:
            raise self._error
        return "result"


def test_a_poller_is_followed_to_its_result(waiting: Waiting, clock: Clock) -> None:
    poller: Any = Poller(clock, 70)
    assert follow(waiting, poller, "Extension e", "Installing e") == "result"


def test_a_poller_that_takes_too_long_is_left_alone(waiting: Waiting, clock: Clock) -> None:
    poller: Any = Poller(clock, 1000)
    with pytest.raises(WaitTimeoutError, match="InProgress"):
        follow(waiting, poller, "Extension e", "Installing e")


@pytest.mark.parametrize("seconds", [0, 50])
def test_a_failed_operation_is_one_sentence(waiting: Waiting, clock: Clock, seconds: float) -> None:
    poller: Any = Poller(clock, seconds, HttpResponseError("(Code) it broke"))
    with pytest.raises(AzureError, match=r"Installing e: .*it broke"):
        follow(waiting, poller, "Extension e", "Installing e")
