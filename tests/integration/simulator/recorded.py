# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of the real services, put beside the simulator's: classified, then compared in shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulator.arm.service import ROUTER

ARM_HOST = "management.azure.com"
#: Left out of the recordings by those who collected them, or made by proxies on the way.
UNRECORDED_HEADERS = frozenset({"date", "server", "content-length", "connection", "vary", "transfer-encoding"})
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, recorded or simulated."""

    source: str
    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def path(self) -> str:
        """The path of the request."""
        return urlsplit(self.url).path

    def situation(self) -> str | None:
        """What was asked in which state, such as `GET extension 200 Succeeded`; None if it is not served."""
        found = ROUTER.find(self.method, self.path)
        if found is None:
            return None
        parts = [self.method, _name(found.route.path), *_kind(found.params), str(self.status), *_state(self.body)]
        query = {name.lower(): value.lower() for name, value in parse_qsl(urlsplit(self.url).query)}
        if query.get("forcedelete") == "true":
            parts.append("forced")
        if "$skiptoken" in query:
            parts.append("second page")
        return " ".join(parts)


@dataclass
class Comparison:
    """The differences between a recorded and a simulated answer, each as one line."""

    differences: set[str] = field(default_factory=set)

    def headers(self, recorded: Mapping[str, str], simulated: Mapping[str, str]) -> None:
        """Compare the names of headers."""
        names = {name.lower() for name in recorded} - UNRECORDED_HEADERS
        ours = {name.lower() for name in simulated} - UNRECORDED_HEADERS
        self.differences |= {f"header missing: {name}" for name in names - ours}
        self.differences |= {f"header added: {name}" for name in ours - names}

    def values(self, recorded: Any, simulated: Any, where: str = "") -> None:
        """Compare names, types, nulls and the letter case of what is not free text."""
        if isinstance(recorded, dict) and isinstance(simulated, dict):
            self._objects(recorded, simulated, where)
        elif isinstance(recorded, list) and isinstance(simulated, list):
            self._lists(recorded, simulated, where)
        elif _type(recorded) != _type(simulated):
            self.differences.add(f"type of {where or 'body'}: {_type(recorded)}, simulated {_type(simulated)}")
        elif isinstance(recorded, str):
            self._text(recorded, simulated, where)

    def _objects(self, recorded: dict[str, Any], simulated: dict[str, Any], where: str) -> None:
        if where.endswith(FREE_MAPS):
            return
        for name in recorded.keys() | simulated.keys():
            path = f"{where}.{name}" if where else name
            if name not in simulated:
                self.differences.add(f"field missing: {path}")
            elif name not in recorded:
                self.differences.add(f"field added: {path}")
            else:
                self.values(recorded[name], simulated[name], path)

    def _lists(self, recorded: list[Any], simulated: list[Any], where: str) -> None:
        if recorded and simulated:
            self.values(recorded[0], simulated[0], f"{where}[]")

    def _text(self, recorded: str, simulated: str, where: str) -> None:
        if where.split(".")[-1] in ("type", "code"):
            if recorded != simulated:
                self.differences.add(f"value of {where}: {recorded}, simulated {simulated}")
        elif recorded.startswith(("/subscriptions/", "https://")) and skeleton(recorded) != skeleton(simulated):
            self.differences.add(f"form of {where}: {skeleton(recorded)}, simulated {skeleton(simulated)}")


#: Maps whose keys are chosen by users.
FREE_MAPS = (
    "configurationSettings",
    "configurationProtectedSettings",
    "nodeLabels",
    "tags",
    "userAssignedIdentities",
    "metadata",
    "properties.properties",  # of a compute: each type of compute has its own, and Kubernetes was never recorded
)
#: Segments of an id that are followed by a name.
NAMED = re.compile(
    r"(?<=/)(subscriptions|resourcegroups|managedclusters|connectedclusters|extensions|operations|workspaces|computes|"
    r"agentpools|locations|computeoperationsstatus|publicipaddresses|userassignedidentities|clusters|virtualmachines|"
    r"storageaccounts|vaults|components|registries|trustedaccessrolebindings)/[^/?]+",
    re.IGNORECASE,
)
HOST = re.compile(r"https://[^/]+")


def skeleton(text: str) -> str:
    """An id or address without the names in it; what stays is letter case and order."""
    shortened = NAMED.sub(r"\1/*", text.partition("?")[0])
    return GUID.sub("*", HOST.sub("https://*", shortened))


def compare(recorded: Exchange, simulated: Exchange) -> set[str]:
    """The differences between a recorded and a simulated exchange of the same situation."""
    comparison = Comparison()
    comparison.headers(recorded.headers, simulated.headers)
    comparison.values(recorded.body, simulated.body)
    return comparison.differences


def read_recordings(folder: Path) -> Iterator[Exchange]:
    """All recorded exchanges with ARM in `folder`."""
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for number, entry in enumerate(content if isinstance(content, list) else []):
            if entry.get("kind") == "recording" and urlsplit(entry.get("url") or "").hostname == ARM_HOST:
                yield Exchange(
                    f"{path.name}[{number}]",
                    entry["method"],
                    entry["url"],
                    entry["status"],
                    entry.get("response_headers") or {},
                    entry.get("response_body"),
                )


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "object" if isinstance(value, dict) else "list"


def _name(route: str) -> str:
    """A short name: the last fixed part of a route, in the singular where a name follows."""
    last, before = route.split("/")[-1], route.split("/")[-2]
    return before.removesuffix("s") if last.startswith("{") else last


def _kind(params: Mapping[str, str]) -> list[str]:
    kind = params.get("kind", "").lower()
    return [{"managedclusters": "aks", "connectedclusters": "arc"}.get(kind, kind)] if kind else []


def _state(body: Any) -> list[str]:
    if not isinstance(body, dict):
        return [] if body is None else ["text"]
    if "value" in body and isinstance(body["value"], list):
        return ["some" if body["value"] else "none"]
    if "error" in body and isinstance(body["error"], dict):
        return [str(body["error"].get("code"))]
    if isinstance(body.get("status"), str):
        return [body["status"]]
    properties = body.get("properties")
    if isinstance(properties, dict):
        kind = [str(properties["computeType"])] if "computeType" in properties else []
        state = properties.get("provisioningState")
        return [*kind, str(state)] if state else kind
    return [str(body["code"])] if "code" in body and "subcode" in body else []
