# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PATCH with an apply patch: server-side apply.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes import errors, managed_fields
from tests.simulator.kubernetes.resources import Resource, in_version
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import body, checks, owners
from tests.simulator.kubernetes.writes.create import Creator
from tests.simulator.kubernetes.writes.options import WriteOptions, Written
from tests.simulator.kubernetes.writes.storage import Storage
from tests.simulator.kubernetes.writes.update import Updater


class Applier:
    """Applies what a manager wants to own. Every method raises ApiError where the API server refuses."""

    def __init__(self, storage: Storage, creator: Creator, updater: Updater) -> None:
        self._storage = storage
        self._creator = creator
        self._updater = updater

    def apply(
        self, resource: Resource, namespace: str, name: str, sent: Any, options: WriteOptions, subresource: str
    ) -> Written:
        if not options.manager_given:
            finding = errors.required("fieldManager", "is required for apply patch")
            raise errors.invalid("PatchOptions", "meta.k8s.io", "", [finding])
        applied = body.decoded_yaml(sent)
        if (applied.get("apiVersion"), applied.get("kind")) != (resource.api_version, resource.kind):
            version = applied.get("apiVersion") or "/"
            raise errors.bad_request(f"invalid object type: {version}, Kind={applied.get('kind', '')}")
        given_namespace = applied.setdefault("metadata", {}).get("namespace", "")
        given_name = applied["metadata"].get("name", "")
        body.settle_namespace(resource, applied, namespace)
        body.settle_name(applied, name)
        stored = self._storage.store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        if stored is None and (subresource or applied["metadata"].get("uid")):
            raise errors.not_found(resource.plural, resource.group, name)
        live = in_version(resource, stored) if stored is not None else None
        if live is None and not given_name:
            raise errors.bad_request(
                f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )
        if live is not None:
            checks.check_version(resource, live, {"metadata": applied["metadata"]})
        described = f"{given_namespace}/{given_name}; {resource.group}/{resource.version}, Kind={resource.kind}"
        merged = managed_fields.apply(
            live,
            applied,
            resource.schema,
            owners.writer_of(self._storage.clock, resource, options, "Apply", subresource),
            owners.empty_object(resource),
            force=options.force,
            described=described,
        )
        return self._store_applied(resource, live, merged, options, subresource)

    def _store_applied(
        self, resource: Resource, live: Object | None, merged: Object, options: WriteOptions, subresource: str
    ) -> Written:
        owners = merged["metadata"].pop("managedFields", None)
        written = Written({}, created=live is None)
        obj = body.decoded(resource, merged, WriteOptions(validation="Ignore"), written.warnings)
        if owners:
            obj["metadata"]["managedFields"] = owners
        if live is None:
            written.obj = self._creator.insert(resource, obj, options, "Apply")
        else:
            written.obj = self._updater.replace(resource, live, obj, options, subresource, applied=True)
        return written
