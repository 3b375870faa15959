# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments and what controllers make of them; services; nodes."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.definitions import deployment, node
from tests.contract.recording.recorder import Conversation
from tests.control_plane.rest import MERGE_PATCH, STRATEGIC_MERGE_PATCH, Answer


def _deployments(talk: Conversation) -> str:
    return f"/apis/apps/v1/namespaces/{talk.namespace}/deployments"


def _ready(count: int) -> Any:
    def check(answer: Answer) -> bool:
        status = answer.body.get("status", {})
        seen = status.get("observedGeneration") == answer.body["metadata"]["generation"]
        settled = status.get("replicas", 0) == count and status.get("updatedReplicas", 0) == count
        leaving = status.get("terminatingReplicas", 0)
        return bool(seen and settled and not leaving and status.get("readyReplicas", 0) == count)

    return check


def _counts(body: dict[str, Any]) -> Any:
    conditions = {each["type"]: [each["status"], each["reason"]] for each in body["status"].get("conditions", [])}
    return {**{key: value for key, value in body["status"].items() if key != "conditions"}, "conditions": conditions}


def defaults_of_a_deployment(talk: Conversation) -> None:
    body = deployment("defaulted", replicas=0)
    del body["spec"]["replicas"]
    made = talk.ask("create", "POST", _deployments(talk), body=body, query={"dryRun": "All"}).body
    assert made["spec"]["replicas"] == 1


def deployments_that_are_refused(talk: Conversation) -> None:
    other = deployment("refused")
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    assert talk.ask("labels that do not match", "POST", _deployments(talk), body=other).status == 422
    empty = deployment("refused")
    empty["spec"]["template"]["spec"]["containers"] = []
    assert talk.ask("no container", "POST", _deployments(talk), body=empty).status == 422
    no_image = deployment("refused")
    del no_image["spec"]["template"]["spec"]["containers"][0]["image"]
    assert talk.ask("no image", "POST", _deployments(talk), body=no_image).status == 422


def a_deployment_gets_its_pods(talk: Conversation) -> None:
    path = f"{_deployments(talk)}/serving"
    labels = {"azuremlappname": "azureml-fe", "azuremlappversion": "v2"}
    talk.quietly("POST", _deployments(talk), body=deployment("serving", replicas=2, labels=labels))
    talk.until(path, _ready(2), "two ready pods")
    talk.ask("read", "GET", path, only=_counts)
    pods = f"/api/v1/namespaces/{talk.namespace}/pods"
    query = {"labelSelector": "azuremlappname=azureml-fe,azuremlappversion=v2", "fieldSelector": "status.phase=Running"}

    def told(body: dict[str, Any]) -> Any:
        return [
            {
                "owner": [(each["kind"], each["controller"]) for each in pod["metadata"]["ownerReferences"]],
                "labels": sorted(pod["metadata"]["labels"]),
                "phase": pod["status"]["phase"],
                "placed": "nodeName" in pod["spec"],
                "ready": {each["type"]: each["status"] for each in pod["status"]["conditions"]}["Ready"],
                "containers": [each["ready"] for each in pod["status"]["containerStatuses"]],
            }
            for pod in body["items"]
        ]

    listed = talk.ask("pods", "GET", pods, query=query, only=told).body["items"]
    assert len(listed) == 2
    sets = f"/apis/apps/v1/namespaces/{talk.namespace}/replicasets"

    def owned(body: Any) -> Any:
        return [(each["spec"]["replicas"], sorted(each["metadata"]["labels"])) for each in body["items"]]

    talk.ask("replica sets", "GET", sets, query={"labelSelector": "azuremlappname=azureml-fe"}, only=owned)


def scaling_and_rolling(talk: Conversation) -> None:
    path = f"{_deployments(talk)}/moving"
    talk.quietly("POST", _deployments(talk), body=deployment("moving", replicas=1))
    talk.until(path, _ready(1), "one ready pod")
    scaled = talk.ask("scale", "PATCH", f"{path}/scale", body={"spec": {"replicas": 2}}, content_type=MERGE_PATCH)
    assert scaled.body["kind"] == "Scale"
    talk.until(path, _ready(2), "two ready pods")
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "fe:2"}]}}}}
    talk.ask(
        "roll",
        "PATCH",
        path,
        body=image,
        content_type=STRATEGIC_MERGE_PATCH,
        only=lambda body: body["metadata"]["generation"],
    )
    talk.until(path, _ready(2), "two new pods")
    talk.ask("read", "GET", path, only=_counts)


