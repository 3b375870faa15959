# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that lead elsewhere, never end, or ask for too much: over real sockets, with the unmodified SDKs.

The stranger has a certificate that is trusted, so that nothing but the collection keeps tokens and bodies from it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._azure import agent_pools, arm, extension_changes
from ansible_collections.azureml.fleet.plugins.module_utils._azure import waiting as azure_waiting
from ansible_collections.azureml.fleet.plugins.module_utils._azure.compute_changes import ComputeRequest, attach
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.credentials import fetch_kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extension_changes import ExtensionRequest
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    parse_cluster_id,
    parse_workspace_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting, WaitTimeoutError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import pages
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import NODES
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure
from ansible_collections.azureml.fleet.plugins.plugin_utils._run_memory import create
from tests.integration.hostile_server import TENANT, Answer, Asked, Drip, HostileServer, pair

SECRET = "the-secret-of-the-principal"  # for a server on loopback
GROUP = "/subscriptions/s/resourceGroups/rg/providers"
CLUSTER = f"{GROUP}/Microsoft.ContainerService/managedClusters/aks"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml"
REDIRECTS = (301, 302, 303, 307, 308)
DOING = "Asking"


class World:
    """A cloud, a stranger, and how to connect to the cloud."""

    def __init__(self, cloud: HostileServer, stranger: HostileServer, ca_file: str) -> None:
        self.cloud = cloud
        self.stranger = stranger
        self.ca_file = ca_file

    def connect(self, memory: RunMemory | None = None, **options: Any) -> AzureConnection:
        params = {
            "tenant": TENANT,
            "client_id": "app",
            "secret": SECRET,
            "cloud_environment": f"{self.cloud.url}/metadata/endpoints",
            "ca_file": self.ca_file,
            "disable_instance_discovery": True,
            "cluster_id": CLUSTER,
            **options,
        }
        return AzureConnection.from_params(params, memory or create(), lambda _secret: None)

    def answer(self, answer: Answer, method: str = "GET", path: str = "") -> None:
        """Give `answer` to requests to Azure Resource Manager."""

        def script(asked: Asked) -> Answer | None:
            own = asked.path.startswith("/subscriptions/") and asked.method == method and path in asked.path
            return answer if own else None

        self.cloud.script = script

    def heard_nothing(self) -> bool:
        """Whether the stranger got no request, no token, and no body."""
        return self.stranger.asked == []


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pair(tmp_path) as (cloud, stranger, ca_file):
        yield World(cloud, stranger, ca_file)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between tries of the SDK, which take no time."""
    from ansible_collections.azureml.fleet.plugins.module_utils._azure import transport

    slept: list[float] = []
    monkeypatch.setattr(transport.GuardedTransport, "sleep", lambda _self, seconds: slept.append(seconds))
    return slept


def get(world: World) -> dict[str, Any]:
    return arm.get(world.connect(), f"{CLUSTER}", "1", DOING)


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirected_read_is_not_followed(world: World, status: int) -> None:
    world.answer(Answer(status, headers={"Location": f"{world.stranger.url}/x"}))
    with pytest.raises(
        AzureError, match=rf"^Asking: .* sent the request on to .* \(HTTP {status}\), which is not followed"
    ):
        get(world)
    assert world.heard_nothing()


def install(world: World, **options: Any) -> Any:
    """Send the PUT of an extension, with a secret in its body."""
    return extension_changes.create(
        world.connect(**options),
        parse_cluster_id(CLUSTER),
        "azureml",
        ExtensionRequest(settings={"enableTraining": "True"}, protected={"scoringFe.sslKey": "a private key"}),
        poll_interval=0.1,
        follow=True,
    )


@pytest.mark.parametrize("status", REDIRECTS)
def test_protected_settings_are_not_sent_to_where_a_redirect_leads(world: World, status: int) -> None:
    world.answer(Answer(status, headers={"Location": f"{world.stranger.url}/x"}), "PUT")
    with pytest.raises(AzureError, match="which is not followed"):
        install(world)
    assert world.heard_nothing()


@pytest.mark.parametrize(
    ("method", "status", "header"),
    [
        ("PUT", 201, "Azure-AsyncOperation"),
        ("PATCH", 202, "Azure-AsyncOperation"),
        ("PATCH", 202, "Location"),
        ("DELETE", 202, "Azure-AsyncOperation"),
        ("DELETE", 202, "Location"),
    ],
)
def test_an_operation_is_not_followed_to_another_host(world: World, method: str, status: int, header: str) -> None:
    body = {"id": "x", "properties": {"provisioningState": "Creating"}}
    world.answer(Answer(status, body, {header: f"{world.stranger.url}/operation"}), method)
    connection, cluster = world.connect(), parse_cluster_id(CLUSTER)
    request = ExtensionRequest(protected={"scoringFe.sslKey": "a private key"})
    pollers: dict[str, Callable[[], Any]] = {
        "PUT": lambda: install(world),
        "PATCH": lambda: extension_changes.update(
            connection, cluster, "azureml", request, poll_interval=0.1, follow=True
        ),
        "DELETE": lambda: extension_changes.delete(
            connection, cluster, "azureml", force=False, poll_interval=0.1, follow=True
        ),
    }
    with pytest.raises(AzureError, match=r"leads to 127\.0\.0\.1:\d+, which is no host of the chosen cloud's"):
        azure_waiting.follow(Waiting(5.0, 0.1, lambda _line: None), pollers[method](), "The extension", "Changing it")
    assert world.heard_nothing()


def test_labels_and_attachments_are_not_followed_either(world: World) -> None:
    elsewhere = {"Azure-AsyncOperation": f"{world.stranger.url}/operation"}
    body = {"name": "system", "properties": {"provisioningState": "Updating"}}
    world.answer(Answer(201, body, elsewhere), "PUT", "agentPools")
    poller = agent_pools.put_labels(
        world.connect(), parse_cluster_id(CLUSTER), {"name": "system"}, {"a": "b"}, poll_interval=0.1, follow=True
    )
    with pytest.raises(AzureError, match="nothing was sent there"):
        azure_waiting.follow(Waiting(5.0, 0.1, lambda _line: None), poller, "Pool system", "Labelling")
    workspace = {"id": WORKSPACE, "name": "ml", "location": "westus", "properties": {}}

    def script(asked: Asked) -> Answer | None:
        if asked.method == "PUT":
            return Answer(201, {"properties": {"provisioningState": "Creating"}}, elsewhere)
        return Answer(200, workspace) if asked.path == WORKSPACE else None

    world.cloud.script = script
    attachment = ComputeRequest(name="k8s", resource_id=CLUSTER, namespace="jobs")
    with pytest.raises(AzureError, match="nothing was sent there"):
        azure_waiting.follow(
            Waiting(5.0, 0.1, lambda _line: None),
            attach(world.connect(), parse_workspace_id(WORKSPACE), attachment, poll_interval=0.1),
            "Compute k8s",
            "Attaching",
        )
    assert world.heard_nothing()


def lists(world: World) -> list[dict[str, Any]]:
    return arm.list_all(world.connect(), f"{WORKSPACE}/computes", "1", DOING)


def test_a_list_goes_on_at_the_same_host_however_it_is_spelled(world: World) -> None:
    port = world.cloud.url.rpartition(":")[2]
    links = [
        "/subscriptions/2",
        f"HTTPS://127.0.0.1:{port}/subscriptions/3",
        f"//127.0.0.1:{port}/subscriptions/4",
        None,
    ]

    def script(asked: Asked) -> Answer | None:
        if not asked.path.startswith("/subscriptions/"):
            return None
        number = int(asked.path[-1]) if asked.path[-1].isdigit() else 1
        return Answer(body={"value": [{"n": number}], "nextLink": links[number - 1]})

    world.cloud.script = script
    assert [each["n"] for each in lists(world)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "link", ["{stranger}/next", "http://127.0.0.1/next", "https://evil.example@{cloud}/", "{cloud}@x"]
)
def test_a_part_of_a_list_is_not_the_list(world: World, link: str) -> None:
    named = link.format(stranger=world.stranger.url, cloud=world.cloud.url.removeprefix("https://"))
    world.answer(Answer(body={"value": [{}], "nextLink": named}))
    with pytest.raises(AzureError, match=r"^Asking: "):
        lists(world)
    assert world.heard_nothing()


def test_a_list_without_end_ends(world: World) -> None:
    world.answer(Answer(body={"value": [{}], "nextLink": "/subscriptions/s?page=2"}))
    with pytest.raises(AzureError, match="the list has no end"):
        lists(world)
    assert len(world.cloud.asked) < 10


def test_a_list_of_more_than_anybody_has_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm, "_MOST_RESOURCES", 100)
    world.answer(Answer(body={"value": [{}] * 101}))
    with pytest.raises(AzureError, match=r"^Asking: the list has more than 100 resources"):
        lists(world)
    world.answer(Answer(body={"value": [{}] * 100}))
    assert len(lists(world)) == 100


def test_a_list_that_is_slow_page_after_page_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm, "_LONGEST_LIST", 0.5)
    numbers = iter(range(10_000))

    def script(asked: Asked) -> Answer | None:
        if not asked.path.startswith("/subscriptions/"):
            return None
        time.sleep(0.1)
        return Answer(body={"value": [{}], "nextLink": f"/subscriptions/s?page={next(numbers)}"})

    world.cloud.script = script
    with pytest.raises(AzureError, match="the list has no end"):
        lists(world)
    assert next(numbers) < 10


@pytest.mark.parametrize("body", [{}, [], {"value": None}, {"value": {}}, {"value": ["x"]}, b"<html>", b"[" * 100_000])
def test_what_is_no_list_is_no_empty_list(world: World, body: Any) -> None:
    world.answer(Answer(body=body))
    with pytest.raises(AzureError, match=r"^Asking: the answer is no"):
        lists(world)


def test_an_answer_without_end_ends(world: World, no_pauses: list[float]) -> None:
    world.answer(Answer(endless=True))
    with pytest.raises(AzureError, match="more than 64 MiB or does not end"):
        get(world)
    assert no_pauses == []


#: Answers that never come to an end, each in another place of HTTP.
DRIPS = {
    "status line": Drip(b"HTTP/1.1 200 O", b"K"),
    "header": Drip(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x"),
    "100 slowly": Drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 fast": Drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.0),
    "103": Drip(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "body": Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "size of a chunk": Drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailer": Drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"),
    "redirect": Drip(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://", b"x"),
}


@pytest.fixture
def one_second(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The longest time of an answer is a second; the test then takes little more."""
    from ansible_collections.azureml.fleet.plugins.module_utils._azure import transport as azure
    from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import transport as kubernetes

    monkeypatch.setattr(azure, "_WHOLE_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(kubernetes, "WHOLE_ANSWER_SECONDS", 1.0)
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.usefixtures("one_second")
def test_an_answer_that_drips_is_given_up(world: World, where: str) -> None:
    world.answer(Answer(drip=DRIPS[where]))
    with pytest.raises(AzureError, match=r"^Asking: the answer has more than 64 MiB or does not end; "):
        get(world)
    assert len([each for each in world.cloud.asked if each.has_token]) == 1, "it is not asked again"


@pytest.mark.parametrize("path", ["/metadata/endpoints", "/.well-known/openid-configuration", "/token"])
@pytest.mark.parametrize("where", ["header", "100 slowly"])
@pytest.mark.usefixtures("one_second")
def test_metadata_and_authorities_that_drip_are_given_up(world: World, path: str, where: str) -> None:
    world.cloud.script = lambda asked: Answer(drip=DRIPS[where]) if asked.path.endswith(path) else None
    with pytest.raises(AzureError, match="does not end"):
        get(world)


def test_interim_answers_are_no_answers(world: World) -> None:
    """Whoever takes 103 for the answer takes the answer for that of the next request."""
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"name":"x"}'
    interim = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    world.answer(Answer(drip=Drip(interim + final, b"")))
    assert get(world) == {"name": "x"}


