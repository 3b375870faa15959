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
        if self._content(key.name):
            return
        self._emptying.pop(uid, None)
        latest = self._controllers.store.get(key)
        if latest is not None:
            spec = {**(latest.get("spec") or {}), "finalizers": []}
            self._controllers.replace({**latest, "spec": spec}, subresource="finalize")

    def _content(self, name: str) -> list[Object]:
        store = self._controllers.store
        return [obj for resource in store.resources() for obj in store.items(resource, name)]
