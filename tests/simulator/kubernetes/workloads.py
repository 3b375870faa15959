# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments, replica sets, stateful sets and daemon sets: the pods that they ask for, and their status.

https://kubernetes.io/docs/concepts/workloads/controllers/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulator.kubernetes import events, scheduler
from tests.simulator.kubernetes import pods as pod_control
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import NAME_ALPHABET

if TYPE_CHECKING:
    from tests.simulator.kubernetes.controllers import Controllers

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def _owned(controllers: Controllers, resource: str, owner: Object) -> list[Object]:
    """The objects of a resource that an owner controls, the oldest first."""
    uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
    found = [obj for obj in controllers.store.items(resource, namespace) if _controller_uid(obj) == uid]
    return sorted(found, key=lambda obj: (obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]))


def _controller_uid(obj: Object) -> str:
    references = obj["metadata"].get("ownerReferences") or ()
    return next((item["uid"] for item in references if item.get("controller")), "")


def _reference(owner: Object) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _counts_leaving_pods(version: str) -> bool:
    """Feature DeploymentReplicaSetTerminatingReplicas, on by default from Kubernetes 1.35."""
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) >= (1, 35)


def _is_leaving(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def template_hash(template: Mapping[str, Any]) -> str:
    """A short name for a pod template: equal templates have equal hashes."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(NAME_ALPHABET[byte % len(NAME_ALPHABET)] for byte in digest[:10])


# -- deployments -----------------------------------------------------------------------------------------


def reconcile_deployment(controllers: Controllers, key: Key) -> None:
    """One deployment: its replica set for the current template, the sizes of all of them, its status."""
    deployment = controllers.store.get(key)
    if deployment is None or _is_leaving(deployment):
        return
    sets = _owned(controllers, "replicasets.apps", deployment)
    hashed = template_hash(deployment["spec"]["template"])
    current = next((item for item in sets if item["metadata"]["labels"].get(HASH_LABEL) == hashed), None)
    newest = max((_revision(item) for item in sets), default=0)
    if current is None and not deployment["spec"].get("paused"):
        current = _create_replica_set(controllers, deployment, hashed, newest + 1)
        sets = _owned(controllers, "replicasets.apps", deployment)
    elif current is not None and _revision(current) < newest:
        current = _with_revision(controllers, current, newest + 1)
    if current is not None:
        _resize(
            controllers,
            deployment,
            current,
            [item for item in sets if item["metadata"]["name"] != current["metadata"]["name"]],
        )
        sets = _owned(controllers, "replicasets.apps", deployment)
    _report_deployment(controllers, key, sets, current, hashed)


def _report_deployment(
    controllers: Controllers, key: Key, sets: Sequence[Object], current: Object | None, hashed: str
) -> None:
    """Write status and revision, both through the status subresource as the real controller does."""
    latest = controllers.store.get(key)
    if latest is None:
        return
    status = _deployment_status(latest, sets, hashed, controllers.clock.timestamp())
    if _counts_leaving_pods(controllers.kubelet_version):
        leaving = [pod for each in sets for pod in _owned(controllers, "pods", each) if _is_leaving(pod)]
        status["terminatingReplicas"] = len(leaving)
    annotations = dict(latest["metadata"].get("annotations") or {})
    if current is not None:
        annotations[REVISION] = current["metadata"]["annotations"][REVISION]
    if latest.get("status") != status or latest["metadata"].get("annotations") != annotations:
        metadata = {**latest["metadata"], "annotations": annotations}
        controllers.replace({**latest, "metadata": metadata, "status": status}, subresource="status")


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _with_revision(controllers: Controllers, replica_set: Object, revision: int) -> Object:
    """A replica set whose template is wanted again has the newest revision again."""
    annotations = {**replica_set["metadata"]["annotations"], REVISION: str(revision)}
    return controllers.replace({**replica_set, "metadata": {**replica_set["metadata"], "annotations": annotations}})


def _create_replica_set(controllers: Controllers, deployment: Object, hashed: str, revision: int) -> Object:
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
            "ownerReferences": [_reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }
    made = controllers.create("apps/v1", "ReplicaSet", metadata["namespace"], body)
    _tell_scaling(controllers, deployment, made, 0, replicas)
    return made


def _tell_scaling(controllers: Controllers, deployment: Object, replica_set: Object, before: int, after: int) -> None:
    if before != after:
        word = "up" if after > before else "down"
        message = f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {after}"
        events.tell(controllers, deployment, events.DEPLOYMENTS, "ScalingReplicaSet", message)


def _resize(controllers: Controllers, deployment: Object, current: Object, old: Sequence[Object]) -> None:
    """Size the current replica set, and shrink the old ones as its pods get ready."""
    wanted = deployment["spec"].get("replicas", 1)
    _set_replicas(controllers, deployment, current, wanted)
    ready = (current.get("status") or {}).get("readyReplicas", 0)
    surplus = 0 if deployment["spec"]["strategy"]["type"] == "Recreate" else max(wanted - ready, 0)
    for replica_set in old:
        allowed = min(replica_set["spec"].get("replicas", 0), surplus)
        _set_replicas(controllers, deployment, replica_set, allowed)
        surplus -= allowed


def _set_replicas(controllers: Controllers, deployment: Object, replica_set: Object, replicas: int) -> None:
    if replica_set["spec"].get("replicas") == replicas:
        return
    _tell_scaling(controllers, deployment, replica_set, replica_set["spec"].get("replicas", 0), replicas)
    annotations = {**(replica_set["metadata"].get("annotations") or {})}
    annotations["deployment.kubernetes.io/desired-replicas"] = str(replicas)
    metadata = {**replica_set["metadata"], "annotations": annotations}
    controllers.replace({**replica_set, "metadata": metadata, "spec": {**replica_set["spec"], "replicas": replicas}})


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


# -- replica sets ----------------------------------------------------------------------------------------


def reconcile_replica_set(controllers: Controllers, key: Key) -> None:
    """One replica set: as many pods as it wants, and its status."""
    replica_set = controllers.store.get(key)
    if replica_set is None or _is_leaving(replica_set):
        return
    found = [pod for pod in _owned(controllers, "pods", replica_set) if _is_active(pod)]
    wanted = replica_set["spec"].get("replicas", 1)
    for _unused in range(wanted - len(found)):
        name = {"generateName": f"{replica_set['metadata']['name']}-"}
        pod = _create_pod(controllers, replica_set, name)
        message = f"Created pod: {pod['metadata']['name']}"
        events.tell(controllers, replica_set, events.REPLICA_SETS, "SuccessfulCreate", message)
    if len(found) > wanted:
        for pod in sorted(found, key=_least_wanted)[: len(found) - wanted]:
            controllers.delete(pod)
            message = f"Deleted pod: {pod['metadata']['name']}"
            events.tell(controllers, replica_set, events.REPLICA_SETS, "SuccessfulDelete", message)
    found = [pod for pod in _owned(controllers, "pods", replica_set) if _is_active(pod)]
    ready = sum(pod_control.is_ready(pod) for pod in found)
    counts = {"fullyLabeledReplicas": len(found), "readyReplicas": ready, "availableReplicas": ready}
    status: dict[str, Any] = {"replicas": len(found)}
    status.update({name: count for name, count in counts.items() if count})
    if _counts_leaving_pods(controllers.kubelet_version):
        status["terminatingReplicas"] = sum(_is_leaving(pod) for pod in _owned(controllers, "pods", replica_set))
    status["observedGeneration"] = replica_set["metadata"].get("generation", 1)
    latest = controllers.store.get(key)
    if latest is not None:
        controllers.set_status(latest, status)


def _is_active(pod: Object) -> bool:
    return not _is_leaving(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _least_wanted(pod: Object) -> tuple[bool, bool, str]:
    """Unscheduled pods go first, then those that are not ready."""
    return bool(pod["spec"].get("nodeName")), pod_control.is_ready(pod), pod["metadata"]["name"]


def _create_pod(
    controllers: Controllers,
    owner: Object,
    name: Mapping[str, str],
    extra_labels: Mapping[str, str] | None = None,
    change_spec: Callable[[dict[str, Any]], None] | None = None,
) -> Object:
    template = owner["spec"]["template"]
    metadata = {**(template.get("metadata") or {}), **name, "ownerReferences": [_reference(owner)]}
    metadata["labels"] = {**(metadata.get("labels") or {}), **(extra_labels or {})}
    spec = dict(template["spec"])
    if change_spec is not None:
        change_spec(spec)
    return controllers.create("v1", "Pod", owner["metadata"]["namespace"], {"metadata": metadata, "spec": spec})


# -- stateful sets ---------------------------------------------------------------------------------------


def reconcile_stateful_set(controllers: Controllers, key: Key) -> None:
    """One stateful set: numbered pods, and its status."""
    owner = controllers.store.get(key)
    if owner is None or _is_leaving(owner):
        return
    hashed = template_hash(owner["spec"]["template"])
    revision = f"{owner['metadata']['name']}-{hashed}"
    names = [f"{owner['metadata']['name']}-{number}" for number in range(owner["spec"].get("replicas", 1))]
    found = {pod["metadata"]["name"]: pod for pod in _owned(controllers, "pods", owner)}
    for index, name in enumerate(names):
        if name not in found:
            labels = {
                "apps.kubernetes.io/pod-index": str(index),
                "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": name,
            }
            _create_pod(controllers, owner, {"name": name}, labels)
            break
        if not pod_control.is_ready(found[name]) and owner["spec"].get("podManagementPolicy") != "Parallel":
            break
    for name, pod in found.items():
        if (name not in names or _outdated(pod, revision)) and not _is_leaving(pod):
            controllers.delete(pod)
    active = [pod for pod in _owned(controllers, "pods", owner) if _is_active(pod)]
    ready = sum(pod_control.is_ready(pod) for pod in active)
    status: dict[str, Any] = {"observedGeneration": owner["metadata"].get("generation", 1), "replicas": len(active)}
    if ready:
        status["readyReplicas"] = ready
    if active:
        status["currentReplicas"] = status["updatedReplicas"] = len(active)
    status |= {"currentRevision": revision, "updateRevision": revision, "collisionCount": 0, "availableReplicas": ready}
    _write_status(controllers, key, status)


def _outdated(pod: Object, revision: str) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get("controller-revision-hash") != revision)


def _write_status(controllers: Controllers, key: Key, status: Mapping[str, Any]) -> None:
    latest = controllers.store.get(key)
    if latest is not None:
        controllers.set_status(latest, status)


# -- daemon sets -----------------------------------------------------------------------------------------


def reconcile_daemon_set(controllers: Controllers, key: Key) -> None:
    """One daemon set: a pod on every node that its template accepts, and its status."""
    owner = controllers.store.get(key)
    if owner is None or _is_leaving(owner):
        return
    revision = template_hash(owner["spec"]["template"])
    spec = owner["spec"]["template"]["spec"]
    wanted = {node["metadata"]["name"] for node in controllers.store.items("nodes") if _accepts(spec, node)}
    found: dict[str, Object] = {}
    for pod in _owned(controllers, "pods", owner):
        node = _target_node(pod)
        if (node not in wanted or _outdated(pod, revision)) and not _is_leaving(pod):
            controllers.delete(pod)
        elif node in wanted:
            found[node] = pod
    labels = {"controller-revision-hash": revision, "pod-template-generation": "1"}
    for node in sorted(wanted - set(found)):
        _create_pod(
            controllers,
            owner,
            {"generateName": f"{owner['metadata']['name']}-"},
            labels,
            lambda s, n=node: _pin(s, n),  # type: ignore[misc]
        )
    ready = sum(pod_control.is_ready(pod) for pod in found.values() if not _is_leaving(pod))
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
    _write_status(controllers, key, status)


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
