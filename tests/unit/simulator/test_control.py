# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control interface's parts: faults, and a log without secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict
from pydantic import ValidationError

from tests.simulator.control.faults import FaultBook, FaultRequest, Struck
from tests.simulator.control.log import RequestLog, clean_body, clean_headers, clean_query

HIT = Struck("arm", "PUT", "/subscriptions/s/extensions/x", "aks", {"continue": "abc"})


def book(**fault: Any) -> FaultBook:
    found = FaultBook()
    found.add(FaultRequest.model_validate({"cut": True, **fault}))
    return found


def strikes(found: FaultBook, times: int) -> list[bool]:
    return [bool(found.strike(HIT)) for _unused in range(times)]


@pytest.mark.parametrize(
    ("occurrence", "expected"),
    [
        ("next", [True, False, False]),
        (1, [True, False, False]),
        (2, [False, True, False]),
        ("every", [True, True, True]),
    ],
)
def test_a_fault_strikes_when_its_occurrence_says(occurrence: Any, expected: list[bool]) -> None:
    assert strikes(book(occurrence=occurrence), 3) == expected


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, True),
        ({"service": "arm"}, True),
        ({"service": "kubernetes"}, False),
        ({"method": "put"}, True),
        ({"method": "GET"}, False),
        ({"path_regex": "/Extensions/[a-z]+$"}, True),
        ({"path_regex": "/computes/"}, False),
        ({"cluster": "AKS"}, True),
        ({"cluster": "other"}, False),
        ({"service": "arm", "cluster": "other"}, False),
        ({"query": {"continue": "."}}, True),
        ({"query": {"continue": "^b"}}, False),
        ({"query": {"limit": "."}}, False),
    ],
)
def test_a_fault_hits_what_it_matches(match: dict[str, Any], hit: bool) -> None:
    assert strikes(book(match=match), 1) == [hit]


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"cut": True, "occurrence": 0},
        {"cut": True, "occurrence": "sometimes"},
        {"cut": True, "match": {"path_regex": "("}},
        {"cut": True, "match": {"query": {"limit": "("}}},
        {"body": {"piece": 0}},
        {"cut": True, "unknown": 1},
        {"delay": -1},
        {"answer": {"status": 1000}},
    ],
)
def test_a_fault_that_means_nothing_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FaultRequest.model_validate(fault)


def test_faults_can_be_listed_removed_and_cleared() -> None:
    found = book(occurrence="every")
    found.strike(HIT)
    (entry,) = found.as_data()
    assert (entry["seen"], entry["fired"]) == (1, 1)
    assert found.remove(entry["id"])
    assert not found.remove(entry["id"])
    found.add(FaultRequest(cut=True))
    found.clear()
    assert not found.strike(HIT)


def test_credentials_in_headers_are_not_logged() -> None:
    found = clean_headers({"Authorization": "Bearer secret", "Cookie": "c", "User-Agent": "u"})
    assert found == {"user-agent": "u"}


def test_of_a_signature_only_the_names_are_logged() -> None:
    signed = {"api-version": "1", "t": "1", "c": "long", "s": "x", "h": "y"}
    assert clean_query(signed) == {"api-version": "1", "t": "***", "c": "***", "s": "***", "h": "***"}
    assert clean_query({"t": "kept"}) == {"t": "kept"}


def test_a_token_request_is_logged_without_its_secret() -> None:
    form = b"client_id=me&client_secret=hidden&client_assertion=hidden&scope=a"
    found = clean_body(form, "application/x-www-form-urlencoded")
    assert found == {"client_id": "me", "client_secret": "***", "client_assertion": "***", "scope": "a"}


@pytest.mark.parametrize(
    "body",
    [
        {"properties": {"configurationProtectedSettings": {"scoringFe.sslKey": "hidden"}}},
        {"kind": "Secret", "data": {"tls.key": "hidden"}, "stringData": {"a": "hidden"}},
        {"kind": "List", "items": [{"kind": "Secret", "data": {"a": "hidden"}}]},
        {"command": "kubectl get nodes", "clusterToken": "hidden"},
        {"kind": "TokenReview", "spec": {"token": "hidden"}},
    ],
)
def test_secrets_in_json_are_blanked(body: dict[str, Any]) -> None:
    found = json.dumps(clean_body(json.dumps(body).encode(), "application/json"))
    assert "hidden" not in found
    assert "***" in found


def test_what_is_no_secret_stays_in_the_log() -> None:
    body = {
        "properties": {"configurationSettings": {"enableTraining": "True"}},
        "kind": "ConfigMap",
        "data": {"a": "b"},
    }
    assert clean_body(json.dumps(body).encode(), "application/json") == body
    assert clean_body(b"", "") is None
    assert clean_body(b"\x00\x01", "application/protobuf") == "(2 bytes of application/protobuf)"


def test_the_log_is_selected_by_index_service_and_cluster() -> None:
    log = RequestLog()
    log.begin("arm", "aks", "GET", "/a", 0.0)
    log.begin("kubernetes", "AKS", "GET", "/b", 0.0)
    log.begin("identity", None, "POST", "/c", 0.0)
    assert [entry["path"] for entry in log.select(1, None, None)] == ["/b", "/c"]
    assert [entry["path"] for entry in log.select(0, "arm", None)] == ["/a"]
    assert [entry["path"] for entry in log.select(0, None, "aks")] == ["/a", "/b"]
    log.clear()
    assert log.select(0, None, None) == []


def test_headers_that_come_twice_stand_in_one_line() -> None:
    headers = CIMultiDict([("Impersonate-Group", "dev"), ("Impersonate-Group", "ops"), ("Authorization", "Bearer x")])
    assert clean_headers(headers) == {"impersonate-group": "dev, ops"}