def test_another_protocol_is_no_answer(world: World) -> None:
    world.answer(Answer(drip=Drip(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"")))
    with pytest.raises(AzureError, match=r"^Asking: the answer is HTTP 101"):
        get(world)


@contextlib.contextmanager
def dripping_proxy(drip: Drip) -> Iterator[str]:
    """A proxy whose answer to CONNECT does not end."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.recv(65536)
                        drip.pour(connection.sendall)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("where", ["status line", "header"])
@pytest.mark.usefixtures("one_second")
def test_a_proxy_that_drips_is_given_up(
    world: World, cluster: ClusterConnection, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dripping_proxy(DRIPS[where]) as proxy:
        params = {"host": "https://aks.example", "api_key": "token-of-the-cluster", "proxy": proxy}
        with (
            ClusterConnection.from_params(params, name="aks") as behind,
            pytest.raises(KubernetesError, match="without an end"),
        ):
            behind.list(NODES)
        connection = world.connect()
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(AzureError, match="does not end"):
            arm.get(connection, CLUSTER, "1", DOING)


def test_an_authority_that_asks_for_a_day_is_not_waited_for(world: World) -> None:
    busy = Answer(429, {"error": "busy"}, {"Retry-After": "86400"})
    world.cloud.script = lambda asked: busy if asked.path.endswith("/token") else None
    with pytest.raises(AzureError, match="asks to be left alone for 86400 s, which is not waited for"):
        get(world)


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_a_day_is_not_waited_for(world: World, status: int, no_pauses: list[float]) -> None:
    world.answer(Answer(status, {"error": {"code": "Busy", "message": "Later."}}, {"Retry-After": "86400"}))
    with pytest.raises(AzureError, match=r"Later\. It asks to be left alone for 86400 s") as failure:
        get(world)
    assert failure.value.retryable
    assert no_pauses == []


def test_a_service_that_asks_again_and_again_is_not_waited_for_longer(world: World, no_pauses: list[float]) -> None:
    world.answer(Answer(429, {"error": {"code": "Busy", "message": "Later."}}, {"Retry-After": "120"}))
    with pytest.raises(AzureError, match="Later"):
        get(world)
    assert no_pauses == [120.0, 120.0], "five minutes in all"


#: What a service may write where seconds or a date belong.
STRANGE_TIMES = (
    "nan",
    "inf",
    "1e400",
    "99999999999999999999",
    "86400.5",
    "-1",
    "tomorrow",
    "Sun, 99 Nov 9999 99:99:99 GMT",
)


@pytest.mark.parametrize("wanted", STRANGE_TIMES)
def test_a_strange_time_to_wait_is_no_failure_of_ours(world: World, no_pauses: list[float], wanted: str) -> None:
    world.answer(Answer(429, {"error": {"code": "Busy", "message": "Later."}}, {"Retry-After": wanted}))
    with pytest.raises(AzureError, match=r"^Asking: Azure answered 429 \(Busy\): Later"):
        get(world)
    assert sum(no_pauses) < 100


@pytest.mark.parametrize("wanted", STRANGE_TIMES)
def test_a_strange_time_to_wait_does_not_end_a_poll(world: World, wanted: str) -> None:
    headers = {"Azure-AsyncOperation": f"{world.cloud.url}/subscriptions/operation", "Retry-After": wanted}

    def script(asked: Asked) -> Answer | None:
        if asked.method == "PUT":
            return Answer(201, {"properties": {"provisioningState": "Creating"}}, headers)
        return Answer(200, {"status": "InProgress"}, {"Retry-After": wanted}) if "operation" in asked.path else None

    world.cloud.script = script
    with pytest.raises(WaitTimeoutError, match="wait_timeout were over"):
        azure_waiting.follow(Waiting(0.5, 0.1, lambda _line: None), install(world), "The extension", "Installing")


@pytest.mark.parametrize("wanted", STRANGE_TIMES)
def test_a_strange_time_of_an_authority_is_no_failure_of_ours(
    world: World, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    busy = Answer(429, {"error": "busy"}, {"Retry-After": wanted})
    world.cloud.script = lambda asked: busy if asked.path.endswith("/token") else None
    with pytest.raises(AzureError, match=r"^Asking: "):
        get(world)


@pytest.mark.parametrize("wanted", STRANGE_TIMES)
def test_a_strange_time_of_an_api_server_is_no_failure_of_ours(
    world: World, cluster: ClusterConnection, wanted: str
) -> None:
    world.cloud.script = lambda _asked: Answer(429, {"message": "slow down"}, {"Retry-After": wanted})
    with pytest.raises(KubernetesError, match="slow down"):
        cluster.list(NODES)


def test_a_poll_that_is_to_wait_for_a_day_ends_at_the_deadline(world: World) -> None:
    headers = {"Azure-AsyncOperation": f"{world.cloud.url}/subscriptions/operation", "Retry-After": "86400"}

    def script(asked: Asked) -> Answer | None:
        if asked.method == "PUT":
            return Answer(201, {"properties": {"provisioningState": "Creating"}}, headers)
        own = asked.path == "/subscriptions/operation"
        return Answer(200, {"status": "InProgress"}, {"Retry-After": "86400"}) if own else None

    world.cloud.script = script
    began = time.monotonic()
    with pytest.raises(WaitTimeoutError, match="wait_timeout were over"):
        azure_waiting.follow(Waiting(1.0, 0.1, lambda _line: None), install(world), "The extension", "Installing")
    assert time.monotonic() - began < 10


def test_the_secret_goes_to_the_authority_alone(world: World) -> None:
    endpoint = f"{world.stranger.url}/{TENANT}/oauth2/v2.0/token"

    def script(asked: Asked) -> Answer | None:
        if asked.path.endswith("openid-configuration"):
            found = world.cloud.honest(asked)
            return Answer(body={**found.body, "token_endpoint": endpoint})
        return None

    world.cloud.script = script
    with pytest.raises(AzureError, match="no host of the chosen cloud's"):
        get(world)
    assert world.heard_nothing()


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("path", ["/token", "/.well-known/openid-configuration"])
def test_an_authority_that_sends_us_on_is_not_followed(world: World, status: int, path: str) -> None:
    target = {"Location": f"{world.stranger.url}/x"}
    world.cloud.script = lambda asked: Answer(status, headers=target) if asked.path.endswith(path) else None
    with pytest.raises(AzureError, match="which is not followed"):
        get(world)
    assert world.heard_nothing()


def test_metadata_that_sends_us_on_or_tells_of_others_is_not_believed(world: World) -> None:
    target = {"Location": f"{world.stranger.url}/metadata/endpoints"}
    world.cloud.script = lambda _asked: Answer(307, headers=target)
    with pytest.raises(AzureError, match="which is not followed"):
        world.connect()
    other = world.stranger.honest(Asked("GET", "/metadata/endpoints", "", None, b""))  # type: ignore[arg-type]  # no headers
    world.cloud.script = lambda _asked: other
    with pytest.raises(AzureError, match="did not answer with the loginEndpoint"):
        world.connect()
    assert world.heard_nothing()


#: The identity endpoint of Azure's machines, elsewhere (azure/identity/_credentials/imds.py).
IMDS = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
POD = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    """The endpoint of managed identities, which speaks plain HTTP."""
    for name in (*POD, "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    server = HostileServer(None)
    monkeypatch.setenv(IMDS, server.url)
    yield server
    server.close()


def test_a_managed_identity_is_asked_of_the_machine(world: World, machine: HostileServer) -> None:
    world.answer(Answer(body={"name": "x"}))
    assert arm.get(world.connect(auth_source="msi"), CLUSTER, "1", DOING) == {"name": "x"}
    assert [asked.path for asked in machine.asked] == ["/metadata/identity/oauth2/token"]


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_machine_that_sends_us_on_is_not_followed(world: World, machine: HostileServer, status: int) -> None:
    machine.script = lambda _asked: Answer(status, headers={"Location": f"{world.stranger.url}/x"})
    with pytest.raises(AzureError, match=r"^Asking: Azure did not accept the credentials: ManagedIdentityCredential"):
        arm.get(world.connect(auth_source="msi"), CLUSTER, "1", DOING)
    assert world.heard_nothing()


@pytest.mark.parametrize("where", ["header", "100 slowly"])
@pytest.mark.usefixtures("one_second")
def test_a_machine_that_drips_is_given_up(world: World, machine: HostileServer, where: str) -> None:
    machine.script = lambda _asked: Answer(drip=DRIPS[where])
    with pytest.raises(AzureError, match="did not accept the credentials"):
        arm.get(world.connect(auth_source="msi"), CLUSTER, "1", DOING)


def test_a_machine_that_asks_for_a_day_is_not_waited_for(world: World, machine: HostileServer) -> None:
    machine.script = lambda _asked: Answer(429, {"error": "busy"}, {"Retry-After": "86400"})
    with pytest.raises(AzureError, match="did not accept the credentials"):
        arm.get(world.connect(auth_source="msi"), CLUSTER, "1", DOING)


@pytest.fixture
def pod(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod of Azure Workload Identity, where the managed identity is that of the pod's federated token."""
    (tmp_path / "token").write_text("federated", encoding="utf-8")
    for name, value in zip(POD, (TENANT, "app", str(tmp_path / "token"), world.stranger.url), strict=True):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("source", ["msi", "workload_identity"])
