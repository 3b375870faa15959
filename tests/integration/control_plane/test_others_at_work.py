# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another client changes or deletes an object of a real API server between a module's read and its write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.control_plane.cluster import Cluster
from tests.control_plane.fixtures import OwnControlPlanes, Starter
from tests.control_plane.nodes import NodeGroup
from tests.control_plane.rest import APPLY_PATCH, MERGE_PATCH, Answer
from tests.integration.control_plane.interposer import Interposer
from tests.integration.harness import Ansible, TaskResult
from tests.simulator.chart.manifests import crd_manifest
from tests.simulator.chart.release import Release
from tests.simulator.contents.legacy import front_end_deployment

pytestmark = pytest.mark.control_plane
ANNOTATION = "azureml-fe-enable-upgrade"
FRONT_END = "/apis/apps/v1/namespaces/default/deployments/azureml-fe"
TYPES = "/apis/amlarc.azureml.com/v1alpha1/instancetypes"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NODE = "/api/v1/nodes/gpu-0"

RunModule = Callable[..., TaskResult]


@pytest.fixture(scope="module")
def planes(start_control_planes: Starter) -> OwnControlPlanes:
    """One control plane that knows instance types."""
    found = start_control_planes(["others"], nodes=[NodeGroup("gpu", gpus=1, pool=False)])
    admin = found.clusters[0].connection()
    definition = crd_manifest(Release("azureml", "azureml", {}, managed_cluster=True))
    assert admin.request("POST", CRDS, body=definition).status == 201
    wait_for(lambda: admin.request("GET", TYPES).status == 200)
    return found


@pytest.fixture
def cluster(planes: OwnControlPlanes) -> Cluster:
    """The cluster with a front end of its own, and without instance types."""
    found = planes.clusters[0]
    admin = found.connection()
    # After a restart the API server needs a moment until it serves custom resources again.
    wait_for(lambda: admin.request("GET", TYPES).status == 200)
    admin.request("DELETE", FRONT_END)
    for each in admin.request("GET", TYPES).body["items"]:
        admin.request("DELETE", f"{TYPES}/{each['metadata']['name']}")
    body = front_end_deployment("v2")
    body["spec"]["replicas"] = 0  # nobody else writes to it then
    assert admin.request("POST", FRONT_END.rpartition("/")[0], body=body).status == 201
    wait_for(lambda: admin.request("GET", FRONT_END).body["status"].get("observedGeneration") == 1)
    return found


@pytest.fixture
def between(cluster: Cluster, tmp_path: Path) -> Iterator[Interposer]:
    """What stands between the module and the cluster."""
    with Interposer(cluster, tmp_path) as interposer:
        yield interposer


@pytest.fixture
def run_module(ansible: Ansible, between: Interposer) -> RunModule:
    """Run one module through the interposer, as a play does."""

    def run(module: str, /, **options: Any) -> TaskResult:
        arguments = {"kubeconfig": str(between.kubeconfig), **options}
        task = {"name": "The module", f"azureml.fleet.{module}": arguments}
        play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [task]}
        variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        return ansible([play], variables=variables).of("The module")

    return run


def patch(cluster: Cluster, path: str, body: Mapping[str, Any], **query: str) -> Answer:
    """What another client does."""
    answer = cluster.connection().request(
        "PATCH", path, body=body, content_type=MERGE_PATCH, query={"fieldManager": "somebody", **query}
    )
    assert answer.status == 200, answer.body
    return answer


def read(cluster: Cluster, path: str) -> dict[str, Any]:
    """An object as it is now."""
    body: dict[str, Any] = cluster.connection().request("GET", path).body
    return body


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for something that takes a moment."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def one_sentence(failure: TaskResult) -> str:
    """The message of a failure, which has to be for people."""
    message = str(failure.result["msg"])
    assert failure.status == "failed"
    assert "Traceback" not in message
    assert "\n" not in message
    return message


