# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods: scheduling, starting, stopping."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tests.simulator.kubernetes.controllers import events, scheduler, volumes
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.nodes import KUBELET, internal_address
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import WriteOptions

SCHEDULER = WriteOptions(manager="kube-scheduler", manager_given=True, validation="Ignore")
BEHAVIOUR = "simulation.azureml.fleet/pod"
"""Annotation that makes the containers of a pod run without getting ready (`never-ready`), crash (`crash`), or, in a
Job, end with an error (`fail`).
"""


def key_of(pod: Object) -> Key:
    """Where a pod is stored."""
    return Key("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])


def mark_pending(context: ControllerContext) -> None:
    """Try again to place the pods that no node took."""
    for pod in context.store.items("pods"):
        if not (pod.get("spec") or {}).get("nodeName"):
            context.queue.mark(key_of(pod))


def reconcile(context: ControllerContext, key: Key) -> None:
    """One pod, one step further."""
    pod = context.store.get(key)
    if pod is None:
        return
    if pod["metadata"].get("deletionTimestamp"):
        _stop(context, key, pod)
    elif not pod["spec"].get("nodeName"):
        _place(context, pod)
    elif phase(pod) == "Pending":
        _start(context, key, pod)
    elif phase(pod) == "Running" and _is_of_a_job(pod):
        _end(context, key, pod)


def phase(pod: Object) -> str:
    """Pending, Running, Succeeded or Failed."""
    return str((pod.get("status") or {}).get("phase", ""))


def _is_of_a_job(pod: Object) -> bool:
    owners = pod["metadata"].get("ownerReferences") or ()
    return any(owner["kind"] == "Job" and owner.get("controller") for owner in owners)


def _stop(context: ControllerContext, key: Key, pod: Object) -> None:
    if pod["metadata"].get("finalizers") or not pod["metadata"].get("deletionGracePeriodSeconds"):
        return
    if context.queue.is_due(key, f"stop:{pod['metadata']['uid']}", context.timing.pod_stop):
        context.delete(pod, gracePeriodSeconds=0)


def _condition(kind: str, value: str, now: str, reason: str = "", message: str = "") -> dict[str, Any]:
    condition = {
        "type": kind,
        "status": value,
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "observedGeneration": 1,
    }
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _place(context: ControllerContext, pod: Object) -> None:
    if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
        return
    store = context.store
    nodes = store.items("nodes")
    claims = list(volumes.claims_of(context, pod))
    lacking = _lacking_volume(context, claims)
    if lacking:
        # The words at the end are those of kube-scheduler 1.35.
        decision = scheduler.Decision("", f"0/{len(nodes)} nodes are available: {lacking} not found")
    else:
        decision = scheduler.schedule(pod, nodes, store.items("pods"))
    unbound = [claim for _name, claim in claims if claim is not None and not volumes.is_bound(claim)]
    if decision.node and unbound:
        for claim in unbound:
            volumes.select_node(context, claim, decision.node)
        return
    status = dict(pod.get("status") or {})
    now = context.clock.timestamp()
    if decision.node:
        bind(context, pod, decision.node)
        placed = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Successfully assigned {placed} to {decision.node}"
        events.tell(context, pod, events.SCHEDULER, "Scheduled", message)
        return
    previous = next((item for item in status.get("conditions") or () if item["type"] == "PodScheduled"), None)
    if previous is None or previous.get("message") != decision.message:
        status["conditions"] = [_condition("PodScheduled", "False", now, "Unschedulable", decision.message)]
        context.set_status(pod, status, SCHEDULER)
        events.tell(context, pod, events.SCHEDULER, "FailedScheduling", decision.message, warning=True)


def _lacking_volume(context: ControllerContext, claims: Sequence[tuple[str, Object | None]]) -> str:
    """Why a pod cannot have its volumes on any node, or the empty string."""
    for name, claim in claims:
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found.'
        if not volumes.is_bound(claim) and not volumes.waits_for_consumer(context, claim):
            return "pod has unbound immediate PersistentVolumeClaims."
    return ""


def bind(context: ControllerContext, pod: Object, node: str) -> None:
    """Assign a pod to a node, as the binding subresource does."""
    now = context.clock.timestamp()
    status = {**(pod.get("status") or {}), "conditions": [_condition("PodScheduled", "True", now)]}
    context.store.put(key_of(pod), {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})


def _start(context: ControllerContext, key: Key, pod: Object) -> None:
    node = context.store.get(Key("nodes", "", pod["spec"]["nodeName"]))
    if node is None:
        return
    if not context.queue.is_due(key, f"start:{pod['metadata']['uid']}", context.timing.pod_start):
        return
    context.set_status(pod, running_status(pod, context.clock.timestamp(), internal_address(node)), KUBELET)


def _end(context: ControllerContext, key: Key, pod: Object) -> None:
    """What a job runs comes to its end; the annotation `BEHAVIOUR` can make it fail."""
    if not context.queue.is_due(key, f"end:{pod['metadata']['uid']}", context.timing.job_run):
        return
    behaviour = (pod["metadata"].get("annotations") or {}).get(BEHAVIOUR, "")
    if behaviour not in ("never-ready", "crash"):
        context.set_status(pod, ended_status(pod, context.clock.timestamp(), int(behaviour == "fail")), KUBELET)


def ended_status(pod: Object, now: str, code: int) -> dict[str, Any]:
    """The status that a kubelet writes once all containers have ended with an exit code."""
    status, reason = pod["status"], "Completed" if code == 0 else "Error"
    done = ("PodCompleted", "") if code == 0 else ("PodFailed", "")
    conditions = [
        _condition(item["type"], "False", now, *done) if item["type"] in ("Ready", "ContainersReady") else item
        for item in status["conditions"]
    ]
    containers = []
    for item in status["containerStatuses"]:
        started = (item["state"].get("running") or {}).get("startedAt", now)
        ended = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now}
        containers.append({**item, "ready": False, "started": False, "state": {"terminated": ended}})
    outcome = "Succeeded" if code == 0 else "Failed"
    return {**status, "phase": outcome, "conditions": conditions, "containerStatuses": containers}


