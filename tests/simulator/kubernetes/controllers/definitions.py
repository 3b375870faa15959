# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CustomResourceDefinitions: from their acceptance to the end of their objects.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from tests.simulator.kubernetes import custom_resources
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Change, Key, Object
from tests.simulator.kubernetes.writes import WriteOptions

API_SERVER = WriteOptions("kube-apiserver", validation="Ignore")


def reconcile(context: ControllerContext, key: Key) -> None:
    """One definition: accept its names, or empty it before it goes."""
    definition = context.store.get(key)
    if definition is None:
        return
    if definition["metadata"].get("deletionTimestamp"):
        _clean_up(context, definition, key)
        return
    status = custom_resources.established_status(definition, context.clock.timestamp())
    context.set_status(definition, status, API_SERVER)


def _clean_up(context: ControllerContext, definition: Object, key: Key) -> None:
    for obj in context.store.items(key.name):
        if not obj["metadata"].get("deletionTimestamp"):
            context.delete(obj)
    if context.store.items(key.name):
        return
    finalizers = definition["metadata"].get("finalizers") or []
    if custom_resources.CLEANUP_FINALIZER in finalizers:
        left = [item for item in finalizers if item != custom_resources.CLEANUP_FINALIZER]
        context.replace({**definition, "metadata": {**definition["metadata"], "finalizers": left}})


def serve(context: ControllerContext, change: Change) -> None:
    """Serve the resource of a definition that was accepted; stop serving that of one that is gone."""
    definition = change.new or change.old or {}
    spec = definition["spec"]
    established = change.new is not None and custom_resources.is_established(definition)
    found = custom_resources.served_resources(definition) if established else []
    context.registry.replace_custom(spec["names"]["plural"], spec["group"], found)
