# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to a simulated cluster, and what its controllers make of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.simulator_kubernetes.objects import (
    DEPLOYMENTS,
    PODS,
    Client,
    config_map,
    deployment,
    instance_type,
    instance_type_definition,
    node,
    pod_spec,
)

MAPS = "/api/v1/namespaces/default/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TYPES = "/apis/amlarc.azureml.com/v1alpha1/instancetypes"


async def _define_types(cluster: Client) -> None:
    assert (await cluster.post(DEFINITIONS, instance_type_definition())).status == 201
    await cluster.until(TYPES, lambda answer: answer.status == 200)


async def test_objects_are_created_read_replaced_and_deleted(cluster: Client) -> None:
    made = (await cluster.post(MAPS, config_map("a", x="1"))).body
    assert {"uid", "resourceVersion", "creationTimestamp", "managedFields"} <= set(made["metadata"])
    assert "generation" not in made["metadata"]
    again = await cluster.post(MAPS, config_map("a"))
    assert (again.status, again.body["message"]) == (409, 'configmaps "a" already exists')
    replaced = await cluster.put(f"{MAPS}/a", {**made, "data": {"x": "2"}})
    assert int(replaced.body["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    stale = await cluster.put(f"{MAPS}/a", {**made, "data": {"x": "3"}})
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in stale.body["message"]
    gone = await cluster.delete(f"{MAPS}/a")
    assert gone.body["details"]["uid"] == made["metadata"]["uid"]
    assert (await cluster.get(f"{MAPS}/a")).body["message"] == 'configmaps "a" not found'


async def test_a_write_that_changes_nothing_writes_nothing(cluster: Client) -> None:
    made = (await cluster.post(DEPLOYMENTS, deployment("same"))).body
    same = await cluster.merge(f"{DEPLOYMENTS}/same", {"spec": {"replicas": 1}})
    assert same.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert same.body["metadata"]["generation"] == 1


async def test_what_is_returned_can_be_changed_without_harm(cluster: Client) -> None:
    made = await cluster.post(MAPS, config_map("mine", x="1"))
    made.body["data"]["x"] = "spoilt"
    assert (await cluster.get(f"{MAPS}/mine")).body["data"] == {"x": "1"}


async def test_dry_runs_leave_nothing_behind(cluster: Client) -> None:
    before = (await cluster.get(MAPS)).body["metadata"]["resourceVersion"]
    assert (await cluster.post(MAPS, config_map("a"), dryRun="All")).status == 201
    assert (await cluster.get(f"{MAPS}/a")).status == 404
    assert (await cluster.get(MAPS)).body["metadata"]["resourceVersion"] == before
    assert (await cluster.post(MAPS, config_map("a"), dryRun="Some")).status == 422


async def test_strictness_is_the_clients_choice(cluster: Client) -> None:
    body = {**config_map("a"), "dta": {}}
    strict = await cluster.post(MAPS, body, fieldValidation="Strict")
    assert strict.status == 400
    assert strict.body["message"].endswith('strict decoding error: unknown field "dta"')
    assert "dta" not in (await cluster.post(MAPS, body)).body


async def test_defaults_quantities_and_generation(cluster: Client) -> None:
    body = deployment("fe")
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1000m", "memory": "1024Mi"}}
    made = (await cluster.post(DEPLOYMENTS, body)).body
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"requests": {"cpu": "1", "memory": "1Gi"}}
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert made["metadata"]["generation"] == 1
    changed = await cluster.merge(f"{DEPLOYMENTS}/fe", {"spec": {"replicas": 3}})
    assert changed.body["metadata"]["generation"] == 2
    labelled = await cluster.merge(f"{DEPLOYMENTS}/fe", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.body["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": {"labels": {"a": "no good!"}}}, "metadata.labels"),
        ({"spec": {"selector": {"matchLabels": {"x": "y"}}}}, "spec.selector"),
        ({"spec": {"replicas": -1}}, "spec.replicas"),
    ],
)
async def test_invalid_changes_are_refused(cluster: Client, change: dict[str, object], field: str) -> None:
    await cluster.post(DEPLOYMENTS, deployment("fe"))
    refused = await cluster.merge(f"{DEPLOYMENTS}/fe", change)
    assert (refused.status, refused.body["reason"]) == (422, "Invalid")
    assert field in {cause["field"] for cause in refused.body["details"]["causes"]}


