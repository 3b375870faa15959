# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test asks for: an answer, a delay, a cut connection, throttling, lists and bodies without end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Struck(NamedTuple):
    """What faults look at in a request."""

    service: str
    method: str
    path: str
    cluster: str | None
    query: Mapping[str, str]


class Match(BaseModel):
    """Which requests are hit; what is not given matches everything.

    `query` has a regular expression for each parameter that a request must have: `{"continue": "."}` hits every page
    but the first of a list of Kubernetes.
    """

    model_config = ConfigDict(extra="forbid")

    service: Literal["arm", "kubernetes", "identity"] | None = None
    method: str | None = None
    path_regex: str | None = None
    query: dict[str, str] = {}
    cluster: str | None = None

    @model_validator(mode="after")
    def _compiles(self) -> Match:
        for name, pattern in (("path_regex", self.path_regex or ""), *self.query.items()):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{name} is not a regular expression: {error}") from error
        return self

    def hits(self, request: Struck) -> bool:
        """Whether a request is meant; methods, clusters and paths in any letter case."""
        return (
            self.service in (None, request.service)
            and (self.method is None or self.method.upper() == request.method)
            and (self.cluster is None or self.cluster.lower() == (request.cluster or "").lower())
            and (self.path_regex is None or re.search(self.path_regex, request.path, re.IGNORECASE) is not None)
            and all(name in request.query and re.search(p, request.query[name]) for name, p in self.query.items())
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


class SlowBody(BaseModel):
    """An answer whose body comes in pieces of so many bytes, with so many real seconds before each.

    With `endless`, blanks follow for ever where the last character should be.
    """

    model_config = ConfigDict(extra="forbid")

    piece: int = Field(default=65536, ge=1)
    pause: float = Field(default=0, ge=0)
    endless: bool = False


class FaultRequest(BaseModel):
    """The body of POST /_simulator/faults.

    `delay` is in real seconds: it tries the time-outs of clients. With `endless_list` the service answers, but its list
    always has another page, which is the first one again: `continue` in Kubernetes, `nextLink` in Azure Resource
    Manager. `body` changes how an answer is sent, the service's own or that of the fault.
    """

    model_config = ConfigDict(extra="forbid")

    match: Match = Match()
    occurrence: Literal["next", "every"] | int = "next"
    answer: FaultAnswer | None = None
    delay: float | None = Field(default=None, ge=0)
    cut: bool = False
    throttle: Throttling | None = None
    endless_list: bool = False
    body: SlowBody | None = None

    @model_validator(mode="after")
    def _does_something(self) -> FaultRequest:
        effects = (self.answer, self.delay, self.throttle, self.body)
        if all(effect is None for effect in effects) and not self.cut and not self.endless_list:
            raise ValueError("one of answer, delay, cut, throttle, endless_list, body must be given")
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

    def takes(self, request: Struck) -> bool:
        """Count a matching request; returns whether the fault strikes now."""
        if not self.request.match.hits(request):
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

    def strike(self, request: Struck) -> list[FaultRequest]:
        """The faults that hit a request, in the order in which they were registered."""
        return [fault.request for fault in list(self._faults.values()) if fault.takes(request)]

    def as_data(self) -> list[dict[str, Any]]:
        """All faults for GET /_simulator/faults."""
        return [fault.as_data() for fault in self._faults.values()]
