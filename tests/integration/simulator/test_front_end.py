# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the extension does to the front end of the first generation, under each answer to what nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from kubernetes import client as kubernetes_client

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import (
    AKS,
    EXTENSIONS,
    connect,
    deployments,
    extension_settings,
    install,
)

UPGRADE = {"scoringFe.enableUpgrade": "true"}
ANNOTATED = {"metadata": {"annotations": {"azureml-fe-enable-upgrade": "true"}}}
#: One cluster for each situation, with what is believed of it.
SITUATIONS: dict[str, dict[str, str]] = {
    "deleted": {},
    "training": {},
    "roles": {},
    "failed": {"code-of-missing-settings": "timeout"},
    "kept": {"front-end-with-the-extension-deleted": "kept"},
    "resized": {"front-end-after-installation": "resized"},
    "idle": {"front-end-after-installation": "idle"},
    "relabelled": {"front-end-after-installation": "relabelled"},
    "moved": {"front-end-after-installation": "moved"},
    "namespace": {"front-end-takeover-setting": "namespace"},
    "objects": {"v1-web-service-objects": "deployment-only"},
}
FLEET: dict[str, Any] = {
    "timing": {"extension_install": 40, "extension_update": 20, "extension_delete": 10, "pod_start": 2},
    "clusters": [
        {
            "name": name,
            "resource_group": "rg",
            "front_end": "v2",
            "v1_services": [{"name": "score", "workspace": "ML"}],
            "beliefs": beliefs,
        }
        for name, beliefs in SITUATIONS.items()
    ],
}


@dataclass(frozen=True)
class Legacy:
    """A cluster with a front end of AksCompute."""

    fleet: Simulator
    name: str
    arm: ArmClient
    api: kubernetes_client.ApiClient

    @classmethod
    def of(cls, fleet: Simulator, name: str) -> Legacy:
        """The cluster called `name`."""
        return cls(fleet, name, ArmClient(fleet.ready), connect(fleet, name))

    @property
    def path(self) -> str:
        """The extension's."""
        return f"{AKS}/{self.name}/{EXTENSIONS}/ml"

    def annotate(self) -> Any:
        """Permit that the front end is taken over; returns the Deployment."""
        apps = kubernetes_client.AppsV1Api(self.api)
        return apps.patch_namespaced_deployment("azureml-fe", "default", ANNOTATED)

    def install(self, **settings: str) -> dict[str, Any]:
        """Install the extension; returns the end of the operation."""
        wanted = extension_settings(self.fleet.clusters[self.name]["id"], **settings)
        return install(self.fleet, self.arm, self.name, wanted)

    def patch(self, **settings: str) -> dict[str, Any]:
        """Change settings of the extension; returns the end of the operation."""
        body = {"properties": {"configurationSettings": settings}}
        return dict(self.arm.wait(self.arm.send("PATCH", self.path, body)).json())

    def front_end(self) -> Any:
        """The Deployment in namespace `default`."""
        return kubernetes_client.AppsV1Api(self.api).read_namespaced_deployment("azureml-fe", "default")

    def services(self, namespace: str) -> set[str]:
        """The names of the Services that belong to a router."""
        found = kubernetes_client.CoreV1Api(self.api).list_namespaced_service(namespace)
        return {item.metadata.name for item in found.items if item.metadata.name.startswith("azureml-fe")}


LegacyOf = Callable[[str], Legacy]


@pytest.fixture(scope="module")
def legacy() -> Iterator[LegacyOf]:
    with Simulator(FLEET, time_scale=100) as fleet:
        yield partial(Legacy.of, fleet)


def test_without_the_annotation_the_front_end_stops_the_installation(legacy: LegacyOf) -> None:
    cluster = legacy("deleted")
    failed = cluster.install(**UPGRADE)
    message = failed["error"]["message"]
    assert failed["status"] == "Failed"
    assert "rendered manifests contain a resource that already exists" in message
    assert 'Deployment "azureml-fe" in namespace "default" exists and cannot be imported' in message
    assert 'missing key "app.kubernetes.io/managed-by": must be set to "Helm"' in message
    names = {found.metadata.name for found in kubernetes_client.CoreV1Api(cluster.api).list_namespace().items}
    assert "azureml" not in names
    extension = cluster.arm.send("GET", cluster.path).json()["properties"]
    assert extension["provisioningState"] == "Failed"
    assert extension["statuses"][0]["code"] == "InstallationFailed"
    assert extension["statuses"][0]["level"] is None


