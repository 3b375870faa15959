# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replica sets: as many pods as they want.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes.controllers import events, pods
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.ownership import (
    counts_leaving_pods,
    create_pod,
    is_active,
    is_leaving,
    owned,
)
from tests.simulator.kubernetes.store import Key, Object


def reconcile(context: ControllerContext, key: Key) -> None:
    """One replica set: as many pods as it wants, and its status."""
    replica_set = context.store.get(key)
    if replica_set is None or is_leaving(replica_set):
        return
    found = [pod for pod in owned(context, "pods", replica_set) if is_active(pod)]
    wanted = replica_set["spec"].get("replicas", 1)
    for _unused in range(wanted - len(found)):
        name = {"generateName": f"{replica_set['metadata']['name']}-"}
        pod = create_pod(context, replica_set, name)
        message = f"Created pod: {pod['metadata']['name']}"
        events.tell(context, replica_set, events.REPLICA_SETS, "SuccessfulCreate", message)
    if len(found) > wanted:
        for pod in sorted(found, key=_least_wanted)[: len(found) - wanted]:
            context.delete(pod)
            message = f"Deleted pod: {pod['metadata']['name']}"
            events.tell(context, replica_set, events.REPLICA_SETS, "SuccessfulDelete", message)
    found = [pod for pod in owned(context, "pods", replica_set) if is_active(pod)]
    ready = sum(pods.is_ready(pod) for pod in found)
    counts = {"fullyLabeledReplicas": len(found), "readyReplicas": ready, "availableReplicas": ready}
    status: dict[str, Any] = {"replicas": len(found)}
    status.update({name: count for name, count in counts.items() if count})
    if counts_leaving_pods(context.kubelet_version):
        status["terminatingReplicas"] = sum(is_leaving(pod) for pod in owned(context, "pods", replica_set))
    status["observedGeneration"] = replica_set["metadata"].get("generation", 1)
    latest = context.store.get(key)
    if latest is not None:
        context.set_status(latest, status)


def _least_wanted(pod: Object) -> tuple[bool, bool, str]:
    """Unscheduled pods go first, then those that are not ready."""
    return bool(pod["spec"].get("nodeName")), pods.is_ready(pod), pod["metadata"]["name"]
