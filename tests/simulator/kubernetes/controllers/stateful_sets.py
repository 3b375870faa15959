# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stateful sets: numbered pods.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes.controllers import pods
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.ownership import (
    create_pod,
    is_active,
    is_leaving,
    outdated,
    owned,
    template_hash,
)
from tests.simulator.kubernetes.store import Key


def reconcile(context: ControllerContext, key: Key) -> None:
    """One stateful set: numbered pods, and its status."""
    owner = context.store.get(key)
    if owner is None or is_leaving(owner):
        return
    hashed = template_hash(owner["spec"]["template"])
    revision = f"{owner['metadata']['name']}-{hashed}"
    names = [f"{owner['metadata']['name']}-{number}" for number in range(owner["spec"].get("replicas", 1))]
    found = {pod["metadata"]["name"]: pod for pod in owned(context, "pods", owner)}
    for index, name in enumerate(names):
        if name not in found:
            labels = {
                "apps.kubernetes.io/pod-index": str(index),
                "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": name,
            }
            create_pod(context, owner, {"name": name}, labels)
            break
        if not pods.is_ready(found[name]) and owner["spec"].get("podManagementPolicy") != "Parallel":
            break
    for name, pod in found.items():
        if (name not in names or outdated(pod, revision)) and not is_leaving(pod):
            context.delete(pod)
    active = [pod for pod in owned(context, "pods", owner) if is_active(pod)]
    ready = sum(pods.is_ready(pod) for pod in active)
    status: dict[str, Any] = {"observedGeneration": owner["metadata"].get("generation", 1), "replicas": len(active)}
    if ready:
        status["readyReplicas"] = ready
    if active:
        status["currentReplicas"] = status["updatedReplicas"] = len(active)
    status |= {"currentRevision": revision, "updateRevision": revision, "collisionCount": 0, "availableReplicas": ready}
    context.write_status(key, status)
