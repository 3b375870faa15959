# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where writes go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Key, Object, ObjectStore
from tests.simulator.kubernetes.writes.admission import Admission


@dataclass(frozen=True)
class Storage:
    """The objects of a cluster, and what stands before them."""

    store: ObjectStore
    clock: SimulationClock
    admission: Admission

    def live(self, resource: Resource, namespace: str, name: str) -> Object:
        """The stored object, or ApiError 404."""
        found = self.store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        if found is None:
            raise errors.not_found(resource.plural, resource.group, name)
        return found

    def put(self, key: Key, obj: Object, dry_run: bool) -> Object:
        """Store an object; a dry run only returns it."""
        if dry_run:
            return obj
        return self.store.put(key, obj)


def key_of(resource: Resource, obj: Mapping[str, Any]) -> Key:
    """Where an object is stored."""
    return Key(resource.key, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
