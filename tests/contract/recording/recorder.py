# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a conversation with a Kubernetes API and writes down what was said, in a form that two APIs can be held to."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.control_plane.rest import JSON, Answer, Connection

Projection = Callable[[Any], Any]
PATIENCE = 20.0

# What no two servers can agree on, and what stands in its place.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_VERSIONS = re.compile(r"(the ResourceVersion in (?:the precondition|record)) \(\d+\)")
_ETCD_KEY = re.compile(r"Key: /[^/]+/")
_UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_VOLATILE_KEYS = {
    "resourceVersion": "<version>",
    "continue": "<token>",
    "clusterIP": "<address>",
    "clusterIPs": "<addresses>",
    "nodePort": "<port>",
    "podIP": "<address>",
    "hostIP": "<address>",
}


@dataclass(frozen=True)
class Said:
    """One request and its answer, made comparable."""

    step: str
    method: str
    path: str
    status: int
    content_type: str
    body: Any


@dataclass
class Conversation:
    """A client that records. Names that differ from run to run are registered with `hide`."""

    connection: Connection
    namespace: str
    said: list[Said] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    others: dict[str, Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hidden[self.namespace] = "<namespace>"

    def hide(self, value: str, name: str) -> str:
        """Show `value` as <name> in the record; returns the value."""
        self.hidden[value] = f"<{name}>"
        return value

    def ask(
        self,
        step: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
        only: Projection | None = None,
        user: str | None = None,
    ) -> Answer:
        """Send a request and record its answer; `only` picks the part of the body that both sides must share."""
        connection = self.others[user] if user else self.connection
        answer = connection.request(method, path, query=query, body=body, content_type=content_type, accept=accept)
        seen = only(answer.body) if only and (answer.status < 400 or only is ignored) else answer.body
        headers = {key.lower(): value for key, value in answer.headers.items()}
        self.said.append(
            Said(
                step=step,
                method=method,
                path=self._mask_text(path),
                status=answer.status,
                content_type=headers.get("content-type", ""),
                body=self._with_warnings(self.mask(seen), headers),
            )
        )
        return answer

    def note(self, step: str, value: Any) -> None:
        """Record something that was found out by other means, such as a command's output."""
        self.said.append(Said(step, "", "", 0, "", self.mask(value)))

    def quietly(self, method: str, path: str, **arguments: Any) -> Answer:
        """Send a request that is not part of the record."""
        return self.connection.request(method, path, **arguments)

    def until(self, path: str, condition: Callable[[Answer], bool], what: str) -> Answer:
        """Read `path` until `condition` holds. Raises AssertionError after twenty seconds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.quietly("GET", path)
            if condition(answer):
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {PATIENCE:.0f} s in vain for {what}; last: {answer}")
            time.sleep(0.05)

    def watch(
        self, step: str, path: str, query: Mapping[str, str], *, only: Projection, first: int | None = None
    ) -> list[Any]:
        """Record the events (or the first few) of a watch that the server ends by itself."""
        answer = self.quietly("GET", path, query={"watch": "true", "timeoutSeconds": "1", **query})
        lines = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        events = [json.loads(line) for line in lines.splitlines() if line][:first]
        seen = self.mask([only(event) for event in events])
        self.said.append(Said(step, "WATCH", self._mask_text(path), answer.status, "", seen))
        return events

    def mask(self, value: Any, key: str = "") -> Any:
        """The value without what differs between any two servers."""
        if isinstance(value, dict):
            return {self._mask_text(str(name)): self.mask(item, str(name)) for name, item in value.items()}
        if key == "managedFields" and isinstance(value, list):
            # Their order tells which second each was written in.
            return sorted((self.mask(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        if isinstance(value, list) and key not in _VOLATILE_KEYS:
            return [self.mask(item) for item in value]
        if key in _VOLATILE_KEYS and value not in ("", None, "0"):
            return _VOLATILE_KEYS[key]
        return self._mask_text(value) if isinstance(value, str) else value

    def _mask_text(self, text: str) -> str:
        for value, shown in self.hidden.items():
            text = text.replace(value, shown)
        text = _ETCD_KEY.sub("Key: <prefix>/", _VERSIONS.sub(r"\1 (<version>)", text))
        return _UID.sub("<uid>", _TIME.sub("<time>", text))

    def _with_warnings(self, body: Any, headers: Mapping[str, str]) -> Any:
        if "warning" not in headers:
            return body
        return {"body": body, "warning": self._mask_text(headers["warning"])}


def ignored(_body: Any) -> str:
    """A projection for answers of which only the status is the same on any two servers."""
    return "<ignored>"


def differences(real: Any, simulated: Any, where: str = "") -> list[tuple[str, Any, Any]]:
    """Every place where two recorded values differ: (path, real, simulated)."""
    if isinstance(real, dict) and isinstance(simulated, dict):
        found = []
        for key in sorted(real.keys() | simulated.keys()):
            left, right = real.get(key, "<absent>"), simulated.get(key, "<absent>")
            found += differences(left, right, f"{where}.{key}" if where else key)
        return found
    if isinstance(real, list) and isinstance(simulated, list) and len(real) == len(simulated):
        return [
            difference
            for index, (left, right) in enumerate(zip(real, simulated, strict=True))
            for difference in differences(left, right, f"{where}[{index}]")
        ]
    return [] if real == simulated and type(real) is type(simulated) else [(where, real, simulated)]