@pytest.mark.usefixtures("pod")
def test_the_token_of_a_pod_goes_to_the_authority_of_the_cloud(world: World, source: str) -> None:
    world.answer(Answer(body={"name": "x"}))
    assert arm.get(world.connect(auth_source=source, client_id=None), CLUSTER, "1", DOING) == {"name": "x"}
    assert any(b"client_assertion=federated" in asked.body for asked in world.cloud.asked)
    target = {"Location": f"{world.stranger.url}/x"}
    world.cloud.script = lambda asked: Answer(307, headers=target) if asked.path.endswith("/token") else None
    with pytest.raises(AzureError, match="which is not followed"):
        arm.get(world.connect(auth_source=source, client_id=None), CLUSTER, "1", DOING)
    assert world.heard_nothing()


#: What a controller may have for other purposes: `requests` puts it in the place of every Authorization header.
NETRC = "default login {login} password {password}\n"


def test_netrc_takes_no_tokens_place(
    world: World, cluster: ClusterConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text(NETRC.format(login="somebody", password="else"), encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    world.answer(Answer(body={"value": []}))
    lists(world)
    world.cloud.script = lambda asked: page() if asked.path == "/api/v1/nodes" else None
    cluster.list(NODES)
    sent = {asked.path: asked.headers.get("Authorization", "") for asked in world.cloud.asked}
    assert sent.pop(f"{WORKSPACE}/computes").startswith("Bearer ey")
    assert sent.pop("/api/v1/nodes") == "Bearer token-of-the-cluster"
    assert set(sent.values()) == {""}, "metadata and authority get no password of somebody else"
    assert len(sent) == 3


def test_a_host_that_checks_nothing_does_not_poison_the_memory_of_one_that_does(world: World) -> None:
    memory = create()
    lie = {"loginEndpoint": world.stranger.url, "audiences": [world.cloud.url]}
    body = {"name": "Lie", "resourceManager": world.cloud.url, "authentication": lie}
    world.cloud.script = lambda asked: Answer(body=body) if asked.path == "/metadata/endpoints" else None
    assert world.connect(memory, cert_validation_mode="ignore", ca_file=None).cloud.authority == world.stranger.url
    world.cloud.script = lambda _asked: None
    assert world.connect(memory).cloud.authority == world.cloud.url


def test_a_wrong_secret_gets_nobody_elses_kubeconfig(world: World) -> None:
    memory = create()
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://aks.example"}}],
        "users": [{"name": "u", "user": {"token": "of the right one"}}],
    }
    value = base64.b64encode(yaml.safe_dump(config).encode()).decode()
    kubeconfig = Answer(body={"kubeconfigs": [{"name": "clusterUser", "value": value}]})
    refusal = Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."})

    def script(asked: Asked) -> Answer | None:
        if asked.path.endswith("/token") and SECRET.encode() not in asked.body:
            return refusal
        return kubeconfig if asked.path.endswith("listClusterUserCredential") else None

    world.cloud.script = script
    assert fetch_kubeconfig(world.connect(memory), CLUSTER)["users"]
    with pytest.raises(AzureError, match="did not accept the credentials"):
        fetch_kubeconfig(world.connect(memory, secret="wrong"), CLUSTER)


def kubelogin(world: World, *servers: str) -> Iterator[Answer]:
    """Kubeconfigs of a cluster that takes tokens of Entra, one after the other."""
    authority = base64.b64encode(Path(world.ca_file).read_bytes()).decode()
    for server in servers:
        config = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": "u", "user": {"exec": {"command": "kubelogin", "args": ["get-token"]}}}],
        }
        value = base64.b64encode(yaml.safe_dump(config).encode()).decode()
        yield Answer(body={"kubeconfigs": [{"name": "clusterUser", "value": value}]})


