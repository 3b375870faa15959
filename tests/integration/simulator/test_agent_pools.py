# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node pools of simulated AKS clusters: what a change does to the nodes, and what the service refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, EXTENSIONS, connect, extension_body, extension_settings

VERSION = "2025-08-01"
SPOT = "kubernetes.azure.com/scalesetpriority"
FLEET: dict[str, Any] = {
    "timing": {"node_pool_update": 20, "extension_install": 60, "pod_start": 2},
    "clusters": [
        {
            "name": "aks",
            "resource_group": "rg",
            "front_end": "v2",
            "kubernetes_version": "1.35.4",
            "node_pools": [
                {"name": "system"},
                {
                    "name": "gpu",
                    "mode": "User",
                    "vm_size": "Standard_NC4as_T4_v3",
                    "count": 2,
                    "taints": ["a=b:NoSchedule"],
                },
                {"name": "spot", "mode": "User", "count": 1, "spot": True},
                {"name": "auto", "mode": "User", "count": 2, "autoscale": [1, 4]},
                {"name": "off", "mode": "User", "count": 2, "power_state": "Stopped"},
                {"name": "old", "mode": "User", "count": 1, "version": "1.34.6"},
            ],
        },
    ],
}

Start = Callable[[dict[str, str]], tuple[Simulator, ArmClient]]


@pytest.fixture
def believing() -> Iterator[Start]:
    """Starts the fleet under other beliefs."""
    running: list[Simulator] = []

    def start(beliefs: dict[str, str]) -> tuple[Simulator, ArmClient]:
        simulator = Simulator({**FLEET, "beliefs": beliefs}, time_scale=100)
        running.append(simulator)
        return simulator, ArmClient(simulator.ready)

    yield start
    for simulator in running:
        simulator.stop()


def nodes(fleet: Simulator, pool: str) -> list[Any]:
    api = kubernetes_client.CoreV1Api(connect(fleet, "aks"))
    return list(api.list_node(label_selector=f"agentpool={pool}").items)


def read(arm: ArmClient, pool: str) -> dict[str, Any]:
    return dict(arm.send("GET", f"{AKS}/aks/agentPools/{pool}", version=VERSION).json())


def write(arm: ArmClient, pool: str, **changes: Any) -> Any:
    """PUT the pool as it was read, with `changes`, as the Azure CLI does."""
    body = read(arm, pool)
    body["properties"] |= changes
    return arm.send("PUT", f"{AKS}/aks/agentPools/{pool}", body, version=VERSION)


def state_after(arm: ArmClient, answer: Any) -> str:
    assert answer.status_code in (200, 201, 202), answer.text
    return str(arm.wait(answer).json()["status"])


def test_labels_taints_and_mode_reach_the_nodes(fresh: Simulator, arm: ArmClient) -> None:
    assert [node.spec.taints[0].key for node in nodes(fresh, "gpu")] == ["a", "a"]
    changed = write(arm, "gpu", nodeLabels={"team": "ml"}, nodeTaints=["x=y:NoExecute"], mode="System")
    assert state_after(arm, changed) == "Succeeded"
    for node in nodes(fresh, "gpu"):
        assert node.metadata.labels["team"] == "ml"
        assert node.metadata.labels["kubernetes.azure.com/mode"] == "system"
        assert [(taint.key, taint.value, taint.effect) for taint in node.spec.taints] == [("x", "y", "NoExecute")]


