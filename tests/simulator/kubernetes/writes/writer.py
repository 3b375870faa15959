# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All writes to the objects of one cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes import patches
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Object, ObjectStore
from tests.simulator.kubernetes.writes.admission import Admission
from tests.simulator.kubernetes.writes.apply import Applier
from tests.simulator.kubernetes.writes.create import Creator
from tests.simulator.kubernetes.writes.delete import Deleter
from tests.simulator.kubernetes.writes.options import Patch, WriteOptions, Written
from tests.simulator.kubernetes.writes.patch import Patcher
from tests.simulator.kubernetes.writes.storage import Storage
from tests.simulator.kubernetes.writes.update import Updater


class ObjectWriter:
    """The way to write for clients and controllers. Every method raises ApiError where the API server refuses."""

    def __init__(self, store: ObjectStore, clock: SimulationClock) -> None:
        """Write to `store`."""
        self._storage = Storage(store, clock, Admission(store))
        self._creator, self._updater = Creator(self._storage), Updater(self._storage)
        self._patcher = Patcher(self._storage, self._updater)
        self._applier = Applier(self._storage, self._creator, self._updater)
        self._deleter = Deleter(self._storage)

    def create(self, resource: Resource, namespace: str, sent: Any, options: WriteOptions) -> Written:
        """POST."""
        return self._creator.create(resource, namespace, sent, options)

    def review(self, resource: Resource, sent: Any, options: WriteOptions) -> Object:
        """A review as it was sent, decoded, with its owner; it is not stored."""
        return self._creator.review(resource, sent, options)

    def update(
        self, resource: Resource, namespace: str, name: str, sent: Any, options: WriteOptions, subresource: str = ""
    ) -> Written:
        """PUT of an object or of its status."""
        return self._updater.update(resource, namespace, name, sent, options, subresource)

    def update_scale(self, resource: Resource, namespace: str, name: str, sent: Any, options: WriteOptions) -> Object:
        """PUT of the scale subresource; returns the Scale."""
        return self._updater.update_scale(resource, namespace, name, sent, options)

    def patch(
        self, resource: Resource, namespace: str, name: str, patch: Patch, options: WriteOptions, subresource: str = ""
    ) -> Written:
        """PATCH with any of the patch types."""
        if patch.media_type == patches.APPLY_PATCH:
            return self._applier.apply(resource, namespace, name, patch.sent, options, subresource)
        return self._patcher.patch(resource, namespace, name, patch, options, subresource)

    def delete(
        self, resource: Resource, namespace: str, name: str, options: Mapping[str, Any], dry_run: bool
    ) -> Object:
        """DELETE of one object; `options` is a DeleteOptions object. Returns the object, or a Status of success."""
        return self._deleter.delete(resource, namespace, name, options, dry_run)

    def live(self, resource: Resource, namespace: str, name: str) -> Object:
        """The stored object, or ApiError 404."""
        return self._storage.live(resource, namespace, name)
