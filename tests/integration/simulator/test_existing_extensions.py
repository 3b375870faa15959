# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of extensions that were there before: each is as its cluster's name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, EXTENSIONS, connect, deployments

SCENARIO = Path(__file__).resolve().parents[2] / "simulator" / "scenarios" / "existing-extensions.yml"


@pytest.fixture(scope="module")
def fleet_of_old() -> Iterator[Simulator]:
    content = yaml.safe_load(SCENARIO.read_text(encoding="utf-8"))
    with Simulator({**content, "timing": {"extension_update": 20, "pod_start": 2}}, time_scale=100) as fleet:
        yield fleet


@pytest.fixture
def client(fleet_of_old: Simulator) -> ArmClient:
    return ArmClient(fleet_of_old.ready)


def extension(client: ArmClient, cluster: str) -> dict[str, Any]:
    return dict(client.send("GET", f"{AKS}/{cluster}/{EXTENSIONS}/azureml").json()["properties"])


def change(client: ArmClient, cluster: str, **properties: Any) -> str:
    answer = client.send("PATCH", f"{AKS}/{cluster}/{EXTENSIONS}/azureml", {"properties": properties})
    return str(client.wait(answer).json()["status"])


def test_one_that_was_installed_with_pem_files_keeps_their_names_and_contents(client: ArmClient) -> None:
    cluster = "installed-with-pem-files"
    protected = {"sslCertPemFile", "sslKeyPemFile", "scoringFe.sslCert", "scoringFe.sslKey"}
    found = extension(client, cluster)
    assert found["configurationProtectedSettings"] == dict.fromkeys(protected, "")
    assert found["configurationSettings"]["allowInsecureConnections"] == "False"
    assert change(client, cluster, configurationSettings={"installPromOp": "False"}) == "Succeeded"
    # An empty map of protected settings takes certificate and key away, and the health check says so.
    assert change(client, cluster, configurationProtectedSettings={}) == "Failed"


def test_one_without_high_availability_has_one_router(fleet_of_old: Simulator) -> None:
    found = deployments(connect(fleet_of_old, "without-high-availability"))
    assert found["azureml-fe-v2"].spec.replicas == 1
    found = deployments(connect(fleet_of_old, "misspelt-high-availability"))
    assert found["azureml-fe-v2"].spec.replicas == 3


def test_one_that_failed_has_no_workloads(fleet_of_old: Simulator, client: ArmClient) -> None:
    assert extension(client, "failed")["provisioningState"] == "Failed"
    assert deployments(connect(fleet_of_old, "failed")) == {}
    assert extension(client, "insecure")["configurationSettings"]["allowInsecureConnections"] == "True"
