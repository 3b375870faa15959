# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of lists and bodies: pages without end, lists that expire, redirections, bodies that are slow or never end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
from kubernetes import client as kubernetes_client

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, KubernetesOf

NODES = {"service": "kubernetes", "method": "GET", "path_regex": "/api/v1/nodes$", "cluster": "aks"}
CLUSTERS = {"service": "arm", "method": "GET", "path_regex": "/managedClusters$"}
EXPIRED = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "Expired",
    "message": "The provided continue parameter is too old to display a consistent list result.",
    "code": 410,
}


def address(fleet: Simulator) -> str:
    return f"{fleet.ready['arm']}/subscriptions/{fleet.ready['subscription_id']}/{AKS}"


@pytest.fixture
def core(kubernetes_of: KubernetesOf) -> kubernetes_client.CoreV1Api:
    return kubernetes_client.CoreV1Api(kubernetes_of("aks"))


def test_a_list_of_kubernetes_never_ends(fresh: Simulator, core: kubernetes_client.CoreV1Api) -> None:
    fresh.fault(NODES, occurrence="every", endless_list=True)
    page, seen = core.list_node(limit=1), []
    for _unused in range(5):
        seen.append(page.items[0].metadata.name)
        page = core.list_node(limit=1, _continue=page.metadata._continue)
    assert len(set(seen)) == 1
    whole = core.list_node()
    assert (len(whole.items), bool(whole.metadata._continue)) == (6, True)


def test_a_list_of_azure_never_ends(fresh: Simulator, arm: ArmClient) -> None:
    fresh.fault(CLUSTERS, occurrence="every", endless_list=True)
    first = arm.send("GET", AKS).json()
    again = arm.session.get(first["nextLink"], timeout=30).json()
    assert again["value"] == first["value"]
    assert again["nextLink"] == first["nextLink"]


def test_a_list_expires_between_two_pages(fresh: Simulator, core: kubernetes_client.CoreV1Api) -> None:
    fresh.fault({**NODES, "query": {"continue": "."}}, occurrence=2, answer={"status": 410, "body": EXPIRED})
    page = core.list_node(limit=1)
    page = core.list_node(limit=1, _continue=page.metadata._continue)
    assert len(page.items) == 1
    with pytest.raises(kubernetes_client.ApiException) as caught:
        core.list_node(limit=1, _continue=page.metadata._continue)
    assert (caught.value.status, json.loads(caught.value.body)["reason"]) == (410, "Expired")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection(fresh: Simulator, arm: ArmClient, status: int) -> None:
    fresh.fault(CLUSTERS, answer={"status": status, "headers": {"Location": "https://elsewhere.invalid/"}})
    found = arm.session.get(f"{address(fresh)}", allow_redirects=False, timeout=30)
    assert (found.status_code, found.headers["Location"]) == (status, "https://elsewhere.invalid/")


def test_a_slow_body_is_complete_in_the_end(fresh: Simulator, arm: ArmClient) -> None:
    whole = arm.send("GET", AKS).json()["value"]
    fresh.fault(CLUSTERS, body={"piece": 4096, "pause": 0.1})
    began = time.monotonic()
    assert arm.send("GET", AKS).json()["value"] == whole
    assert time.monotonic() - began > 0.2


def _read(arm: ArmClient, url: str, most: int) -> bytes:
    content = b""
    with arm.session.get(url, stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_content(65536):
            content += piece
            if len(content) > most:
                break
    return content


@pytest.mark.parametrize("answer", [None, {"status": 200, "body": {"value": []}}])
def test_a_body_never_ends(fresh: Simulator, arm: ArmClient, answer: Any) -> None:
    fresh.fault(CLUSTERS, answer=answer, body={"endless": True})
    content = _read(arm, f"{address(fresh)}?api-version=2025-08-01", 2_000_000)
    assert content.startswith(b'{"value":' if answer is None else b'{"value": []')
    assert content.endswith(b" " * 65536)
    assert arm.send("GET", AKS).status_code == 200


def test_a_client_gives_up_on_a_body_that_stalls(fresh: Simulator, arm: ArmClient) -> None:
    fresh.fault(CLUSTERS, body={"piece": 10, "pause": 5})
    with pytest.raises(requests.RequestException):
        arm.session.get(f"{address(fresh)}?api-version=2025-08-01", timeout=1)