class TestAnnotation:
    """The annotation of azureml-fe."""

    def test_a_label_set_meanwhile_is_kept(self, cluster: Cluster, between: Interposer, run_module: RunModule) -> None:
        between.before("PATCH", "azureml-fe$", lambda: patch(cluster, FRONT_END, {"metadata": {"labels": {"x": "1"}}}))
        assert run_module("azureml_fe_annotation").result["changed"]
        metadata = read(cluster, FRONT_END)["metadata"]
        assert metadata["labels"]["x"] == "1"
        assert metadata["annotations"][ANNOTATION] == "true"
        assert between.count("PATCH", "azureml-fe$") == 2

    def test_an_annotation_set_meanwhile_is_kept(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        theirs = {"metadata": {"annotations": {"theirs": "1"}}}
        between.before("PATCH", "azureml-fe$", lambda: patch(cluster, FRONT_END, theirs))
        assert run_module("azureml_fe_annotation").result["changed"]
        assert (
            read(cluster, FRONT_END)["metadata"]["annotations"].items() >= {"theirs": "1", ANNOTATION: "true"}.items()
        )

    def test_removing_keeps_what_others_set_meanwhile(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        patch(cluster, FRONT_END, {"metadata": {"annotations": {ANNOTATION: "true"}}})
        theirs = {"metadata": {"annotations": {"theirs": "1"}}}
        between.before("PATCH", "azureml-fe$", lambda: patch(cluster, FRONT_END, theirs))
        assert run_module("azureml_fe_annotation", state="absent").result["changed"]
        annotations = read(cluster, FRONT_END)["metadata"]["annotations"]
        assert annotations["theirs"] == "1"
        assert ANNOTATION not in annotations

    def test_a_front_end_deleted_meanwhile_is_told(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        between.before("PATCH", "azureml-fe$", lambda: delete(cluster, FRONT_END))
        message = one_sentence(run_module("azureml_fe_annotation"))
        assert "azureml-fe" in message
        assert cluster.connection().request("GET", FRONT_END).status == 404

    def test_another_front_end_of_that_name_is_looked_at_anew(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        def replace() -> None:
            delete(cluster, FRONT_END)
            body = front_end_deployment("v2")
            body["spec"]["replicas"] = 0
            assert cluster.connection().request("POST", FRONT_END.rpartition("/")[0], body=body).status == 201

        between.before("PATCH", "azureml-fe$", replace)
        assert run_module("azureml_fe_annotation").result["changed"]
        assert between.count("PATCH", "azureml-fe$") >= 2
        assert read(cluster, FRONT_END)["metadata"]["annotations"][ANNOTATION] == "true"

    def test_endless_changes_are_given_up_in_one_sentence(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        def change() -> None:
            patch(cluster, FRONT_END, {"metadata": {"labels": {"x": str(time.monotonic_ns())}}})

        between.before("PATCH", "azureml-fe$", change, times=100)
        message = one_sentence(run_module("azureml_fe_annotation"))
        assert "changed by somebody else" in message
        assert ANNOTATION not in read(cluster, FRONT_END)["metadata"].get("annotations", {})


def delete(cluster: Cluster, path: str) -> None:
    """Another client deletes an object."""
    assert cluster.connection().request("DELETE", path).status == 200
    wait_for(lambda: cluster.connection().request("GET", path).status == 404)


GPU: dict[str, Any] = {
    "name": "gpu",
    "requests": {"cpu": "1", "memory": "1Gi"},
    "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "1"},
}


class TestInstanceTypes:
    """InstanceType objects."""

    def test_a_selector_added_meanwhile_is_kept(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        run_module("aml_instance_type", **GPU)
        theirs = {"spec": {"nodeSelector": {"zone": "1"}}, "metadata": {"labels": {"theirs": "1"}}}
        between.before("PATCH", "/gpu$", lambda: patch(cluster, f"{TYPES}/gpu", theirs))
        more = {**GPU, "requests": {"cpu": "1500m", "memory": "1Gi"}}
        assert run_module("aml_instance_type", **more).result["changed"]
        found = read(cluster, f"{TYPES}/gpu")
        assert found["spec"]["nodeSelector"] == {"zone": "1"}
        assert found["spec"]["resources"]["requests"]["cpu"] == "1500m"
        assert found["metadata"]["labels"]["theirs"] == "1"

    def test_a_field_that_another_manager_set_is_a_conflict(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        run_module("aml_instance_type", **GPU)
        theirs = {"spec": {"resources": {"limits": {"cpu": "8"}}}}
        between.before("PATCH", "/gpu$", lambda: patch(cluster, f"{TYPES}/gpu", theirs))
        more = {**GPU, "limits": {**GPU["limits"], "cpu": "4"}}
        message = one_sentence(run_module("aml_instance_type", **more))
        assert "somebody" in message
        assert "spec.resources.limits.cpu" in message
        assert read(cluster, f"{TYPES}/gpu")["spec"]["resources"]["limits"]["cpu"] == "8"

    def test_a_replacement_keeps_labels_set_meanwhile(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        run_module("aml_instance_type", mode="replace", **GPU)
        theirs = {"metadata": {"labels": {"theirs": "1"}}}
        between.before("PUT", "/gpu$", lambda: patch(cluster, f"{TYPES}/gpu", theirs))
        more = {**GPU, "requests": {"cpu": "1500m", "memory": "1Gi"}}
        assert run_module("aml_instance_type", mode="replace", **more).result["changed"]
        found = read(cluster, f"{TYPES}/gpu")
        assert found["metadata"]["labels"]["theirs"] == "1"
        assert found["spec"]["resources"]["requests"]["cpu"] == "1500m"
        assert between.count("PUT", "/gpu$") == 2

    @pytest.mark.parametrize("mode", ["merge", "replace"])
    def test_one_deleted_meanwhile_is_made_again(
        self, cluster: Cluster, between: Interposer, run_module: RunModule, mode: str
    ) -> None:
        run_module("aml_instance_type", mode=mode, **GPU)
        between.before("PATCH" if mode == "merge" else "PUT", "/gpu$", lambda: delete(cluster, f"{TYPES}/gpu"))
        more = {**GPU, "requests": {"cpu": "1500m", "memory": "1Gi"}}
        assert run_module("aml_instance_type", mode=mode, **more).result["changed"]
        assert read(cluster, f"{TYPES}/gpu")["spec"]["resources"]["requests"]["cpu"] == "1500m"

    def test_one_made_meanwhile_by_another_is_not_overwritten(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        def create() -> None:
            body = {
                "apiVersion": "amlarc.azureml.com/v1alpha1",
                "kind": "InstanceType",
                "metadata": {"name": "gpu"},
                "spec": {"resources": {"limits": {"cpu": "8", "memory": "8Gi"}}},
            }
            answer = cluster.connection().request(
                "PATCH", f"{TYPES}/gpu", body=body, content_type=APPLY_PATCH, query={"fieldManager": "somebody"}
            )
            assert answer.status == 201

        between.before("PATCH", "/gpu$", create)
        assert "somebody" in one_sentence(run_module("aml_instance_type", **GPU))
        assert read(cluster, f"{TYPES}/gpu")["spec"]["resources"]["limits"] == {"cpu": "8", "memory": "8Gi"}

    def test_pruning_spares_what_was_adopted_meanwhile(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        run_module("aml_instance_type", instance_types=[GPU, {**GPU, "name": "old"}])
        theirs = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}}
        between.before("DELETE", "/old$", lambda: patch(cluster, f"{TYPES}/old", theirs))
        run_module("aml_instance_type", instance_types=[GPU], prune=True)
        assert read(cluster, f"{TYPES}/old")["metadata"]["labels"] == theirs["metadata"]["labels"]


class TestNodesAndNamespaces:
    """Labels of nodes, and namespaces."""

    def test_labels_of_a_node_set_meanwhile_are_kept(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        between.before("PATCH", "/gpu-0$", lambda: patch(cluster, NODE, {"metadata": {"labels": {"theirs": "1"}}}))
        assert run_module("aml_node_labels", nodes={"gpu-0": {"ours": "1"}}).result["changed"]
        labels = read(cluster, NODE)["metadata"]["labels"]
        assert (labels["theirs"], labels["ours"]) == ("1", "1")

    def test_a_namespace_made_meanwhile_is_taken_as_it_is(
        self, cluster: Cluster, between: Interposer, run_module: RunModule
    ) -> None:
        def create() -> None:
            body = {"metadata": {"name": "made-twice", "labels": {"theirs": "1"}}}
            assert cluster.connection().request("POST", "/api/v1/namespaces", body=body).status == 201

        between.before("POST", "/namespaces$", create)
        assert run_module("aml_namespace", name="made-twice").status != "failed"
        assert read(cluster, "/api/v1/namespaces/made-twice")["metadata"]["labels"]["theirs"] == "1"

    def test_a_namespace_that_ends_slowly_is_waited_for(self, cluster: Cluster, run_module: RunModule) -> None:
        admin, path = cluster.connection(), "/api/v1/namespaces/ending"
        assert admin.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "ending"}}).status == 201
        held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
        assert admin.request("POST", f"{path}/configmaps", body=held).status == 201
        admin.request("DELETE", path)
        release = {"metadata": {"finalizers": None}}
        timer = threading.Timer(4.0, lambda: patch(cluster, f"{path}/configmaps/held", release))
        timer.start()
        uid = read(cluster, path)["metadata"]["uid"]
        result = run_module("aml_namespace", name="ending", poll_interval=0.3)
        timer.join()
        assert result.result["changed"]
        found = read(cluster, path)
        assert found["metadata"]["uid"] != uid
        assert found["status"]["phase"] == "Active"


class TestRestart:
    """The API server goes away in the middle of a module, and comes back."""

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "azureml-fe$"), ("PATCH", "azureml-fe$")], ids=["read", "write"]
    )
    def test_the_module_goes_on(
        self,
        planes: OwnControlPlanes,
        cluster: Cluster,
        between: Interposer,
        run_module: RunModule,
        method: str,
        path: str,
    ) -> None:
        restarts: list[threading.Thread] = []

        def restart() -> None:
            thread = threading.Thread(target=planes.restart_api_server, args=("others",), kwargs={"pause": 2.0})
            thread.start()
            restarts.append(thread)
            wait_for(lambda: not answers(cluster))

        between.before(method, path, restart)
        result = run_module("azureml_fe_annotation")
        for thread in restarts:
            thread.join()
        assert len(restarts) == 1
        assert any(status == 0 for _unused, _unused_2, status in between.requests), "the API server was never away"
        assert result.result["changed"], result.result
        assert read(cluster, FRONT_END)["metadata"]["annotations"][ANNOTATION] == "true"


def answers(cluster: Cluster) -> bool:
    """Whether the API server can be reached."""
    try:
        return cluster.connection().request("GET", "/livez").status == 200
    except OSError:
        return False
