# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of `az k8s-extension`, a CLI extension that no package index has, one after the other.

Source: azure-cli-extensions, src/k8s-extension/azext_k8s_extension/partner_extensions/AzureMLKubernetes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import ARC, EXTENSIONS, extension_body, extension_settings

RELAY = "resourceGroups/rg/providers/Microsoft.Relay/namespaces/edgerelay"
CONNECTION = f"{RELAY}/hybridConnections/edge"
RULE = f"{CONNECTION}/authorizationRules/azureml_rw"
PATH = f"{ARC}/edge/{EXTENSIONS}/azureml"
FLEET: dict[str, Any] = {
    "timing": {"extension_install": 20, "extension_update": 10},
    "clusters": [{"name": "edge", "kind": "arc", "resource_group": "rg"}],
}


@pytest.fixture
def arm() -> Iterator[ArmClient]:
    with Simulator(FLEET, time_scale=100) as simulator:
        yield ArmClient(simulator.ready)


def make_relay(arm: ArmClient) -> str:
    """What the client makes before an installation on an Arc cluster; returns the connection string."""
    assert arm.send("GET", CONNECTION).json()["error"]["code"] == "ResourceNotFound"
    assert arm.send("PUT", RELAY, {"location": "westeurope"}).status_code == 201
    assert arm.send("GET", CONNECTION).json()["error"]["code"] == "EntityNotFound"
    assert arm.send("PUT", CONNECTION, {"properties": {"requiresClientAuthorization": True}}).status_code == 200
    assert arm.send("PUT", RULE, {"properties": {"rights": ["Manage", "Send", "Listen"]}}).status_code == 200
    keys = arm.send("POST", f"{RULE}/listKeys", version="2017-04-01").json()
    assert keys["keyName"] == "azureml_rw"
    return str(keys["primaryConnectionString"])


def create(arm: ArmClient) -> None:
    """Install as `az k8s-extension create` does it."""
    cluster = arm.send("GET", f"{ARC}/edge", version="2021-10-01").json()
    connection = make_relay(arm)
    assert connection.startswith("Endpoint=sb://edgerelay.servicebus.windows.net/;SharedAccessKeyName=azureml_rw;")
    assert arm.send("GET", "providers/Microsoft.KubernetesConfiguration", version="2025-04-01").status_code == 200
    relay = {"relayserver.enabled": "true", "nginxIngress.enabled": "false"}
    settings = extension_settings(cluster["id"], location=cluster["location"], **relay)
    protected = {"relayserver.relayConnectionString": connection, "scoringFe.sslKey": "a"}
    body = extension_body(settings, releaseTrain="stable", configurationProtectedSettings=protected)
    body["identity"] = {"type": "SystemAssigned"}
    body["properties"]["extensionType"] = "microsoft.azureml.kubernetes"
    created = arm.send("PUT", PATH, body)
    assert created.status_code == 201
    assert connection not in created.text
    assert arm.wait(created).json()["status"] == "Succeeded"


def test_an_arc_cluster_gets_its_relay_and_the_extension(arm: ArmClient) -> None:
    create(arm)
    properties = arm.send("GET", PATH).json()["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["configurationProtectedSettings"] == {
        "relayserver.relayConnectionString": "",
        "scoringFe.sslKey": "",
    }


def test_an_unrelated_update_wipes_the_protected_settings(arm: ArmClient) -> None:
    create(arm)
    body = {"properties": {"configurationSettings": {"amloperator.skipResourceValidation": "true"}}}
    body["properties"]["configurationProtectedSettings"] = {}
    assert arm.send("GET", PATH).status_code == 200
    updated = arm.send("PATCH", PATH, body)
    assert updated.status_code == 202
    arm.wait(updated)
    assert arm.send("GET", PATH).json()["properties"]["configurationProtectedSettings"] == {}
