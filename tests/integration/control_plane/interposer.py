# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a client and a real API server, and lets others do something at the very moment that hurts most."""

from __future__ import annotations

import json
import re
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import trustme

from tests.control_plane import users
from tests.control_plane.cluster import Cluster

Event = Callable[[], object]


@dataclass
class Interposer:
    """An address of its own for a cluster. Every request is noted and passed on as its administrator.

    `before(method, path, event)` lets `event` happen before the next request that matches is passed on.
    """

    cluster: Cluster
    folder: Path
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    _events: list[tuple[str, re.Pattern[str], Event, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig that leads through here."""
        return self.folder / "interposer.kubeconfig"

    def before(self, method: str, path: str, event: Event, *, times: int = 1) -> None:
        """Let `event` happen before each of the next `times` requests of `method` whose path matches."""
        self._events.append((method, re.compile(path), event, times))

    def count(self, method: str, path: str) -> int:
        """How many requests of `method` with a path that matches were passed on."""
        return sum(each[0] == method and bool(re.search(path, each[1])) for each in self.requests)

    def happen(self, method: str, path: str) -> None:
        """Let what is due before this request happen."""
        due = None
        with self._lock:
            for index, (wanted, pattern, event, times) in enumerate(self._events):
                if wanted == method and pattern.search(path):
                    due = event
                    self._events[index] = (wanted, pattern, event, times - 1)
                    break
            self._events = [each for each in self._events if each[3] > 0]
        if due:
            due()

    def __enter__(self) -> Interposer:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        ca_file = self.folder / "interposer.crt"
        authority.cert_pem.write_to_path(str(ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        users.write_kubeconfig(
            self.kubeconfig,
            cluster=self.cluster.name,
            server=f"https://127.0.0.1:{self._server.server_port}",
            ca_file=ca_file,
            user="somebody",
            token="replaced-on-the-way",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(interposer: Interposer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else None
            path, _unused, query = self.path.partition("?")
            interposer.happen(self.command, path)
            try:
                answer = interposer.cluster.connection().request(
                    self.command,
                    path,
                    query=dict(urllib.parse.parse_qsl(query)),
                    body=body,
                    content_type=self.headers.get("Content-Type", "application/json"),
                    accept=self.headers.get("Accept", "application/json"),
                )
            except OSError:
                interposer.requests.append((self.command, path, 0))
                self.close_connection = True  # as the API server did
                return
            interposer.requests.append((self.command, path, answer.status))
            content = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
            """Say nothing: what was asked is in `requests`."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass_on)
    return Handler
