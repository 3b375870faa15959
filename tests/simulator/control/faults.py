# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test asks for: an answer, a delay, a cut connection, throttling."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Match(BaseModel):
    """Which requests are hit; what is not given matches everything."""

    model_config = ConfigDict(extra="forbid")

    service: Literal["arm", "kubernetes", "identity"] | None = None
    method: str | None = None
    path_regex: str | None = None
    cluster: str | None = None

    @model_validator(mode="after")
    def _compiles(self) -> Match:
        try:
            re.compile(self.path_regex or "")
        except re.error as error:
            raise ValueError(f"path_regex is not a regular expression: {error}") from error
        return self

    def hits(self, service: str, method: str, path: str, cluster: str | None) -> bool:
        """Whether a request is meant; methods, clusters and paths in any letter case."""
        return (
            self.service in (None, service)
            and (self.method is None or self.method.upper() == method)
            and (self.cluster is None or self.cluster.lower() == (cluster or "").lower())
            and (self.path_regex is None or re.search(self.path_regex, path, re.IGNORECASE) is not None)
        )


class FaultAnswer(BaseModel):
    """An answer in place of the service's own."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(ge=100, le=599)
    headers: dict[str, str] = {}
    body: Any = None


class Throttling(BaseModel):
    """A 429; `retry_after` in seconds, null for an answer without the header."""

    model_config = ConfigDict(extra="forbid")

    retry_after: float | None = 1


class FaultRequest(BaseModel):
    """The body of POST /_simulator/faults. `delay` is in real seconds: it tries the time-outs of clients."""

    model_config = ConfigDict(extra="forbid")

    match: Match = Match()
    occurrence: Literal["next", "every"] | int = "next"
    answer: FaultAnswer | None = None
    delay: float | None = Field(default=None, ge=0)
    cut: bool = False
    throttle: Throttling | None = None

    @model_validator(mode="after")
    def _does_something(self) -> FaultRequest:
        if self.answer is None and self.delay is None and not self.cut and self.throttle is None:
            raise ValueError("one of answer, delay, cut, throttle must be given")
        if isinstance(self.occurrence, int) and self.occurrence < 1:
            raise ValueError("occurrence must be 'next', 'every' or a number from 1")
        return self


class Fault:
    """One registered fault and how often it was met."""

    def __init__(self, number: int, request: FaultRequest) -> None:
        """Register `request` under `number`."""
        self.number = number
        self.request = request
        self.seen = 0
        self.fired = 0

    def takes(self, service: str, method: str, path: str, cluster: str | None) -> bool:
        """Count a matching request; returns whether the fault strikes now."""
        if not self.request.match.hits(service, method, path, cluster):
            return False
        self.seen += 1
        wanted = self.request.occurrence
        strikes = wanted == "every" or self.seen == (1 if wanted == "next" else wanted)
        self.fired += int(strikes)
        return strikes

    def as_data(self) -> dict[str, Any]:
        """The fault for GET /_simulator/faults."""
        return {"id": self.number, **self.request.model_dump(), "seen": self.seen, "fired": self.fired}


class FaultBook:
    """All faults."""

    def __init__(self) -> None:
        """Start without any."""
        self._faults: dict[int, Fault] = {}
        self._next = 1

    def add(self, request: FaultRequest) -> int:
        """Register a fault; returns its id."""
        number, self._next = self._next, self._next + 1
        self._faults[number] = Fault(number, request)
        return number

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def remove(self, number: int) -> bool:
        """Forget one fault; returns whether it existed."""
        return self._faults.pop(number, None) is not None

    def strike(self, service: str, method: str, path: str, cluster: str | None) -> list[FaultRequest]:
        """The faults that hit a request, in the order in which they were registered."""
        return [f.request for f in list(self._faults.values()) if f.takes(service, method, path, cluster)]

    def as_data(self) -> list[dict[str, Any]]:
        """All faults for GET /_simulator/faults."""
        return [fault.as_data() for fault in self._faults.values()]