def nodes_of(world: World, servers: list[str], **names: Any) -> list[dict[str, Any]]:
    """List the nodes of an AKS cluster that has `names` in Azure and whose kubeconfigs have `servers`."""
    answers = kubelogin(world, *servers)

    def script(asked: Asked) -> Answer | None:
        if asked.path == CLUSTER:
            return Answer(body={"properties": names})
        if asked.path == "/api/v1/nodes":
            return page()
        return next(answers) if asked.path.endswith("listClusterUserCredential") else None

    world.cloud.script = world.stranger.script = script
    options = {"cluster_id": CLUSTER, "tenant": TENANT, "client_id": "app", "secret": SECRET}
    cloud = {"cloud_environment": f"{world.cloud.url}/metadata/endpoints", "ca_file": world.ca_file}
    params = {**options, **cloud, "disable_instance_discovery": True}
    with open_cluster(Call(params=params, memory=create())) as cluster:
        return cluster.list(NODES)


def test_the_token_for_api_servers_goes_to_the_servers_of_the_cluster(world: World) -> None:
    assert nodes_of(world, [world.cloud.url], fqdn="127.0.0.1")
    assert [asked.path for asked in world.cloud.asked if asked.has_token].count(CLUSTER) == 1


@pytest.mark.parametrize("names", [{"fqdn": "127.0.0.1"}, {}, {"fqdn": None, "privateFQDN": ["localhost"]}])
def test_the_token_for_api_servers_goes_to_nobody_else(world: World, names: dict[str, Any]) -> None:
    elsewhere = world.stranger.url.replace("127.0.0.1", "localhost")
    with pytest.raises(ModuleFailure, match=r"^The kubeconfig that Azure .* has the server 'localhost', which is not"):
        nodes_of(world, [elsewhere], **names)
    assert world.heard_nothing()


