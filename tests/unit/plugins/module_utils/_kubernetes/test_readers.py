# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes, namespaces, Deployments and the health report, as an API server shows them."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import arc_agents, namespaces, nodes, workloads
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from tests.unit.plugins.module_utils._kubernetes.scripted_api import Answer, ScriptedApi

NODE = {
    "metadata": {
        "name": "aks-gpu-0",
        "labels": {
            "agentpool": "gpu",
            "kubernetes.azure.com/agentpool": "gpu",
            "node.kubernetes.io/instance-type": "Standard_NC4as_T4_v3",
            "kubernetes.io/arch": "amd64",
        },
    },
    "spec": {"taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}], "unschedulable": True},
    "status": {
        "allocatable": {"cpu": "3860m", "memory": "27443620Ki", "nvidia.com/gpu": "1", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1.35.4", "operatingSystem": "linux", "architecture": "amd64"},
    },
}


def test_node_is_read_in_cores_and_bytes() -> None:
    facts = nodes.from_object(NODE)
    assert facts["cpu"] == 3.86
    assert facts["memory"] == 27443620 * 1024
    assert facts["gpus"] == {"nvidia.com/gpu": 1}
    assert (facts["pool"], facts["vm_size"]) == ("gpu", "Standard_NC4as_T4_v3")
    assert (facts["ready"], facts["schedulable"]) == (True, False)
    assert facts["taints"] == [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]


def test_node_that_has_only_just_registered_is_read() -> None:
    facts = nodes.from_object({"metadata": {"name": "new"}})
    assert (facts["cpu"], facts["memory"], facts["gpus"]) == (0.0, 0, {})
    assert (facts["ready"], facts["pool"], facts["architecture"]) == (False, None, None)


def test_gpu_instances_count_as_gpus() -> None:
    node = {"metadata": {"name": "mig"}, "status": {"allocatable": {"nvidia.com/mig-1g.5gb": "7", "amd.com/gpu": "2"}}}
    assert nodes.from_object(node)["gpus"] == {"amd.com/gpu": 2, "nvidia.com/mig-1g.5gb": 7}


def test_phases_of_namespaces(api: ScriptedApi, cluster: ClusterConnection) -> None:
    items = [
        {"metadata": {"name": "a"}, "status": {"phase": "Active"}},
        {"metadata": {"name": "b"}, "status": {"phase": "Terminating"}},
        {"metadata": {"name": "c"}},
    ]
    api.answers = [Answer(body={"items": items})]
    assert namespaces.read(cluster) == {"a": "Active", "b": "Terminating", "c": "Active"}


def deployment(name: str, namespace: str = "azureml-ml-west", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {}},
        "spec": {
            "replicas": 2,
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"image": f"registry.example/{name}:1"}]},
            },
        },
        "status": {"readyReplicas": 1},
    }


def test_v1_services_are_the_marked_deployments_of_every_namespace(
    api: ScriptedApi, cluster: ClusterConnection
) -> None:
    marked = [
        deployment("score"),
        deployment("churn", "team"),
        deployment("v2", **{"ml.azure.com/endpoint-name": "e"}),
        deployment("azureml-fe-v2", "azureml"),
    ]
    own = [deployment("unmarked"), deployment("score")]
    api.answers = [Answer(body={"items": marked}), Answer(body={"items": []}), Answer(body={"items": own})]
    found = workloads.read_v1_services(cluster, ["azureml-ml-west"])
    assert [(each["namespace"], each["name"]) for each in found] == [
        ("azureml-ml-west", "score"),
        ("azureml-ml-west", "unmarked"),
        ("team", "churn"),
    ]
    assert found[0]["images"] == ["registry.example/score:1"]
    assert api.verbs == ["GET /apis/apps/v1/deployments"] * 2 + [
        "GET /apis/apps/v1/namespaces/azureml-ml-west/deployments"
    ]
    assert [each.query.get("labelSelector") for each in api.asked] == [*workloads.V1_SELECTORS, None]


def test_a_daemon_set_wants_a_pod_on_every_node_that_it_selects(api: ScriptedApi, cluster: ClusterConnection) -> None:
    status = {"desiredNumberScheduled": 3, "numberReady": 2}
    api.answers = [
        Answer(body={"items": [{"metadata": {"name": "fluent-bit", "namespace": "azureml"}, "status": status}]})
    ]
    (found,) = workloads.read_daemon_sets(cluster)
    assert (found["kind"], found["wanted_replicas"], found["ready_replicas"]) == ("DaemonSet", 3, 2)


def test_health_report_is_one_text(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(body={"data": {"reports-test": "ok", "reports-pre-install": "E40002"}}), Answer(body={})]
    assert workloads.read_health_report(cluster) == "reports-pre-install: E40002\nreports-test: ok"
    assert workloads.read_health_report(cluster) is None
    assert workloads.read_health_report(cluster) is None


def test_agents_of_arc_say_for_which_cluster_they_were_installed(api: ScriptedApi, cluster: ClusterConnection) -> None:
    data = {"AZURE_RESOURCE_NAME": "edge", "AZURE_RESOURCE_GROUP": "rg", "AZURE_SUBSCRIPTION_ID": "s", "FLUX": "x"}
    api.answers = [Answer(body={"data": data}), Answer(body={})]
    assert arc_agents.read(cluster) == {"name": "edge", "resource_group": "rg", "subscription_id": "s"}
    assert arc_agents.read(cluster) == {"name": "", "resource_group": "", "subscription_id": ""}
    assert arc_agents.read(cluster) is None
    assert set(api.verbs) == {"GET /api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig"}
