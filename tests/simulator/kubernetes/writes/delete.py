# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DELETE: at once, after a period of grace, or when the last finalizer is gone.

Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and
k8s.io/apiserver/pkg/registry/rest/delete.go
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.simulator.kubernetes import custom_resources, errors
from tests.simulator.kubernetes.resources import Resource, in_version
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes.metadata import order_metadata
from tests.simulator.kubernetes.writes.storage import Storage, key_of

_RETURNED_WHEN_DELETED = frozenset(
    {
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
        "pods",
        "services",
        "persistentvolumeclaims",
        "persistentvolumes",
        "serviceaccounts",
        "podtemplates",
        "resourcequotas",
    }
)


class Deleter:
    """Deletes objects. Every method raises ApiError where the API server refuses."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def delete(
        self, resource: Resource, namespace: str, name: str, options: Mapping[str, Any], dry_run: bool
    ) -> Object:
        """DELETE of one object; `options` is a DeleteOptions object. Returns the object, or a Status of success."""
        live = self._storage.live(resource, namespace, name)
        self._storage.admission.check_deletion(resource, name)
        self._check_delete_preconditions(resource, live, options)
        if resource.key == "namespaces":
            return self._delete_namespace(resource, live, dry_run)
        if resource.key == custom_resources.DEFINITIONS and "deletionTimestamp" not in live["metadata"]:
            obj = custom_resources.terminating(live, self._storage.clock.timestamp())
            order_metadata(obj)
            return self._storage.put(key_of(resource, live), obj, dry_run)
        finalizers = _finalizers_for(live, options.get("propagationPolicy"))
        grace = self._grace_seconds(resource, live, options)
        if finalizers or grace:
            return self._mark_deleted(resource, live, finalizers, grace, dry_run)
        if resource.key == "pods" and "deletionTimestamp" not in live["metadata"]:
            live = self._mark_deleted(resource, live, [], 0, dry_run)
        removed = live if dry_run else self._storage.store.remove(key_of(resource, live)) or live
        if resource.key in _RETURNED_WHEN_DELETED:
            return in_version(resource, removed)
        details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": live["metadata"]["uid"]}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {key: value for key, value in details.items() if value},
        }

    def _check_delete_preconditions(self, resource: Resource, live: Object, options: Mapping[str, Any]) -> None:
        wanted = options.get("preconditions") or {}
        for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            found = live["metadata"][key]
            if wanted.get(key) and wanted[key] != found:
                guess = "deleted and then recreated" if key == "uid" else "modified"
                why = (
                    f"the {word} in the precondition ({wanted[key]}) does not match the {word} in record ({found}). "
                    f"The object might have been {guess}"
                )
                raise errors.conflict(resource.kind, resource.group, live["metadata"]["name"], why)

    def _grace_seconds(self, resource: Resource, live: Object, options: Mapping[str, Any]) -> int:
        if resource.key != "pods" or not (live.get("spec") or {}).get("nodeName"):
            return 0
        if (live.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        given = options.get("gracePeriodSeconds")
        return int(live["spec"].get("terminationGracePeriodSeconds", 30) if given is None else given)

    def _mark_deleted(
        self, resource: Resource, live: Object, finalizers: list[str], grace: int, dry_run: bool
    ) -> Object:
        metadata = dict(live["metadata"])
        metadata.pop("finalizers", None)
        if finalizers:
            metadata["finalizers"] = finalizers
        if "deletionTimestamp" not in metadata:
            expiry = self._storage.clock.wall() + timedelta(seconds=grace)
            metadata["deletionTimestamp"] = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata["deletionGracePeriodSeconds"] = grace
            if "generation" in metadata:
                metadata["generation"] += 1
        elif grace < metadata.get("deletionGracePeriodSeconds", 0):
            metadata["deletionGracePeriodSeconds"] = grace
        if metadata == live["metadata"]:
            return in_version(resource, live)
        obj = {**live, "metadata": metadata}
        order_metadata(obj)
        return in_version(resource, self._storage.put(key_of(resource, live), obj, dry_run))

    def _delete_namespace(self, resource: Resource, live: Object, dry_run: bool) -> Object:
        if live["metadata"].get("deletionTimestamp"):
            return live
        metadata = {**live["metadata"], "deletionTimestamp": self._storage.clock.timestamp()}
        obj = {**live, "metadata": metadata, "status": {**(live.get("status") or {}), "phase": "Terminating"}}
        order_metadata(obj)
        return self._storage.put(key_of(resource, live), obj, dry_run)


def _finalizers_for(live: Object, policy: str | None) -> list[str]:
    finalizers = [
        item for item in live["metadata"].get("finalizers") or [] if item not in ("orphan", "foregroundDeletion")
    ]
    if policy == "Foreground":
        finalizers.append("foregroundDeletion")
    elif policy == "Orphan":
        finalizers.append("orphan")
    elif policy is None:
        finalizers = list(live["metadata"].get("finalizers") or [])
    return finalizers