def test_a_private_name_that_is_unknown_here_gives_way_to_the_public_one(world: World) -> None:
    names = {"fqdn": "127.0.0.1", "privateFQDN": "aks.privatelink.invalid"}
    assert nodes_of(world, ["https://aks.privatelink.invalid:443", world.cloud.url], **names)
    asked = [each.url for each in world.cloud.asked if each.path.endswith("listClusterUserCredential")]
    assert ["server-fqdn=public" in url for url in asked] == [False, True]


def test_a_cluster_without_a_public_name_stays_with_the_private_one(world: World) -> None:
    """And the failure names it: the network has to be mended, not the kubeconfig."""
    names = {"privateFQDN": "aks.privatelink.invalid"}
    with pytest.raises(ModuleFailure, match=r"aks\.privatelink\.invalid.*resol"):
        nodes_of(world, ["https://aks.privatelink.invalid:443"] * 2, **names)


@pytest.mark.parametrize("section", ["users", "clusters", "contexts"])
def test_a_kubeconfig_with_more_than_aks_writes_is_refused_before_it_is_hidden(world: World, section: str) -> None:
    """Also the second one, which is asked for where the first one's server has no address here."""
    entry = {"name": "x", "user": {"token": "a-token"}, "cluster": {"server": "https://x.example"}}
    few = {"users": [entry], "clusters": [entry], "contexts": [entry]}

    def kubeconfig(count: int) -> Answer:
        value = base64.b64encode(json.dumps({**few, section: [entry] * count}).encode()).decode()
        return Answer(body={"kubeconfigs": [{"value": value}]})

    world.answer(kubeconfig(20), "POST")
    assert len(fetch_kubeconfig(world.connect(), CLUSTER)[section]) == 20
    world.answer(kubeconfig(21), "POST")
    connection = world.connect()
    hidden: list[str] = []
    connection.hide = hidden.append
    with pytest.raises(AzureError, match=f"is not used: it has more than 20 {section}"):
        fetch_kubeconfig(connection, CLUSTER)
    assert not hidden


