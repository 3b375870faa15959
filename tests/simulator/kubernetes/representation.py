# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which representation of an answer a client wants: plain objects, Tables, or metadata only.

https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.simulator.kubernetes import errors, tables
from tests.simulator.kubernetes.resources import Resource

OBJECT, TABLE, PARTIAL = "Object", "Table", "PartialObjectMetadata"
_META_VERSIONS = ("v1", "v1beta1")


@dataclass(frozen=True)
class Representation:
    """The form of the answer; `yaml` where the client asked for YAML."""

    form: str = OBJECT
    yaml: bool = False
    meta_version: str = "v1"


def negotiate(accept: str) -> Representation:
    """The first acceptable representation of an Accept header. Raises ApiError 406."""
    if not accept:
        return Representation()
    for part in accept.split(","):
        media_type, *parameters = [item.strip() for item in part.split(";")]
        if media_type not in ("application/json", "application/yaml", "*/*", "application/*"):
            continue
        given = dict(item.split("=", 1) for item in parameters if "=" in item)
        form = given.get("as", "").removesuffix("List") or OBJECT
        known = form == OBJECT or (form in (TABLE, PARTIAL) and given.get("g") == "meta.k8s.io")
        if known and given.get("v", "v1") in _META_VERSIONS:
            return Representation(form, media_type == "application/yaml", given.get("v", "v1"))
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
        if obj.get("kind") == "Status" or self.representation.form == OBJECT:
            return dict(obj)
        if self.representation.form == PARTIAL:
            return self._versioned(tables.partial_metadata(obj))
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return self._table([obj], metadata)

    def many(self, objects: list[dict[str, Any]], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """A list of objects."""
        if self.representation.form == TABLE:
            return self._table(objects, metadata)
        if self.representation.form == PARTIAL:
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": f"meta.k8s.io/{self.representation.meta_version}",
                "metadata": dict(metadata),
                "items": [self._versioned(tables.partial_metadata(obj)) for obj in objects],
            }
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
        if self.representation.form != TABLE or kind == "BOOKMARK":
            shown = dict(obj) if kind == "BOOKMARK" else self.one(obj)
            if kind == "BOOKMARK" and self.representation.form == PARTIAL:
                shown = self._versioned(tables.partial_metadata(obj))
            return {"type": kind, "object": shown}
        shown = self.one(obj)
        if not first:
            shown["columnDefinitions"] = None
        return {"type": kind, "object": shown}

    def _table(self, objects: list[Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        include = self.query.get("includeObject", "Metadata")
        return self._versioned(tables.table(self.resource, objects, metadata, self.clock(), include))

    def _versioned(self, obj: dict[str, Any]) -> dict[str, Any]:
        obj["apiVersion"] = f"meta.k8s.io/{self.representation.meta_version}"
        return obj


def _without_type(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
