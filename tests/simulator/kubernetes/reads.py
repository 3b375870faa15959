# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and watches (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.kubernetes import errors, selectors
from tests.simulator.kubernetes.decoding import go_json_error
from tests.simulator.kubernetes.resources import Resource, in_version
from tests.simulator.kubernetes.routing import RequestInfo
from tests.simulator.kubernetes.store import Change, Object, ObjectStore

BOOKMARK_SECONDS = 60.0
"""Real seconds between two bookmarks of a watch that allows them."""
LAST_BOOKMARK_SECONDS = 2.0
"""A watch that ends has its last bookmark so many real seconds before."""
DEFAULT_WATCH_SECONDS = 1800.0
_FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        }
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
    "services": frozenset({"spec.clusterIP", "spec.type"}),
    "replicasets.apps": frozenset({"status.replicas"}),
    "jobs.batch": frozenset({"status.successful"}),
    "events": frozenset(
        {
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        }
    ),
}


@dataclass(frozen=True)
class Filter:
    """Which objects of a resource a request means."""

    resource: Resource
    namespace: str
    labels: selectors.Selector
    fields: tuple[selectors.FieldRequirement, ...]

    @classmethod
    def from_request(cls, resource: Resource, info: RequestInfo) -> Filter:
        """Raises ApiError 400 for selectors that cannot be read."""

        def refusal(path: str) -> str:
            if path in ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.key, ()), *resource.selectable):
                return ""
            if resource.custom or resource.key in _FIELDS:
                return f"field label not supported: {path}"
            return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'

        return cls(
            resource,
            info.namespace if resource.namespaced else "",
            selectors.parse_labels(info.query.get("labelSelector", "")),
            selectors.parse_fields(info.query.get("fieldSelector", ""), refusal),
        )

    @property
    def selective(self) -> bool:
        """Whether it selects by label or field."""
        return bool(self.labels.requirements or self.fields)

    def matches(self, obj: Object) -> bool:
        """Whether an object of the resource is meant."""
        metadata = obj["metadata"]
        if self.namespace and metadata.get("namespace") != self.namespace:
            return False
        return self.labels.matches(metadata.get("labels")) and selectors.fields_match(self.fields, obj)


def select(store: ObjectStore, wanted: Filter) -> list[Object]:
    """The objects that are meant, in the version of the resource."""
    found = store.items(wanted.resource.key, wanted.namespace)
    return [in_version(wanted.resource, obj) for obj in found if wanted.matches(obj)]


def list_objects(store: ObjectStore, wanted: Filter, query: Mapping[str, str]) -> tuple[dict[str, Any], list[Object]]:
    """The list's metadata and its objects: one page of them where the query limits it. Raises ApiError 400 or 410."""
    limit = _number(query.get("limit", ""))
    version, start = store.version, ("", "")
    token = query.get("continue", "")
    if token:
        version, start = _decode_continue(token)
        objects = _as_of(store, wanted, version)
    else:
        _check_version(store, query)
        objects = select(store, wanted)
    remaining = [obj for obj in objects if _place(obj) >= start]
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if limit and len(remaining) > limit:
        metadata["continue"] = _encode_continue(version, _place(remaining[limit]))
        if not wanted.selective:
            metadata["remainingItemCount"] = len(remaining) - limit
        remaining = remaining[:limit]
    return metadata, remaining


def _number(text: str) -> int:
    try:
        return int(text or 0)
    except ValueError as error:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def _check_version(store: ObjectStore, query: Mapping[str, str]) -> None:
    """A list may ask for a version 'not older than' one, which must not lie in the future."""
    text = query.get("resourceVersion", "")
    if not text or text == "0":
        return
    if parse_version(text) > store.version:
        details = {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }
        message = f"Timeout: Too large resource version: {text}, current: {store.version}"
        raise errors.ApiError(504, "Timeout", message, details)


def parse_version(text: str) -> int:
    """A resourceVersion. Raises ApiError 400."""
    try:
        return int(text)
    except ValueError as error:
        raise errors.bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        ) from error


