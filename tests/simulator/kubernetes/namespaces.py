# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: what each of them holds from the start, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.kubernetes.store import Key, Object

if TYPE_CHECKING:
    from tests.simulator.kubernetes.controllers import Controllers


class NamespaceController:
    """Gives a namespace its service account, and empties it before it goes."""

    def __init__(self, controllers: Controllers) -> None:
        self._controllers = controllers
        self._emptying: dict[str, float] = {}

    def reconcile(self, key: Key) -> None:
        """One namespace."""
        namespace = self._controllers.store.get(key)
        if namespace is None:
            return
        if namespace["metadata"].get("deletionTimestamp"):
            self._terminate(key, namespace)
            return
        name = key.name
        if self._controllers.store.get(Key("serviceaccounts", name, "default")) is None:
            self._controllers.create("v1", "ServiceAccount", name, {"metadata": {"name": "default"}})
        if self._controllers.store.get(Key("configmaps", name, "kube-root-ca.crt")) is None:
            body = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "simulated"}}
            self._controllers.create("v1", "ConfigMap", name, body)

    def _terminate(self, key: Key, namespace: Object) -> None:
        """Empty the namespace after a while: the real controller takes seconds, longer with many objects."""
        uid, now = namespace["metadata"]["uid"], self._controllers.clock.now().timestamp()
        begun = self._emptying.setdefault(uid, now)
        seconds = self._controllers.timing.namespace_deletion
        if now - begun < seconds:
            if now == begun:
                self._controllers.mark_later(seconds, key)
            return
        content = self._content(key.name)
        for obj in content:
            if not obj["metadata"].get("deletionTimestamp"):
                self._controllers.delete(obj)
        content = self._content(key.name)
        if content:
            self._report(key)
            return
        self._emptying.pop(uid, None)
        latest = self._controllers.store.get(key)
        if latest is not None:
            spec = {**(latest.get("spec") or {}), "finalizers": []}
            self._controllers.replace({**latest, "spec": spec}, subresource="finalize")

    def _report(self, key: Key) -> None:
        """Say in conditions what still holds the namespace."""
        namespace, left = self._controllers.store.get(key), self._content(key.name)
        if namespace is None:
            return
        held = [obj for obj in left if obj["metadata"].get("finalizers")]
        finalizers = sorted({name for obj in held for name in obj["metadata"]["finalizers"]})
        counted = {name: sum(name in obj["metadata"]["finalizers"] for obj in held) for name in finalizers}
        where = ", ".join(f"{name} in {count} resource instances" for name, count in counted.items())
        kinds: dict[str, int] = {}
        for obj in left:
            kinds[_resource_name(obj)] = kinds.get(_resource_name(obj), 0) + 1
        what = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(kinds.items()))
        now = self._controllers.clock.timestamp()
        before = {item["type"]: item for item in namespace["status"].get("conditions") or ()}
        conditions = []
        for kind, value, reason, message in (
            (
                "NamespaceDeletionDiscoveryFailure",
                "False",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "False",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            ("NamespaceContentRemaining", "True", "SomeResourcesRemain", f"Some resources are remaining: {what}"),
            (
                "NamespaceFinalizersRemaining",
                "True",
                "SomeFinalizersRemain",
                f"Some content in the namespace has finalizers remaining: {where}",
            ),
        ):
            if kind == "NamespaceFinalizersRemaining" and not held:
                value, reason, message = "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"
            old = before.get(kind)
            changed = now if old is None or old["status"] != value else old["lastTransitionTime"]
            conditions.append(
                {"type": kind, "status": value, "lastTransitionTime": changed, "reason": reason, "message": message}
            )
        self._controllers.set_status(namespace, {**namespace["status"], "conditions": conditions})

    def _content(self, name: str) -> list[Object]:
        store = self._controllers.store
        return [obj for resource in store.resources() for obj in store.items(resource, name)]


def _resource_name(obj: Object) -> str:
    group = obj["apiVersion"].partition("/")[0] if "/" in obj["apiVersion"] else ""
    plural = f"{str(obj['kind']).lower()}s"
    return f"{plural}.{group}"