def test_a_kubeconfig_that_grows_is_refused(world: World) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    value = base64.b64encode(bomb.encode()).decode()
    world.answer(Answer(body={"kubeconfigs": [{"value": value}]}), "POST")
    with pytest.raises(AzureError, match="is not used: it has YAML aliases"):
        fetch_kubeconfig(world.connect(), CLUSTER)


def test_who_we_are_is_told_without_the_token(world: World) -> None:
    found = world.connect().identity()
    assert found == {
        "object_id": "object",
        "tenant_id": "tenant",
        "application_id": "app",
        "subscription_id": "s",
    }


def test_requests_with_a_token_go_to_azure_resource_manager_alone(world: World) -> None:
    world.answer(Answer(body={"value": []}))
    lists(world)
    with_token = [asked.path for asked in world.cloud.asked if asked.has_token]
    assert with_token == [f"{WORKSPACE}/computes"]
    assert world.heard_nothing()


@pytest.fixture
def cluster(world: World) -> Iterator[ClusterConnection]:
    """A connection to an API server: the same server as the cloud, with a token of its own."""
    params = {"host": world.cloud.url, "ca_cert": world.ca_file, "api_key": "token-of-the-cluster"}
    with ClusterConnection.from_params(params, name="aks") as connection:
        connection._transport._retry_seconds = 1.0
        yield connection