def a_deployment_without_room_stays_unready(talk: Conversation) -> None:
    path = f"{_deployments(talk)}/nowhere"
    body = deployment("nowhere", nodeSelector={"no-node": "has-this"})
    talk.quietly("POST", _deployments(talk), body=body)
    pods = f"/api/v1/namespaces/{talk.namespace}/pods"

    def refused(answer: Answer) -> bool:
        return any(
            each["type"] == "PodScheduled" and each["status"] == "False"
            for pod in answer.body["items"]
            for each in pod["status"].get("conditions", [])
        )

    talk.until(pods, refused, "the scheduler's refusal")
    talk.until(path, lambda answer: answer.body["status"].get("unavailableReplicas") == 1, "the count")

    def told(body: dict[str, Any]) -> Any:
        pod = body["items"][0]
        condition = next(each for each in pod["status"]["conditions"] if each["type"] == "PodScheduled")
        return [pod["status"]["phase"], condition["status"], condition["reason"], "nodeName" in pod["spec"]]

    pod = talk.ask("pods", "GET", pods, query={"labelSelector": "app=nowhere"}, only=told).body["items"][0]
    assert pod["status"]["phase"] == "Pending"
    counts = talk.ask(
        "read", "GET", path, only=lambda body: {k: v for k, v in _counts(body).items() if k != "conditions"}
    )
    assert "readyReplicas" not in counts.body["status"]


def deleting_takes_the_pods_along(talk: Conversation) -> None:
    path = f"{_deployments(talk)}/going"
    talk.quietly("POST", _deployments(talk), body=deployment("going"))
    talk.until(path, _ready(1), "one ready pod")
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
    talk.ask("delete", "DELETE", path, body=options)
    pods = f"/api/v1/namespaces/{talk.namespace}/pods?labelSelector=app%3Dgoing"
    talk.until(pods, lambda answer: answer.body["items"] == [], "the end of the pods")


def deleting_in_the_foreground(talk: Conversation) -> None:
    path = f"{_deployments(talk)}/fading"
    talk.quietly("POST", _deployments(talk), body=deployment("fading"))
    talk.until(path, _ready(1), "one ready pod")
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
    talk.ask(
        "delete", "DELETE", path, body=options, only=lambda body: [body["kind"], body["metadata"].get("finalizers")]
    )
    talk.until(path, lambda answer: answer.status == 404, "the end of the deployment")


def status_is_written_apart(talk: Conversation) -> None:
    services = f"/api/v1/namespaces/{talk.namespace}/services"
    body = {
        "metadata": {"name": "front"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "front"}, "ports": [{"port": 80, "targetPort": 5001}]},
    }
    made = talk.ask("create", "POST", services, body=body)
    assert made.body["status"] == {"loadBalancer": {}}
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "20.1.2.3"}]}}}
    ignored = talk.ask("status by the object", "PATCH", f"{services}/front", body=address, content_type=MERGE_PATCH)
    assert ignored.body["status"] == {"loadBalancer": {}}
    set_ = talk.ask("status by itself", "PATCH", f"{services}/front/status", body=address, content_type=MERGE_PATCH)
    assert set_.body["status"]["loadBalancer"]["ingress"][0]["ip"] == "20.1.2.3"
    talk.ask("read", "GET", f"{services}/front")
    inside = {"metadata": {"name": "inside"}, "spec": {"ports": [{"port": 80, "name": "http"}]}}
    talk.ask("a plain service", "POST", services, body=inside)
    talk.ask("no ports", "POST", services, body={"metadata": {"name": "bad"}, "spec": {}})


def nodes_and_their_labels(talk: Conversation) -> None:
    name = talk.hide(f"node-{talk.namespace}", "node")
    path = f"/api/v1/nodes/{name}"

    def settled(body: Any) -> Any:
        return [body["metadata"]["labels"], body["spec"].get("taints"), body["status"]["allocatable"]]

    made = talk.ask(
        "create",
        "POST",
        "/api/v1/nodes",
        body=node(name, gpus=2, agentpool="gpu"),
        only=lambda body: body["status"]["allocatable"],
    )
    assert made.status == 201
    try:

        def ready(answer: Answer) -> bool:
            conditions = {each["type"]: each["status"] for each in answer.body["status"].get("conditions", [])}
            taints = [taint["key"] for taint in answer.body["spec"].get("taints", [])]
            return conditions.get("Ready") == "True" and "node.kubernetes.io/not-ready" not in taints

        talk.until(path, ready, "the node")
        talk.ask("read", "GET", path, only=settled)
        labels = {"metadata": {"labels": {"accelerator": "nvidia", "agentpool": None}}}
        talk.ask("label", "PATCH", path, body=labels, content_type=MERGE_PATCH, only=settled)
        taint = {"spec": {"taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]}}
        talk.ask("taint", "PATCH", path, body=taint, content_type=STRATEGIC_MERGE_PATCH, only=settled)
        listed = talk.ask(
            "select",
            "GET",
            "/api/v1/nodes",
            query={"labelSelector": f"kubernetes.io/hostname={name}"},
            only=lambda body: len(body["items"]),
        )
        assert len(listed.body["items"]) == 1
        bad = {"metadata": {"labels": {"a": "no good!"}}}
        assert talk.ask("an invalid label", "PATCH", path, body=bad, content_type=MERGE_PATCH).status == 422
    finally:
        talk.quietly("DELETE", path)
