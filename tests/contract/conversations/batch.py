# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that run to their end."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.definitions import conditions_of
from tests.contract.recording.recorder import Conversation


def _jobs(talk: Conversation) -> str:
    return f"/apis/batch/v1/namespaces/{talk.namespace}/jobs"


def _job(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "mcr.microsoft.com/azureml/job:1"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template, **spec}}


def _told(body: dict[str, Any]) -> Any:
    """Without the owners of fields: the API server's own labels are not among them here."""
    return [sorted(body["metadata"]["labels"]), body["spec"], body["status"]]


def a_job_completes(talk: Conversation) -> None:
    path = f"{_jobs(talk)}/train"
    made = talk.ask("create", "POST", _jobs(talk), body=_job("train", parallelism=2, completions=3), only=_told)
    assert made.body["status"] == {}
    talk.until(path, lambda answer: conditions_of(answer.body).get("Complete") == "True", "the end of the job")
    talk.ask("read", "GET", path, only=_told)
    pods = f"/api/v1/namespaces/{talk.namespace}/pods"

    def ended(body: dict[str, Any]) -> Any:
        states = [pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in body["items"]]
        return [[state["exitCode"], state["reason"]] for state in states], [p["status"]["phase"] for p in body["items"]]

    found = talk.ask("pods", "GET", pods, query={"labelSelector": "job-name=train"}, only=ended)
    assert len(found.body["items"]) == 3
    talk.ask("delete", "DELETE", path, body={"propagationPolicy": "Background"}, only=lambda body: body["status"])
    talk.until(f"{pods}?labelSelector=app%3Dtrain", lambda answer: answer.body["items"] == [], "the end of its pods")


def a_suspended_job_waits(talk: Conversation) -> None:
    path = f"{_jobs(talk)}/paused"
    talk.quietly("POST", _jobs(talk), body=_job("paused", suspend=True))
    talk.until(path, lambda answer: conditions_of(answer.body).get("Suspended") == "True", "the suspension")
    talk.ask("read", "GET", path, only=_told)


def jobs_that_are_refused(talk: Conversation) -> None:
    body = _job("wrong")
    del body["spec"]["template"]["spec"]["restartPolicy"]
    assert talk.ask("always restarted", "POST", _jobs(talk), body=body).status == 422
