# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole upgrade of a fleet of which two clusters have real API servers and one has the simulator's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import placement
from tests.control_plane.fixtures import OwnControlPlanes, Starter
from tests.control_plane.rest import Connection
from tests.end_to_end import real_fleet
from tests.integration.harness import Ansible, AnsibleRun, Simulator

pytestmark = [pytest.mark.control_plane, pytest.mark.slow]
HOSTS = ("real-aks", "real-arc", "simulated-aks")


@dataclass
class Runs:
    """What three runs of the same upgrade did: a check, the upgrade, the upgrade again."""

    fleet: Simulator
    planes: OwnControlPlanes
    before: dict[str, dict[str, str]]
    checked: AnsibleRun
    after_check: dict[str, dict[str, str]]
    first: AnsibleRun
    after_first: dict[str, dict[str, str]]
    second: AnsibleRun
    after_second: dict[str, dict[str, str]]
    second_began: int

    def cluster(self, name: str) -> Connection:
        """An administrator's connection to one of the real clusters."""
        return self.planes.planes.cluster(name).connection()


@pytest.fixture(scope="module")
def runs(start_control_planes: Starter, module_ansible: Ansible) -> Iterator[Runs]:
    """Three runs against the fleet."""
    planes = start_control_planes(["real-aks", "real-arc"], nodes=())
    aks, arc = planes.clusters
    fleet = real_fleet.scenario(
        real_fleet.cluster("real-aks", version=aks.version, kubeconfig=aks.kubeconfig()),
        real_fleet.cluster("real-arc", kind="arc", version=arc.version, kubeconfig=arc.kubeconfig()),
        real_fleet.cluster("simulated-aks", version=aks.version),
    )
    with Simulator(fleet) as simulator:

        def run(**how: Any) -> AnsibleRun:
            hosts = real_fleet.inventory(simulator)
            return module_ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment, **how)

        def now() -> dict[str, dict[str, str]]:
            return {each.name: real_fleet.snapshot(each.connection()) for each in planes.clusters}

        before = now()
        checked, after_check = run(check=True, diff=True), now()
        first, after_first = run(), now()
        second_began = simulator.position()
        second, after_second = run(), now()
        yield Runs(
            simulator, planes, before, checked, after_check, first, after_first, second, after_second, second_began
        )


def test_a_check_writes_nothing_and_predicts_the_changes(runs: Runs) -> None:
    runs.checked.check()
    assert runs.after_check == runs.before
    assert {host: changed > 0 for host, changed in runs.checked.changed().items()} == dict.fromkeys(HOSTS, True)
    assert changed_tasks(runs.checked) == changed_tasks(runs.first)


def test_the_upgrade_succeeds_on_all(runs: Runs) -> None:
    runs.first.check()
    for host in HOSTS:
        assert f"{host} " in runs.first.stdout
    assert "3 clusters: 3 upgraded" in runs.first.stdout


def test_the_second_run_changes_nothing(runs: Runs) -> None:
    runs.second.check()
    assert {host: runs.second.changed()[host] for host in HOSTS} == dict.fromkeys(HOSTS, 0)
    assert runs.after_second == runs.after_first
    assert runs.fleet.writes(since=runs.second_began) == []


@pytest.mark.parametrize("name", ["real-aks", "real-arc"])
def test_real_controllers_made_the_extension_s_pods_run(runs: Runs, name: str) -> None:
    found = runs.cluster(name).request("GET", "/apis/apps/v1/namespaces/azureml/deployments").body["items"]
    assert {each["metadata"]["name"] for each in found} >= {"aml-operator", "azureml-fe-v2", "gateway"}
    for each in found:
        assert each["status"].get("readyReplicas") == each["spec"]["replicas"], each["metadata"]["name"]


def test_the_front_end_was_annotated_and_nothing_else(runs: Runs) -> None:
    found = runs.cluster("real-aks").request("GET", real_fleet.FRONT_END).body
    assert found["metadata"]["annotations"]["azureml-fe-enable-upgrade"] == "true"
    owners = {each["manager"]: each["fieldsV1"] for each in found["metadata"]["managedFields"]}
    assert owners["azureml.fleet"] == {"f:metadata": {"f:annotations": {"f:azureml-fe-enable-upgrade": {}}}}
    assert found["status"]["readyReplicas"] == 3


