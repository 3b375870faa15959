# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane itself: started by its command, used with kubectl's kubeconfigs, restarted, ended."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.control_plane import users
from tests.control_plane.binaries import HERE, Binaries
from tests.control_plane.cluster import Cluster, load
from tests.control_plane.processes import is_running
from tests.control_plane.rest import Connection
from tests.simulator.foundation.real_cluster import RealClusterApi, inline_kubeconfig

pytestmark = pytest.mark.control_plane
ROOT = HERE.parents[1]


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m tests.control_plane`` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "tests.control_plane", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def two_clusters(
    control_plane_binaries: Binaries, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Two control planes that share an etcd, by the command line; what the ready file says about them."""
    folder = tmp_path_factory.mktemp("command-line")
    nodes = folder / "nodes.yml"
    nodes.write_text("- {name: cpu, count: 2}\n- {name: gpu, gpus: 2, pool: false}\n", "utf-8")
    version = request.config.getoption("--kubernetes-version")
    started = command(
        *(
            "up",
            "--state-dir",
            folder / "state",
            "--kubernetes-version",
            version,
            "--count",
            "2",
            "--no-build",
        ),
        *("--nodes", nodes, "--ready-file", folder / "ready.json"),
    )
    assert started.returncode == 0, started.stderr
    try:
        yield json.loads((folder / "ready.json").read_text("utf-8"))
    finally:
        ended = command("down", "--state-dir", folder / "state")
    assert ended.stderr == "9 processes ended\n"
    assert not (folder / "state" / "cluster-1").exists()


def connections(ready: dict[str, Any]) -> list[Connection]:
    """Administrators' connections to all clusters of a ready file."""
    return [
        Connection(
            cluster["server"],
            Path(cluster["ca_file"]),
            inline_kubeconfig(Path(cluster["kubeconfig"]))["users"][0]["user"]["token"],
        )
        for cluster in ready["clusters"]
    ]


def test_clusters_of_one_etcd_share_nothing(two_clusters: dict[str, Any]) -> None:
    first, second = connections(two_clusters)
    body = {"metadata": {"name": "only-here"}}
    assert first.request("POST", "/api/v1/namespaces", body=body).status == 201
    assert second.request("GET", "/api/v1/namespaces/only-here").status == 404


def test_nodes_are_those_of_the_file(two_clusters: dict[str, Any]) -> None:
    (_unused, cluster) = connections(two_clusters)
    nodes = {node["metadata"]["name"]: node for node in cluster.request("GET", "/api/v1/nodes").body["items"]}
    assert set(nodes) == {"aks-cpu-10000000-vmss000000", "aks-cpu-10000000-vmss000001", "gpu-0"}
    assert nodes["gpu-0"]["status"]["allocatable"]["nvidia.com/gpu"] == "2"
    assert "kubernetes.azure.com/agentpool" not in nodes["gpu-0"]["metadata"]["labels"]


def test_nodes_are_kept_alive(two_clusters: dict[str, Any]) -> None:
    (_unused, cluster) = connections(two_clusters)
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    names = {lease["metadata"]["name"] for lease in cluster.request("GET", path).body["items"]}
    assert names == {"aks-cpu-10000000-vmss000000", "aks-cpu-10000000-vmss000001", "gpu-0"}


def test_credentials_are_for_the_owner_only(two_clusters: dict[str, Any]) -> None:
    state = Path(two_clusters["state_dir"])
    secret = [*state.rglob("*.kubeconfig"), *state.rglob("*.key"), state / "state.json"]
    assert len(secret) > 10
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}


def test_starting_in_a_used_folder_is_refused(two_clusters: dict[str, Any]) -> None:
    again = command("up", "--state-dir", two_clusters["state_dir"], "--no-build")
    assert again.returncode == 1
    assert "already holds control planes" in again.stderr


def test_a_wrong_authority_is_noticed(two_clusters: dict[str, Any]) -> None:
    first, second = connections(two_clusters)
    stranger = Connection(first.server, second.ca_file, first.token)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        stranger.request("GET", "/version")


