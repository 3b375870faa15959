# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `kubernetes` package, its dynamic client and its watches, unmodified, on a simulated cluster."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request

import pytest
from kubernetes import client as kubernetes_client
from kubernetes import watch as kubernetes_watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from tests.contract.simulated import STRANGER_TOKEN, SimulatedServer
from tests.unit.simulator_kubernetes.objects import deployment, instance_type, instance_type_definition


@pytest.fixture
def place(api_client: kubernetes_client.ApiClient, request: pytest.FixtureRequest) -> str:
    name = f"python-{abs(hash(request.node.nodeid)) % 10**8}"
    kubernetes_client.CoreV1Api(api_client).create_namespace({"metadata": {"name": name}})
    return name


def test_typed_client(api_client: kubernetes_client.ApiClient, place: str) -> None:
    core, apps = kubernetes_client.CoreV1Api(api_client), kubernetes_client.AppsV1Api(api_client)
    assert kubernetes_client.VersionApi(api_client).get_code().git_version == "v1.35.4"
    nodes = core.list_node().items
    assert any("nvidia.com/gpu" in node.status.allocatable for node in nodes)
    apps.create_namespaced_deployment(place, deployment("fe", replicas=2))
    patched = apps.patch_namespaced_deployment("fe", place, {"metadata": {"annotations": {"a": "b"}}})
    assert patched.metadata.annotations["a"] == "b"
    scale = apps.read_namespaced_deployment_scale("fe", place)
    scale.spec.replicas = 3
    scale.metadata.resource_version = None  # whatever the controllers have written meanwhile
    assert apps.replace_namespaced_deployment_scale("fe", place, scale).spec.replicas == 3
    with pytest.raises(ApiException) as caught:
        apps.read_namespaced_deployment("none", place)
    assert (caught.value.status, caught.value.reason) == (404, "Not Found")


def test_watch_sees_pods_get_ready(api_client: kubernetes_client.ApiClient, place: str) -> None:
    core, apps = kubernetes_client.CoreV1Api(api_client), kubernetes_client.AppsV1Api(api_client)
    version = core.list_namespaced_pod(place).metadata.resource_version
    starter = threading.Timer(0.2, apps.create_namespaced_deployment, (place, deployment("fe")))
    starter.start()
    phases = []
    watcher = kubernetes_watch.Watch()
    for event in watcher.stream(core.list_namespaced_pod, place, resource_version=version, timeout_seconds=20):
        phases.append((event["type"], event["object"].status.phase))
        if phases[-1][1] == "Running":
            watcher.stop()
    assert phases[0] == ("ADDED", "Pending")
    assert phases[-1] == ("MODIFIED", "Running")


def test_watch_from_too_long_ago(api_client: kubernetes_client.ApiClient, place: str) -> None:
    core = kubernetes_client.CoreV1Api(api_client)
    for number in range(2100):
        if number == 0:
            core.create_namespaced_config_map(place, {"metadata": {"name": "busy"}})
        core.patch_namespaced_config_map("busy", place, {"data": {"n": str(number)}})
        if number % 100 == 0 and number > 1900:
            break
    with pytest.raises(ApiException) as caught:
        for _unused in kubernetes_watch.Watch().stream(
            core.list_namespaced_config_map, place, resource_version="1", timeout_seconds=2
        ):
            pass
    assert caught.value.status == 410


def test_dynamic_client(api_client: kubernetes_client.ApiClient, tmp_path: object) -> None:
    client = DynamicClient(api_client, cache_file=f"{tmp_path}/discovery")
    definitions = client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    definitions.create(body=instance_type_definition())
    for event in definitions.watch(name="instancetypes.amlarc.azureml.com", timeout=20):
        conditions = {item.type: item.status for item in event["object"].status.conditions or ()}
        if conditions.get("Established") == "True":
            break
    client.resources.invalidate_cache()
    types = client.resources.get(api_version="amlarc.azureml.com/v1alpha1", kind="InstanceType")
    made = types.create(body=instance_type("gpu", cpu="1000m", memory="1024Mi"))
    assert made.spec.resources.limits.to_dict() == {"cpu": "1000m", "memory": "1024Mi"}
    stale = {**made.to_dict(), "metadata": {**made.to_dict()["metadata"], "resourceVersion": "1"}}
    with pytest.raises(ConflictError):
        types.replace(body=stale)
    applied = types.server_side_apply(
        body=instance_type("gpu", cpu="2"), field_manager="azureml.fleet", force_conflicts=True
    )
    assert applied.spec.resources.limits.to_dict() == {"cpu": "2", "memory": "1024Mi"}
    types.delete(name="gpu")
    with pytest.raises(NotFoundError):
        types.get(name="gpu")
    definitions.delete(name="instancetypes.amlarc.azureml.com")


def test_access_reviews(api_client: kubernetes_client.ApiClient, server: SimulatedServer) -> None:
    authorization = kubernetes_client.AuthorizationV1Api(api_client)
    attributes = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "default"}
    review = {"spec": {"resourceAttributes": attributes}}
    assert authorization.create_self_subject_access_review(review).status.allowed
    configuration = kubernetes_client.Configuration(
        host=server.url, api_key={"authorization": f"Bearer {STRANGER_TOKEN}"}
    )
    configuration.ssl_ca_cert = str(server.ca_file)
    with kubernetes_client.ApiClient(configuration) as stranger:
        assert (
            not kubernetes_client.AuthorizationV1Api(stranger).create_self_subject_access_review(review).status.allowed
        )
        with pytest.raises(ApiException) as caught:
            kubernetes_client.AppsV1Api(stranger).patch_namespaced_deployment("fe", "default", {})
    assert caught.value.status == 403
    why = 'User "stranger" cannot patch resource "deployments" in API group "apps" in the namespace "default"'
    assert json.loads(caught.value.body)["message"] == f'deployments.apps "fe" is forbidden: {why}'


def test_without_a_token_there_is_no_answer(server: SimulatedServer) -> None:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}/api/v1/nodes", context=context)  # noqa: S310  https only
    assert caught.value.code == 401
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{server.url}/version")  # noqa: S310  https only
