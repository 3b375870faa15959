# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface: log, faults, state, reset."""

from __future__ import annotations

import time
from typing import Any
from urllib.error import HTTPError

import pytest
import requests

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import AKS, EXTENSIONS

CLUSTER = {"service": "arm", "path_regex": "/managedClusters/aks$"}


def test_the_log_tells_what_was_asked_and_answered(fresh: Simulator, arm: ArmClient) -> None:
    arm.send("GET", f"{AKS}/aks", version="2025-08-01", headers={"X-Mine": "yes"})
    token, read = fresh.request_log()
    assert (token["service"], token["status"], token["body"]["client_secret"]) == ("identity", 200, "***")
    assert (read["service"], read["cluster"], read["method"], read["status"]) == ("arm", "aks", "GET", 200)
    assert read["query"] == {"api-version": "2025-08-01"}
    assert read["headers"]["x-mine"] == "yes"
    assert "authorization" not in read["headers"]
    assert read["seconds"] < 5
    assert abs(read["started"] - time.time()) < 60
    assert fresh.request_log(service="arm") == fresh.request_log(cluster="aks") == fresh.request_log(since=1) == [read]
    assert fresh.ready["client_secret"] not in str(fresh.request_log())


def test_the_next_request_gets_the_answer_of_a_fault(fresh: Simulator, arm: ArmClient) -> None:
    answer = {"status": 503, "headers": {"Retry-After": "1"}, "body": {"error": {"code": "Busy", "message": "m"}}}
    fresh.fault(CLUSTER, answer=answer)
    refused = arm.send("GET", f"{AKS}/aks")
    assert (refused.status_code, refused.headers["Retry-After"], refused.json()["error"]["code"]) == (503, "1", "Busy")
    assert arm.send("GET", f"{AKS}/aks").status_code == 200


def test_an_answer_can_be_a_page_for_people(fresh: Simulator, arm: ArmClient) -> None:
    fresh.fault(CLUSTER, answer={"status": 500, "headers": {"Content-Type": "text/html"}, "body": "<html>nginx</html>"})
    assert arm.send("GET", f"{AKS}/aks").text == "<html>nginx</html>"


@pytest.mark.parametrize(("occurrence", "expected"), [(2, [200, 429, 200]), ("every", [429, 429, 429])])
def test_throttling(fresh: Simulator, arm: ArmClient, occurrence: Any, expected: list[int]) -> None:
    fresh.fault(CLUSTER, occurrence=occurrence, throttle={"retry_after": 0.5})
    answers = [arm.send("GET", f"{AKS}/aks") for _unused in range(3)]
    assert [answer.status_code for answer in answers] == expected
    assert {answer.headers.get("Retry-After") for answer in answers if answer.status_code == 429} == {"0.5"}


def test_a_connection_can_be_cut(fresh: Simulator, arm: ArmClient) -> None:
    fresh.fault(CLUSTER, cut=True)
    with pytest.raises(requests.ConnectionError):
        arm.send("GET", f"{AKS}/aks")
    assert arm.send("GET", f"{AKS}/aks").status_code == 200


def test_a_delay_is_in_real_seconds(fresh: Simulator, arm: ArmClient) -> None:
    fresh.fault(CLUSTER, delay=0.4)
    began = time.monotonic()
    assert arm.send("GET", f"{AKS}/aks").status_code == 200
    assert 0.4 <= time.monotonic() - began < 3


def test_faults_can_be_seen_and_removed(fresh: Simulator, arm: ArmClient) -> None:
    number = fresh.fault(CLUSTER, occurrence="every", cut=True)["id"]
    assert [fault["id"] for fault in fresh.control("GET", "faults")["faults"]] == [number]
    fresh.control("DELETE", f"faults/{number}")
    fresh.fault(CLUSTER, occurrence="every", cut=True)
    fresh.control("DELETE", "faults")
    assert arm.send("GET", f"{AKS}/aks").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", {"match": {}}, 400),
        ("POST", "faults", {"cut": True, "match": {"servce": "arm"}}, 400),
        ("DELETE", "faults/99", None, 404),
        ("GET", "requests?since=x", None, 400),
        ("GET", "nothing", None, 404),
    ],
)
def test_what_the_control_interface_does_not_know_is_refused(
    fresh: Simulator, method: str, path: str, body: Any, status: int
) -> None:
    with pytest.raises(HTTPError) as refused:
        fresh.control(method, path, body)
    refused.value.close()
    assert refused.value.code == status


def test_a_reset_brings_back_the_first_state_and_keeps_credentials_valid(fresh: Simulator, arm: ArmClient) -> None:
    before = fresh.state()
    arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/flux", {"properties": {"extensionType": "microsoft.flux"}})
    arm.send("PUT", f"{AKS}/aks/agentPools/gpu", {"properties": {"nodeLabels": {"a": "b"}}})
    fresh.fault(CLUSTER, occurrence="every", cut=True)
    fresh.reset()
    assert fresh.request_log() == []
    assert arm.send("GET", f"{AKS}/aks").status_code == 200

    def stable(state: dict[str, Any]) -> Any:
        return [
            (cluster["id"], [pool["properties"] for pool in cluster["node_pools"]], len(cluster["extensions"]))
            for cluster in state["clusters"]
        ]

    assert stable(fresh.state()) == stable(before)


def test_the_control_interface_is_not_logged(fresh: Simulator) -> None:
    fresh.state()
    assert fresh.request_log() == []
