# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated AKS cluster holds from the start: classes of storage, nodes with addresses, roles."""

from __future__ import annotations

import pytest
from kubernetes import client as kubernetes_client

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, WORKSPACE, KubernetesOf, connect
from tests.simulator.contents.nodes import label_of_group

ATTACHED = {
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {
            "name": "aks",
            "resource_group": "rg",
            "extension": {"name": "azureml"},
            "computes": [{"workspace": "ml", "name": "k8s"}],
        },
        {"name": "other", "resource_group": "rg", "extension": {"name": "azureml"}},
    ],
    "timing": {"compute_attach": 5},
}


def test_the_log_tells_whom_a_request_acted_as(fresh: Simulator, kubernetes_of: KubernetesOf) -> None:
    core = kubernetes_client.CoreV1Api(kubernetes_of("aks"))
    core.api_client.set_default_header("Impersonate-User", "bob")
    with pytest.raises(kubernetes_client.ApiException, match="403"):
        core.list_node()
    (entry,) = fresh.request_log(service="kubernetes")
    assert (entry["status"], entry["headers"]["impersonate-user"]) == (403, "bob")


def test_an_aks_cluster_has_classes_of_storage(kubernetes_of: KubernetesOf) -> None:
    found = kubernetes_client.StorageV1Api(kubernetes_of("aks")).list_storage_class().items
    assert [(item.metadata.name, item.provisioner, item.volume_binding_mode) for item in found] == [
        ("azurefile", "file.csi.azure.com", "Immediate"),
        ("azurefile-csi", "file.csi.azure.com", "Immediate"),
        ("azurefile-csi-premium", "file.csi.azure.com", "Immediate"),
        ("azurefile-premium", "file.csi.azure.com", "Immediate"),
        ("default", "disk.csi.azure.com", "WaitForFirstConsumer"),
        ("managed", "disk.csi.azure.com", "WaitForFirstConsumer"),
        ("managed-csi", "disk.csi.azure.com", "WaitForFirstConsumer"),
        ("managed-csi-premium", "disk.csi.azure.com", "WaitForFirstConsumer"),
        ("managed-premium", "disk.csi.azure.com", "WaitForFirstConsumer"),
    ]
    assert {(item.reclaim_policy, item.allow_volume_expansion) for item in found} == {("Delete", True)}
    default = [item for item in found if item.metadata.annotations]
    assert [(item.metadata.name, item.provisioner) for item in default] == [("default", "disk.csi.azure.com")]
    assert kubernetes_client.StorageV1Api(kubernetes_of("edge")).list_storage_class().items == []


def test_every_node_has_an_address_of_its_own(kubernetes_of: KubernetesOf) -> None:
    nodes = kubernetes_client.CoreV1Api(kubernetes_of("aks")).list_node().items
    found = [[item.address for item in node.status.addresses if item.type == "InternalIP"] for node in nodes]
    assert [len(addresses) for addresses in found] == [1] * 6
    assert len({addresses[0] for addresses in found}) == 6


def test_a_cluster_that_is_connected_has_the_agents_namespace_and_for_whom_they_were_installed() -> None:
    connected = {"name": "both", "resource_group": "rg", "arc_connected": True}
    alone = {"name": "alone", "resource_group": "rg"}
    with Simulator({"clusters": [connected, alone]}, time_scale=100) as fleet:
        core = kubernetes_client.CoreV1Api(connect(fleet, "both"))
        data = core.read_namespaced_config_map("azure-clusterconfig", "azure-arc").data
        assert (data["AZURE_RESOURCE_GROUP"], data["AZURE_RESOURCE_NAME"]) == ("rg", "both")
        spaces = kubernetes_client.CoreV1Api(connect(fleet, "alone")).list_namespace().items
        assert "azure-arc" not in [space.metadata.name for space in spaces]


def _trusted(api: kubernetes_client.ApiClient) -> list[str]:
    found = kubernetes_client.RbacAuthorizationV1Api(api).list_cluster_role_binding().items
    return [item.metadata.name for item in found if item.metadata.name.startswith("aks:trusted-access:")]


def test_trusted_access_is_there_from_the_start_and_comes_with_an_attachment() -> None:
    with Simulator(ATTACHED, time_scale=100) as fleet:
        arm = ArmClient(fleet.ready)
        (bound,) = arm.send("GET", f"{AKS}/aks/trustedAccessRoleBindings").json()["value"]
        assert bound["properties"]["sourceResourceId"].endswith("/workspaces/ml")
        assert _trusted(connect(fleet, "aks")) == [f"aks:trusted-access:{bound['name']}"]
        assert _trusted(connect(fleet, "other")) == []
        properties = {"computeType": "Kubernetes", "resourceId": fleet.clusters["other"]["id"], "properties": {}}
        arm.wait(arm.send("PUT", f"{WORKSPACE}/computes/new", {"location": "westeurope", "properties": properties}))
        assert _trusted(connect(fleet, "other")) == _trusted(connect(fleet, "aks"))


def test_trusted_access_may_leave_no_objects() -> None:
    with Simulator({**ATTACHED, "beliefs": {"trusted-access-objects": "none"}}, time_scale=100) as fleet:
        assert _trusted(connect(fleet, "aks")) == []


@pytest.mark.parametrize(
    ("group", "label"),
    [
        ("MC_rg_aks_westeurope", "MC_rg_aks_westeurope"),
        ("rg-aks-(prod)", "rg-aks--prod-z"),
        (f"{'g' * 62}_nodes", f"{'g' * 62}z"),
        ("g" * 90, "g" * 63),
    ],
)
def test_the_nodes_say_their_resource_group_as_aks_writes_it_into_a_label(group: str, label: str) -> None:
    assert label_of_group(group) == label
