# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InstanceType objects of a cluster (amlarc.azureml.com/v1alpha1, cluster-scoped)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types, labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import FIELD_MANAGER, ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import INSTANCE_TYPES


def read_objects(cluster: ClusterConnection) -> dict[str, dict[str, Any]] | None:
    """Return the InstanceType objects by name, or None when the API does not serve the kind (no extension yet)."""
    try:
        found = cluster.list(INSTANCE_TYPES)
    except ConnectionFailedError:
        raise
    except KubernetesError as error:
        if error.missing:
            return None
        raise
    return {each["metadata"]["name"]: each for each in found}


def read(cluster: ClusterConnection) -> list[InstanceTypeFacts] | None:
    """Return the InstanceTypes ordered by name, or None when the API does not serve the kind."""
    found = read_objects(cluster)
    if found is None:
        return None
    return [instance_types.from_object(found[name]) for name in sorted(found)]


class Writer:
    """Writes one InstanceType, based on the object that was read."""

    def __init__(self, cluster: ClusterConnection, name: str, *, force: bool) -> None:
        """Write the InstanceType `name`; `force` takes over fields that other managers own."""
        self._cluster = cluster
        self._name = name
        self._force = force

    def read(self) -> dict[str, Any] | None:
        """Return the object as it is now."""
        return self._cluster.get(INSTANCE_TYPES, self._name)

    def write(
        self, found: Mapping[str, Any] | None, wanted: InstanceType, after: InstanceTypeFacts, *, replace: bool
    ) -> None:
        """Make the object so that it reads `after`: replaced as a whole, or only the wanted fields applied.

        Raises KubernetesError; with `conflict` when the object is no longer the one that was read.
        """
        sent = instance_types.applied(wanted, after)
        if replace and found is None:
            self._cluster.create(INSTANCE_TYPES, instance_types.to_object(sent, managed=True))
        elif replace and found is not None:
            self._cluster.replace(INSTANCE_TYPES, _replacement(found, sent))
        else:
            self._apply(found, instance_types.to_object(sent, managed=after["managed"]))

    def remove(self, found: Mapping[str, Any] | None, *, only_managed: bool) -> None:
        """Remove the object that was read; with `only_managed`, not if somebody took our label off meanwhile."""
        if found is None or (only_managed and not instance_types.from_object(found)["managed"]):
            return
        self._cluster.delete(INSTANCE_TYPES, found)

    def _apply(self, found: Mapping[str, Any] | None, body: dict[str, Any]) -> None:
        """Apply `body`. Fields that a replacement of ours set count as another manager's: those are taken over."""
        try:
            self._cluster.apply(INSTANCE_TYPES, body, force=self._force)
        except KubernetesError as error:
            conflicts = _field_conflicts(error)
            if not conflicts:
                raise
            if found is None or set(conflicts.values()) != {FIELD_MANAGER}:
                message = conflict_message(self._cluster, self._name, conflicts)
                raise KubernetesError(message, code="Conflict") from error
            # Only on the version that was read, so that nobody else's newer value is overwritten.
            guarded = {**body["metadata"], "resourceVersion": found["metadata"]["resourceVersion"]}
            self._cluster.apply(INSTANCE_TYPES, {**body, "metadata": guarded}, force=True)


def conflict_message(cluster: ClusterConnection, name: str, conflicts: Mapping[str, str]) -> str:
    """Return the sentence for fields (by path) that another manager (by name) set to another value."""
    fields = "; ".join(f"{path} was set by '{manager}'" for path, manager in sorted(conflicts.items()))
    return (
        f"Instance type '{name}' of {cluster.name} was not changed, because somebody else decides about a field that "
        f"differs: {fields}. Agree with them, or take the fields over with force_conflicts: true."
    )


def _replacement(found: Mapping[str, Any], wanted: InstanceType) -> dict[str, Any]:
    """Return the object that was read with our spec and label; what others wrote in its metadata stays."""
    metadata = dict(found["metadata"])
    metadata.pop("managedFields", None)
    metadata["labels"] = {**(metadata.get("labels") or {}), labels.MANAGED_BY_LABEL: labels.MANAGED_BY}
    return {**found, "metadata": metadata, "spec": instance_types.to_spec(wanted)}


_MANAGER = re.compile(r'conflict with "([^"]*)"')


def _field_conflicts(error: KubernetesError) -> dict[str, str]:
    """Return the managers by field path, from the API's answer to a server-side apply that conflicts."""
    found = {}
    for cause in error.causes if error.conflict else ():
        if cause.get("reason") == "FieldManagerConflict":
            match = _MANAGER.search(str(cause.get("message")))
            found[str(cause.get("field")).lstrip(".")] = match.group(1) if match else "another manager"
    return found