@pytest.mark.parametrize("status", REDIRECTS)
def test_an_api_server_that_sends_us_on_is_not_followed(world: World, cluster: ClusterConnection, status: int) -> None:
    world.cloud.script = lambda _asked: Answer(status, headers={"Location": f"{world.stranger.url}/api"})
    with pytest.raises(KubernetesError, match=rf"sent the request to list nodes on .*\(HTTP {status}\), which is not"):
        cluster.list(NODES)
    found = {"metadata": {"name": "n", "uid": "u", "resourceVersion": "1"}}
    with pytest.raises(KubernetesError, match="credentials go nowhere else"):
        cluster.merge(NODES, found, {"labels": {"a": "b"}})
    assert world.heard_nothing()


def page(*, more: str = "", body: Any = None) -> Answer:
    """One page of a list of nodes."""
    return Answer(body=body or {"kind": "NodeList", "items": [{"metadata": {}}], "metadata": {"continue": more}})


def test_a_kubernetes_list_without_end_ends(world: World, cluster: ClusterConnection) -> None:
    world.cloud.script = lambda _asked: page(more="same")
    with pytest.raises(KubernetesError, match="has no end"):
        cluster.list(NODES)
    numbers = iter(range(10_000))
    world.cloud.script = lambda _asked: page(more=str(next(numbers)))
    with pytest.raises(KubernetesError, match="has no end"):
        cluster.list(NODES)
    assert next(numbers) < 1000


