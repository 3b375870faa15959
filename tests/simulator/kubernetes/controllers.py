# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controllers of one cluster: what kube-controller-manager, kube-scheduler and the kubelets would do with its
objects.

Nothing runs while nothing changes: a change of an object marks the objects that depend on it, and one task works
through
the marked ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.clock import SimulationClock
from tests.simulator.kubernetes import custom_resources, garbage, nodes, pods, services, workloads
from tests.simulator.kubernetes.errors import ApiError
from tests.simulator.kubernetes.namespaces import NamespaceController
from tests.simulator.kubernetes.resources import ResourceRegistry
from tests.simulator.kubernetes.store import Change, Key, Object, ObjectStore
from tests.simulator.kubernetes.writes import ObjectWriter, WriteOptions

MANAGER = WriteOptions(manager="kube-controller-manager", manager_given=True, validation="Ignore")
REACTION_SECONDS = 0.03
"""Real seconds after which controllers notice a change: what a write returns is never their doing yet."""
_ROUNDS = 2000


@dataclass(frozen=True)
class Timing:
    """How long things take, in simulated seconds."""

    pod_start: float = 5.0
    pod_stop: float = 1.0
    namespace_deletion: float = 5.0
    load_balancer: float = 10.0


class Controllers:
    """All controllers of one cluster; also what they share: the store, a writer, and time."""

    def __init__(
        self,
        store: ObjectStore,
        registry: ResourceRegistry,
        writer: ObjectWriter,
        clock: SimulationClock,
        timing: Timing,
        *,
        kubelet_version: str,
        load_balancers: bool,
    ) -> None:
        """Listen to the store; nothing happens before its first change."""
        self.store = store
        self.registry = registry
        self.writer = writer
        self.clock = clock
        self.timing = timing
        self.kubelet_version = kubelet_version
        self.load_balancers = load_balancers
        self.due: dict[str, float] = {}
        self._marked: dict[Key, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False
        namespaces = NamespaceController(self)
        self._reconcilers: Mapping[str, Callable[[Key], None]] = {
            "namespaces": namespaces.reconcile,
            custom_resources.DEFINITIONS: self._reconcile_definition,
            "deployments.apps": lambda key: workloads.reconcile_deployment(self, key),
            "replicasets.apps": lambda key: workloads.reconcile_replica_set(self, key),
            "statefulsets.apps": lambda key: workloads.reconcile_stateful_set(self, key),
            "daemonsets.apps": lambda key: workloads.reconcile_daemon_set(self, key),
            "pods": lambda key: pods.reconcile(self, key),
            "nodes": lambda key: nodes.reconcile(self, key),
            "services": lambda key: services.reconcile(self, key),
        }
        self._unsubscribe = store.subscribe(self._on_change)

    # -- work ---------------------------------------------------------------------------------------------------------

    def mark(self, key: Key) -> None:
        """Reconcile an object soon."""
        if not self._closed:
            self._marked[key] = None
            self.wake()

    def mark_later(self, seconds: float, key: Key) -> None:
        """Reconcile an object after some simulated seconds."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.mark(key)
            return

        def fire() -> None:
            self._timers.discard(timer)
            self.mark(key)

        timer = loop.call_later(self.clock.real(seconds), fire)
        self._timers.add(timer)

    def wake(self) -> None:
        """Start the task that works through the marked objects, when there are some and an event loop runs."""
        if self._closed or not self._marked or (self._task is not None and not self._task.done()):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._task = loop.create_task(self._work())

    async def _work(self) -> None:
        await asyncio.sleep(REACTION_SECONDS)
        while self._marked and not self._closed:
            self.settle(rounds=20)
            await asyncio.sleep(0)

    def settle(self, rounds: int = _ROUNDS) -> None:
        """Work through the marked objects now, at most so many."""
        for _unused in range(rounds):
            if not self._marked:
                return
            key = next(iter(self._marked))
            del self._marked[key]
            try:
                self._reconcile(key)
            except ApiError as error:
                if error.code not in (403, 404, 409):
                    raise

    def _reconcile(self, key: Key) -> None:
        reconcile = self._reconcilers.get(key.resource)
        if reconcile is not None:
            reconcile(key)
        garbage.finish_deletion(self, key)

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        self._unsubscribe()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._task is not None:
            self._task.cancel()

    # -- what marks what ----------------------------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        resource = change.key.resource
        obj = change.new or change.old or {}
        if resource in self._reconcilers or obj["metadata"].get("deletionTimestamp"):
            self.mark(change.key)
        for owner in obj["metadata"].get("ownerReferences") or ():
            self._mark_owner(owner, change.key.namespace)
        if resource == "pods" and change.new is None:
            pods.mark_pending(self)
        elif resource == "nodes":
            pods.mark_pending(self)
            for key in self.keys("daemonsets.apps"):
                self.mark(key)
        if change.new is None:
            garbage.owner_is_gone(self, obj)
            if change.key.namespace:
                self._mark_terminating_namespace(change.key.namespace)
        if resource == custom_resources.DEFINITIONS:
            self._serve(change)
        elif change.new is None and resource not in self._reconcilers:
            self._mark_cleaning_definition(resource)

    def _mark_owner(self, owner: Mapping[str, Any], namespace: str) -> None:
        found = self.registry.by_kind(owner.get("apiVersion", ""), owner.get("kind", ""))
        if found is not None:
            self.mark(Key(found.key, namespace if found.namespaced else "", owner.get("name", "")))

    def _mark_terminating_namespace(self, name: str) -> None:
        key = Key("namespaces", "", name)
        found = self.store.get(key)
        if found is not None and found["metadata"].get("deletionTimestamp"):
            self.mark(key)

    def _mark_cleaning_definition(self, resource: str) -> None:
        key = Key(custom_resources.DEFINITIONS, "", resource)
        found = self.store.get(key)
        if found is not None and found["metadata"].get("deletionTimestamp"):
            self.mark(key)

    def keys(self, resource: str) -> list[Key]:
        """The keys of all objects of a resource."""
        return [
            Key(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            for obj in self.store.items(resource)
        ]

    # -- writing ------------------------------------------------------------------------------------------------------

    def create(
        self, api_version: str, kind: str, namespace: str, body: Object, options: WriteOptions = MANAGER
    ) -> Object:
        """Create an object as a controller does."""
        resource = self.registry.by_kind(api_version, kind)
        if resource is None:
            raise LookupError(f"{api_version} {kind} is not served")
        return self.writer.create(resource, namespace, {"apiVersion": api_version, "kind": kind, **body}, options).obj

    def replace(self, obj: Object, options: WriteOptions = MANAGER, subresource: str = "") -> Object:
        """Update an object, or its status, as a controller does."""
        resource = self.registry.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise LookupError(f"{obj['apiVersion']} {obj['kind']} is not served")
        metadata = obj["metadata"]
        return self.writer.update(
            resource, metadata.get("namespace", ""), metadata["name"], obj, options, subresource
        ).obj

    def set_status(self, obj: Object, status: Mapping[str, Any], options: WriteOptions = MANAGER) -> Object:
        """Write the status of an object, when it differs."""
        if obj.get("status") == status:
            return obj
        return self.replace({**obj, "status": dict(status)}, options, "status")

    def delete(self, obj: Object, **options: Any) -> None:
        """Delete an object as a controller does: in the background."""
        resource = self.registry.by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            return
        metadata = obj["metadata"]
        self.writer.delete(
            resource,
            metadata.get("namespace", ""),
            metadata["name"],
            {"propagationPolicy": "Background", **options},
            False,
        )

    # -- custom resource definitions ----------------------------------------------------------------------------------

    def _reconcile_definition(self, key: Key) -> None:
        definition = self.store.get(key)
        if definition is None:
            return
        if definition["metadata"].get("deletionTimestamp"):
            self._clean_up_definition(definition, key)
            return
        status = custom_resources.established_status(definition, self.clock.timestamp())
        self.set_status(definition, status, WriteOptions("kube-apiserver", validation="Ignore"))

    def _clean_up_definition(self, definition: Object, key: Key) -> None:
        for obj in self.store.items(key.name):
            if not obj["metadata"].get("deletionTimestamp"):
                self.delete(obj)
        if self.store.items(key.name):
            return
        finalizers = definition["metadata"].get("finalizers") or []
        if custom_resources.CLEANUP_FINALIZER in finalizers:
            left = [item for item in finalizers if item != custom_resources.CLEANUP_FINALIZER]
            self.replace({**definition, "metadata": {**definition["metadata"], "finalizers": left}})

    def _serve(self, change: Change) -> None:
        definition = change.new or change.old or {}
        spec = definition["spec"]
        established = change.new is not None and custom_resources.is_established(definition)
        found = custom_resources.served_resources(definition) if established else []
        self.registry.replace_custom(spec["names"]["plural"], spec["group"], found)
