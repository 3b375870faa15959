# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer over HTTP ends: from its status line to its last byte it has one time and one size.

The timeouts of urllib3 are for each wait on the socket. A server that sends a header a byte at a time, or one
"100 Continue" after the other, which http.client skips in a loop, would be read for ever. So the deadline lies below:
where http.client reads from the socket, in the answer of a proxy to CONNECT as well.
"""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import LARGEST_ANSWER
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError

if TYPE_CHECKING:
    import urllib3

#: What an answer may have beside its body: http.client itself takes 100 headers of 64 KiB.
_LARGEST_HEAD = 8 * 1024 * 1024


class EndlessAnswerError(FleetError):
    """An answer that was given up because of its size or time. No OSError: no library tries again because of it."""

    def __init__(self) -> None:
        """Say so; who reads answers knows better words."""
        super().__init__("the answer does not end", code="AnswerTooLarge")


def bound_answers(manager: urllib3.PoolManager, seconds: Callable[[], float]) -> None:
    """Let every answer over the connections of `manager`, none of which is open yet, end within `seconds()`.

    Whatever kinds of connections it makes (plain, TLS, SOCKS) stay as they are otherwise.
    """
    kinds = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(kind, seconds) for scheme, kind in kinds.items()}


def _bounded_pool(pool: Any, seconds: Callable[[], float]) -> Any:
    """Return a class of connection pools like `pool`, whose answers are bounded; libraries print the names."""
    answer = type("BoundedAnswer", (_BoundedAnswer,), {"seconds": staticmethod(seconds)})
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": answer})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _BoundedAnswer(http.client.HTTPResponse):
    """What http.client makes of a connection on which a request was sent."""

    seconds: Callable[[], float]

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        """Begin to read, and the time with it."""
        super().__init__(sock, *arguments, **options)
        self.fp: Any = io.BufferedReader(_BoundedStream(self.fp.detach(), sock, type(self).seconds()))

    def begin(self) -> None:
        """Read status and headers of the final answer.

        http.client skips 100 only, and takes another interim answer (RFC 9110, 15.2) for the final one; what follows
        would be read as the answer to the next request.
        """
        super().begin()
        while 100 <= self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
            self.headers: Any = None  # where `begin` sees whether it is done
            super().begin()


class _BoundedStream(io.RawIOBase):
    """The bytes of one answer as they arrive on a connection."""

    def __init__(self, inner: io.RawIOBase, connection: Any, seconds: float) -> None:
        """Read from `inner`, the file of the socket `connection`, for `seconds` at most."""
        super().__init__()
        self._inner = inner
        self._connection = connection
        self._deadline = time.monotonic() + seconds
        self._left = LARGEST_ANSWER + _LARGEST_HEAD

    def readable(self) -> bool:
        """Tell that there may be something."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there. Raises EndlessAnswerError when time or size is over, TimeoutError for a long silence."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0 or self._left <= 0:
            raise EndlessAnswerError
        usual = self._connection.gettimeout()
        if usual is None or usual > seconds:
            self._connection.settimeout(seconds)
        try:
            count = self._inner.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._deadline:
                raise EndlessAnswerError from None
            raise
        finally:
            self._connection.settimeout(usual)
        self._left -= count or 0
        return count

    def fileno(self) -> int:
        """Return the number of the socket."""
        return self._inner.fileno()

    def close(self) -> None:
        """Let the socket go."""
        if not self.closed:
            self._inner.close()
        super().close()
