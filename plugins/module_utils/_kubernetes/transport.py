# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending requests to a cluster's API and repeating those that a restarting server did not answer.

It uses the kubernetes package for the connection (TLS, proxies). No redirect is followed, and no answer is read that is
larger, or takes longer, than what the API server itself would send.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.bounded import (
    EndlessAnswerError,
    bound_answers,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    LARGEST_ANSWER,
    DocumentError,
    load_json,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import blanked
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import wording
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.memory_files import MemoryFiles
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.request import Answer, Request

try:
    import urllib3
    from kubernetes.client.configuration import Configuration
    from kubernetes.client.rest import RESTClientObject

    MISSING_LIBRARY: str | None = None
except ImportError:  # the modules say how to install it
    MISSING_LIBRARY = "kubernetes"

#: Seconds until a connection stands, and until an answer comes.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
#: Seconds after which an answer that still arrives is given up: the largest page takes some seconds.
WHOLE_ANSWER_SECONDS = 300.0
#: Seconds for which a request is repeated while the API server restarts or asks to slow down.
RETRY_SECONDS = 60.0
#: Seconds for which 'RBAC: clusterrole not found' is repeated: a starting API server has not read its roles yet.
ROLES_LOADING_SECONDS = 10.0
#: Bytes that are read at once, and in which secrets are looked for before an answer is cut.
_PIECE = 64 * 1024
_RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})


class _InterruptedError(Exception):
    """No answer came, and the same request may get one in a moment."""

    def __init__(self, error: Exception, *, patience: float) -> None:
        """Keep the cause, and for how many seconds trying again makes sense."""
        super().__init__(str(error))
        self.error = error
        self.patience = patience