def running_status(pod: Object, now: str, host: str) -> dict[str, Any]:
    """The status that a kubelet writes once the containers run on the node with the address `host`."""
    behaviour = (pod["metadata"].get("annotations") or {}).get(BEHAVIOUR, "")
    ready = behaviour not in ("never-ready", "crash")
    number = hashlib.sha256(pod["metadata"]["uid"].encode()).digest()
    address = f"10.244.{number[0]}.{number[1] % 254 + 1}"
    names = [container["name"] for container in pod["spec"].get("containers") or ()]
    unready = ("ContainersNotReady", f"containers with unready status: [{' '.join(names)}]") if not ready else ("", "")
    value = "True" if ready else "False"
    return {
        **(pod.get("status") or {}),
        "phase": "Running",
        "conditions": [
            _condition("PodReadyToStartContainers", "True", now),
            _condition("Initialized", "True", now),
            _condition("Ready", value, now, *unready),
            _condition("ContainersReady", value, now, *unready),
            _condition("PodScheduled", "True", now),
        ],
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "containerStatuses": [
            _container_status(container, behaviour, now) for container in pod["spec"].get("containers") or ()
        ],
    }


def _container_status(container: Object, behaviour: str, now: str) -> dict[str, Any]:
    ready = behaviour not in ("never-ready", "crash")
    state: dict[str, Any] = {"running": {"startedAt": now}}
    if behaviour == "crash":
        message = f"back-off 5m0s restarting failed container={container['name']}"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    image = container.get("image", "")
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": ready,
        "restartCount": 7 if behaviour == "crash" else 0,
        "image": image,
        "imageID": f"{image}@sha256:{hashlib.sha256(image.encode()).hexdigest()}",
        "started": behaviour != "crash",
    }


def is_ready(pod: Object) -> bool:
    """Whether the pod's condition Ready is True."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
