# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controllers of one cluster: what kube-controller-manager, kube-scheduler and the kubelets would do with its
objects.

Nothing runs while nothing changes: a change of an object marks the objects that depend on it, and one task works
through the marked ones.

Source: https://kubernetes.io/docs/concepts/architecture/controller/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.simulator.kubernetes import custom_resources
from tests.simulator.kubernetes.controllers import (
    daemon_sets,
    definitions,
    deployments,
    garbage,
    jobs,
    namespaces,
    nodes,
    pods,
    replica_sets,
    services,
    stateful_sets,
    volumes,
)
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.errors import ApiError
from tests.simulator.kubernetes.store import Change, Key, Object

Reconciler = Callable[[ControllerContext, Key], None]


class ControllerManager:
    """Knows which controller looks after which resource, and which objects a change concerns."""

    def __init__(self, context: ControllerContext) -> None:
        """Listen to the store; nothing happens before its first change."""
        self.context = context
        self._reconcilers: Mapping[str, Reconciler] = {
            "namespaces": namespaces.reconcile,
            custom_resources.DEFINITIONS: definitions.reconcile,
            "deployments.apps": deployments.reconcile,
            "replicasets.apps": replica_sets.reconcile,
            "statefulsets.apps": stateful_sets.reconcile,
            "daemonsets.apps": daemon_sets.reconcile,
            "pods": pods.reconcile,
            "nodes": nodes.reconcile,
            "services": services.reconcile,
            "jobs.batch": jobs.reconcile,
            volumes.CLAIMS: volumes.reconcile_claim,
            volumes.VOLUMES: volumes.reconcile_volume,
        }
        context.queue.reconcile = self._reconcile
        self._unsubscribe = context.store.subscribe(self._on_change)

    def close(self) -> None:
        """Stop for good."""
        self._unsubscribe()
        self.context.queue.close()

    def _reconcile(self, key: Key) -> None:
        reconcile = self._reconcilers.get(key.resource)
        try:
            if reconcile is not None:
                reconcile(self.context, key)
            garbage.finish_deletion(self.context, key)
        except ApiError as error:
            if error.code not in (403, 404, 409):
                raise

    # -- what marks what ----------------------------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        obj = change.new or change.old or {}
        if change.key.resource in self._reconcilers or obj["metadata"].get("deletionTimestamp"):
            self.context.queue.mark(change.key)
        for owner in obj["metadata"].get("ownerReferences") or ():
            self._mark_owner(owner, change.key.namespace)
        self._mark_users(change)
        if change.key.resource == custom_resources.DEFINITIONS:
            definitions.serve(self.context, change)
        if change.new is None:
            self._on_end(change.key, obj)

    def _mark_users(self, change: Change) -> None:
        """What waits for nodes, for room on them, or for storage."""
        resource = change.key.resource
        if resource in ("nodes", volumes.CLAIMS) or (resource == "pods" and change.new is None):
            pods.mark_pending(self.context)
        if resource == "nodes":
            for key in self.context.keys("daemonsets.apps"):
                self.context.queue.mark(key)
        elif resource in (volumes.VOLUMES, volumes.CLASSES):
            volumes.mark_unbound(self.context)

    def _on_end(self, key: Key, obj: Object) -> None:
        """What waits for the end of an object, or has lost by it."""
        garbage.owner_is_gone(self.context, obj)
        if key.namespace:
            self._mark_if_leaving(Key("namespaces", "", key.namespace))
        if key.resource == volumes.CLAIMS and obj["spec"].get("volumeName"):
            self.context.queue.mark(Key(volumes.VOLUMES, "", obj["spec"]["volumeName"]))
        elif key.resource == "pods":
            for name, claim in volumes.claims_of(self.context, obj):
                if claim is not None:
                    self._mark_if_leaving(Key(volumes.CLAIMS, key.namespace, name))
        elif key.resource not in self._reconcilers:
            self._mark_if_leaving(Key(custom_resources.DEFINITIONS, "", key.resource))

    def _mark_owner(self, owner: Mapping[str, Any], namespace: str) -> None:
        found = self.context.registry.by_kind(owner.get("apiVersion", ""), owner.get("kind", ""))
        if found is not None:
            self.context.queue.mark(Key(found.key, namespace if found.namespaced else "", owner.get("name", "")))

    def _mark_if_leaving(self, key: Key) -> None:
        """What is being deleted may be waiting for the end of something."""
        found = self.context.store.get(key)
        if found is not None and found["metadata"].get("deletionTimestamp"):
            self.context.queue.mark(key)