def test_taking_down_nothing_says_so(tmp_path: Path) -> None:
    nothing = command("down", "--state-dir", tmp_path)
    assert nothing.returncode == 1
    assert "holds no running control planes" in nothing.stderr


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        (users.ADMIN, "/api/v1/nodes", 200),
        (users.READER, "/api/v1/nodes", 403),
        (users.READER, "/api/v1/namespaces/default/pods", 200),
        (users.OPERATOR, "/api/v1/namespaces/default/pods", 403),
        (users.STRANGER, "/api/v1/namespaces/default", 403),
    ],
)
def test_users_differ_in_rights(own_cluster: Cluster, user: str, path: str, status: int) -> None:
    assert own_cluster.connection(user).request("GET", path).status == status


def test_a_wrong_token_is_refused(own_cluster: Cluster) -> None:
    answer = Connection(own_cluster.server, own_cluster.ca_file, "wrong").request("GET", "/api/v1/nodes")
    assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


async def test_the_simulator_can_speak_to_it(own_cluster: Cluster) -> None:
    api = RealClusterApi.from_kubeconfig(own_cluster.kubeconfig())
    try:
        created = await api.request(
            "POST",
            "/api/v1/namespaces",
            body={"metadata": {"name": "from-simulator"}},
            query={"dryRun": "All"},
        )
        assert (created.status, created.body["metadata"]["name"]) == (201, "from-simulator")
        missing = await api.request("GET", "/api/v1/namespaces/from-simulator")
        assert (missing.status, missing.body["reason"]) == (404, "NotFound")
        assert (await api.request("GET", "/readyz")).body == {"text": "ok"}
    finally:
        await api.close()


def test_deployments_become_running_pods_on_nodes_that_fit(own_cluster: Cluster) -> None:
    admin = own_cluster.connection()
    path = "/apis/apps/v1/namespaces/default/deployments"
    labels = {"app": "control-plane-test"}
    container = {"name": "c", "image": "none", "resources": {"limits": {"nvidia.com/gpu": "4"}}}
    body = {
        "metadata": {"name": "needs-four-gpus"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    assert admin.request("POST", path, body=body).status == 201
    try:
        pod = wait_for_running(admin, "app=control-plane-test")
        assert pod["spec"]["nodeName"] == "aks-gpu4-10000000-vmss000000"
    finally:
        admin.request("DELETE", f"{path}/needs-four-gpus", query={"propagationPolicy": "Background"})


def wait_for_running(admin: Connection, selector: str) -> dict[str, Any]:
    """The one pod of this label, once it runs."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = admin.request("GET", "/api/v1/namespaces/default/pods", query={"labelSelector": selector})
        pods: list[dict[str, Any]] = answer.body["items"]
        if pods and pods[0]["status"]["phase"] == "Running":
            return pods[0]
        time.sleep(0.1)
    raise AssertionError(f"no pod with {selector} runs")


STARTER = """
import sys, time
from pathlib import Path
from tests.control_plane.binaries import Search, find_binaries
from tests.control_plane.cluster import up
from tests.control_plane.guardian import Guardian
state_dir = Path(sys.argv[1])
guardian = Guardian(state_dir)
up(state_dir, find_binaries(Search(may_build=False, version=sys.argv[2])), nodes=())
print("ready", flush=True)
time.sleep(600)
"""


def test_nothing_is_left_behind_by_a_process_that_is_killed(
    control_plane_binaries: Binaries, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    version = request.config.getoption("--kubernetes-version")
    arguments = [sys.executable, "-c", STARTER, str(tmp_path / "state"), version]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == "ready\n"
        planes = load(tmp_path / "state")
        everything = [planes.etcd, *planes.clusters[0].processes]
        assert all(is_running(process) for process in everything)
        starter.kill()
    deadline = time.monotonic() + 20
    while any(is_running(process) for process in everything):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_data_survive_a_restart_of_the_api_server(start_control_planes: Any) -> None:
    planes = start_control_planes(["restarted"], nodes=())
    cluster = planes.clusters[0]
    body = {"metadata": {"name": "kept"}}
    assert cluster.connection().request("POST", "/api/v1/namespaces", body=body).status == 201
    planes.restart_api_server("restarted")
    assert cluster.connection().request("GET", "/api/v1/namespaces/kept").status == 200
