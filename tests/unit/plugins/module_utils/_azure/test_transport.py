# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading answers that do not end."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from azure.core import PipelineClient
from azure.core.exceptions import ServiceResponseError
from azure.core.rest import HttpRequest

from ansible_collections.azureml.fleet.plugins.module_utils._azure import transport
from ansible_collections.azureml.fleet.plugins.module_utils._azure.api_versions import AgreeingTransport
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import RefusedAnswerError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.bounded import EndlessAnswerError


@contextmanager
def answering(head: bytes, pieces: list[bytes], pause: float, status: bytes = b"200 OK") -> Iterator[str]:
    """A server on loopback that sends `pieces` one by one and then cuts the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(65536)
                try:
                    connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n\r\n")
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def get(url: str) -> requests.Response:
    session: requests.Session = transport.open_transport(verify=True).session
    session.trust_env = False
    with session:
        return session.get(url, timeout=5)


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_WHOLE_ANSWER_SECONDS", 0.3)
    started = time.monotonic()
    with answering(b"Content-Length: 40", [b"x"] * 40, 0.05) as url:
        with pytest.raises(EndlessAnswerError, match="not end"):
            get(url)
        assert time.monotonic() - started < 1.5


def test_nothing_is_tried_again_after_the_longest_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may also be slow four times, and cut each answer just before it would be given up."""
    policy = transport.PatientPolicy(300.0)
    settings = policy.configure_retries({})
    request, cut = Mock(http_request=Mock(body=None, files=None)), ServiceResponseError("cut")
    assert policy.increment(settings, response=request, error=cut)
    monkeypatch.setattr(transport, "_WHOLE_ANSWER_SECONDS", 0.0)
    assert not policy.increment(settings, response=request, error=cut)


def test_compressed_answers_in_chunks_are_read_whole() -> None:
    data = gzip.compress(b"whole " * 1000)
    pieces = [b"%x\r\n%b\r\n" % (len(part), part) for part in (data[:7], data[7:])] + [b"0\r\n\r\n"]
    with answering(b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked", pieces, 0.01) as url:
        assert get(url).text == "whole " * 1000


@pytest.mark.parametrize(
    ("head", "sent"), [(b"Content-Length: 9", b"half"), (b"Transfer-Encoding: chunked", b"9\r\nx")]
)
def test_an_answer_that_is_cut_is_no_answer(head: bytes, sent: bytes) -> None:
    with answering(head, [sent], 0) as url, pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(url)


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
@pytest.mark.parametrize("kind", [transport.GuardedTransport, AgreeingTransport])
def test_a_stream_that_grows_is_given_up_as_any_other_answer(
    kind: type[transport.GuardedTransport], status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the SDK begins with `_stream=True` is read by the SDK itself, and AgreeingTransport reads a refusal."""
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1024 * 1024)
    packed = gzip.compress(bytes(8 * 1024 * 1024))
    head = b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed)
    with answering(head, [packed], 0, status) as url:
        guarded = kind(transport.open_transport(verify=True), lambda _method, _url: True)
        sender: PipelineClient[HttpRequest, Any] = PipelineClient(url, policies=[], transport=guarded)
        with pytest.raises(RefusedAnswerError, match="has more than"):
            sender.send_request(HttpRequest("PUT", f"{url}?api-version=2025-08-01"), stream=True)


def test_a_stream_is_read_whole() -> None:
    data = b"whole " * 100_000
    packed = gzip.compress(data)
    with answering(b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed), [packed], 0) as url:
        guarded = transport.GuardedTransport(transport.open_transport(verify=True), lambda _method, _url: True)
        sender: PipelineClient[HttpRequest, Any] = PipelineClient(url, policies=[], transport=guarded)
        answer = sender.send_request(HttpRequest("GET", url), stream=True)
        assert answer.read() == data == b"".join(answer.iter_bytes())