def test_a_kubernetes_list_that_expires_each_time_is_begun_again_once(world: World, cluster: ClusterConnection) -> None:
    gone = Answer(410, {"kind": "Status", "message": "too old", "reason": "Expired"})
    world.cloud.script = lambda asked: gone if "continue" in asked.url or "limit" not in asked.url else page(more="x")
    with pytest.raises(KubernetesError, match="too old"):
        cluster.list(NODES)
    assert len(world.cloud.asked) == 3


def test_a_kubernetes_list_that_is_slow_page_after_page_ends(
    world: World, cluster: ClusterConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LONGEST_LIST", 0.5)
    numbers = iter(range(10_000))

    def script(_asked: Asked) -> Answer:
        time.sleep(0.1)
        return page(more=str(next(numbers)))

    world.cloud.script = script
    with pytest.raises(KubernetesError, match="has no end"):
        cluster.list(NODES)
    assert next(numbers) < 10


def test_a_kubernetes_list_that_expires_when_time_is_nearly_over_has_no_second_time(
    world: World, cluster: ClusterConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LONGEST_LIST", 0.5)
    numbers = iter(range(10_000))

    def script(asked: Asked) -> Answer:
        time.sleep(0.1)
        number = next(numbers)
        if number == 3:
            return Answer(410, {"kind": "Status", "message": "too old", "reason": "Expired"})
        return page(more=str(number))

    world.cloud.script = script
    with pytest.raises(KubernetesError, match="has no end"):
        cluster.list(NODES)
    assert next(numbers) < 8


def test_a_kubernetes_list_of_more_than_any_cluster_has_ends(
    world: World, cluster: ClusterConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may ignore the limit, or send 500 objects on each of endless pages: all of them count together."""
    monkeypatch.setattr(pages, "MOST_OBJECTS", 100)
    world.cloud.script = lambda _asked: page(body={"kind": "NodeList", "items": [{}] * 101})
    with pytest.raises(KubernetesError, match="has more than 100 objects"):
        cluster.list(NODES)
    numbers = iter(range(10_000))
    more = {"kind": "NodeList", "items": [{}] * 30}
    world.cloud.script = lambda _asked: page(body={**more, "metadata": {"continue": str(next(numbers))}})
    with pytest.raises(KubernetesError, match="has more than 100 objects"):
        cluster.list(NODES)
    assert next(numbers) == 4


def test_a_strange_mark_of_a_next_page_is_none(world: World, cluster: ClusterConnection) -> None:
    world.cloud.script = lambda _asked: page(body={"kind": "NodeList", "items": [], "metadata": ["continue"]})
    assert cluster.list(NODES) == []


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"[]",
        {"kind": "Status"},
        {"items": {}},
        {"items": ["x"]},
        {"items": [None]},
        b"{" * 100_000,
    ],
)
def test_what_is_no_kubernetes_list_is_no_empty_list(world: World, cluster: ClusterConnection, body: Any) -> None:
    world.cloud.script = lambda _asked: page(body=body)
    with pytest.raises(KubernetesError):
        cluster.list(NODES)


def test_a_kubernetes_answer_without_end_ends(world: World, cluster: ClusterConnection) -> None:
    world.cloud.script = lambda _asked: Answer(endless=True)
    with pytest.raises(KubernetesError, match="answered with more than 64 MiB"):
        cluster.list(NODES)


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.usefixtures("one_second")
def test_a_kubernetes_answer_that_drips_is_given_up(world: World, cluster: ClusterConnection, where: str) -> None:
    world.cloud.script = lambda _asked: Answer(drip=DRIPS[where])
    with pytest.raises(KubernetesError, match=r"more than 64 MiB, or without an end in 1 s, when asked to list nodes"):
        cluster.list(NODES)
    assert len(world.cloud.asked) == 1, "it is not asked again"


@pytest.mark.parametrize("status", [101, 102, 103])
def test_an_interim_answer_changes_nothing(world: World, cluster: ClusterConnection, status: int) -> None:
    """It has no body, which a creation would take for a created object."""
    world.cloud.script = lambda _asked: Answer(drip=Drip(b"HTTP/1.1 %d X\r\n\r\n" % status, b""))
    with pytest.raises(KubernetesError):
        cluster.create(NODES, {"metadata": {"name": "n"}})


def test_an_api_server_that_asks_for_a_day_is_not_waited_for(world: World, cluster: ClusterConnection) -> None:
    world.cloud.script = lambda _asked: Answer(429, {"message": "slow down"}, {"Retry-After": "86400"})
    with pytest.raises(KubernetesError, match=r"slow down \(it asks to be left alone for 86400 s\)"):
        cluster.list(NODES)
    assert len(world.cloud.asked) == 1
