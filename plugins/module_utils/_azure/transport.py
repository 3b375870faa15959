# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way out to Azure: every request of every SDK passes here, and none goes where it does not belong.

Azure's SDKs follow redirects with the body, and ask whatever address an answer names, with the token. Here each user of
the transport (Azure Resource Manager, the authority, a cloud's metadata) has the hosts that it may ask; a redirect is
an error; an answer is read up to a limit; and a service that asks for more patience than there is, is not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

try:
    import urllib3
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.pipeline.transport import HttpTransport, RequestsTransport
    from requests.exceptions import ChunkedEncodingError, ContentDecodingError
    from requests.exceptions import ConnectionError as RequestsConnectionError
except ImportError:  # `connection.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import RefusedAnswerError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.hosts import origin, refusal
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import LARGEST_ANSWER

if TYPE_CHECKING:
    from types import TracebackType

    import requests

    _HttpTransport = HttpTransport[Any, Any]
    _RetryPolicy = RetryPolicy[Any, Any]
else:  # base classes must exist, and take no parameters when the code runs
    _HttpTransport = globals().get("HttpTransport", object)
    _RetryPolicy = globals().get("RetryPolicy", object)

#: Seconds for the connection, and for each wait on an answer: reading a large workspace takes Azure some 20 s.
_CONNECT_SECONDS = 15.0
_READ_SECONDS = 120.0
#: Seconds after which an answer that still arrives in pieces is given up.
_WHOLE_ANSWER_SECONDS = 600.0
#: Settings of azure.core.pipeline.policies.RetryPolicy: about a minute in all when the service names no time itself.
_RETRY = {"retry_total": 6, "retry_backoff_factor": 1.0, "retry_backoff_max": 30}
#: Seconds that one request waits because the service asks for it (Retry-After); Azure Resource Manager asks for seconds
#: up to a few minutes (learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
MOST_PATIENCE = 300.0
_PIECE = 64 * 1024
_SMALL_PIECE = 256
#: Where the settings of one request's tries keep how long they may still wait.
_PATIENCE = "azureml.fleet patience"


def open_transport(verify: bool | str) -> RequestsTransport:
    """Return a transport that checks certificates as `verify` says and reads no answer beyond the limit."""
    transport = RequestsTransport(
        connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, connection_verify=verify
    )
    transport.open()  # makes the SDK's session; nothing is connected yet
    transport.session.hooks["response"].append(_read_within_limit)
    return transport


class GuardedTransport(_HttpTransport):
    """A transport for one purpose: `allowed` tells which addresses may be asked, and redirects are errors."""

    def __init__(self, inner: RequestsTransport, allowed: Callable[[str, str], bool]) -> None:
        """Send through `inner` what `allowed(method, url)` says may be sent."""
        self._inner = inner
        self._allowed = allowed

    def send(self, request: Any, **options: Any) -> Any:
        """Send one request. Raises RefusedAnswerError before sending it elsewhere, and for a redirect."""
        if not self._allowed(request.method, request.url):
            raise RefusedAnswerError(refusal(request.url), code="ForeignHost")
        response = self._inner.send(request, **options)
        if 300 <= response.status_code < 400:
            raise RefusedAnswerError(_redirect(request.url, response), code="Redirected", status=response.status_code)
        return response

    def open(self) -> None:
        """Open the connections, which all users of the inner transport share."""
        self._inner.open()

    def close(self) -> None:
        """Leave the connections open: others use them, and they end with the process."""

    def __enter__(self) -> GuardedTransport:
        """Open the connections."""
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Leave the connections open."""

    def sleep(self, duration: float) -> None:
        """Wait between two tries of the SDK."""
        time.sleep(duration)


class PatientPolicy(_RetryPolicy):
    """Retries as the SDK does, but waits no longer than `patience` in all because the service asks for it."""

    def __init__(self, patience: float) -> None:
        """Wait at most `patience` seconds for one request, all its tries together, when answers name a time."""
        super().__init__(**_RETRY)
        self._patience = patience

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Tell whether to try again; the answer that asks for too long a wait is returned as it is."""
        again = bool(super().increment(settings, response=response, error=error))
        wanted = self.get_retry_after(response) if again and error is None else None
        if not wanted:
            return again
        left = settings[_PATIENCE] = float(settings.get(_PATIENCE, self._patience)) - wanted
        return left >= 0


def _redirect(asked: str, response: Any) -> str:
    """Return the sentence for an answer that sends the request on."""
    here = origin(asked)
    location = str((response.headers or {}).get("Location") or "")
    there = origin(location)
    target = f" to {there.netloc}" if there else ""
    return (
        f"{here.netloc if here else 'the service'} sent the request on{target} (HTTP {response.status_code}), which is "
        "not followed: tokens and bodies go nowhere else. Check cloud_environment, and what stands between this "
        "controller and Azure."
    )


def _read_within_limit(response: requests.Response, *_arguments: Any, **options: Any) -> None:
    """Read a whole answer, as `requests` is about to do itself, but not more than the limit."""
    if options.get("stream"):
        return
    started = time.monotonic()
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(response):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER or time.monotonic() - started > _WHOLE_ANSWER_SECONDS:
            response.close()
            raise RefusedAnswerError(
                f"the answer has more than {LARGEST_ANSWER // 1024 // 1024} MiB or does not end; the rest was not "
                "read. Check what answers at this address.",
                code="AnswerTooLarge",
            )
    response._content_consumed = True  # as `iter_content` sets it
    response._content = b"".join(pieces)  # what `Response.content` returns; `requests` has no public way to set it


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield an answer as it arrives. `Response.iter_content` waits until a piece is full; its errors are the same."""
    raw = response.raw
    if not isinstance(raw, urllib3.HTTPResponse) or not hasattr(raw, "read1"):  # urllib3 before 2.2
        yield from response.iter_content(_SMALL_PIECE)
        return
    try:
        while piece := raw.read1(_PIECE, decode_content=True):
            yield piece
    except urllib3.exceptions.ProtocolError as error:
        raise ChunkedEncodingError(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise ContentDecodingError(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise RequestsConnectionError(error) from error
    raw.release_conn()
