# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: what each of them holds from the start, and how they end.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ and, for the conditions,
k8s.io/kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key, Object

_GOOD = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


def reconcile(context: ControllerContext, key: Key) -> None:
    """One namespace: give it its service account, or empty it before it goes."""
    namespace = context.store.get(key)
    if namespace is None:
        return
    if namespace["metadata"].get("deletionTimestamp"):
        _terminate(context, key, namespace)
        return
    name = key.name
    if context.store.get(Key("serviceaccounts", name, "default")) is None:
        context.create("v1", "ServiceAccount", name, {"metadata": {"name": "default"}})
    if context.store.get(Key("configmaps", name, "kube-root-ca.crt")) is None:
        body = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "simulated"}}
        context.create("v1", "ConfigMap", name, body)


def _terminate(context: ControllerContext, key: Key, namespace: Object) -> None:
    """Empty the namespace after a while: the real controller takes seconds, longer with many objects."""
    what = f"empty:{namespace['metadata']['uid']}"
    if not context.queue.is_due(key, what, context.timing.namespace_deletion):
        return
    for obj in _content(context, key.name):
        if not obj["metadata"].get("deletionTimestamp"):
            context.delete(obj)
    left = _content(context, key.name)
    latest = context.store.get(key)
    if latest is None:
        return
    if left:
        _report(context, latest, left)
        return
    spec = {**(latest.get("spec") or {}), "finalizers": []}
    context.replace({**latest, "spec": spec}, subresource="finalize")


def _report(context: ControllerContext, namespace: Object, left: Sequence[Object]) -> None:
    """Say in conditions what still holds the namespace."""
    kinds = Counter(_resource_name(obj) for obj in left)
    what = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(kinds.items()))
    found = [(kind, "False", reason, message) for kind, reason, message in _GOOD]
    remaining = f"Some resources are remaining: {what}"
    found.append(("NamespaceContentRemaining", "True", "SomeResourcesRemain", remaining))
    found.append(("NamespaceFinalizersRemaining", *_finalizers(left)))
    now = context.clock.timestamp()
    before = {item["type"]: item for item in namespace["status"].get("conditions") or ()}
    conditions = []
    for kind, value, reason, message in found:
        old = before.get(kind)
        changed = now if old is None or old["status"] != value else old["lastTransitionTime"]
        conditions.append(
            {"type": kind, "status": value, "lastTransitionTime": changed, "reason": reason, "message": message}
        )
    context.set_status(namespace, {**namespace["status"], "conditions": conditions})


def _finalizers(left: Sequence[Object]) -> tuple[str, str, str]:
    counted = Counter(name for obj in left for name in obj["metadata"].get("finalizers") or ())
    if not counted:
        return "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"
    where = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(counted.items()))
    return "True", "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {where}"


def _content(context: ControllerContext, name: str) -> list[Object]:
    return [obj for resource in context.store.resources() for obj in context.store.items(resource, name)]


def _resource_name(obj: Object) -> str:
    group = obj["apiVersion"].partition("/")[0] if "/" in obj["apiVersion"] else ""
    return f"{str(obj['kind']).lower()}s.{group}"
