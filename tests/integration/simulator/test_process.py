# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as a program: its files, its signals, its complaints; and how clusters can be reached."""

from __future__ import annotations

import socket
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from tests.integration.harness import ROOT, Simulator, clean_environment
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, KubernetesOf


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulator", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )


def test_secrets_are_for_the_owner_only(fresh: Simulator) -> None:
    kubeconfigs = [Path(cluster["kubeconfig"]) for cluster in fresh.ready["clusters"]]
    assert len(kubeconfigs) == 8
    for path in (fresh.ready_path, *kubeconfigs):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(fresh.ready["ca_file"]).parent.stat().st_mode) == 0o700


def test_a_scenario_that_is_wrong_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text("clusters: [{name: a, resource_group: r, frontend: v1}]", encoding="utf-8")
    found = run("--scenario", str(path), "--ready-file", str(tmp_path / "ready.json"))
    assert found.returncode == 2
    assert "clusters.0.frontend: Extra inputs are not permitted" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "ready.json").exists()


def test_a_port_that_is_taken_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text("clusters: []", encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = run("--scenario", str(path), "--ready-file", str(tmp_path / "ready.json"), "--port", port)
    assert found.returncode == 2
    assert "cannot start" in found.stderr
    assert "Traceback" not in found.stderr


def test_the_ready_file_goes_away_with_the_process() -> None:
    simulator = Simulator({"clusters": []})
    path = simulator.ready_path
    simulator._process.terminate()
    assert simulator._process.wait(timeout=10) == 0
    assert not path.exists()
    simulator.stop()


def test_other_authorities_are_not_enough(fresh: Simulator) -> None:
    url = f"{fresh.ready['control']}/state"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url, context=ssl.create_default_context(), timeout=5)  # noqa: S310  https only


def test_a_stopped_cluster_does_not_answer(fresh: Simulator, kubernetes_of: KubernetesOf) -> None:
    core = kubernetes_client.CoreV1Api(kubernetes_of("stopped"))
    core.api_client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    with pytest.raises(Exception, match=r"(?i)aborted|closed|reset|disconnected|EOF"):
        core.list_node()


def test_an_entra_cluster_takes_tokens_for_the_aks_server(fresh: Simulator, arm: ArmClient) -> None:
    ready = fresh.ready
    url = f"{ready['authority']}/{ready['tenant_id']}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
    }

    def nodes(scope: str) -> int:
        token = arm.session.post(url, data={**form, "scope": f"{scope}/.default"}, timeout=30).json()["access_token"]
        with open(fresh.clusters["entra"]["kubeconfig"], encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
        content["users"][0]["user"] = {"token": token}
        api = kubernetes_config.new_client_from_config_dict(content)
        return len(kubernetes_client.CoreV1Api(api).list_node().items)

    assert nodes("6dae42f8-4368-4678-94ff-3960e28e3630") == 3
    with pytest.raises(kubernetes_client.ApiException, match="401"):
        nodes(ready["arm"])


def test_a_thousand_clusters_start_in_seconds_and_cost_nothing_until_used() -> None:
    clusters = [{"name": f"aks-{number}", "resource_group": "rg"} for number in range(1000)]
    began = time.monotonic()
    with Simulator({"throttling": False, "clusters": clusters}, time_scale=100) as simulator:
        assert time.monotonic() - began < 20
        client = ArmClient(simulator.ready)
        found = client.send("GET", AKS).json()["value"]
        assert len(found) == 1000
        began = time.monotonic()
        for number in range(100):
            assert client.send("GET", f"{AKS}/aks-{number}").status_code == 200
        assert time.monotonic() - began < 5
        assert not any(cluster["kubernetes_started"] for cluster in simulator.state()["clusters"])
