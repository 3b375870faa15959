# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection by owner references (https://kubernetes.io/docs/concepts/architecture/garbage-collection/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulator.kubernetes.admission import PROTECTION
from tests.simulator.kubernetes.store import Key, Object

if TYPE_CHECKING:
    from tests.simulator.kubernetes.controllers import Controllers


def dependents(controllers: Controllers, uid: str) -> Iterator[tuple[Object, dict[str, Any]]]:
    """The objects that name an owner, with the reference."""
    for resource in controllers.store.resources():
        for obj in controllers.store.items(resource):
            for reference in obj["metadata"].get("ownerReferences") or ():
                if reference.get("uid") == uid:
                    yield obj, reference


def owner_is_gone(controllers: Controllers, owner: Object) -> None:
    """Delete what only this owner kept, and drop its references elsewhere."""
    uid = owner["metadata"].get("uid", "")
    for obj, _reference in list(dependents(controllers, uid)):
        others = [item for item in obj["metadata"]["ownerReferences"] if item.get("uid") != uid]
        if others:
            controllers.replace({**obj, "metadata": {**obj["metadata"], "ownerReferences": others}})
        elif not obj["metadata"].get("deletionTimestamp"):
            controllers.delete(obj)


def finish_deletion(controllers: Controllers, key: Key) -> None:
    """Act on the finalizers of the garbage collector: `foregroundDeletion` and `orphan`."""
    obj = controllers.store.get(key)
    if obj is None or not obj["metadata"].get("deletionTimestamp"):
        return
    finalizers = obj["metadata"].get("finalizers") or []
    protection = PROTECTION.get(key.resource)
    if protection in finalizers and not _is_used(controllers, key):
        _drop_finalizer(controllers, key, str(protection))
    elif "orphan" in finalizers:
        _orphan(controllers, obj)
        _drop_finalizer(controllers, key, "orphan")
    elif "foregroundDeletion" in finalizers:
        blocking = False
        for dependent, reference in list(dependents(controllers, obj["metadata"]["uid"])):
            blocking = blocking or bool(reference.get("blockOwnerDeletion"))
            if not dependent["metadata"].get("deletionTimestamp"):
                controllers.delete(dependent, propagationPolicy="Foreground")
        remaining = list(dependents(controllers, obj["metadata"]["uid"]))
        if not blocking or not remaining:
            _drop_finalizer(controllers, key, "foregroundDeletion")


def _is_used(controllers: Controllers, claim: Key) -> bool:
    """Whether a pod that has a node uses the volume claim."""
    for pod in controllers.store.items("pods", claim.namespace):
        for volume in pod["spec"].get("volumes") or ():
            used = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if used == claim.name and pod["spec"].get("nodeName"):
                return True
    return False


def _orphan(controllers: Controllers, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    for obj, _reference in list(dependents(controllers, uid)):
        others = [item for item in obj["metadata"]["ownerReferences"] if item.get("uid") != uid]
        controllers.replace({**obj, "metadata": {**obj["metadata"], "ownerReferences": others}})


def _drop_finalizer(controllers: Controllers, key: Key, name: str) -> None:
    obj = controllers.store.get(key)
    if obj is not None:
        left = [item for item in obj["metadata"].get("finalizers") or [] if item != name]
        controllers.replace({**obj, "metadata": {**obj["metadata"], "finalizers": left}})
