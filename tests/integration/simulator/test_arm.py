# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated ARM on the wire: what the SDKs hide, the ugly parts first."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, ARC, EXTENSIONS, WORKSPACE, extension_body, extension_settings

FLUX: dict[str, Any] = {"properties": {"extensionType": "microsoft.flux"}}


def compute(simulator: Simulator, cluster: str, **inner: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {
            "computeType": "Kubernetes",
            "resourceId": simulator.clusters[cluster]["id"],
            "properties": {"namespace": "default", **inner},
        },
    }


def test_ids_change_their_letter_case(arm: ArmClient) -> None:
    cluster = arm.send("GET", f"{AKS}/aks".upper()).json()
    assert "/resourcegroups/rg/" in cluster["id"]
    assert cluster["type"] == "Microsoft.ContainerService/ManagedClusters"
    url = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/flux", FLUX).headers["Azure-AsyncOperation"]
    assert "/ManagedClusters/plain/" in url
    url = arm.send("PUT", f"{ARC}/edge/{EXTENSIONS}/flux", FLUX).headers["Azure-AsyncOperation"]
    assert "/ConnectedClusters/edge/" in url
    assert "?api-Version=" in url
    assert arm.wait(arm.send("DELETE", f"{ARC}/edge/{EXTENSIONS}/flux")).json()["status"] == "Succeeded"


def test_status_urls_are_long_and_must_come_back_verbatim(arm: ArmClient) -> None:
    url = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/flux", FLUX).headers["Azure-AsyncOperation"]
    assert 3000 < len(url) < 4500
    assert arm.send("GET", url).status_code == 200
    assert arm.send("GET", url.partition("&t=")[0]).status_code == 403
    assert arm.send("GET", url[:-1]).status_code == 403


def test_normal_answers_carry_no_retry_after(arm: ArmClient) -> None:
    created = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/flux", FLUX)
    status = arm.send("GET", created.headers["Azure-AsyncOperation"])
    assert "Retry-After" not in created.headers
    assert "Retry-After" not in status.headers


def test_protected_settings_are_blank_in_every_answer_and_in_the_state(fresh: Simulator, arm: ArmClient) -> None:
    body = {"properties": {**FLUX["properties"], "configurationProtectedSettings": {"password": "hidden"}}}
    path = f"{AKS}/plain/{EXTENSIONS}/flux"
    created = arm.send("PUT", path, body)
    texts = [created.text, arm.send("GET", path).text, str(fresh.state()), str(fresh.request_log())]
    assert created.json()["properties"]["configurationProtectedSettings"] == {"password": ""}
    assert not any("hidden" in text for text in texts)


def test_a_patch_merges_settings_and_replaces_protected_ones(arm: ArmClient) -> None:
    path = f"{AKS}/plain/{EXTENSIONS}/flux"
    properties = {"configurationSettings": {"a": "1", "b": "1"}, "configurationProtectedSettings": {"p": "1", "q": "1"}}
    arm.wait(arm.send("PUT", path, {"properties": {**FLUX["properties"], **properties}}))
    patched = arm.send("PATCH", path, {"properties": {"configurationSettings": {"b": "2"}}})
    assert patched.status_code == 202
    arm.wait(patched)
    found = arm.send("GET", path).json()["properties"]
    assert found["configurationSettings"] == {"a": "1", "b": "2"}
    assert found["configurationProtectedSettings"] == {"p": "", "q": ""}
    arm.wait(arm.send("PATCH", path, {"properties": {"configurationProtectedSettings": {"p": "2"}}}))
    assert arm.send("GET", path).json()["properties"]["configurationProtectedSettings"] == {"p": ""}
    assert arm.send("PATCH", path, {"properties": {"configurationSettings": {"b": "2"}}}).status_code == 200