def _place(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _encode_continue(version: int, start: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(start)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode_continue(token: str) -> tuple[int, tuple[str, str]]:
    raw = b""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        content = json.loads(raw.decode("latin-1"))
        namespace, _unused, name = content["start"].partition("/")
        return int(content["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError) as error:
        reason = go_json_error(raw, error) if isinstance(error, ValueError) else str(error)
        raise errors.bad_request(f"invalid continue token: continue key is not valid: {reason}") from error


def _as_of(store: ObjectStore, wanted: Filter, version: int) -> list[Object]:
    """The objects as they were at a version: later changes are taken back."""
    changes = store.since(version)
    if changes is None:
        raise errors.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter, or use the continue token in this response to "
            "retrieve the remainder of the "
            "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
            "modified, or deleted between the time the first chunk was returned and now may show up in the list."
        )
    found = {_place(obj): obj for obj in store.items(wanted.resource.key, wanted.namespace)}
    for change in reversed(changes):
        if change.key.resource != wanted.resource.key:
            continue
        place = (change.key.namespace, change.key.name)
        if change.old is None:
            found.pop(place, None)
        else:
            found[place] = change.old
    return [in_version(wanted.resource, found[place]) for place in sorted(found) if wanted.matches(found[place])]


Event = tuple[str, Object]


def event_of(change: Change, wanted: Filter) -> Event | None:
    """What a watcher hears of a change: objects enter and leave a selection as if they were created and deleted."""
    if change.key.resource != wanted.resource.key:
        return None
    before = change.old is not None and wanted.matches(change.old)
    after = change.new is not None and wanted.matches(change.new)
    if after and change.new is not None:
        return ("MODIFIED" if before else "ADDED"), in_version(wanted.resource, change.new)
    if before and change.old is not None:
        obj = change.old
        if change.new is not None:
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(change.version)}}
        return "DELETED", in_version(wanted.resource, obj)
    return None


def start_events(store: ObjectStore, wanted: Filter, query: Mapping[str, str]) -> list[Event]:
    """What a watch begins with. Raises ApiError 410 where the version to start from is no longer known."""
    text = query.get("resourceVersion", "")
    initial = query.get("sendInitialEvents", "").lower() == "true"
    if text in ("", "0") or initial:
        events: list[Event] = [("ADDED", obj) for obj in select(store, wanted)]
        if initial and _allows_bookmarks(query):
            events.append(("BOOKMARK", bookmark(store, wanted.resource, end_of_initial=True)))
        return events
    changes = store.since(parse_version(text))
    if changes is None:
        raise errors.expired(f"too old resource version: {text} ({store.version})")
    return [event for change in changes if (event := event_of(change, wanted)) is not None]


def _allows_bookmarks(query: Mapping[str, str]) -> bool:
    return query.get("allowWatchBookmarks", "").lower() in ("true", "1")


def bookmark(store: ObjectStore, resource: Resource, *, end_of_initial: bool = False) -> Object:
    """An object that carries a version only."""
    metadata: dict[str, Any] = {"resourceVersion": str(store.version)}
    if end_of_initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


async def watch(
    store: ObjectStore, wanted: Filter, query: Mapping[str, str], closing: Callable[[], bool]
) -> AsyncIterator[Event]:
    """Events until the query's `timeoutSeconds` (real seconds) are over or the cluster closes."""
    queue: asyncio.Queue[Event] = asyncio.Queue()

    def listen(change: Change) -> None:
        event = event_of(change, wanted)
        if event is not None:
            queue.put_nowait(event)

    for event in start_events(store, wanted, query):
        queue.put_nowait(event)
    unsubscribe = store.subscribe(listen)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + (float(query.get("timeoutSeconds") or 0) or DEFAULT_WATCH_SECONDS)
    next_bookmark = _bookmark_time(loop.time(), deadline) if _allows_bookmarks(query) else deadline
    try:
        while not closing() and loop.time() < deadline:
            try:
                yield await asyncio.wait_for(queue.get(), max(min(next_bookmark, deadline) - loop.time(), 0.001))
            except asyncio.TimeoutError:
                if next_bookmark < deadline:
                    yield "BOOKMARK", bookmark(store, wanted.resource)
                    next_bookmark = _bookmark_time(loop.time(), deadline)
    finally:
        unsubscribe()


def _bookmark_time(now: float, deadline: float) -> float:
    """When the next bookmark is due; the deadline when there is none any more."""
    due = min(now + BOOKMARK_SECONDS, deadline - LAST_BOOKMARK_SECONDS)
    return due if due >= now else deadline
