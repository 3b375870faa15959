# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: pods that run to their end, and the condition that says so.

The index of an indexed Job's pods is not simulated.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/ and the messages of
k8s.io/kubernetes/pkg/controller/job/job_controller.go
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.simulator.kubernetes.controllers import events, pods
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.controllers.ownership import create_pod, is_leaving, owned
from tests.simulator.kubernetes.store import Key, Object

_ENDS = ("Complete", "Failed")


def reconcile(context: ControllerContext, key: Key) -> None:
    """One job: as many pods as it still needs, and its status."""
    job = context.store.get(key)
    if job is None or is_leaving(job):
        return
    if is_finished(job):
        _remove_in_time(context, key, job)
        return
    found = owned(context, "pods", job)
    if job["spec"].get("suspend"):
        for pod in _running(found):
            context.delete(pod)
    elif _verdict(job, found) is None:
        _create_missing(context, job, found)
    else:
        for pod in _running(found):
            context.delete(pod)
    context.write_status(key, _status(job, owned(context, "pods", job), context.clock.timestamp()))
    latest = context.store.get(key)
    if latest is not None and any(item["type"] == "Complete" for item in latest["status"].get("conditions") or ()):
        events.tell(context, latest, events.JOBS, "Completed", "Job completed")


def is_finished(job: Object) -> bool:
    """Whether the job has succeeded or failed for good."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(item["type"] in _ENDS and item["status"] == "True" for item in conditions)


def _create_missing(context: ControllerContext, job: Object, found: Sequence[Object]) -> None:
    spec, running = job["spec"], len(_running(found))
    wanted = spec.get("parallelism", 1)
    if spec.get("completions") is not None:
        wanted = min(wanted, spec["completions"] - _count(found, "Succeeded"))
    elif _count(found, "Succeeded"):
        wanted = running  # a work queue takes no new pods once one has found it empty
    for _unused in range(wanted - running):
        pod = create_pod(context, job, {"generateName": f"{job['metadata']['name']}-"})
        message = f"Created pod: {pod['metadata']['name']}"
        events.tell(context, job, events.JOBS, "SuccessfulCreate", message)


def _remove_in_time(context: ControllerContext, key: Key, job: Object) -> None:
    """https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/"""
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is not None and context.queue.is_due(key, f"ttl:{job['metadata']['uid']}", seconds):
        context.delete(job)


def _running(found: Sequence[Object]) -> list[Object]:
    return [pod for pod in found if not is_leaving(pod) and pods.phase(pod) not in ("Succeeded", "Failed")]


def _count(found: Sequence[Object], phase: str) -> int:
    return sum(pods.phase(pod) == phase for pod in found)


def _verdict(job: Object, found: Sequence[Object]) -> list[tuple[str, str, str]] | None:
    """The conditions of a job that has come to its end (type, reason, message), or None."""
    spec, succeeded = job["spec"], _count(found, "Succeeded")
    if _count(found, "Failed") > spec.get("backoffLimit", 6):
        why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        return [("FailureTarget", *why), ("Failed", *why)]
    done = (
        succeeded >= spec["completions"] if spec.get("completions") is not None else succeeded and not _running(found)
    )
    if done:
        why = ("CompletionsReached", "Reached expected number of succeeded pods")
        return [("SuccessCriteriaMet", *why), ("Complete", *why)]
    return None


def _status(job: Object, found: Sequence[Object], now: str) -> dict[str, Any]:
    before, running = job.get("status") or {}, _running(found)
    status: dict[str, Any] = {
        "ready": sum(pods.is_ready(pod) for pod in running),
        "terminating": sum(is_leaving(pod) for pod in found),
        "uncountedTerminatedPods": {},
    }
    counts = {"active": len(running), "succeeded": _count(found, "Succeeded"), "failed": _count(found, "Failed")}
    status |= {name: count for name, count in counts.items() if count}
    suspended = bool(job["spec"].get("suspend"))
    if not suspended:
        status["startTime"] = before.get("startTime") or now
    verdict = None if suspended else _verdict(job, found)
    if suspended:
        verdict = [("Suspended", "JobSuspended", "Job suspended")]
    known = {item["type"]: item for item in before.get("conditions") or ()}
    if verdict:
        status["conditions"] = [known.get(item[0]) or _condition(*item, now) for item in verdict]
        if verdict[-1][0] == "Complete":
            status["completionTime"] = now
    return status


def _condition(kind: str, reason: str, message: str, now: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
