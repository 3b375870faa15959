# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the extension does in a cluster, read by the unmodified Kubernetes client."""

from __future__ import annotations

import time
from typing import Any

import pytest
from kubernetes import client as kubernetes_client

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import (
    AKS,
    ARC,
    EXTENSIONS,
    KubernetesOf,
    deployments,
    extension_body,
    extension_settings,
    install,
)


def test_an_installation_really_creates_what_the_chart_holds(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    assert install(fresh, arm, "plain")["status"] == "Succeeded"
    api = kubernetes_of("plain")
    found = deployments(api)
    assert {"azureml-fe-v2", "gateway", "aml-operator", "ml-prometheus-operator"} <= set(found)
    assert all(item.status.ready_replicas == item.spec.replicas for item in found.values())
    assert found["azureml-fe-v2"].spec.replicas == 3
    assert found["gateway"].metadata.annotations["meta.helm.sh/release-name"] == "ml"
    core = kubernetes_client.CoreV1Api(api)
    selector = "azuremlappname=azureml-fe,azuremlappversion=v2"
    routers = core.list_namespaced_pod("azureml", label_selector=selector).items
    assert [pod.status.phase for pod in routers] == ["Running"] * 3
    health = core.read_namespaced_pod("healthcheck", "azureml")
    assert health.status.phase == "Succeeded"
    assert core.read_namespaced_service("azureml-fe", "azureml").spec.type == "LoadBalancer"
    crds = kubernetes_client.ApiextensionsV1Api(api)
    crd = crds.read_custom_resource_definition("instancetypes.amlarc.azureml.com")
    assert (crd.spec.scope, crd.spec.versions[0].name) == ("Cluster", "v1alpha1")


def test_instance_types_can_be_written_once_the_extension_is_there(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    custom = kubernetes_client.CustomObjectsApi(kubernetes_of("plain"))
    where = ("amlarc.azureml.com", "v1alpha1", "instancetypes")
    resources = {
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": 1, "memory": "1Gi", "nvidia.com/gpu": None},
    }
    body = {
        "apiVersion": "amlarc.azureml.com/v1alpha1",
        "kind": "InstanceType",
        "metadata": {"name": "small"},
        "spec": {"nodeSelector": {"a": "b"}, "resources": resources},
    }
    with pytest.raises(kubernetes_client.ApiException, match="404"):
        custom.create_cluster_custom_object(*where, body)
    install(fresh, arm, "plain")
    custom.create_cluster_custom_object(*where, body)
    found = custom.list_cluster_custom_object(*where)["items"]
    assert [item["spec"]["nodeSelector"] for item in found] == [{"a": "b"}]
    body["metadata"] = {"name": "broken"}
    body["spec"] = {"resources": {"requests": "none"}}
    with pytest.raises(kubernetes_client.ApiException, match="422"):
        custom.create_cluster_custom_object(*where, body)


def test_settings_that_the_chart_refuses_leave_nothing_but_the_report(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    failed = install(fresh, arm, "plain", {"enableTraining": "True", "enableInference": "True"})
    assert "failed pre-install: pod healthcheck failed" in failed["error"]["message"]
    api = kubernetes_of("plain")
    core = kubernetes_client.CoreV1Api(api)
    text = core.read_namespaced_config_map("arcml-healthcheck", "azureml").data["reports-pre-install"]
    assert "E40000" in text
    assert "E40007" in text
    assert deployments(api) == {}
    assert core.list_namespaced_pod("azureml").items == []
    assert kubernetes_client.ApiextensionsV1Api(api).list_custom_resource_definition().items == []


@pytest.mark.parametrize("cluster", ["stopped", "principal"])
def test_without_working_agents_the_installation_fails(fresh: Simulator, arm: ArmClient, cluster: str) -> None:
    assert "status not populated" in install(fresh, arm, cluster)["error"]["message"]
    deleted = arm.send("DELETE", f"{AKS}/{cluster}/{EXTENSIONS}/ml")
    assert arm.wait(deleted).json()["status"] == "Succeeded"


def test_on_an_arc_connected_cluster_the_relay_is_installed(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    more = {"relayserver.enabled": "true", "nginxIngress.enabled": "true"}
    body = extension_body(extension_settings(fresh.clusters["edge"]["id"], **more))
    body["identity"] = {"type": "SystemAssigned"}
    path = f"{ARC}/edge/{EXTENSIONS}/ml"
    assert arm.wait(arm.send("PUT", path, body)).json()["status"] == "Succeeded"
    assert "relayserver" in deployments(kubernetes_of("edge"))
    found = arm.send("GET", path).json()
    assert found["identity"]["principalId"]
    assert found["properties"]["aksAssignedIdentity"] is None


def test_an_installation_that_failed_can_be_tried_again(fresh: Simulator, arm: ArmClient) -> None:
    assert install(fresh, arm, "plain", {"enableTraining": "True"})["status"] == "Failed"
    assert install(fresh, arm, "plain")["status"] == "Succeeded"


def occupy(api: kubernetes_client.ApiClient, replicas: int, cpu: str = "3800m") -> None:
    """Leave little of the CPUs of `replicas` nodes to others."""
    labels = {"app": "greedy"}
    container = {"name": "greedy", "image": "greedy", "resources": {"requests": {"cpu": cpu}}}
    body = {
        "metadata": {"name": "greedy"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    apps = kubernetes_client.AppsV1Api(api)
    apps.create_namespaced_deployment("default", body)
    deadline = time.monotonic() + 20
    while apps.read_namespaced_deployment("greedy", "default").status.ready_replicas != replicas:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pods_that_never_start_fail_the_installation_and_all_is_removed(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    occupy(kubernetes_of("plain"), replicas=3)
    settings = extension_settings(fresh.clusters["plain"]["id"])
    created = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/ml", extension_body(settings))
    failed = arm.wait(created, seconds=60).json()
    assert "timed out waiting for the condition" in failed["error"]["message"]
    assert deployments(kubernetes_of("plain")) == {}


def test_an_update_changes_components_and_a_refused_one_changes_nothing(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    install(fresh, arm, "plain")
    path, api = f"{AKS}/plain/{EXTENSIONS}/ml", kubernetes_of("plain")

    def patch(**settings: str) -> dict[str, Any]:
        return dict(arm.wait(arm.send("PATCH", path, {"properties": {"configurationSettings": settings}})).json())

    assert patch(inferenceRouterHA="false", enableTraining="False")["status"] == "Succeeded"
    found = deployments(api)
    assert found["azureml-fe-v2"].spec.replicas == 1
    assert "aml-operator" not in found
    failed = patch(allowInsecureConnections="False")
    assert "Helm Upgrade Failed" in failed["error"]["message"]
    assert deployments(api).keys() == found.keys()
    assert arm.send("GET", path).json()["properties"]["currentVersion"]


def test_an_update_whose_pods_never_start_is_rolled_back(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    api = kubernetes_of("plain")
    core = kubernetes_client.CoreV1Api(api)
    occupy(api, replicas=1, cpu="3000m")
    (greedy,) = core.list_namespaced_pod("default", label_selector="app=greedy").items
    core.patch_node(greedy.spec.node_name, {"metadata": {"labels": {"chosen": "yes"}}})
    install(fresh, arm, "plain", extension_settings(fresh.clusters["plain"]["id"], installVolcano="false"))
    before = deployments(api)
    settings = {"nodeSelector.chosen": "yes", "inferenceRouterHA": "false", "installVolcano": "true"}
    body = {"properties": {"configurationSettings": settings}}
    failed = arm.wait(arm.send("PATCH", f"{AKS}/plain/{EXTENSIONS}/ml", body), seconds=60).json()
    assert "has been rolled back due to atomic being set: timed out" in failed["error"]["message"]
    after = deployments(api)
    assert after.keys() == before.keys()
    assert after["azureml-fe-v2"].spec.replicas == 3
    assert not after["gateway"].spec.template.spec.node_selector


def test_deleting_the_extension_removes_its_objects_and_keeps_the_namespace(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    api = kubernetes_of("installed")
    assert "gateway" in deployments(api)
    arm.wait(arm.send("DELETE", f"{AKS}/installed/{EXTENSIONS}/azureml"))
    assert deployments(api) == {}
    names = {found.metadata.name for found in kubernetes_client.CoreV1Api(api).list_namespace().items}
    assert "azureml" in names


def test_labels_of_a_node_pool_reach_its_nodes(fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf) -> None:
    core = kubernetes_client.CoreV1Api(kubernetes_of("aks"))
    for labels in ({"a": "1", "b": "1"}, {"b": "2"}):
        arm.wait(arm.send("PUT", f"{AKS}/aks/agentPools/gpu", {"properties": {"nodeLabels": labels}}))
        for node in core.list_node(label_selector="agentpool=gpu").items:
            assert {key: node.metadata.labels.get(key) for key in ("a", "b")} == {"a": None, **labels}
            assert node.status.allocatable["nvidia.com/gpu"] == "1"
    assert not core.list_node(label_selector="agentpool=system,b").items
