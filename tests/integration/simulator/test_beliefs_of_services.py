# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody could check about extensions and computes: the simulated services under each answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, EXTENSIONS, WORKSPACE, extension_body, extension_settings

FLUX = {"extensionType": "microsoft.flux"}
SECRETS = {"a": "1", "b": "2"}
#: One cluster for each answer; its name says which.
CHOSEN: dict[str, dict[str, str]] = {
    "usual": {},
    "stale": {"extension-state-after-patch": "unchanged"},
    "queued": {"busy-extension-put": "accepted"},
    "held": {"busy-extension-delete": "refused"},
    "stuck": {"failed-extension-put": "fails"},
    "kept-put": {"omitted-protected-settings-on-put": "kept"},
    "kept-patch": {"empty-protected-settings-on-patch": "kept"},
    "fixed": {"compute-update-supported": "refused"},
    "sticky": {"compute-cleared-by-omission": "kept"},
    "closed": {},
    "open": {"attach-private-cluster-without-public-name": "attached"},
}
FLEET: dict[str, Any] = {
    "timing": {
        "extension_install": 20,
        "extension_update": 100,
        "extension_delete": 5,
        "compute_attach": 5,
        "compute_detach": 5,
    },
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {
            "name": name,
            "resource_group": "rg",
            "beliefs": beliefs,
            "extension": {"name": "azureml"},
            "private": name in ("closed", "open"),
            "public_name": name not in ("closed", "open"),
        }
        for name, beliefs in CHOSEN.items()
    ],
}


@pytest.fixture(scope="module")
def arm(fleet: Simulator) -> ArmClient:
    return ArmClient(fleet.ready)


def flux(cluster: str) -> str:
    return f"{AKS}/{cluster}/{EXTENSIONS}/flux"


def properties(arm: ArmClient, cluster: str) -> dict[str, Any]:
    return dict(arm.send("GET", flux(cluster)).json()["properties"])


def install(arm: ArmClient, cluster: str, **more: Any) -> Any:
    return arm.send("PUT", flux(cluster), {"properties": {**FLUX, **more}})


@pytest.mark.parametrize(("cluster", "first"), [("usual", ("Updating", {"a": "b"})), ("stale", ("Succeeded", {}))])
def test_the_first_read_after_a_patch(arm: ArmClient, cluster: str, first: tuple[str, dict[str, str]]) -> None:
    arm.wait(install(arm, cluster))
    patched = arm.send("PATCH", flux(cluster), {"properties": {"configurationSettings": {"a": "b"}}})
    assert patched.status_code == 202
    read = properties(arm, cluster)
    assert (read["provisioningState"], read["configurationSettings"]) == first
    arm.wait(patched)
    read = properties(arm, cluster)
    assert (read["provisioningState"], read["configurationSettings"]) == ("Succeeded", {"a": "b"})


def test_a_put_on_a_busy_extension_may_be_queued(arm: ArmClient) -> None:
    first = install(arm, "queued")
    second = install(arm, "queued", configurationSettings={"a": "b"})
    assert second.status_code == 200
    assert arm.wait(second).json()["status"] == "Succeeded"
    assert arm.wait(first).json()["status"] == "Succeeded"
    assert properties(arm, "queued")["configurationSettings"] == {"a": "b"}


