# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: their replica sets, and their status.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulator.kubernetes.controllers import events
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.ownership import (
    counts_leaving_pods,
    is_leaving,
    owned,
    reference,
    template_hash,
)
from tests.simulator.kubernetes.store import Key, Object

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def reconcile(context: ControllerContext, key: Key) -> None:
    """One deployment: its replica set for the current template, the sizes of all of them, its status."""
    deployment = context.store.get(key)
    if deployment is None or is_leaving(deployment):
        return
    sets = owned(context, "replicasets.apps", deployment)
    hashed = template_hash(deployment["spec"]["template"])
    current = next((item for item in sets if item["metadata"]["labels"].get(HASH_LABEL) == hashed), None)
    newest = max((_revision(item) for item in sets), default=0)
    if current is None and not deployment["spec"].get("paused"):
        current = _create_replica_set(context, deployment, hashed, newest + 1)
        sets = owned(context, "replicasets.apps", deployment)
    elif current is not None and _revision(current) < newest:
        current = _with_revision(context, current, newest + 1)
    if current is not None:
        _resize(
            context,
            deployment,
            current,
            [item for item in sets if item["metadata"]["name"] != current["metadata"]["name"]],
        )
        sets = owned(context, "replicasets.apps", deployment)
    _report_deployment(context, key, sets, current, hashed)


def _report_deployment(
    context: ControllerContext, key: Key, sets: Sequence[Object], current: Object | None, hashed: str
) -> None:
    """Write status and revision, both through the status subresource as the real controller does."""
    latest = context.store.get(key)
    if latest is None:
        return
    status = _deployment_status(latest, sets, hashed, context.clock.timestamp())
    if counts_leaving_pods(context.kubelet_version):
        leaving = [pod for each in sets for pod in owned(context, "pods", each) if is_leaving(pod)]
        status["terminatingReplicas"] = len(leaving)
    annotations = dict(latest["metadata"].get("annotations") or {})
    if current is not None:
        annotations[REVISION] = current["metadata"]["annotations"][REVISION]
    if latest.get("status") != status or latest["metadata"].get("annotations") != annotations:
        metadata = {**latest["metadata"], "annotations": annotations}
        context.replace({**latest, "metadata": metadata, "status": status}, subresource="status")


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _with_revision(context: ControllerContext, replica_set: Object, revision: int) -> Object:
    """A replica set whose template is wanted again has the newest revision again."""
    annotations = {**replica_set["metadata"]["annotations"], REVISION: str(revision)}
    return context.replace({**replica_set, "metadata": {**replica_set["metadata"], "annotations": annotations}})


def _create_replica_set(context: ControllerContext, deployment: Object, hashed: str, revision: int) -> Object:
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = {**spec["template"], "metadata": dict(spec["template"].get("metadata") or {})}
    template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), HASH_LABEL: hashed}
    selector = dict(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: hashed}
    replicas = spec.get("replicas", 1)
    body = {
        "metadata": {
            "name": f"{metadata['name']}-{hashed}",
            "labels": template["metadata"]["labels"],
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": str(replicas),
                "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
                REVISION: str(revision),
            },
            "ownerReferences": [reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }
    made = context.create("apps/v1", "ReplicaSet", metadata["namespace"], body)
    _tell_scaling(context, deployment, made, 0, replicas)
    return made


def _tell_scaling(context: ControllerContext, deployment: Object, replica_set: Object, before: int, after: int) -> None:
    if before != after:
        word = "up" if after > before else "down"
        message = f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {after}"
        events.tell(context, deployment, events.DEPLOYMENTS, "ScalingReplicaSet", message)


def _resize(context: ControllerContext, deployment: Object, current: Object, old: Sequence[Object]) -> None:
    """Size the current replica set, and shrink the old ones as its pods get ready."""
    wanted = deployment["spec"].get("replicas", 1)
    _set_replicas(context, deployment, current, wanted)
    ready = (current.get("status") or {}).get("readyReplicas", 0)
    surplus = 0 if deployment["spec"]["strategy"]["type"] == "Recreate" else max(wanted - ready, 0)
    for replica_set in old:
        allowed = min(replica_set["spec"].get("replicas", 0), surplus)
        _set_replicas(context, deployment, replica_set, allowed)
        surplus -= allowed


def _set_replicas(context: ControllerContext, deployment: Object, replica_set: Object, replicas: int) -> None:
    if replica_set["spec"].get("replicas") == replicas:
        return
    _tell_scaling(context, deployment, replica_set, replica_set["spec"].get("replicas", 0), replicas)
    annotations = {**(replica_set["metadata"].get("annotations") or {})}
    annotations["deployment.kubernetes.io/desired-replicas"] = str(replicas)
    metadata = {**replica_set["metadata"], "annotations": annotations}
    context.replace({**replica_set, "metadata": metadata, "spec": {**replica_set["spec"], "replicas": replicas}})


def _total(sets: Sequence[Object], field: str) -> int:
    return sum((item.get("status") or {}).get(field, 0) for item in sets)


def _deployment_status(deployment: Object, sets: Sequence[Object], hashed: str, now: str) -> dict[str, Any]:
    current = [item for item in sets if item["metadata"]["labels"].get(HASH_LABEL) == hashed]
    wanted, available = deployment["spec"].get("replicas", 1), _total(sets, "availableReplicas")
    updated, total = _total(current, "replicas"), _total(sets, "replicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": _total(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
    }
    status: dict[str, Any] = {name: count for name, count in counts.items() if count}
    name = current[0]["metadata"]["name"] if current else ""
    before = {item["type"]: item for item in (deployment.get("status") or {}).get("conditions") or ()}
    minimum = wanted - _share(deployment, wanted)
    status["conditions"] = [
        _updated(before, "Available", *_availability(available >= minimum), now=now),
        _updated(before, "Progressing", *_progress(name, updated == wanted == available == total), now=now),
    ]
    return status


def _share(deployment: Object, wanted: int) -> int:
    """How many replicas may be unavailable."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    text = rolling.get("maxUnavailable", "25%")
    return int(text) if isinstance(text, int) else wanted * int(text.rstrip("%")) // 100


def _availability(available: bool) -> tuple[str, str, str]:
    if available:
        return "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    return "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."


def _progress(name: str, complete: bool) -> tuple[str, str, str]:
    if complete:
        return "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
    return "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'


def _updated(
    before: Mapping[str, Mapping[str, Any]], kind: str, value: str, reason: str, message: str, now: str
) -> dict[str, Any]:
    old = before.get(kind)
    if old is not None and (old["status"], old["reason"], old["message"]) == (value, reason, message):
        return dict(old)
    transition = old["lastTransitionTime"] if old is not None and old["status"] == value else now
    return {
        "type": kind,
        "status": value,
        "lastUpdateTime": now,
        "lastTransitionTime": transition,
        "reason": reason,
        "message": message,
    }