class Transport:
    """Connections to one endpoint, with its credentials in memory until `close`."""

    def __init__(self, endpoint: Endpoint, name: str, retry_seconds: float) -> None:
        """Prepare connections to `endpoint`, of the cluster called `name`; nothing is sent yet."""
        self.server = endpoint.address
        self._root = endpoint.server
        self._name = name
        self._retry_seconds = retry_seconds
        self._files = MemoryFiles()
        self._headers = _headers(endpoint)
        self._rest = RESTClientObject(self._configuration(endpoint))
        bound_answers(self._rest.pool_manager, lambda: WHOLE_ANSWER_SECONDS)

    def close(self) -> None:
        """Close the connections and forget the credentials."""
        self._rest.pool_manager.clear()
        self._files.close()

    def answer(self, request: Request, path: str) -> Answer:
        """Send until there is an answer worth having, or patience ends.

        Raises ConnectionFailedError when there is none; an answer that is an error is returned.
        """
        started = time.monotonic()
        pause = 0.25
        while True:
            try:
                answer = self._send(request, self._root + path)
            except _InterruptedError as interruption:
                patience, wanted = min(interruption.patience, self._retry_seconds), pause
                if time.monotonic() - started + wanted > patience:
                    raise wording.unreachable(
                        self._name, self.server, request, interruption.error
                    ) from interruption.error
            else:
                patience = self._patience(answer)
                wanted = max(pause, answer.retry_after or 0.0)
                if time.monotonic() - started + wanted > patience:
                    return answer
            time.sleep(wanted)
            pause = min(pause * 2, 2.0)

    def _patience(self, answer: Answer) -> float:
        """Return for how many seconds after the first try this answer is worth another try; 0 for a final one."""
        if answer.status in _RETRIED_STATUS:
            return self._retry_seconds
        if answer.status == 403 and "RBAC: " in answer.message and "not found" in answer.message:
            return min(ROLES_LOADING_SECONDS, self._retry_seconds)
        return 0.0

    def _send(self, request: Request, url: str) -> Answer:
        """Send once. Raises _InterruptedError when no answer came, with the patience that its cause deserves."""
        headers = self._headers.copy()
        data = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            data = json.dumps(request.body).encode()
        try:
            response = self._rest.pool_manager.request(
                request.method,
                url,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = _read(response)
        except urllib3.exceptions.HTTPError as error:
            raise _InterruptedError(error, patience=_patience_with(error)) from error
        except EndlessAnswerError as error:
            raise ConnectionFailedError(
                f"The Kubernetes API of {self._name} ({self.server}) answered with more than "
                f"{LARGEST_ANSWER // 1024 // 1024} MiB, or without an end in {WHOLE_ANSWER_SECONDS:.0f} s, when asked "
                f"to {request.verb} {request.subject}; the rest was "
                "not read. Nothing was changed; check what answers at this address.",
                code=error.code,
                subject=request.subject,
            ) from error
        body = _decoded(content)
        return Answer(
            status=int(response.status),
            body={"message": _beginning(content)} if body is None else body,
            retry_after=_seconds(response.headers.get("Retry-After")),
            location=response.headers.get("Location"),
            is_json=body is not None,
        )

    def _configuration(self, endpoint: Endpoint) -> Configuration:
        """Return what the kubernetes package needs to connect to `endpoint`."""
        configuration = Configuration(host=endpoint.server)
        configuration.verify_ssl = endpoint.verify
        if endpoint.verify:
            configuration.ssl_ca_cert = self._path(endpoint.ca_text, endpoint.ca_file)
        else:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        configuration.cert_file = self._path(endpoint.certificate_text, endpoint.certificate_file)
        configuration.key_file = self._path(endpoint.key_text, endpoint.key_file)
        configuration.tls_server_name = endpoint.tls_server_name
        configuration.connection_pool_maxsize = 1
        if endpoint.proxy:
            configuration.proxy = endpoint.proxy
        if endpoint.no_proxy:
            configuration.no_proxy = endpoint.no_proxy
        return configuration

    def _path(self, text: str | None, path: str | None) -> str | None:
        """Return a path for a PEM that is known as a text or as a file."""
        if text is not None:
            return self._files.add(text)
        if path and not os.access(path, os.R_OK):
            raise ConnectionFailedError(f"The file {path} for {self._name} cannot be read; nothing was changed.")
        return path


def _headers(endpoint: Endpoint) -> urllib3.HTTPHeaderDict:
    """Return the headers that every request to `endpoint` carries."""
    headers = urllib3.HTTPHeaderDict({"User-Agent": USER_AGENT, "Accept": "application/json"})
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    elif endpoint.username is not None and endpoint.password is not None:
        headers.update(urllib3.make_headers(basic_auth=f"{endpoint.username}:{endpoint.password}"))
    if endpoint.impersonate_user:
        headers["Impersonate-User"] = endpoint.impersonate_user
    for group in endpoint.impersonate_groups:
        headers.add("Impersonate-Group", group)
    return headers


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Return an answer and give the connection back for the next one. Raises EndlessAnswerError for one too large."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            response.close()  # there is more that nobody wants
            raise EndlessAnswerError
    response.release_conn()
    return b"".join(pieces)


def _patience_with(error: Exception) -> float:
    """Return for how many seconds a failed connection is worth another try.

    A refused or cut connection is what a restarting server looks like; a name that does not resolve, a certificate
    that is not trusted or a proxy that fails is not, and a host that does not answer at all is tried once more.
    """
    exceptions = urllib3.exceptions
    text = str(error)
    if isinstance(error, exceptions.SSLError):
        return RETRY_SECONDS if "EOF" in text else 0.0  # EOF: cut in the middle of the handshake
    if isinstance(error, exceptions.NewConnectionError):
        return 0.0 if "resolve" in text or "name resolution" in text else RETRY_SECONDS
    if isinstance(error, exceptions.ConnectTimeoutError):
        return 1.0 + CONNECT_TIMEOUT
    return RETRY_SECONDS if isinstance(error, exceptions.ProtocolError) else 0.0


def _decoded(data: bytes) -> dict[str, Any] | None:
    """Return a body as a JSON object, an empty body as an empty one, or None when it is none ('404 page not found')."""
    if not data:
        return {}
    try:
        body = load_json(data)
    except DocumentError:
        return None
    return body if isinstance(body, dict) else None


def _beginning(content: bytes) -> str:
    """Return the first words of an answer that is no JSON, such as '404 page not found'."""
    return blanked(content[:_PIECE].decode(errors="replace"))[:300].strip()


def _seconds(header: str | None) -> float | None:
    """Return the Retry-After header in seconds; the API server only ever sends whole seconds."""
    return float(header) if header and header.isascii() and header.isdigit() else None
