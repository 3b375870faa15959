# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PUT: updates of objects, of their status and of their scale."""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes import custom_resources, errors, scale
from tests.simulator.kubernetes.resources import Resource, in_version
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes import body, checks, owners, status
from tests.simulator.kubernetes.writes.metadata import order_metadata, without
from tests.simulator.kubernetes.writes.options import WriteOptions, Written
from tests.simulator.kubernetes.writes.storage import Storage, key_of

_NO_UNCONDITIONAL_UPDATE = frozenset({custom_resources.DEFINITIONS, "leases.coordination.k8s.io"})


class Updater:
    """Replaces objects. Every method raises ApiError where the API server refuses."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def update(
        self, resource: Resource, namespace: str, name: str, sent: Any, options: WriteOptions, subresource: str = ""
    ) -> Written:
        """PUT of an object or of its status."""
        written = Written({})
        obj = body.decoded(resource, sent, options, written.warnings)
        body.settle_namespace(resource, obj, namespace)
        body.settle_name(obj, name)
        live = self._storage.live(resource, namespace, name)
        if not obj["metadata"].get("resourceVersion") and (resource.custom or resource.key in _NO_UNCONDITIONAL_UPDATE):
            finding = errors.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource.plural, resource.group, name, [finding])
        checks.check_same_object(resource, live, obj)
        written.obj = self.replace(resource, live, obj, options, subresource)
        return written

    def update_scale(self, resource: Resource, namespace: str, name: str, sent: Any, options: WriteOptions) -> Object:
        """PUT of the scale subresource; returns the Scale."""
        if not isinstance(sent, dict):
            raise errors.bad_request("the object provided is unrecognized (must be of type Scale)")
        live = self._storage.live(resource, namespace, name)
        obj = scale.with_replicas(resource, live, sent)
        version = (sent.get("metadata") or {}).get("resourceVersion")
        if version:
            obj["metadata"]["resourceVersion"] = version
        stored = self.replace(resource, live, obj, options, "scale")
        return scale.scale_of(resource, stored)

    def replace(
        self,
        resource: Resource,
        live: Object,
        obj: Object,
        options: WriteOptions,
        subresource: str,
        *,
        applied: bool = False,
    ) -> Object:
        """Store `obj` in place of `live` after all checks; nothing is written when they are equal."""
        checks.check_version(resource, live, obj)
        if not applied:
            base = in_version(resource, live)
            owners.track(self._storage.clock, resource, base, obj, options, subresource)
        obj = self._prepared(resource, live, obj, subresource)
        self._storage.admission.on_update(resource, obj, live)
        checks.validate(resource, obj, live)
        if _same_but_times(obj, live):
            return in_version(resource, live)
        order_metadata(obj)
        return self._finished_update(resource, live, obj, options.dry_run)

    def _finished_update(self, resource: Resource, live: Object, obj: Object, dry_run: bool) -> Object:
        key = key_of(resource, live)
        metadata = obj["metadata"]
        gone = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if resource.key == "namespaces":
            gone = gone and not (obj.get("spec") or {}).get("finalizers")
        elif resource.key == "pods":
            gone = gone and not metadata.get("deletionGracePeriodSeconds")
        if gone and not dry_run:
            removed = self._storage.store.remove(key)
            return {
                **obj,
                "metadata": {**metadata, "resourceVersion": (removed or live)["metadata"]["resourceVersion"]},
            }
        return self._storage.put(key, obj, dry_run)

    def _prepared(self, resource: Resource, live: Object, obj: Object, subresource: str) -> Object:
        """The new object with what clients cannot write taken from the live one."""
        if subresource == "status":
            obj = status.written_status(resource, live, obj)
        elif resource.has_status and subresource == "":
            obj.pop("status", None)
            if "status" in live:
                obj["status"] = live["status"]
        metadata, before = obj["metadata"], live["metadata"]
        metadata.setdefault("uid", before["uid"])
        for key in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
            metadata.pop(key, None)
            if key in before:
                metadata[key] = before[key]
        metadata["resourceVersion"] = before["resourceVersion"]
        if resource.has_generation and subresource != "status" and _wanted_state_changed(resource, live, obj):
            metadata["generation"] = before.get("generation", 0) + 1
        return obj


def _wanted_state_changed(resource: Resource, live: Object, obj: Object) -> bool:
    ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if resource.has_status else set())
    if resource.key == "deployments.apps" and obj["metadata"].get("annotations") != live["metadata"].get("annotations"):
        return True  # its controller copies annotations to the replica sets
    return without(obj, ignored) != without(live, ignored)


def _same_but_times(new: Object, old: Object) -> bool:
    """Whether nothing changed; the times of managedFields do not count."""
    if without(new, {"metadata", "apiVersion"}) != without(old, {"metadata", "apiVersion"}):
        return False
    before, after = ({**obj["metadata"]} for obj in (old, new))
    old_owners, new_owners = before.pop("managedFields", ()), after.pop("managedFields", ())
    return before == after and [without(item, {"time"}) for item in old_owners] == [
        without(item, {"time"}) for item in new_owners
    ]