def test_with_the_annotation_the_front_end_is_taken_over_and_deleted_with_the_extension(legacy: LegacyOf) -> None:
    # It was handed back once, which was a guess: Helm deletes what its release contains.
    cluster = legacy("deleted")
    before = cluster.annotate()
    assert "invalid ownership metadata" in cluster.install()["error"]["message"]
    assert cluster.install(**UPGRADE)["status"] == "Succeeded"
    taken = cluster.front_end()
    assert taken.metadata.labels["app.kubernetes.io/managed-by"] == "Helm"
    assert taken.spec.to_dict() == before.spec.to_dict()
    assert taken.status.ready_replicas == 3
    cluster.arm.wait(cluster.arm.send("DELETE", cluster.path))
    assert deployments(cluster.api, "default") == {}
    assert cluster.services("default") == set()
    assert deployments(cluster.api, "azureml-ml").keys() == {"score"}
    assert kubernetes_client.CoreV1Api(cluster.api).read_namespaced_secret("azuremlfessl", "default").data


def test_without_inference_any_more_the_release_deletes_what_it_had_taken_over(legacy: LegacyOf) -> None:
    cluster = legacy("training")
    cluster.annotate()
    assert cluster.install(**UPGRADE)["status"] == "Succeeded"
    assert cluster.patch(enableInference="False")["status"] == "Succeeded"
    assert deployments(cluster.api, "default") == {}


def test_a_failed_installation_takes_the_front_end_with_it(legacy: LegacyOf) -> None:
    # `--atomic` uninstalls what the release had created and adopted.
    cluster = legacy("failed")
    cluster.annotate()
    failed = cluster.install(**UPGRADE, location="")
    assert "timed out waiting for the condition" in failed["error"]["message"]
    assert deployments(cluster.api) == {}
    assert deployments(cluster.api, "default") == {}


def test_a_front_end_that_the_extension_does_not_delete_loses_only_the_marks_of_helm(legacy: LegacyOf) -> None:
    cluster = legacy("kept")
    before = cluster.annotate()
    assert cluster.install(**UPGRADE)["status"] == "Succeeded"
    cluster.arm.wait(cluster.arm.send("DELETE", cluster.path))
    back = cluster.front_end()
    assert back.metadata.labels == before.metadata.labels
    assert back.metadata.annotations["azureml-fe-enable-upgrade"] == "true"
    assert back.status.ready_replicas == 3


@pytest.mark.parametrize(("name", "replicas"), [("resized", 1), ("idle", 0)])
def test_the_front_end_may_get_other_replicas(legacy: LegacyOf, name: str, replicas: int) -> None:
    cluster = legacy(name)
    cluster.annotate()
    assert cluster.install(**UPGRADE, inferenceRouterHA="false")["status"] == "Succeeded"
    assert cluster.front_end().spec.replicas == replicas
    assert deployments(cluster.api)["azureml-fe-v2"].status.ready_replicas == 1


def test_the_front_end_may_lose_its_labels(legacy: LegacyOf) -> None:
    cluster = legacy("relabelled")
    cluster.annotate()
    assert cluster.install(**UPGRADE)["status"] == "Succeeded"
    found = cluster.front_end()
    assert "azuremlappname" not in found.metadata.labels
    assert "azuremlappversion" not in found.spec.template.metadata.labels


def test_the_front_end_may_move_to_the_namespace_of_the_extension(legacy: LegacyOf) -> None:
    cluster = legacy("moved")
    cluster.annotate()
    assert cluster.install(**UPGRADE)["status"] == "Succeeded"
    assert deployments(cluster.api, "default") == {}
    assert cluster.services("default") == set()
    assert cluster.services("azureml") == {"azureml-fe", "azureml-fe-int-http"}
    service = kubernetes_client.CoreV1Api(cluster.api).read_namespaced_service("azureml-fe", "azureml")
    assert service.status.load_balancer.ingress[0].ip
    assert cluster.patch(inferenceRouterHA="false")["status"] == "Succeeded"


def test_another_setting_may_permit_the_takeover(legacy: LegacyOf) -> None:
    cluster = legacy("namespace")
    cluster.annotate()
    assert "invalid ownership metadata" in cluster.install(**UPGRADE)["error"]["message"]
    assert cluster.install(**{"scoringFe.namespace": "default"})["status"] == "Succeeded"


def test_roles_that_are_left_of_the_front_end_stop_the_installation(legacy: LegacyOf) -> None:
    cluster = legacy("roles")
    kubernetes_client.AppsV1Api(cluster.api).delete_namespaced_deployment("azureml-fe", "default")
    assert "pod healthcheck failed" in cluster.install(**UPGRADE)["error"]["message"]
    reports = kubernetes_client.CoreV1Api(cluster.api).read_namespaced_config_map("arcml-healthcheck", "azureml").data
    assert reports.keys() == {"reports-pre-install", "reports-pre-delete"}
    assert "Name: inferencev1 ErrorCode: E45004" in reports["reports-pre-install"]


def test_web_services_may_have_no_service_object(legacy: LegacyOf) -> None:
    def found(name: str) -> list[str]:
        core = kubernetes_client.CoreV1Api(legacy(name).api)
        services = core.list_service_for_all_namespaces(label_selector="isazuremlapp=true").items
        return [item.metadata.namespace for item in services]

    assert found("roles") == ["azureml-ml"]
    assert found("objects") == []
