# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which representation of an answer a client wants: plain objects, or the Tables that `kubectl get` prints.

https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from tests.simulator.kubernetes import errors, tables
from tests.simulator.kubernetes.resources import Resource


class Representation(Enum):
    """The form of an answer. Objects reduced to their metadata, and YAML, are for other clients than ours."""

    OBJECT = "Object"
    TABLE = "Table"


def negotiate(accept: str) -> Representation:
    """The first acceptable representation of an Accept header. Raises ApiError 406."""
    if not accept:
        return Representation.OBJECT
    for part in accept.split(","):
        media_type, *parameters = [item.strip() for item in part.split(";")]
        if media_type not in ("application/json", "*/*", "application/*"):
            continue
        given = dict(item.split("=", 1) for item in parameters if "=" in item)
        if "as" not in given:
            return Representation.OBJECT
        if (given["as"], given.get("g"), given.get("v")) == ("Table", "meta.k8s.io", "v1"):
            return Representation.TABLE
    types = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    raise errors.not_acceptable(f"406: Not Acceptable\n\nAvailable representations: {types}")


@dataclass(frozen=True)
class Presenter:
    """Turns objects of one resource into what the client asked for; ages in Tables are those of the moment."""

    resource: Resource
    representation: Representation
    query: Mapping[str, str]
    clock: Callable[[], datetime]

    def one(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """One object; a Status stays what it is."""
        if obj.get("kind") == "Status" or self.representation is Representation.OBJECT:
            return dict(obj)
        return self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})

    def many(self, objects: list[dict[str, Any]], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """A list of objects."""
        if self.representation is Representation.TABLE:
            return self._table(objects, metadata)
        if self.resource.custom:
            items, metadata = objects, {"continue": "", **metadata}
        else:
            items = [_without_type(obj) for obj in objects]
        return {
            "kind": self.resource.list_kind,
            "apiVersion": self.resource.api_version,
            "metadata": dict(metadata),
            "items": items,
        }

    def event(self, kind: str, obj: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
        """One event of a watch; a Table says its columns in the first event only."""
        shown = dict(obj) if kind == "BOOKMARK" else self.one(obj)
        if self.representation is Representation.TABLE and kind != "BOOKMARK" and not first:
            shown["columnDefinitions"] = None
        return {"type": kind, "object": shown}

    def _table(self, objects: list[Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        include = self.query.get("includeObject", "Metadata")
        return tables.table(self.resource, objects, metadata, self.clock(), include)


def _without_type(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
