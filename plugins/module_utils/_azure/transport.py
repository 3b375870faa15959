# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way out to Azure: every request of every SDK passes here, and none goes where it does not belong.

Azure's SDKs follow redirects with the body, and ask whatever address an answer names, with the token. Here each user of
the transport (Azure Resource Manager, the authority, a cloud's metadata) has the hosts that it may ask; a redirect is
an error; an answer has a size and a time; and a service that asks for more patience than there is, is not waited for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

try:
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.pipeline.transport import HttpTransport, RequestsTransport
    from requests.adapters import HTTPAdapter
except ImportError:  # `connection.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import RefusedAnswerError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.hosts import origin, refusal
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.bounded import (
    EndlessAnswerError,
    bound_answers,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import LARGEST_ANSWER

if TYPE_CHECKING:
    from types import TracebackType

    import requests

    _HttpTransport = HttpTransport[Any, Any]
    _RetryPolicy = RetryPolicy[Any, Any]
    _HTTPAdapter = HTTPAdapter
else:  # base classes must exist, and take no parameters when the code runs
    _HttpTransport = globals().get("HttpTransport", object)
    _RetryPolicy = globals().get("RetryPolicy", object)
    _HTTPAdapter = globals().get("HTTPAdapter", object)

#: Seconds for the connection, and for each wait on an answer: reading a large workspace takes Azure some 20 s.
_CONNECT_SECONDS = 15.0
_READ_SECONDS = 120.0
#: Seconds after which an answer that still arrives is given up, and after which no request is tried again.
_WHOLE_ANSWER_SECONDS = 600.0
#: Settings of azure.core.pipeline.policies.RetryPolicy: about a minute in all when the service names no time itself.
_RETRY = {"retry_total": 6, "retry_backoff_factor": 1.0, "retry_backoff_max": 30}
#: Seconds that one request waits because the service asks for it (Retry-After); Azure Resource Manager asks for seconds
#: up to a few minutes (learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
MOST_PATIENCE = 300.0
#: Headers with times to wait (azure/core/pipeline/policies/_utils.py).
_WAIT_HEADERS = ("Retry-After", "retry-after-ms", "x-ms-retry-after-ms")
#: Seconds; Python refuses to sleep for some of what a Retry-After can say. Pollers have deadlines of their own.
_LONGEST_SLEEP = 86400.0
_PIECE = 64 * 1024
#: Where the settings of one request's tries keep how long they may still wait, and when the first one began.
_PATIENCE = "azureml.fleet patience"
_BEGAN = "azureml.fleet began"


def open_transport(verify: bool | str) -> RequestsTransport:
    """Return a transport that checks certificates as `verify` says and reads no answer beyond its size and time."""
    transport = RequestsTransport(
        connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, connection_verify=verify
    )
    transport.open()  # makes the SDK's session; nothing is connected yet
    for scheme, usual in list(transport.session.adapters.items()):
        transport.session.mount(scheme, _BoundedAdapter(max_retries=usual.max_retries))
    transport.session.hooks["response"] += [_without_strange_times, _read_within_limit]
    transport.session.auth = _as_it_is
    return transport


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the headers of a request alone.

    Without an `auth` of its own `requests` puts the login that a .netrc has for a host in the place of the token.
    """
    return request


class _BoundedAdapter(_HTTPAdapter):
    """Connections of `requests`, directly or through proxies, whose answers end."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Prepare direct connections."""
        super().init_poolmanager(*arguments, **options)
        bound_answers(self.poolmanager, _answer_seconds)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the connections through a proxy."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if not known:
            bound_answers(manager, _answer_seconds)
        return manager


def _answer_seconds() -> float:
    """Return for how long an answer is read."""
    return _WHOLE_ANSWER_SECONDS


class GuardedTransport(_HttpTransport):
    """A transport for one purpose: `allowed` tells which addresses may be asked, and redirects are errors."""

    def __init__(
        self, inner: RequestsTransport, allowed: Callable[[str, str], bool], *, patience: float | None = None
    ) -> None:
        """Send through `inner` what `allowed(method, url)` says may be sent.

        `patience`: the longest wait that a service may ask for, where neither PatientPolicy nor a poller with a
        deadline sees to that: in the policies of azure-identity.
        """
        self._inner = inner
        self._allowed = allowed
        self._patience = patience

    def also(self, allowed: Callable[[str, str], bool]) -> GuardedTransport:
        """Return a transport over the same connections that asks what `allowed(method, url)` says, too."""
        return GuardedTransport(
            self._inner,
            lambda method, url: self._allowed(method, url) or allowed(method, url),
            patience=self._patience,
        )

    def send(self, request: Any, **options: Any) -> Any:
        """Send one request.

        Raises RefusedAnswerError before sending it elsewhere, for a redirect, and for an answer that does not end.
        """
        if not self._allowed(request.method, request.url):
            raise RefusedAnswerError(refusal(request.url), code="ForeignHost")
        try:
            response = self._inner.send(request, **options)
        except EndlessAnswerError as error:
            raise RefusedAnswerError(
                f"the answer has more than {LARGEST_ANSWER // 1024 // 1024} MiB or does not end; the rest was not "
                "read. Check what answers at this address.",
                code=error.code,
            ) from error
        if response.status_code < 200:
            raise RefusedAnswerError(
                f"the answer is HTTP {response.status_code}, which nobody asked for.", code="NoAnswer"
            )
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
        """Wait between two tries of the SDK. Raises RefusedAnswerError where a service asks for too much."""
        if self._patience is not None and not duration <= self._patience:  # also of what is no number
            raise RefusedAnswerError(
                f"the service asks to be left alone for {duration:.0f} s, which is not waited for. Try again later.",
                code="Busy",
                retryable=True,
            )
        time.sleep(duration if 0 <= duration <= _LONGEST_SLEEP else _LONGEST_SLEEP)


class PatientPolicy(_RetryPolicy):
    """Retries as the SDK does, but waits no longer than `patience` in all because the service asks for it."""

    def __init__(self, patience: float) -> None:
        """Wait at most `patience` seconds for one request, all its tries together, when answers name a time."""
        super().__init__(**_RETRY)
        self._patience = patience

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of one request's tries, and when they began."""
        return {**super().configure_retries(options), _BEGAN: time.monotonic()}

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Tell whether to try again; the answer that asks for too long a wait is returned as it is."""
        again = bool(super().increment(settings, response=response, error=error))
        again = again and time.monotonic() - settings[_BEGAN] < _WHOLE_ANSWER_SECONDS
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


def _without_strange_times(response: requests.Response, *_arguments: Any, **_options: Any) -> None:
    """Take the headers out of an answer that say how long to wait in no way that the SDK can read: it would raise."""
    for name in _WAIT_HEADERS:
        if name in response.headers and not _is_time(response.headers[name]):
            del response.headers[name]


def _is_time(text: str) -> bool:
    """Tell whether a header is a number of seconds or a date (RFC 9110, 10.2.3)."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text) is not None
    except (ValueError, TypeError, OverflowError):
        return False


def _read_within_limit(response: requests.Response, *_arguments: Any, **_options: Any) -> None:
    """Read a whole answer, as `requests` is about to do itself, but not more than the limit; its time is bounded below.

    Also where the SDK asks for a stream, as it does to begin what takes long (`_stream=True`): it reads the whole
    answer then, too, and without a limit to what a few compressed bytes become. Raises EndlessAnswerError.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            response.close()
            raise EndlessAnswerError
    response._content = b"".join(pieces)  # what `Response.content` returns; `requests` has no public way to set it