def test_an_extension_that_is_busy_takes_no_patch_and_no_put(arm: ArmClient) -> None:
    path = f"{AKS}/plain/{EXTENSIONS}/flux"
    arm.send("PUT", path, FLUX)
    refused = arm.send("PATCH", path, {"properties": {"configurationSettings": {"a": "b"}}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ExtensionPatchFailed")
    refused = arm.send("PUT", path, FLUX)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "UpdateFailed")


def test_a_forced_deletion_is_done_at_once_even_while_installing(arm: ArmClient) -> None:
    path = f"{AKS}/plain/{EXTENSIONS}/flux"
    created = arm.send("PUT", path, FLUX)
    deleted = arm.send("DELETE", path, forceDelete="true")
    assert (deleted.status_code, deleted.json()["isSuccessStatusCode"]) == (200, True)
    assert arm.send("GET", path).status_code == 404
    assert arm.wait(created).json()["status"] == "Canceled"
    assert arm.send("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({}, "ExtensionTypeRequired"),
        ({"extensionType": "x", "version": "1"}, "InvalidVersionRequest"),
        ({"extensionType": "x", "configurationSettings": {"a": True}}, "InvalidRequestContent"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(arm: ArmClient, properties: dict[str, Any], code: str) -> None:
    refused = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/x", {"properties": properties})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)


def test_there_are_two_kinds_of_not_found(arm: ArmClient) -> None:
    cluster = arm.send("GET", f"{AKS}/nobody/{EXTENSIONS}/x")
    assert cluster.headers["x-ms-failure-cause"] == "gateway"
    assert "The Resource 'Microsoft.ContainerService/managedClusters/nobody'" in cluster.text
    extension = arm.send("GET", f"{AKS}/aks/{EXTENSIONS}/x")
    assert "x-ms-failure-cause" not in extension.headers
    assert "Extension instance with name 'x' not found." in extension.text
    group = arm.send("GET", f"{AKS}/aks".replace("/rg/", "/nobody/"))
    assert group.json()["error"]["code"] == "ResourceGroupNotFound"


def test_a_missing_compute_is_a_404_without_a_body(arm: ArmClient) -> None:
    missing = arm.send("GET", f"{WORKSPACE}/computes/nobody")
    assert (missing.status_code, missing.content, missing.headers["content-length"]) == (404, b"", "0")
    assert "content-type" not in missing.headers


def test_errors_of_aks_are_flat(arm: ArmClient) -> None:
    missing = arm.send("GET", f"{AKS}/aks/agentPools/nobody").json()
    assert missing["code"] == "NotFound"
    assert "error" not in missing
    reserved = {"properties": {"nodeLabels": {"kubernetes.azure.com/x": "y"}}}
    assert arm.send("PUT", f"{AKS}/aks/agentPools/gpu", reserved).json()["code"] == "InvalidParameter"
    size = {"properties": {"vmSize": "Standard_D2s_v5"}}
    assert arm.send("PUT", f"{AKS}/aks/agentPools/gpu", size).json()["code"] == "PropertyChangeNotAllowed"


def test_credentials_depend_on_the_cluster(arm: ArmClient) -> None:
    def kubeconfig(path: str) -> dict[str, Any]:
        (entry,) = arm.send("POST", path).json()["kubeconfigs"]
        return dict(yaml.safe_load(base64.b64decode(entry["value"])))

    local = kubeconfig(f"{AKS}/aks/listClusterUserCredential")
    assert set(local["users"][0]["user"]) == {"token"}
    entra = kubeconfig(f"{AKS}/entra/listClusterUserCredential")["users"][0]["user"]["exec"]
    assert entra["command"] == "kubelogin"
    assert "6dae42f8-4368-4678-94ff-3960e28e3630" in entra["args"]
    refused = arm.send("POST", f"{AKS}/entra/listClusterAdminCredential")
    assert (refused.status_code, refused.json()["code"]) == (400, "BadRequest")


def test_a_put_of_a_compute_is_always_created_and_reads_of_nulls_are_as_recorded(
    fresh: Simulator, arm: ArmClient
) -> None:
    path = f"{WORKSPACE}/computes/k8s"
    for _unused in range(2):
        created = arm.send("PUT", path, compute(fresh, "installed"), version="2024-10-01")
        assert created.status_code == 201
        assert created.json()["properties"]["provisioningState"] == "Creating"
        assert created.json()["tags"] is None
        assert "&service=new&t=" in created.headers["Azure-AsyncOperation"]
        assert arm.wait(created).json() == {"status": "Succeeded", "percentComplete": 100.0}
    assert len(arm.send("GET", f"{AKS}/installed/trustedAccessRoleBindings").json()["value"]) == 1
    inner = arm.send("GET", path).json()["properties"]["properties"]
    assert (inner["namespace"], inner["instanceTypes"], inner["vcName"]) == ("default", None, None)


def test_attaching_checks_neither_creates_the_namespace(fresh: Simulator, arm: ArmClient) -> None:
    body = compute(fresh, "installed", namespace="nowhere")
    assert arm.wait(arm.send("PUT", f"{WORKSPACE}/computes/k8s", body)).json()["status"] == "Succeeded"


def test_one_cluster_can_be_attached_several_times(fresh: Simulator, arm: ArmClient) -> None:
    created = [arm.send("PUT", f"{WORKSPACE}/computes/k8s-{n}", compute(fresh, "installed")) for n in range(3)]
    assert [arm.wait(answer).json()["status"] for answer in created] == ["Succeeded"] * 3


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("k8s", {"resourceId": "/subscriptions/other/x"}, "must be in the subscription"),
        ("k8s", {"computeType": "AmlCompute"}, "type Kubernetes only"),
        ("x", {}, "is not valid"),
        ("old", {}, "already exists"),
    ],
)
def test_an_attachment_that_cannot_be_is_refused(
    fresh: Simulator, arm: ArmClient, name: str, changes: dict[str, Any], text: str
) -> None:
    body = compute(fresh, "installed")
    body["properties"] |= changes
    refused = arm.send("PUT", f"{WORKSPACE}/computes/{name}", body)
    assert refused.status_code in (400, 409)
    assert text in refused.json()["error"]["message"]


def test_a_compute_is_not_deleted_without_saying_what_becomes_of_the_cluster(arm: ArmClient) -> None:
    assert arm.send("DELETE", f"{WORKSPACE}/computes/old").status_code == 400
    detached = arm.send("DELETE", f"{WORKSPACE}/computes/old", underlyingResourceAction="Detach")
    assert detached.status_code == 202
    assert arm.wait(detached).json()["status"] == "Succeeded"
    assert arm.send("GET", f"{AKS}/aks").status_code == 200


def test_deleting_an_attached_compute_with_its_cluster_leaves_a_mark(fresh: Simulator, arm: ArmClient) -> None:
    arm.wait(arm.send("DELETE", f"{WORKSPACE}/computes/old", underlyingResourceAction="Delete"))
    assert [(i["what"], i["attached"]) for i in fresh.state()["incidents"]] == [("cluster deleted", "true")]


def test_a_request_needs_a_token_an_api_version_and_the_right_subscription(fresh: Simulator, arm: ArmClient) -> None:
    assert arm.send("GET", f"{AKS}/aks", version="").json()["error"]["code"] == "MissingApiVersionParameter"
    foreign = arm.send("GET", "/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/rg")
    assert foreign.json()["error"]["code"] == "SubscriptionNotFound"
    assert arm.send("GET", f"{AKS}/aks/nothing").json()["error"]["code"] == "InvalidResourceType"
    assert arm.send("DELETE", f"{AKS}/aks").status_code == 405
    arm.session.headers["Authorization"] = "Bearer nonsense"
    refused = arm.send("GET", f"{AKS}/aks")
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_the_installed_version_moves_with_the_version_of_the_interface(fresh: Simulator, arm: ArmClient) -> None:
    path = f"{AKS}/installed/{EXTENSIONS}/azureml"
    new, old = (arm.send("GET", path, version=version).json()["properties"] for version in ("2023-05-01", "2022-03-01"))
    assert (new["version"], old["version"]) == (None, new["currentVersion"])
    assert "currentVersion" not in old


def test_a_pinned_version_is_installed(fresh: Simulator, arm: ArmClient) -> None:
    settings = extension_settings(fresh.clusters["plain"]["id"])
    body = extension_body(settings, version="1.1.50", autoUpgradeMinorVersion=False)
    path = f"{AKS}/plain/{EXTENSIONS}/ml"
    arm.wait(arm.send("PUT", path, body))
    found = arm.send("GET", path).json()["properties"]
    assert (found["version"], found["currentVersion"], found["autoUpgradeMinorVersion"]) == ("1.1.50", "1.1.50", False)


def test_the_metadata_is_one_object_or_a_list(fresh: Simulator, arm: ArmClient) -> None:
    one = arm.send("GET", "/metadata/endpoints", version="2022-09-01").json()
    assert one["authentication"]["audiences"] == [f"{arm.base}/"]
    assert arm.send("GET", "/metadata/endpoints", version="2019-05-01").json() == [one]
    assert arm.send("GET", "//metadata/endpoints", version="2022-09-01").json() == one


def test_registering_a_provider_takes_its_time(arm: ArmClient) -> None:
    found = arm.send("GET", "providers/microsoft.kubernetesconfiguration").json()
    assert (found["namespace"], found["registrationState"]) == ("Microsoft.KubernetesConfiguration", "Registered")
    assert arm.send("GET", "providers/Microsoft.Nothing").status_code == 404


def test_an_api_version_that_a_type_does_not_have_is_refused_with_those_that_it_has(arm: ArmClient) -> None:
    cluster = arm.send("GET", f"{AKS}/aks", version="2099-01-01")
    assert (cluster.status_code, cluster.json()["error"]["code"]) == (400, "NoRegisteredProviderFound")
    assert "for location 'westeurope' and API version '2099-01-01'" in cluster.text
    assert "2025-08-01" in cluster.text
    extension = arm.send("GET", f"{AKS}/aks/{EXTENSIONS}/x", version="2099-01-01")
    assert (extension.status_code, extension.json()["error"]["code"]) == (404, "InvalidResourceType")
    assert "The supported api-versions are" in extension.text
    group = arm.send("GET", "resourceGroups/rg", version="2099-01-01")
    assert (group.status_code, group.json()["error"]["code"]) == (400, "InvalidApiVersionParameter")
    assert arm.send("GET", f"{AKS}/aks", version="newest").json()["error"]["code"] == "InvalidApiVersionParameter"


def test_a_sovereign_cloud_may_lack_the_newest_versions() -> None:
    fleet = {
        "beliefs": {"api-versions-in-sovereign-clouds": "older"},
        "clusters": [{"name": "a", "resource_group": "rg"}],
    }
    with Simulator(fleet, time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        assert arm.send("GET", f"{AKS}/a", version="2025-08-01").json()["error"]["code"] == "NoRegisteredProviderFound"
        assert arm.send("GET", f"{AKS}/a", version="2024-09-01").status_code == 200
        listed = arm.send("GET", "providers/Microsoft.ContainerService").json()["resourceTypes"][0]["apiVersions"]
        assert "2024-09-01" in listed
        assert "2025-08-01" not in listed
