# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST: creation, and reviews, which are answered and never stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.names import generated
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import body, checks, owners, status
from tests.simulator.kubernetes.writes.metadata import order_metadata
from tests.simulator.kubernetes.writes.options import WriteOptions, Written
from tests.simulator.kubernetes.writes.storage import Storage


class Creator:
    """Creates objects. Every method raises ApiError where the API server refuses."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def create(self, resource: Resource, namespace: str, sent: Any, options: WriteOptions) -> Written:
        """POST."""
        written = Written({}, created=True)
        obj = body.decoded(resource, sent, options, written.warnings)
        body.settle_namespace(resource, obj, namespace)
        metadata = obj["metadata"]
        if metadata.get("resourceVersion"):
            raise errors.unclassified("resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated(metadata["generateName"])
            if resource.key == "namespaces":
                obj = body.decoded(resource, obj, options, [])
        written.obj = self.insert(resource, obj, options, "Update")
        return written

    def insert(self, resource: Resource, obj: Object, options: WriteOptions, operation: str) -> Object:
        metadata = obj["metadata"]
        self._check_name_before_creation(resource, metadata)
        for name in (
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
            "uid",
            "resourceVersion",
        ):
            metadata.pop(name, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self._storage.clock.timestamp()
        if resource.has_generation:
            metadata["generation"] = 1
        if resource.has_status:
            status.reset_status(resource, obj)
        namespace = metadata.get("namespace", "")
        key = Key(resource.key, namespace, metadata.get("name", ""))
        if operation == "Update":
            owners.track(self._storage.clock, resource, owners.empty_object(resource), obj, options)
        self._storage.admission.check_namespace(resource, namespace, metadata.get("name", ""))
        self._storage.admission.on_create(resource, obj)
        checks.validate(resource, obj, None)
        existing = self._storage.store.get(key)
        if existing is not None:
            raise errors.already_exists(
                resource.plural, resource.group, key.name, being_deleted="deletionTimestamp" in existing["metadata"]
            )
        order_metadata(obj)
        return self._storage.put(key, obj, options.dry_run)

    def _check_name_before_creation(self, resource: Resource, metadata: Mapping[str, Any]) -> None:
        if not metadata.get("name") and resource.namespaced and not metadata.get("namespace"):
            raise errors.bad_request("an empty namespace may not be set during creation")

    def review(self, resource: Resource, sent: Any, options: WriteOptions) -> Object:
        """A review as it was sent, decoded, with its owner: reviews are answered and never stored."""
        obj = body.decoded(resource, sent, options, [])
        obj.setdefault("metadata", {})
        obj.pop("status", None)
        owners.track(self._storage.clock, resource, owners.empty_object(resource), obj, options)
        return obj