def test_a_change_leaves_what_others_wrote_on_the_nodes(fresh: Simulator, arm: ArmClient) -> None:
    with open(fresh.clusters["aks"]["kubeconfig"], encoding="utf-8") as stream:
        api = kubernetes_client.CoreV1Api(kubernetes_config.new_client_from_config_dict(yaml.safe_load(stream)))
    name = nodes(fresh, "gpu")[0].metadata.name
    taints = [{"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "mine", "effect": "NoSchedule"}]
    api.patch_node(name, {"metadata": {"labels": {"mine": "1"}}, "spec": {"taints": taints}})
    state_after(arm, write(arm, "gpu", nodeTaints=["x=y:NoExecute"]))
    node = api.read_node(name)
    assert node.metadata.labels["mine"] == "1"
    assert [taint.key for taint in node.spec.taints] == ["mine", "x"]


def test_scaling_adds_and_removes_nodes_and_moves_their_pods(fresh: Simulator, arm: ArmClient) -> None:
    assert len(nodes(fresh, "system")) == 3
    changed = write(arm, "system", count=5)
    assert changed.json()["properties"]["provisioningState"] == "Scaling"
    state_after(arm, changed)
    assert len(nodes(fresh, "system")) == 5
    state_after(arm, write(arm, "system", count=1))
    (left,) = nodes(fresh, "system")
    with open(fresh.clusters["aks"]["kubeconfig"], encoding="utf-8") as stream:
        api = kubernetes_client.CoreV1Api(kubernetes_config.new_client_from_config_dict(yaml.safe_load(stream)))
    names = {node.metadata.name for node in api.list_node().items}
    assert left.metadata.name in names
    pods = api.list_pod_for_all_namespaces().items
    left_behind = [
        (pod.metadata.name, pod.metadata.deletion_timestamp) for pod in pods if pod.spec.node_name not in {*names, None}
    ]
    assert left_behind == []


def test_a_pool_is_stopped_and_started(fresh: Simulator, arm: ArmClient) -> None:
    stopped = write(arm, "gpu", powerState={"code": "Stopped"})
    properties = stopped.json()["properties"]
    assert (properties["provisioningState"], properties["powerState"]["code"]) == ("Stopping", "Stopped")
    assert properties["count"] == 0
    state_after(arm, stopped)
    assert nodes(fresh, "gpu") == []
    started = write(arm, "gpu", powerState={"code": "Running"})
    assert started.json()["properties"]["provisioningState"] == "Starting"
    state_after(arm, started)
    assert (len(nodes(fresh, "gpu")), read(arm, "gpu")["properties"]["count"]) == (2, 2)
    last = write(arm, "system", powerState={"code": "Stopped"})
    assert (last.status_code, last.json()["code"]) == (400, "InvalidParameter")


def test_a_stopped_pool_takes_no_other_change(arm: ArmClient, believing: Start) -> None:
    refused = write(arm, "off", nodeLabels={"a": "b"})
    assert (refused.status_code, refused.json()["code"]) == (409, "OperationNotAllowed")
    _fleet, other = believing({"stopped-pool-update": "accepted"})
    assert state_after(other, write(other, "off", nodeLabels={"a": "b"})) == "Succeeded"
    assert read(other, "off")["properties"]["powerState"] == {"code": "Stopped"}


def test_a_lock_among_the_nodes_keeps_a_pool_as_it_is() -> None:
    locked = [{**each, "lock_among_nodes": "CanNotDelete"} for each in FLEET["clusters"]]
    for beliefs, status in (({}, 409), ({"labels-under-a-lock-among-nodes": "accepted"}, 200)):
        with Simulator({**FLEET, "clusters": locked, "beliefs": beliefs}, time_scale=100) as simulator:
            arm = ArmClient(simulator.ready)
            scaled = write(arm, "gpu", count=5)
            assert (scaled.status_code, "is locked, please remove lock" in scaled.json()["message"]) == (409, True)
            assert write(arm, "gpu", nodeLabels={"a": "b"}).status_code == status


def test_a_pool_is_upgraded_but_never_beyond_its_control_plane(fresh: Simulator, arm: ArmClient) -> None:
    assert [node.status.node_info.kubelet_version for node in nodes(fresh, "old")] == ["v1.34.6"]
    refused = write(arm, "old", orchestratorVersion="1.36.0")
    assert (refused.status_code, refused.json()["code"]) == (400, "NodePoolMcVersionIncompatible")
    assert "Minor version of node pool version 36 is bigger than control plane version 35" in refused.json()["message"]
    upgraded = write(arm, "old", orchestratorVersion="1.35.4")
    assert upgraded.json()["properties"]["provisioningState"] == "Upgrading"
    state_after(arm, upgraded)
    assert [node.status.node_info.kubelet_version for node in nodes(fresh, "old")] == ["v1.35.4"]


def test_a_pool_is_added_and_deleted(fresh: Simulator, arm: ArmClient) -> None:
    assert nodes(fresh, "extra") == []
    path = f"{AKS}/aks/agentPools/extra"
    body = {"properties": {"count": 2, "vmSize": "Standard_NC6s_v3", "mode": "User", "nodeLabels": {"a": "b"}}}
    added = arm.send("PUT", path, body, version=VERSION)
    assert (added.status_code, added.json()["properties"]["provisioningState"]) == (201, "Creating")
    state_after(arm, added)
    found = nodes(fresh, "extra")
    assert [node.metadata.labels["a"] for node in found] == ["b", "b"]
    assert [node.status.allocatable["nvidia.com/gpu"] for node in found] == ["1", "1"]
    deleted = arm.send("DELETE", path, version=VERSION)
    assert deleted.status_code == 202
    assert arm.send("GET", deleted.headers["Location"]).status_code == 202
    state_after(arm, deleted)
    assert arm.send("GET", deleted.headers["Location"]).status_code == 204
    assert nodes(fresh, "extra") == []
    assert arm.send("GET", path, version=VERSION).status_code == 404
    assert arm.send("DELETE", path, version=VERSION).status_code == 204
    assert [incident["what"] for incident in fresh.state()["incidents"]] == ["node pool deleted"]


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("UPPER", {"vmSize": "Standard_D4s_v5"}, "InvalidParameter"),
        ("new", {"vmSize": "Standard_D4s_v5", "nodeLabels": {"kubernetes.azure.com/x": "y"}}, "InvalidParameter"),
        (
            "new",
            {"vmSize": "Standard_D4s_v5", "nodeTaints": ["kubernetes.azure.com/x=y:NoSchedule"]},
            "InvalidParameter",
        ),
        (
            "new",
            {"vmSize": "Standard_D4s_v5", "enableAutoScaling": True, "minCount": 5, "maxCount": 9},
            "InvalidParameter",
        ),
        ("new", {"vmSize": "Standard_D4s_v5", "orchestratorVersion": "1.36"}, "NodePoolMcVersionIncompatible"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(arm: ArmClient, name: str, properties: dict[str, Any], code: str) -> None:
    refused = arm.send("PUT", f"{AKS}/aks/agentPools/{name}", {"properties": properties}, version=VERSION)
    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_the_last_system_pool_stays(arm: ArmClient) -> None:
    for answer in (
        arm.send("DELETE", f"{AKS}/aks/agentPools/system", version=VERSION),
        write(arm, "system", mode="User"),
    ):
        assert (answer.status_code, answer.json()["target"]) == (400, "agentPoolProfile.mode")


def test_a_spot_pool_keeps_its_taint_and_only_a_label_that_is_sent_back(
    fresh: Simulator, arm: ArmClient, believing: Start
) -> None:
    properties = read(arm, "spot")["properties"]
    assert properties["nodeLabels"] == {SPOT: "spot"}
    assert properties["nodeTaints"] == [f"{SPOT}=spot:NoSchedule"]
    (node,) = nodes(fresh, "spot")
    assert node.metadata.labels[SPOT] == "spot"
    state_after(arm, write(arm, "spot", nodeLabels={"a": "b", SPOT: "spot"}, nodeTaints=[]))
    assert read(arm, "spot")["properties"]["nodeLabels"] == {"a": "b", SPOT: "spot"}
    assert read(arm, "spot")["properties"]["nodeTaints"] == [f"{SPOT}=spot:NoSchedule"]
    state_after(arm, write(arm, "spot", nodeLabels={"a": "b"}, nodeTaints=[]))
    assert read(arm, "spot")["properties"]["nodeLabels"] == {"a": "b"}
    _fleet, other = believing({"spot-labels-returned": "refused"})
    assert write(other, "spot").status_code == 400
    assert state_after(other, write(other, "spot", nodeLabels={"a": "b"}, nodeTaints=[])) == "Succeeded"
    assert read(other, "spot")["properties"]["nodeLabels"] == {"a": "b", SPOT: "spot"}


def test_a_stale_count_scales_an_autoscaled_pool(fresh: Simulator, arm: ArmClient, believing: Start) -> None:
    assert len(nodes(fresh, "auto")) == 2
    state_after(arm, write(arm, "auto", count=1, nodeLabels={"a": "b"}))
    assert len(nodes(fresh, "auto")) == 1
    other_fleet, other = believing({"stale-count-of-autoscaled-pool": "ignored"})
    assert len(nodes(other_fleet, "auto")) == 2
    state_after(other, write(other, "auto", count=1, nodeLabels={"a": "b"}))
    assert len(nodes(other_fleet, "auto")) == 2


def test_pools_have_no_etag(arm: ArmClient) -> None:
    assert "eTag" not in str(read(arm, "gpu"))


def test_only_one_operation_of_aks_runs_at_a_time(arm: ArmClient) -> None:
    first = write(arm, "gpu", nodeLabels={"a": "b"})
    for refused in (
        write(arm, "spot", nodeLabels={"a": "b"}),
        arm.send("DELETE", f"{AKS}/aks/agentPools/spot", version=VERSION),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "OperationNotAllowed")
        assert "Another operation (Updating) is in progress" in refused.json()["message"]
    state_after(arm, first)


def install(arm: ArmClient) -> Any:
    return arm.send("PUT", f"{AKS}/aks/{EXTENSIONS}/flux", {"properties": {"extensionType": "microsoft.flux"}})


def test_a_pool_cannot_be_changed_while_an_extension_is_installed(fresh: Simulator, arm: ArmClient) -> None:
    install(arm)
    refused = write(arm, "gpu", nodeLabels={"a": "b"})
    assert (refused.status_code, refused.json()["code"]) == (409, "OperationNotAllowed")
    assert "PutExtensionAddonHandler.PUT" in refused.json()["message"]


def test_a_change_of_a_pool_and_an_installation_may_preempt_each_other(believing: Start) -> None:
    _fleet, arm = believing({"pool-update-while-extension-installs": "pool-preempted"})
    install(arm)
    lost = arm.wait(write(arm, "gpu", nodeLabels={"a": "b"})).json()
    assert (lost["status"], lost["error"]["code"]) == ("Failed", "AKSOperationPreempted")
    _fleet, arm = believing({"pool-update-while-extension-installs": "extension"})
    installation = install(arm)
    assert state_after(arm, write(arm, "gpu", nodeLabels={"a": "b"})) == "Succeeded"
    lost = arm.wait(installation).json()
    assert (lost["status"], lost["error"]["code"]) == ("Failed", "AKSOperationPreempted")
    _fleet, arm = believing({"pool-update-while-extension-installs": "neither"})
    installation = install(arm)
    assert state_after(arm, write(arm, "gpu", nodeLabels={"a": "b"})) == "Succeeded"
    assert state_after(arm, installation) == "Succeeded"


def test_an_extension_cannot_be_installed_while_aks_works_on_the_cluster(
    fresh: Simulator, arm: ArmClient, believing: Start
) -> None:
    write(arm, "gpu", nodeLabels={"a": "b"})
    refused = install(arm)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "OperationNotAllowed")
    _fleet, arm = believing({"extension-while-aks-operates": "preempted"})
    write(arm, "gpu", nodeLabels={"a": "b"})
    lost = arm.wait(install(arm)).json()
    assert (lost["status"], lost["error"]["code"]) == ("Failed", "AKSOperationPreempted")
    _fleet, arm = believing({"extension-while-aks-operates": "waits"})
    write(arm, "gpu", nodeLabels={"a": "b"})
    assert state_after(arm, install(arm)) == "Succeeded"


def test_a_cluster_is_stopped_and_started(fresh: Simulator, arm: ArmClient) -> None:
    stopped = arm.send("POST", f"{AKS}/aks/stop")
    assert stopped.status_code == 202
    assert arm.send("GET", stopped.headers["Location"]).status_code == 202
    assert arm.send("GET", f"{AKS}/aks").json()["properties"]["provisioningState"] == "Stopping"
    arm.wait(stopped)
    assert arm.send("GET", stopped.headers["Location"]).status_code == 204
    properties = arm.send("GET", f"{AKS}/aks").json()["properties"]
    assert (properties["powerState"], properties["provisioningState"]) == ({"code": "Stopped"}, "Succeeded")
    refused = write(arm, "gpu", nodeLabels={"a": "b"})
    assert (refused.status_code, refused.json()["code"]) == (409, "OperationNotAllowed")
    arm.wait(arm.send("POST", f"{AKS}/aks/start"))
    assert arm.send("GET", f"{AKS}/aks").json()["properties"]["powerState"] == {"code": "Running"}


def test_a_cluster_is_upgraded_one_minor_version_at_a_time(fresh: Simulator, arm: ArmClient) -> None:
    version = kubernetes_client.VersionApi(connect(fresh, "aks"))
    assert version.get_code().git_version == "v1.35.4"
    body = arm.send("GET", f"{AKS}/aks").json()
    body["properties"]["kubernetesVersion"] = "1.37.0"
    assert arm.send("PUT", f"{AKS}/aks", body).status_code == 400
    body["properties"]["kubernetesVersion"] = "1.36.1"
    upgraded = arm.send("PUT", f"{AKS}/aks", body)
    assert upgraded.json()["properties"]["provisioningState"] == "Upgrading"
    arm.wait(upgraded)
    assert arm.send("GET", f"{AKS}/aks").json()["properties"]["currentKubernetesVersion"] == "1.36.1"
    assert read(arm, "old")["properties"]["currentOrchestratorVersion"] == "1.34.6"
    assert version.get_code().git_version == "v1.36.1"
    assert [node.status.node_info.kubelet_version for node in nodes(fresh, "old")] == ["v1.34.6"]


def test_pools_are_not_added_by_a_put_of_the_cluster(arm: ArmClient) -> None:
    body = arm.send("GET", f"{AKS}/aks").json()
    body["properties"]["agentPoolProfiles"].append({"name": "more", "count": 1, "vmSize": "Standard_D4s_v5"})
    refused = arm.send("PUT", f"{AKS}/aks", body)
    assert (refused.status_code, refused.json()["target"]) == (400, "agentPoolProfiles")


def test_a_cluster_gets_a_managed_identity_but_its_pools_keep_the_service_principal_until_they_are_made_again() -> None:
    scenario = {**FLEET, "clusters": [{"name": "aks", "resource_group": "rg", "identity": "service_principal"}]}
    with Simulator(scenario, time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        body = arm.send("GET", f"{AKS}/aks").json()
        assert "identity" not in body
        body["identity"] = {"type": "SystemAssigned"}
        assert state_after(arm, arm.send("PUT", f"{AKS}/aks", body)) == "Succeeded"
        assert arm.send("GET", f"{AKS}/aks").json()["identity"]["type"] == "SystemAssigned"
        azureml = extension_body(extension_settings(simulator.clusters["aks"]["id"]))
        path = f"{AKS}/aks/{EXTENSIONS}/azureml"
        assert state_after(arm, arm.send("PUT", path, azureml)) == "Failed"
        arm.wait(arm.send("DELETE", path))
        new = {"properties": {"count": 3, "mode": "System"}}
        state_after(arm, arm.send("PUT", f"{AKS}/aks/agentPools/new", new))
        state_after(arm, arm.send("DELETE", f"{AKS}/aks/agentPools/system"))
        assert state_after(arm, arm.send("PUT", path, azureml)) == "Succeeded"


def test_a_put_of_a_cluster_takes_over_what_it_says_and_mends_a_failed_one() -> None:
    cluster = {
        "name": "aks",
        "resource_group": "rg",
        "state": "Failed",
        "pod_identity": True,
        "authorized_ip_ranges": ["1.2.3.4/32"],
        "tags": {"a": "b"},
    }
    with Simulator({**FLEET, "clusters": [cluster]}, time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        body = arm.send("GET", f"{AKS}/aks").json()
        properties = body["properties"]
        assert (properties["provisioningState"], body["tags"]) == ("Failed", {"a": "b"})
        assert properties["podIdentityProfile"] == {"enabled": True}
        body["tags"] = {"c": "d"}
        properties["podIdentityProfile"] = {"enabled": False}
        properties["apiServerAccessProfile"] = {"authorizedIPRanges": []}
        state_after(arm, arm.send("PUT", f"{AKS}/aks", body))
        after = arm.send("GET", f"{AKS}/aks").json()
        assert (after["properties"]["provisioningState"], after["tags"]) == ("Succeeded", {"c": "d"})
        assert not {"podIdentityProfile", "apiServerAccessProfile"} & set(after["properties"])
        arm.send("PATCH", f"{AKS}/aks", {"tags": {"e": "f"}})
        assert arm.send("GET", f"{AKS}/aks").json()["tags"] == {"e": "f"}
        tags = f"{AKS}/aks/providers/Microsoft.Resources/tags/default"
        merge = {"operation": "Merge", "properties": {"tags": {"g": "h"}}}
        assert arm.send("PATCH", tags, merge).json()["properties"]["tags"] == {"e": "f", "g": "h"}
        assert arm.send("DELETE", tags).status_code == 200
        assert "tags" not in arm.send("GET", f"{AKS}/aks").json()
