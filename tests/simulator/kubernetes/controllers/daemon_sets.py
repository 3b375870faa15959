# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemon sets: a pod on every node that takes it.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes.controllers import pods, scheduler
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.ownership import create_pod, is_leaving, outdated, owned, template_hash
from tests.simulator.kubernetes.store import Key, Object


def reconcile(context: ControllerContext, key: Key) -> None:
    """One daemon set: a pod on every node that its template accepts, and its status."""
    owner = context.store.get(key)
    if owner is None or is_leaving(owner):
        return
    revision = template_hash(owner["spec"]["template"])
    spec = owner["spec"]["template"]["spec"]
    wanted = {node["metadata"]["name"] for node in context.store.items("nodes") if _accepts(spec, node)}
    found: dict[str, Object] = {}
    for pod in owned(context, "pods", owner):
        node = _target_node(pod)
        if (node not in wanted or outdated(pod, revision)) and not is_leaving(pod):
            context.delete(pod)
        elif node in wanted:
            found[node] = pod
    labels = {"controller-revision-hash": revision, "pod-template-generation": "1"}
    for node in sorted(wanted - set(found)):
        create_pod(
            context,
            owner,
            {"generateName": f"{owner['metadata']['name']}-"},
            labels,
            lambda s, n=node: _pin(s, n),  # type: ignore[misc]
        )
    ready = sum(pods.is_ready(pod) for pod in found.values() if not is_leaving(pod))
    status: dict[str, Any] = {
        "currentNumberScheduled": len(wanted),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(wanted),
        "numberReady": ready,
        "observedGeneration": owner["metadata"].get("generation", 1),
    }
    optional = {
        "updatedNumberScheduled": len(wanted),
        "numberAvailable": ready,
        "numberUnavailable": len(wanted) - ready,
    }
    status.update({name: count for name, count in optional.items() if count})
    context.write_status(key, status)


_ALWAYS_TOLERATED = (
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"},
)


def _accepts(spec: Mapping[str, Any], node: Object) -> bool:
    tolerations = (*(spec.get("tolerations") or ()), *_ALWAYS_TOLERATED)
    for taint in (node.get("spec") or {}).get("taints") or ():
        hard = taint.get("effect") in ("NoSchedule", "NoExecute")
        if hard and not any(scheduler.tolerates(item, taint) for item in tolerations):
            return False
    return scheduler.matches_node(spec, node)


def _pin(spec: dict[str, Any], node: str) -> None:
    """Bind a daemon's pod to its node by affinity, as the controller does."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *_ALWAYS_TOLERATED]


def _target_node(pod: Object) -> str:
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    for term in terms:
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return str(pod["spec"].get("nodeName", ""))