@pytest.mark.parametrize("name", ["real-aks", "real-arc"])
def test_instance_types_are_stored_as_wanted(runs: Runs, name: str) -> None:
    found = runs.cluster(name).request("GET", real_fleet.INSTANCE_TYPES).body["items"]
    assert {each["metadata"]["name"] for each in found} == {"small", "four-gpus"}
    by_name = {each["metadata"]["name"]: each for each in found}
    assert by_name["four-gpus"]["spec"]["nodeSelector"] == {"azureml.fleet/accelerator": "nvidia"}
    assert by_name["four-gpus"]["spec"]["resources"]["limits"]["nvidia.com/gpu"] == "4"


@pytest.mark.parametrize("name", ["real-aks", "real-arc"])
def test_the_scheduler_places_workloads_of_each_instance_type(runs: Runs, name: str) -> None:
    cluster = runs.cluster(name)
    nodes = {each["metadata"]["name"]: each for each in cluster.request("GET", "/api/v1/nodes").body["items"]}
    for each in cluster.request("GET", real_fleet.INSTANCE_TYPES).body["items"]:
        node = nodes[place(cluster, each)]
        if each["metadata"]["name"] == "four-gpus":
            assert node["status"]["allocatable"]["nvidia.com/gpu"] == "4"


def test_a_workload_that_fits_nowhere_stays_pending(runs: Runs) -> None:
    cluster = runs.cluster("real-aks")
    body = cluster.request("GET", f"{real_fleet.INSTANCE_TYPES}/four-gpus").body
    body["spec"]["resources"]["limits"]["nvidia.com/gpu"] = "5"
    assert place(cluster, body) == ""


def test_preflight_names_what_the_nearest_node_lacks(runs: Runs, ansible: Ansible) -> None:
    impossible = {
        "name": "five-gpus",
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "5"},
    }
    hosts = real_fleet.inventory(runs.fleet, aml_instance_types=[impossible])
    run = ansible("azureml.fleet.preflight", inventory=hosts, environment=runs.fleet.environment)
    lines = run.stdout.splitlines()
    for name in ("real-aks", "real-arc"):
        line = next(each for each in lines if each.startswith(name))
        assert "BLOCKED" in line
        assert "five-gpus" in line
        assert "lacks 5 nvidia.com/gpu (it offers 4 nvidia.com/gpu)" in line


def changed_tasks(run: AnsibleRun) -> set[tuple[str, str]]:
    """The tasks that changed something, or would have: (host, task)."""
    return {(each.host, each.task) for each in run.tasks if each.result.get("changed")}


def place(cluster: Connection, instance_type: dict[str, Any]) -> str:
    """The node on which the scheduler puts a pod as Azure ML makes it from this instance type; empty: none."""
    pods = f"/api/v1/namespaces/{real_fleet.NAMESPACE}/pods"
    spec = instance_type["spec"]
    body = {
        "metadata": {"generateName": "workload-"},
        "spec": {
            "nodeSelector": spec.get("nodeSelector", {}),
            "tolerations": placement.workload_tolerations(workspace=real_fleet.WORKSPACE),
            "containers": [{"name": "job", "image": "none", "resources": spec["resources"]}],
        },
    }
    made = cluster.request("POST", pods, body=body)
    assert made.status == 201, made.body
    path = f"{pods}/{made.body['metadata']['name']}"
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            pod = cluster.request("GET", path).body
            if node := pod["spec"].get("nodeName"):
                return str(node)
            conditions = pod.get("status", {}).get("conditions", [])
            if any(each.get("reason") == "Unschedulable" for each in conditions):
                assert pod["status"]["phase"] == "Pending"
                return ""
            time.sleep(0.05)
        raise AssertionError("the scheduler did not decide")
    finally:
        cluster.request("DELETE", path, query={"gracePeriodSeconds": "0"})