def test_a_delete_of_a_busy_extension_may_be_refused(arm: ArmClient) -> None:
    installation = install(arm, "held")
    refused = arm.send("DELETE", flux("held"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "DeleteFailed")
    arm.wait(installation)
    assert arm.send("DELETE", flux("held")).status_code == 202


@pytest.mark.parametrize(("cluster", "kept"), [("usual", {"b"}), ("kept-put", {"a", "b"})])
def test_protected_settings_that_a_put_leaves_out(arm: ArmClient, cluster: str, kept: set[str]) -> None:
    if arm.send("GET", flux(cluster)).ok:
        arm.wait(arm.send("DELETE", flux(cluster)))
    arm.wait(install(arm, cluster, configurationProtectedSettings=SECRETS))
    arm.wait(install(arm, cluster, configurationProtectedSettings={"b": "3"}))
    assert set(properties(arm, cluster)["configurationProtectedSettings"]) == kept


@pytest.mark.parametrize(("cluster", "kept"), [("usual", set()), ("kept-patch", {"a", "b"})])
def test_an_update_of_the_cli_sends_an_empty_map_of_protected_settings(
    arm: ArmClient, cluster: str, kept: set[str]
) -> None:
    arm.wait(install(arm, cluster, configurationProtectedSettings=SECRETS))
    unrelated = {"configurationSettings": {"c": "d"}, "configurationProtectedSettings": {}}
    arm.wait(arm.send("PATCH", flux(cluster), {"properties": unrelated}))
    assert set(properties(arm, cluster)["configurationProtectedSettings"]) == kept


@pytest.mark.parametrize(("cluster", "state"), [("usual", "Succeeded"), ("stuck", "Failed")])
def test_a_put_on_a_failed_extension(fleet: Simulator, arm: ArmClient, cluster: str, state: str) -> None:
    path = f"{AKS}/{cluster}/{EXTENSIONS}/azureml"
    identifier = fleet.clusters[cluster]["id"]
    kind = "Microsoft.AzureML.Kubernetes"
    arm.wait(arm.send("DELETE", path))
    bare = {"properties": {"extensionType": kind, "configurationSettings": {}}}
    assert arm.wait(arm.send("PUT", path, bare)).json()["status"] == "Failed"
    whole = extension_body(extension_settings(identifier))
    assert arm.wait(arm.send("PUT", path, whole)).json()["status"] == state
    arm.wait(arm.send("DELETE", path))
    assert arm.wait(arm.send("PUT", path, whole)).json()["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("name", "changes", "code", "text"),
    [
        ("bad_name", {}, "InvalidExtensionName", "bad_name"),
        ("new", {"extensionType": "microsoft.nothing"}, "ExtensionTypeRegistrationGetFailed", "is not registered."),
        ("new", {"releaseTrain": "nightly"}, "ExtensionOperationFailed", "Failed to resolve the extension version"),
        (
            "new",
            {"version": "9.9.9", "autoUpgradeMinorVersion": False},
            "ExtensionOperationFailed",
            "Failed to resolve",
        ),
        (
            "new",
            {"version": "newest", "autoUpgradeMinorVersion": False},
            "ExtensionOperationFailed",
            "Failed to resolve",
        ),
        ("azureml", {}, "PropertyChangeNotAllowed", "'extensionType'"),
    ],
)
def test_an_extension_that_is_not_offered_is_refused(
    arm: ArmClient, name: str, changes: dict[str, Any], code: str, text: str
) -> None:
    refused = arm.send("PUT", f"{AKS}/fixed/{EXTENSIONS}/{name}", {"properties": {**FLUX, **changes}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
    assert text in refused.json()["error"]["message"]


def test_a_region_without_the_extension_is_refused_with_those_that_have_it() -> None:
    scenario = {"clusters": [{"name": "far", "resource_group": "rg", "location": "polandcentral"}]}
    with Simulator(scenario, time_scale=100) as simulator:
        refused = install(ArmClient(simulator.ready), "far")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ExtensionTypeRegistrationGetFailed")
    assert "is not registered in region polandcentral. Extension is available in eastus, " in refused.text


def compute(fleet: Simulator, cluster: str, namespace: str = "default", **more: Any) -> dict[str, Any]:
    identifier = fleet.clusters[cluster]["id"]
    inner = {"computeType": "Kubernetes", "resourceId": identifier, "properties": {"namespace": namespace}}
    return {"location": "westeurope", "properties": inner, **more}


def test_a_compute_keeps_its_cluster_and_its_namespace(fleet: Simulator, arm: ArmClient) -> None:
    path = f"{WORKSPACE}/computes/k8s-kept"
    arm.wait(arm.send("PUT", path, compute(fleet, "sticky")))
    for body, name in ((compute(fleet, "queued"), "resourceId"), (compute(fleet, "sticky", "other"), "namespace")):
        refused = arm.send("PUT", path, body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "UserError")
        assert f"'{name}'" in refused.json()["error"]["message"]


@pytest.mark.parametrize(("cluster", "status"), [("queued", 201), ("fixed", 400)])
def test_a_compute_may_not_be_changed_at_all(fleet: Simulator, arm: ArmClient, cluster: str, status: int) -> None:
    path = f"{WORKSPACE}/computes/k8s-{cluster}"
    arm.wait(arm.send("PUT", path, compute(fleet, cluster)))
    assert arm.send("PUT", path, compute(fleet, cluster, tags={"a": "b"})).status_code == status


@pytest.mark.parametrize(("cluster", "kept"), [("held", False), ("sticky", True)])
def test_tags_and_identity_that_a_put_leaves_out(fleet: Simulator, arm: ArmClient, cluster: str, kept: bool) -> None:
    path = f"{WORKSPACE}/computes/k8s-{cluster}"
    first = compute(fleet, cluster, tags={"a": "b"}, identity={"type": "SystemAssigned"})
    arm.wait(arm.send("PUT", path, first))
    arm.wait(arm.send("PUT", path, compute(fleet, cluster)))
    found = arm.send("GET", path).json()
    assert bool(found["tags"]) is kept
    assert ("identity" in found) is kept


@pytest.mark.parametrize(("cluster", "state"), [("closed", "Failed"), ("open", "Succeeded")])
def test_a_private_cluster_without_a_public_name(fleet: Simulator, arm: ArmClient, cluster: str, state: str) -> None:
    attached = arm.send("PUT", f"{WORKSPACE}/computes/k8s-{cluster}", compute(fleet, cluster))
    assert arm.wait(attached).json()["status"] == state


def many(beliefs: dict[str, str]) -> dict[str, Any]:
    computes = [{"workspace": "ml", "name": f"k8s-{number}"} for number in range(60)]
    legacy = [{"workspace": "ml", "name": "old"}]
    cluster = {"name": "aks", "resource_group": "rg", "computes": computes, "legacy_computes": legacy}
    return {"beliefs": beliefs, "workspaces": FLEET["workspaces"], "clusters": [cluster]}


def test_a_workspace_under_the_usual_answers() -> None:
    with Simulator(many({}), time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        assert arm.send("GET", f"{WORKSPACE}/computes").json()["nextLink"].startswith(f"{arm.base}/subscriptions/")
        assert "isAttachedCompute" in arm.send("GET", f"{WORKSPACE}/computes/old").json()["properties"]


def test_a_workspace_under_the_other_answers() -> None:
    others = {"missing-compute": "text", "next-link-host": "relative", "legacy-compute-body": "bare"}
    with Simulator(many(others), time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        missing = arm.send("GET", f"{WORKSPACE}/computes/nobody")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ResourceNotFound")
        assert "workspaces/ml/computes/nobody' under resource group 'rg' was not found" in missing.text
        assert arm.send("GET", f"{WORKSPACE}/computes").json()["nextLink"].startswith("/subscriptions/")
        old = arm.send("GET", f"{WORKSPACE}/computes/old").json()["properties"]
        assert not {"isAttachedCompute", "properties"} & set(old)
    with Simulator(many({"next-link-host": "regional"}), time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        link = arm.send("GET", f"{WORKSPACE}/computes").json()["nextLink"]
        assert link.startswith(arm.base.replace("https://", "https://westeurope."))


@pytest.mark.parametrize("beliefs", [{}, {"detach-of-a-used-compute": "refused"}])
def test_a_compute_that_is_used_is_detached_or_not(beliefs: dict[str, str]) -> None:
    with Simulator(many(beliefs), time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        used = f"{arm.subscription}/{WORKSPACE}/computes/k8s-1"
        endpoint = f"{WORKSPACE}/onlineEndpoints/score"
        job = f"{WORKSPACE}/jobs/train"
        assert arm.send("PUT", endpoint, {"properties": {"compute": f"{used}none"}}).status_code == 400
        assert arm.send("PUT", endpoint, {"properties": {"compute": used}}).status_code == 201
        blue = arm.send("PUT", f"{endpoint}/deployments/blue", {"properties": {"instanceType": "small"}})
        assert blue.json()["type"].endswith("/workspaces/onlineEndpoints/deployments")
        assert arm.send("PUT", job, {"properties": {"computeId": used}}).json()["properties"]["status"] == "Running"
        listed = arm.send("GET", f"{WORKSPACE}/onlineEndpoints").json()["value"]
        assert [each["name"] for each in listed] == ["score"]
        detached = arm.send("DELETE", used, underlyingResourceAction="Detach")
        if not beliefs:
            assert detached.status_code == 202
            return
        assert detached.status_code == 409
        assert "onlineendpoints/score, jobs/train" in detached.json()["error"]["message"]
        assert arm.send("POST", f"{job}/cancel").status_code == 200
        assert arm.send("DELETE", endpoint).status_code == 200
        assert arm.send("GET", f"{endpoint}/deployments/blue").status_code == 404
        assert arm.send("DELETE", used, underlyingResourceAction="Detach").status_code == 202
