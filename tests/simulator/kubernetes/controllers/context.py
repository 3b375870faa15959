# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all controllers of one cluster share: the store, a way to write, time, and the queue of marked objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes.controllers.queue import WorkQueue
from tests.simulator.kubernetes.resources import Resource, ResourceRegistry
from tests.simulator.kubernetes.store import Key, Object, ObjectStore
from tests.simulator.kubernetes.writes import ObjectWriter, WriteOptions

MANAGER = WriteOptions(manager="kube-controller-manager", manager_given=True, validation="Ignore")


@dataclass(frozen=True)
class Timing:
    """How long things take, in simulated seconds."""

    pod_start: float = 5.0
    pod_stop: float = 1.0
    job_run: float = 5.0
    namespace_deletion: float = 5.0
    load_balancer: float = 10.0
    volume_provision: float = 5.0


@dataclass(frozen=True)
class ControllerContext:
    """Handed to every controller; it holds no decisions of its own.

    `kubelet_version` is Kubernetes' version without the `v`; `load_balancers` tells whether Services get an address.
    """

    store: ObjectStore
    registry: ResourceRegistry
    writer: ObjectWriter
    clock: SimulationClock
    timing: Timing
    queue: WorkQueue
    kubelet_version: str
    load_balancers: bool

    def keys(self, resource: str) -> list[Key]:
        """The keys of all objects of a resource."""
        return [
            Key(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            for obj in self.store.items(resource)
        ]

    def create(
        self, api_version: str, kind: str, namespace: str, body: Object, options: WriteOptions = MANAGER
    ) -> Object:
        """Create an object as a controller does."""
        resource = self._served(api_version, kind)
        return self.writer.create(resource, namespace, {"apiVersion": api_version, "kind": kind, **body}, options).obj

    def replace(self, obj: Object, options: WriteOptions = MANAGER, subresource: str = "") -> Object:
        """Update an object, or its status, as a controller does."""
        resource, metadata = self._served(obj["apiVersion"], obj["kind"]), obj["metadata"]
        return self.writer.update(
            resource, metadata.get("namespace", ""), metadata["name"], obj, options, subresource
        ).obj

    def set_status(self, obj: Object, status: Mapping[str, Any], options: WriteOptions = MANAGER) -> Object:
        """Write the status of an object, when it differs."""
        if obj.get("status") == status:
            return obj
        return self.replace({**obj, "status": dict(status)}, options, "status")

    def write_status(self, key: Key, status: Mapping[str, Any]) -> None:
        """Write the status of the object as it is now stored, when there is one and its status differs."""
        latest = self.store.get(key)
        if latest is not None:
            self.set_status(latest, status)

    def delete(self, obj: Object, **options: Any) -> None:
        """Delete an object as a controller does: in the background."""
        resource = self.registry.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            return
        namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        self.writer.delete(resource, namespace, name, {"propagationPolicy": "Background", **options}, False)

    def _served(self, api_version: str, kind: str) -> Resource:
        resource = self.registry.by_kind(api_version, kind)
        if resource is None:
            raise LookupError(f"{api_version} {kind} is not served")
        return resource
