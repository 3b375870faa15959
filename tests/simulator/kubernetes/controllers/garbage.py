# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection by owner references (https://kubernetes.io/docs/concepts/architecture/garbage-collection/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes.admission import PROTECTION


def dependents(context: ControllerContext, uid: str) -> Iterator[tuple[Object, dict[str, Any]]]:
    """The objects that name an owner, with the reference."""
    for resource in context.store.resources():
        for obj in context.store.items(resource):
            for reference in obj["metadata"].get("ownerReferences") or ():
                if reference.get("uid") == uid:
                    yield obj, reference


def owner_is_gone(context: ControllerContext, owner: Object) -> None:
    """Delete what only this owner kept, and drop its references elsewhere."""
    uid = owner["metadata"].get("uid", "")
    for obj, _reference in list(dependents(context, uid)):
        others = [item for item in obj["metadata"]["ownerReferences"] if item.get("uid") != uid]
        if others:
            context.replace({**obj, "metadata": {**obj["metadata"], "ownerReferences": others}})
        elif not obj["metadata"].get("deletionTimestamp"):
            context.delete(obj)


def finish_deletion(context: ControllerContext, key: Key) -> None:
    """Act on the finalizers of the garbage collector: `foregroundDeletion` and `orphan`."""
    obj = context.store.get(key)
    if obj is None or not obj["metadata"].get("deletionTimestamp"):
        return
    finalizers = obj["metadata"].get("finalizers") or []
    protection = PROTECTION.get(key.resource)
    if protection in finalizers and not _is_used(context, key):
        _drop_finalizer(context, key, str(protection))
    elif "orphan" in finalizers:
        _orphan(context, obj)
        _drop_finalizer(context, key, "orphan")
    elif "foregroundDeletion" in finalizers:
        blocking = False
        for dependent, reference in list(dependents(context, obj["metadata"]["uid"])):
            blocking = blocking or bool(reference.get("blockOwnerDeletion"))
            if not dependent["metadata"].get("deletionTimestamp"):
                context.delete(dependent, propagationPolicy="Foreground")
        remaining = list(dependents(context, obj["metadata"]["uid"]))
        if not blocking or not remaining:
            _drop_finalizer(context, key, "foregroundDeletion")


def _is_used(context: ControllerContext, claim: Key) -> bool:
    """Whether a pod that has a node uses the volume claim."""
    for pod in context.store.items("pods", claim.namespace):
        for volume in pod["spec"].get("volumes") or ():
            used = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if used == claim.name and pod["spec"].get("nodeName"):
                return True
    return False


def _orphan(context: ControllerContext, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    for obj, _reference in list(dependents(context, uid)):
        others = [item for item in obj["metadata"]["ownerReferences"] if item.get("uid") != uid]
        context.replace({**obj, "metadata": {**obj["metadata"], "ownerReferences": others}})


def _drop_finalizer(context: ControllerContext, key: Key, name: str) -> None:
    obj = context.store.get(key)
    if obj is not None:
        left = [item for item in obj["metadata"].get("finalizers") or [] if item != name]
        context.replace({**obj, "metadata": {**obj["metadata"], "finalizers": left}})
