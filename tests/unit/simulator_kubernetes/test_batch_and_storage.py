# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that fail, volumes that drivers make, addresses and ages of nodes and pods."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.cluster_api import ApiAnswer
from tests.simulator.kubernetes.server.api import SimulatedKubernetesApi
from tests.unit.simulator_kubernetes.objects import PODS, Client, node, pod_spec

JOBS = "/apis/batch/v1/namespaces/default/jobs"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


def job(name: str, behaviour: str = "", **spec: Any) -> dict[str, Any]:
    annotations = {"simulation.azureml.fleet/pod": behaviour} if behaviour else {}
    template = {"metadata": {"annotations": annotations}, "spec": {**pod_spec(), "restartPolicy": "Never"}}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


def storage_class(name: str, mode: str = "Immediate", reclaim: str = "Delete") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "annotations": DEFAULT},
        "provisioner": "disk.csi.azure.com",
        "volumeBindingMode": mode,
        "reclaimPolicy": reclaim,
    }


def claim(name: str, **spec: Any) -> dict[str, Any]:
    size = {"requests": {"storage": "4Gi"}}
    return {"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": size, **spec}}


def has_condition(kind: str) -> Any:
    def check(answer: ApiAnswer) -> bool:
        return kind in [item["type"] for item in answer.body["status"].get("conditions") or ()]

    return check


def phase(wanted: str) -> Any:
    return lambda answer: answer.body.get("status", {}).get("phase") == wanted


async def test_a_job_that_fails_too_often_fails(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(JOBS, job("bad", "fail", backoffLimit=1))
    status = (await cluster.until(f"{JOBS}/bad", has_condition("Failed"))).body["status"]
    assert status["failed"] == 2
    assert "completionTime" not in status
    assert {item["reason"] for item in status["conditions"]} == {"BackoffLimitExceeded"}


async def test_a_finished_job_goes_after_its_time_to_live(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(JOBS, job("long"))
    await cluster.post(JOBS, job("short", ttlSecondsAfterFinished=20))
    gone = await cluster.until(f"{JOBS}/short", lambda answer: answer.status == 404)
    assert gone.body["message"] == 'jobs.batch "short" not found'
    left = (await cluster.until(PODS, lambda answer: len(answer.body["items"]) == 1)).body["items"]
    assert left[0]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "long"
    assert (await cluster.until(f"{JOBS}/long", has_condition("Complete"))).status == 200


async def test_a_claim_without_a_class_gets_the_default_one_and_a_disk(cluster: Client) -> None:
    await cluster.post(CLASSES, storage_class("default"))
    made = await cluster.post(CLAIMS, claim("data"))
    assert made.body["spec"]["storageClassName"] == "default"
    bound = (await cluster.until(f"{CLAIMS}/data", phase("Bound"))).body
    volume = (await cluster.get(f"{VOLUMES}/pvc-{bound['metadata']['uid']}")).body
    assert volume["spec"]["csi"]["driver"] == "disk.csi.azure.com"
    assert volume["status"]["phase"] == "Bound"
    await cluster.delete(f"{CLAIMS}/data")
    await cluster.until(VOLUMES, lambda answer: answer.body["items"] == [])


async def test_a_claim_waits_for_its_class(cluster: Client) -> None:
    await cluster.post(CLAIMS, claim("early"))
    assert (await cluster.get(f"{CLAIMS}/early")).body["status"]["phase"] == "Pending"
    await cluster.post(CLASSES, storage_class("late"))
    await cluster.until(f"{CLAIMS}/early", phase("Bound"))


async def test_a_disk_is_made_where_its_first_pod_runs(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(CLASSES, storage_class("default", "WaitForFirstConsumer", "Retain"))
    await cluster.post(CLAIMS, claim("data"))
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    await cluster.post(PODS, {"metadata": {"name": "user"}, "spec": {**pod_spec(), "volumes": [volume]}})
    await cluster.until(f"{PODS}/user", phase("Running"))
    bound = (await cluster.get(f"{CLAIMS}/data")).body
    assert bound["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "one"
    await cluster.delete(f"{CLAIMS}/data")
    assert (await cluster.get(f"{CLAIMS}/data")).body["metadata"]["deletionTimestamp"], "a pod uses it"
    await cluster.delete(f"{PODS}/user", {"gracePeriodSeconds": 0})
    await cluster.until(f"{VOLUMES}/{bound['spec']['volumeName']}", phase("Released"))


async def test_no_two_nodes_share_an_address(cluster: Client) -> None:
    for number in range(6):
        body = node(f"n{number}")
        body["status"]["addresses"] = [{"type": "InternalIP", "address": "10.224.0.4"}] if number % 2 else []
        await cluster.post("/api/v1/nodes", body)

    def addressed(answer: ApiAnswer) -> bool:
        found = [item["status"].get("addresses") or [{}] for item in answer.body["items"]]
        return len({addresses[0].get("address") for addresses in found if addresses[0]}) == 6

    nodes = (await cluster.until("/api/v1/nodes", addressed)).body["items"]
    assert all([item["type"] for item in found["status"]["addresses"]].count("InternalIP") == 1 for found in nodes)
    await cluster.post(PODS, {"metadata": {"name": "p"}, "spec": pod_spec()})
    pod = (await cluster.until(f"{PODS}/p", phase("Running"))).body
    host = next(found for found in nodes if found["metadata"]["name"] == pod["spec"]["nodeName"])
    assert pod["status"]["hostIP"] == host["status"]["addresses"][0]["address"]


@pytest.mark.parametrize("scale", [0.01, 1, 10_000])
async def test_nothing_is_from_the_future(scale: float) -> None:
    api = SimulatedKubernetesApi("ages", version="1.35.4", clock=SimulationClock(scale), tokens=None)
    client = Client(api)
    await client.post("/api/v1/nodes", node("one"))
    found = (await client.until("/api/v1/nodes/one", lambda answer: "conditions" in answer.body["status"])).body
    await api.close()
    times = [found["metadata"]["creationTimestamp"]]
    times += [
        item[name] for item in found["status"]["conditions"] for name in ("lastHeartbeatTime", "lastTransitionTime")
    ]
    now = datetime.now(timezone.utc)
    for text in times:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        assert now - timedelta(minutes=1) < moment <= now
