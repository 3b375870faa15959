# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unmodified Azure CLI: the simulated cloud is registered as any private one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.azure_cli import azure_cli
from tests.integration.harness import Simulator, clean_environment
from tests.integration.simulator.conftest import AKS, WORKSPACE

pytestmark = pytest.mark.xdist_group("az")

Az = Callable[..., Any]


@pytest.fixture
def az(fresh: Simulator, tmp_path: Path) -> Az:
    """Runs `az` with a configuration folder of its own, signed in to the simulated cloud."""
    program = str(azure_cli())
    environment = clean_environment(
        AZURE_CONFIG_DIR=str(tmp_path / "azure"),
        AZURE_CORE_INSTANCE_DISCOVERY="false",
        AZURE_CORE_COLLECT_TELEMETRY="false",
        AZURE_CORE_ONLY_SHOW_ERRORS="true",
        REQUESTS_CA_BUNDLE=fresh.ready["ca_file"],
    )

    def run(*arguments: str) -> Any:
        found = subprocess.run(
            [program, *arguments, "--output", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout) if found.stdout.strip() else None

    ready = fresh.ready
    run("cloud", "register", "--name", "Simulated", "--endpoint-resource-manager", ready["arm"])
    run("cloud", "set", "--name", "Simulated")
    secret = f"--password={ready['client_secret']}"
    run("login", "--service-principal", "-u", ready["client_id"], secret, "--tenant", ready["tenant_id"])
    return run


def test_a_cluster_and_a_compute_are_read_by_rest(fresh: Simulator, az: Az) -> None:
    subscription = f"/subscriptions/{fresh.ready['subscription_id']}"
    cluster = az("rest", "--method", "get", "--url", f"{subscription}/{AKS}/aks?api-version=2025-08-01")
    assert (cluster["name"], cluster["properties"]["provisioningState"]) == ("aks", "Succeeded")
    url = f"{subscription}/{WORKSPACE}/computes/old?api-version=2024-10-01"
    compute = az("rest", "--method", "get", "--url", url)
    assert (compute["properties"]["computeType"], compute["properties"]["isAttachedCompute"]) == ("AKS", True)


def test_aks_commands(az: Az, tmp_path: Path) -> None:
    assert az("aks", "show", "-g", "rg", "-n", "aks")["name"] == "aks"
    pools = az("aks", "nodepool", "list", "-g", "rg", "--cluster-name", "aks")
    assert [pool["name"] for pool in pools] == ["system", "gpu"]
    az("aks", "get-credentials", "-g", "rg", "-n", "aks", "-f", str(tmp_path / "kubeconfig"))
    kubectl = ["kubectl", "--kubeconfig", str(tmp_path / "kubeconfig"), "get", "nodes", "-o", "name"]
    found = subprocess.run(kubectl, env=clean_environment(), capture_output=True, text=True, timeout=60, check=True)
    assert len(found.stdout.split()) == 6


def test_providers_and_groups(az: Az) -> None:
    provider = az("provider", "show", "-n", "Microsoft.KubernetesConfiguration")
    assert provider["registrationState"] == "Registered"
    assert az("group", "show", "-n", "RG")["name"] == "rg"