async def test_pages_show_one_moment(cluster: Client) -> None:
    for name in "abcde":
        await cluster.post(MAPS, config_map(name))
    first = (await cluster.get(MAPS, limit="2", labelSelector="")).body
    assert first["metadata"]["remainingItemCount"] == 4
    await cluster.delete(f"{MAPS}/c")
    await cluster.post(MAPS, config_map("cc"))
    names = [item["metadata"]["name"] for item in first["items"]]
    token = first["metadata"]["continue"]
    while token:
        page = (await cluster.get(MAPS, **{"limit": "2", "continue": token})).body
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
    assert names == ["a", "b", "c", "d", "e", "kube-root-ca.crt"]
    cluster.api.expire_history()
    late = await cluster.get(MAPS, **{"limit": "2", "continue": first["metadata"]["continue"]})
    assert (late.status, late.body["reason"]) == (410, "Expired")


async def test_apply_owns_shares_and_gives_up(cluster: Client) -> None:
    path = f"{MAPS}/shared"
    body = config_map("shared", a="1", b="2")
    assert (await cluster.apply(path, body, "one")).status == 201
    assert (await cluster.apply(path, config_map("shared", a="1"), "two")).status == 200
    taken = await cluster.apply(path, config_map("shared", a="9"), "two")
    assert taken.status == 409
    assert taken.body["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    forced = await cluster.apply(path, config_map("shared", a="9"), "two", force="true")
    assert forced.body["data"] == {"a": "9", "b": "2"}
    owners = {entry["manager"]: entry["fieldsV1"] for entry in forced.body["metadata"]["managedFields"]}
    assert owners == {"one": {"f:data": {"f:b": {}}}, "two": {"f:data": {"f:a": {}}}}
    released = await cluster.apply(path, config_map("shared"), "one")
    assert released.body["data"] == {"a": "9"}


async def test_apply_needs_a_manager_and_known_fields(cluster: Client) -> None:
    nobody = await cluster.apply(f"{MAPS}/x", config_map("x"), "")
    assert (nobody.status, nobody.body["details"]["kind"]) == (422, "PatchOptions")
    unknown = await cluster.apply(f"{MAPS}/x", {**config_map("x"), "dta": {}}, "me")
    assert unknown.status == 500
    assert ".dta: field not declared in schema" in unknown.body["message"]


async def test_an_update_takes_fields_from_appliers(cluster: Client) -> None:
    path = f"{MAPS}/x"
    await cluster.apply(path, config_map("x", a="1"), "one")
    await cluster.merge(path, {"data": {"a": "2"}}, fieldManager="hand")
    answer = await cluster.apply(path, config_map("x", a="1"), "one")
    assert answer.body["message"] == 'Apply failed with 1 conflict: conflict with "hand" using v1: .data.a'


async def test_a_definition_serves_its_resource(cluster: Client) -> None:
    assert (await cluster.get(TYPES)).status == 404
    await _define_types(cluster)
    made = (await cluster.post(TYPES, instance_type("gpu", cpu="1000m"))).body
    assert made["spec"]["priority"] == 5
    assert made["spec"]["resources"]["limits"] == {"cpu": "1000m"}, (
        "custom resources keep quantities as they are written"
    )
    groups = (await cluster.get("/apis")).body["groups"]
    assert "amlarc.azureml.com" in {group["name"] for group in groups}
    table = await cluster.api.request("GET", TYPES)
    assert table.body["kind"] == "InstanceTypeList"
    await cluster.delete(f"{DEFINITIONS}/instancetypes.amlarc.azureml.com")
    await cluster.until(TYPES, lambda answer: answer.status == 404)
    await cluster.post(DEFINITIONS, instance_type_definition())
    await cluster.until(TYPES, lambda answer: answer.status == 200 and answer.body["items"] == [])


async def test_a_custom_resource_needs_a_version_to_be_replaced(cluster: Client) -> None:
    await _define_types(cluster)
    await cluster.post(TYPES, instance_type("gpu"))
    bare = await cluster.put(f"{TYPES}/gpu", instance_type("gpu"))
    assert (bare.status, bare.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    strategic = await cluster.strategic(f"{TYPES}/gpu", {"spec": {}})
    assert strategic.status == 415


async def test_deployments_get_ready_pods(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(DEPLOYMENTS, deployment("fe", replicas=2))
    ready = await cluster.until(f"{DEPLOYMENTS}/fe", lambda answer: answer.body["status"].get("readyReplicas") == 2)
    conditions = {item["type"]: item["status"] for item in ready.body["status"]["conditions"]}
    assert conditions == {"Available": "True", "Progressing": "True"}
    assert ready.body["status"]["observedGeneration"] == ready.body["metadata"]["generation"]
    pods = (await cluster.get(PODS, labelSelector="app=fe")).body["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} == {"one"}
    assert {pod["metadata"]["ownerReferences"][0]["kind"] for pod in pods} == {"ReplicaSet"}
    running = (await cluster.get(PODS, fieldSelector="status.phase=Running,spec.nodeName=one")).body["items"]
    assert len(running) == 2


async def test_scaling_down_and_deleting_takes_pods_away(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(DEPLOYMENTS, deployment("fe", replicas=3))
    await cluster.until(PODS, lambda answer: len(answer.body["items"]) == 3)
    scaled = await cluster.merge(f"{DEPLOYMENTS}/fe/scale", {"spec": {"replicas": 1}})
    assert scaled.body["spec"] == {"replicas": 1}
    await cluster.until(PODS, lambda answer: len(answer.body["items"]) == 1)
    await cluster.delete(f"{DEPLOYMENTS}/fe", {"propagationPolicy": "Foreground"})
    await cluster.until(f"{DEPLOYMENTS}/fe", lambda answer: answer.status == 404)
    assert (await cluster.get(PODS)).body["items"] == []


async def test_orphans_stay(cluster: Client) -> None:
    await cluster.post(DEPLOYMENTS, deployment("fe"))
    sets = "/apis/apps/v1/namespaces/default/replicasets"
    await cluster.until(sets, lambda answer: bool(answer.body["items"]))
    await cluster.delete(f"{DEPLOYMENTS}/fe", {"propagationPolicy": "Orphan"})
    await cluster.until(f"{DEPLOYMENTS}/fe", lambda answer: answer.status == 404)
    left = (await cluster.get(sets)).body["items"]
    assert len(left) == 1
    assert "ownerReferences" not in left[0]["metadata"]


async def test_a_new_template_rolls_the_pods(cluster: Client) -> None:
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.post(DEPLOYMENTS, deployment("fe"))
    path = f"{DEPLOYMENTS}/fe"
    await cluster.until(path, lambda answer: answer.body["status"].get("readyReplicas") == 1)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "image:2"}]}}}}
    await cluster.strategic(path, change)
    await cluster.until(
        PODS,
        lambda answer: [pod["spec"]["containers"][0]["image"] for pod in answer.body["items"]] == ["image:2"],
    )
    revision = (await cluster.get(path)).body["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    assert revision == "2"


async def test_pods_wait_for_a_node_that_fits(cluster: Client) -> None:
    pod = {"metadata": {"name": "gpu"}, "spec": pod_spec(limits={"nvidia.com/gpu": 1})}
    await cluster.post("/api/v1/nodes", node("cpu"))
    await cluster.post(PODS, pod)
    waiting = await cluster.until(f"{PODS}/gpu", lambda answer: "conditions" in answer.body["status"])
    condition = waiting.body["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert "Insufficient nvidia.com/gpu" in condition["message"]
    told = (await cluster.get("/api/v1/namespaces/default/events", fieldSelector="involvedObject.name=gpu")).body
    assert [(event["type"], event["reason"]) for event in told["items"]] == [("Warning", "FailedScheduling")]
    await cluster.post("/api/v1/nodes", node("gpu", gpus=1))
    await cluster.until(f"{PODS}/gpu", lambda answer: answer.body["status"]["phase"] == "Running")


async def test_daemon_sets_and_stateful_sets(cluster: Client) -> None:
    for name in ("a", "b"):
        await cluster.post("/api/v1/nodes", node(name))
    base = deployment("plugin")
    sets = "/apis/apps/v1/namespaces/default"
    daemon = {**base, "kind": "DaemonSet", "spec": {key: base["spec"][key] for key in ("selector", "template")}}
    await cluster.post(f"{sets}/daemonsets", daemon)
    await cluster.until(f"{sets}/daemonsets/plugin", lambda answer: answer.body["status"]["numberReady"] == 2)
    stateful = {**deployment("db", replicas=2), "kind": "StatefulSet"}
    stateful["spec"]["serviceName"] = "db"
    await cluster.post(f"{sets}/statefulsets", stateful)
    await cluster.until(f"{sets}/statefulsets/db", lambda answer: answer.body["status"].get("readyReplicas") == 2)
    assert (await cluster.get(f"{PODS}/db-1")).status == 200


async def test_load_balancers_get_an_address(cluster: Client) -> None:
    services = "/api/v1/namespaces/default/services"
    body = {"metadata": {"name": "fe"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
    made = (await cluster.post(services, body)).body
    assert made["status"] == {"loadBalancer": {}}
    assert made["spec"]["ports"][0]["nodePort"] >= 30000
    found = await cluster.until(f"{services}/fe", lambda answer: "ingress" in answer.body["status"]["loadBalancer"])
    assert found.body["status"]["loadBalancer"]["ingress"][0]["ipMode"] == "VIP"


async def test_namespaces_end_slowly_and_take_their_content_along(cluster: Client) -> None:
    await cluster.post("/api/v1/namespaces", {"metadata": {"name": "ending"}})
    maps = "/api/v1/namespaces/ending/configmaps"
    await cluster.post(maps, config_map("a"))
    ending = await cluster.delete("/api/v1/namespaces/ending")
    assert ending.body["status"]["phase"] == "Terminating"
    late = await cluster.post(maps, config_map("b"))
    assert (late.status, late.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    assert (await cluster.get("/api/v1/namespaces/ending")).status == 200
    await cluster.until("/api/v1/namespaces/ending", lambda answer: answer.status == 404)
    assert (await cluster.get(f"{maps}/a")).status == 404
    assert (await cluster.post(maps, config_map("c"))).body["message"] == 'namespaces "ending" not found'


async def test_finalizers_hold_objects_back(cluster: Client) -> None:
    body = config_map("held")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await cluster.post(MAPS, body)
    held = await cluster.delete(f"{MAPS}/held")
    assert "deletionTimestamp" in held.body["metadata"]
    refused = await cluster.merge(
        f"{MAPS}/held", {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    )
    assert refused.status == 422
    assert (await cluster.merge(f"{MAPS}/held", {"metadata": {"finalizers": None}})).status == 200
    assert (await cluster.get(f"{MAPS}/held")).status == 404


async def test_delete_keeps_its_preconditions(cluster: Client) -> None:
    await cluster.post(MAPS, config_map("a"))
    refused = await cluster.delete(f"{MAPS}/a", {"preconditions": {"uid": "another"}})
    assert (refused.status, refused.body["reason"]) == (409, "Conflict")
    assert (await cluster.get(f"{MAPS}/a")).status == 200


async def test_collections_are_deleted_by_selector(cluster: Client) -> None:
    for name in ("a", "b"):
        body = config_map(name)
        body["metadata"]["labels"] = {"which": name}
        await cluster.post(MAPS, body)
    await cluster.delete(MAPS, labelSelector="which=a")
    left = [item["metadata"]["name"] for item in (await cluster.get(MAPS)).body["items"]]
    assert left == ["b", "kube-root-ca.crt"]


async def test_an_idle_cluster_runs_nothing(cluster: Client) -> None:
    await cluster.post(DEPLOYMENTS, deployment("fe"))
    await cluster.post("/api/v1/nodes", node("one"))
    await cluster.until(f"{DEPLOYMENTS}/fe", lambda answer: answer.body["status"].get("readyReplicas") == 1)
    await asyncio.sleep(0.1)
    version = (await cluster.get(PODS)).body["metadata"]["resourceVersion"]
    running = len(asyncio.all_tasks())
    await asyncio.sleep(0.1)
    assert (await cluster.get(PODS)).body["metadata"]["resourceVersion"] == version
    assert running == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("POST", "/api/v1/namespaces/default/bindings"),
        ("POST", f"{PODS}/web/eviction"),
        ("GET", f"{PODS}/web/log"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token"),
    ],
)
async def test_what_only_other_clients_ask_is_not_served(cluster: Client, method: str, path: str) -> None:
    await cluster.post(PODS, {"metadata": {"name": "web"}, "spec": pod_spec()})
    assert (await cluster.api.request(method, path, body={})).status == 405


async def test_schemas_are_not_published(cluster: Client) -> None:
    document = (await cluster.get("/openapi/v3/apis/apps/v1")).body
    operation = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]
    assert "components" not in document
