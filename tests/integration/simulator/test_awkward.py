# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of clusters that look fit at first sight: each is as awkward as its name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client as kubernetes_client

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import ARC, EXTENSIONS, connect, extension_body, extension_settings, install

SCENARIO = Path(__file__).resolve().parents[2] / "simulator" / "scenarios" / "awkward.yml"


@pytest.fixture(scope="module")
def awkward() -> Iterator[Simulator]:
    content = yaml.safe_load(SCENARIO.read_text(encoding="utf-8"))
    timing = {"extension_install": 40, "compute_attach": 10, "pod_start": 2}
    with Simulator({**content, "timing": timing}, time_scale=100) as fleet:
        yield fleet


@pytest.fixture
def client(awkward: Simulator) -> ArmClient:
    return ArmClient(awkward.ready)


def test_a_router_with_three_replicas_does_not_fit_on_two_usable_nodes(awkward: Simulator, client: ArmClient) -> None:
    core = kubernetes_client.CoreV1Api(connect(awkward, "two-usable-nodes"))
    assert len(core.list_node().items) == 5
    assert "pod healthcheck failed" in install(awkward, client, "two-usable-nodes")["error"]["message"]
    report = core.read_namespaced_config_map("arcml-healthcheck", "azureml").data["reports-pre-install"]
    assert "ErrorCode: E40002" in report
    settings = extension_settings(awkward.clusters["two-usable-nodes"]["id"], inferenceRouterHA="false")
    assert install(awkward, client, "two-usable-nodes", settings)["status"] == "Succeeded"
    apps = kubernetes_client.AppsV1Api(connect(awkward, "two-usable-nodes"))
    everywhere = apps.read_namespaced_daemon_set("fluent-bit", "azureml").status
    assert (everywhere.desired_number_scheduled, everywhere.number_ready) == (4, 4)
    assert apps.read_namespaced_stateful_set("prometheus-prom-prometheus", "azureml").status.ready_replicas == 1


def test_web_services_are_where_their_workspaces_or_users_put_them(awkward: Simulator) -> None:
    api = connect(awkward, "services-of-others")
    marked = kubernetes_client.AppsV1Api(api).list_deployment_for_all_namespaces(label_selector="isazuremlapp=true")
    found = {(item.metadata.namespace, item.metadata.name): item for item in marked.items}
    places = {("azureml-ml-west", "ours"), ("azureml-other-team", "theirs"), ("scoring", "apart")}
    assert found.keys() == {*places, ("models", "blue-churn")}
    assert found["azureml-other-team", "theirs"].status.ready_replicas == 2
    assert found["models", "blue-churn"].metadata.labels["ml.azure.com/endpoint-name"] == "churn"
    services = kubernetes_client.CoreV1Api(api).list_service_for_all_namespaces(label_selector="isazuremlapp=true")
    assert {(item.metadata.namespace, item.metadata.name) for item in services.items} == places


def test_a_cluster_without_local_accounts_may_not_be_attached(awkward: Simulator, client: ArmClient) -> None:
    workspace = "resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/ML-West"
    inner = {"computeType": "Kubernetes", "resourceId": awkward.clusters["without-local-accounts"]["id"]}
    body = {"location": "westeurope", "properties": {**inner, "properties": {"namespace": "default"}}}
    answer = client.send("PUT", f"{workspace}/computes/entra", body, version="2024-10-01")
    failed = client.wait(answer).json()
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "BadRequest")
    assert "disable local accounts" in failed["error"]["message"]


def test_a_failed_installation_has_left_its_report(awkward: Simulator) -> None:
    core = kubernetes_client.CoreV1Api(connect(awkward, "failed-its-health-check"))
    report = core.read_namespaced_config_map("arcml-healthcheck", "azureml").data["reports-pre-install"]
    assert "Name: clusterresource ErrorCode: E40002" in report
    assert "ErrorCode: E45003" in report


def test_a_load_balancer_that_nobody_serves_is_refused(awkward: Simulator, client: ArmClient) -> None:
    settings = extension_settings(awkward.clusters["without-a-load-balancer"]["id"], **{"relayserver.enabled": "true"})
    body = {**extension_body(settings), "identity": {"type": "SystemAssigned"}}
    path = f"{ARC}/without-a-load-balancer/{EXTENSIONS}/ml"
    assert client.wait(client.send("PUT", path, body)).json()["status"] == "Failed"
    core = kubernetes_client.CoreV1Api(connect(awkward, "without-a-load-balancer"))
    assert "E40001" in core.read_namespaced_config_map("arcml-healthcheck", "azureml").data["reports-pre-install"]
    body["properties"]["configurationSettings"]["inferenceRouterServiceType"] = "ClusterIP"
    assert client.wait(client.send("PUT", path, body)).json()["status"] == "Succeeded"
