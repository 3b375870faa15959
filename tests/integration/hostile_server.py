# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTPS server on loopback that plays a cloud as long as a test's script does not say otherwise.

It serves the metadata of a cloud, an authority, and Azure Resource Manager, and remembers every request. Two of them
with one certificate authority are a cloud and somebody else who can be reached and is trusted by TLS all the same.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import trustme

TENANT = "11111111-1111-1111-1111-111111111111"
#: A JWT without a signature: {"alg":"none"} and the claims of a service principal.
TOKEN = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJvYmplY3QiLCJ0aWQiOiJ0ZW5hbnQiLCJhcHBpZCI6ImFwcCJ9.x"  # no secret


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    url: str
    headers: Message
    body: bytes

    @property
    def has_token(self) -> bool:
        """Whether it carries a bearer token."""
        return str(self.headers.get("Authorization", "")).startswith("Bearer ")


@dataclass
class Answer:
    """What to answer; `endless` sends megabytes, `drip` piece after piece, until the client has had enough."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    endless: bool = False
    drip: Drip | None = None


@dataclass
class Drip:
    """A beginning as it stands on the wire, and what follows it again and again, unless it is nothing."""

    beginning: bytes
    piece: bytes
    pause: float = 0.02

    def pour(self, send: Callable[[bytes], Any]) -> None:
        """Send until nobody listens."""
        with contextlib.suppress(OSError):
            send(self.beginning)
            while self.piece:
                send(self.piece)
                time.sleep(self.pause)


Script = Callable[[Asked], "Answer | None"]


class HostileServer:
    """The server. `script` answers what it wants to; the rest is answered as an honest cloud would."""

    def __init__(self, authority: trustme.CA | None) -> None:
        """Listen on a free port, with a certificate of `authority` or in clear."""
        self.asked: list[Asked] = []
        self.script: Script = lambda _asked: None
        self._scheme = "https" if authority else "http"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def honest(self, asked: Asked) -> Answer:
        """Answer as a cloud does."""
        if asked.path == "/metadata/endpoints":
            login = {"loginEndpoint": self.url, "audiences": [self.url]}
            return Answer(body={"name": "Hostile", "resourceManager": self.url, "authentication": login})
        if asked.path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}/{TENANT}"
            return Answer(
                body={
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "issuer": f"{base}/v2.0",
                }
            )
        if asked.path.endswith("/token"):
            return Answer(body={"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN})
        return Answer(404, {"error": {"code": "ResourceNotFound", "message": "There is none."}})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cloud = self  # the handler below has a self of its own

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, urlsplit(self.path).path, self.path, self.headers, body)
                cloud.asked.append(asked)
                answer = cloud.script(asked) or cloud.honest(asked)
                if answer.drip:
                    self.close_connection = True
                    answer.drip.pour(self.connection.sendall)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.endless:
                    self.close_connection = True
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        while True:
                            self.wfile.write(b" " * 1024 * 1024)
                    return
                content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  # http.server's own names

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextlib.contextmanager
def pair(folder: Any) -> Iterator[tuple[HostileServer, HostileServer, str]]:
    """Yield a cloud, somebody else, and the file of the authority that has signed both certificates."""
    authority = trustme.CA()
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    cloud, stranger = HostileServer(authority), HostileServer(authority)
    try:
        yield cloud, stranger, str(path)
    finally:
        cloud.close()
        stranger.close()
