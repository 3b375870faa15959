# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unmodified Azure CLI: the simulated cloud is registered as any private one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.azure_cli_runner import AzureCli
from tests.integration.harness import Simulator, clean_environment
from tests.integration.simulator.conftest import AKS, WORKSPACE


@pytest.fixture(scope="module")
def az(fleet: Simulator, tmp_path_factory: pytest.TempPathFactory) -> AzureCli:
    """`az`, signed in to the simulated cloud, for tests that only read."""
    return AzureCli(fleet, tmp_path_factory.mktemp("az"))


def test_the_subscription_is_that_of_the_service_principal(fleet: Simulator, az: AzureCli) -> None:
    assert [account["id"] for account in az("account", "list")] == [fleet.ready["subscription_id"]]


def test_a_cluster_and_a_compute_are_read_by_rest(fleet: Simulator, az: AzureCli) -> None:
    subscription = f"/subscriptions/{fleet.ready['subscription_id']}"
    cluster = az("rest", "--method", "get", "--url", f"{subscription}/{AKS}/aks?api-version=2025-08-01")
    assert (cluster["name"], cluster["properties"]["provisioningState"]) == ("aks", "Succeeded")
    url = f"{subscription}/{WORKSPACE}/computes/old?api-version=2024-10-01"
    compute = az("rest", "--method", "get", "--url", url)
    assert (compute["properties"]["computeType"], compute["properties"]["isAttachedCompute"]) == ("AKS", True)


def test_aks_commands(az: AzureCli, tmp_path: Path) -> None:
    assert az("aks", "show", "-g", "rg", "-n", "aks")["name"] == "aks"
    pools = az("aks", "nodepool", "list", "-g", "rg", "--cluster-name", "aks")
    assert [pool["name"] for pool in pools] == ["system", "gpu"]
    az("aks", "get-credentials", "-g", "rg", "-n", "aks", "-f", str(tmp_path / "kubeconfig"))
    kubectl = ["kubectl", "--kubeconfig", str(tmp_path / "kubeconfig"), "get", "nodes", "-o", "name"]
    found = subprocess.run(kubectl, env=clean_environment(), capture_output=True, text=True, timeout=60, check=True)
    assert len(found.stdout.split()) == 6


def test_providers_and_groups(az: AzureCli) -> None:
    provider = az("provider", "show", "-n", "Microsoft.KubernetesConfiguration")
    assert provider["registrationState"] == "Registered"
    assert az("group", "show", "-n", "RG")["name"] == "rg"


def test_what_is_not_there_is_said(fleet: Simulator, az: AzureCli) -> None:
    missing = f"/subscriptions/{fleet.ready['subscription_id']}/{AKS}/none?api-version=2025-08-01"
    answer = az.run("rest", "--method", "get", "--url", missing)
    assert answer.returncode == 1
    assert "ResourceNotFound" in answer.stderr
