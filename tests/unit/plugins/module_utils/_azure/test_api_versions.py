# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds with older versions of an interface: which version is agreed on, and what is sent again."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._azure.api_versions import (
    AgreeingTransport,
    newest_common,
    resource_type,
)

AKS = "microsoft.containerservice/managedclusters"
URL = (
    "https://management.example/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService"
    "/managedClusters/a/agentPools/gpu"
)


def refusal(versions: str, code: str = "NoRegisteredProviderFound") -> bytes:
    words = (
        f"No registered resource provider found. The supported api-versions are '{versions}'. The supported locations"
    )
    return json.dumps({"error": {"code": code, "message": f"{words} are 'chinanorth3'."}}).encode()


class Service:
    """Serves one version, refuses others, and keeps what it was asked."""

    def __init__(self, served: str, listed: str | None = None) -> None:
        self.served = served
        self.listed = listed or served
        self.asked: list[tuple[str, str]] = []

    def send(self, request: Any, **_options: Any) -> Any:
        body = request.data.read().decode() if request.data else ""
        self.asked.append((request.url.partition("?")[2], body))
        if f"api-version={self.served}" in request.url:
            return SimpleNamespace(status_code=200, internal_response=SimpleNamespace(content=b"{}"))
        return SimpleNamespace(status_code=400, internal_response=SimpleNamespace(content=refusal(self.listed)))


def request(body: str = "", version: str = "2025-08-01", method: str = "PUT") -> Any:
    data = io.BytesIO(body.encode()) if body else None
    return SimpleNamespace(method=method, url=f"{URL}?api-version={version}&x=1", data=data)


@pytest.mark.parametrize(
    ("listed", "agreed"),
    [
        ("2023-05-01, 2024-09-01, 2024-02-01", "2024-09-01"),
        ("2024-09-01, 2025-09-02-preview, 2025-06-02-preview", "2024-09-01"),
        ("2026-01-01", None),
        ("2019-01-01, 2022-12-31", None),
        ("", None),
    ],
)
def test_the_newest_that_both_sides_know_is_agreed_on(listed: str, agreed: str | None) -> None:
    assert newest_common(AKS, "2025-08-01", refusal(listed)) == agreed


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (AKS, refusal("2024-09-01", code="BadRequest")),
        ("microsoft.authorization/locks", refusal("2024-09-01")),
        (AKS, b"<html>"),
        (AKS, b"[]"),
    ],
)
def test_what_is_no_refusal_of_a_version_is_left_as_it_is(kind: str, body: bytes) -> None:
    assert newest_common(kind, "2025-08-01", body) is None


def test_a_refused_request_is_sent_again_whole_and_the_next_goes_right_away() -> None:
    service = Service("2024-09-01")
    transport = AgreeingTransport(service, lambda _method, _url: True)
    assert transport.send(request("a pool")).status_code == 200
    assert transport.send(request("another")).status_code == 200
    assert service.asked == [
        ("api-version=2025-08-01&x=1", "a pool"),
        ("x=1&api-version=2024-09-01", "a pool"),
        ("x=1&api-version=2024-09-01", "another"),
    ]


def test_nothing_is_sent_twice_where_nothing_is_common() -> None:
    service = Service("2026-01-01")
    assert AgreeingTransport(service, lambda _method, _url: True).send(request("a pool")).status_code == 400
    assert len(service.asked) == 1


def test_a_type_has_no_names() -> None:
    assert resource_type(URL) == "microsoft.containerservice/managedclusters/agentpools"
    assert (
        resource_type("https://management.example/subscriptions/s/providers/Microsoft.X?api-version=1") == "microsoft.x"
    )
