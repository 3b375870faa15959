# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one cluster, their versions, and the history from which watches are served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

HISTORY_LENGTH = 2000
"""Changes that a watch can still be started before; older ones are 'too old resource version'."""

Object = dict[str, Any]


class Key(NamedTuple):
    """Where an object is stored; `resource` is qualified (`deployments.apps`), `namespace` empty for cluster scope."""

    resource: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Change:
    """One write: `old` is None for a creation, `new` None for a deletion (`old` then has the deletion's version)."""

    version: int
    key: Key
    old: Object | None
    new: Object | None


Listener = Callable[[Change], None]


class ObjectStore:
    """Objects by key. A stored object is never mutated: every write stores another one."""

    def __init__(self) -> None:
        """Start empty, at version 1."""
        self.version = 1
        self._forgotten = 0
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._history: deque[Change] = deque(maxlen=HISTORY_LENGTH)
        self._listeners: list[Listener] = []

    def get(self, key: Key) -> Object | None:
        """The stored object; it must not be mutated."""
        return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def items(self, resource: str, namespace: str = "") -> list[Object]:
        """The objects of a resource, of one namespace or (empty) of all, ordered by namespace and name."""
        found = self._objects.get(resource, {})
        return [found[place] for place in sorted(found) if not namespace or place[0] == namespace]

    def resources(self) -> Iterator[str]:
        """The qualified resources that have objects."""
        return iter([resource for resource, objects in self._objects.items() if objects])

    def put(self, key: Key, obj: Object) -> Object:
        """Store an object under the next version, which is written into its metadata; returns what is stored."""
        self.version += 1
        stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        places = self._objects.setdefault(key.resource, {})
        old = places.get((key.namespace, key.name))
        places[key.namespace, key.name] = stored
        self._record(Change(self.version, key, old, stored))
        return stored

    def remove(self, key: Key) -> Object | None:
        """Delete an object; returns its last state, with the deletion's version."""
        old = self._objects.get(key.resource, {}).pop((key.namespace, key.name), None)
        if old is None:
            return None
        self.version += 1
        last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
        self._record(Change(self.version, key, last, None))
        return last

    def _record(self, change: Change) -> None:
        if len(self._history) == HISTORY_LENGTH:
            self._forgotten = self._history[0].version
        self._history.append(change)
        for listener in tuple(self._listeners):
            listener(change)

    def since(self, version: int) -> list[Change] | None:
        """The changes after a version, or None when some of them are no longer known."""
        if version < self._forgotten:
            return None
        return [change for change in self._history if change.version > version]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener on every change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def expire_history(self) -> None:
        """Forget the history, as a compaction of etcd does."""
        self.version += 1
        self._forgotten = self.version
        self._history.clear()
