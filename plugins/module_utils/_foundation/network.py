# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection failed, in words: the HTTP libraries of Azure and of Kubernetes say the same things around them.

And whether one can be tried: a name that only a proxy can resolve is none of ours.
"""

from __future__ import annotations

import re
import socket
import urllib.request

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import blanked

#: What libraries put before the cause: names of their objects, and what they were doing.
_PREAMBLE = re.compile(r"^.*?(Failed to establish a new connection: |>: |Max retries exceeded with url: )", re.DOTALL)
_NOT_TRUSTED = "certificate verify failed"
_LONGEST = 500


def cause_of(error: BaseException) -> str:
    """Return why a connection failed, on one line, without the names of a library's objects and without a full stop."""
    text = " ".join(blanked(str(error)).split())
    if _NOT_TRUSTED in text:
        detail = text.split(f"{_NOT_TRUSTED}: ", 1)[-1].split(" (_ssl", 1)[0]
        return f"its certificate is not trusted ({detail})"
    if "Connection aborted" in text or "IncompleteRead" in text:
        return f"the connection was cut ({_detail(error)})".replace("'", "")
    cause = _PREAMBLE.sub("", text).strip().rstrip(".") or type(error).__name__
    return cause if len(cause) <= _LONGEST else f"{cause[:_LONGEST]}..."


def resolves(host: str) -> bool:
    """Tell whether a host has an address here, or a proxy of the environment (HTTPS_PROXY, NO_PROXY) is to find it."""
    if urllib.request.getproxies().get("https") and not urllib.request.proxy_bypass(host):
        return True
    try:
        return bool(socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):  # UnicodeError: a label of more than 63 letters
        return False


def _detail(error: BaseException) -> str:
    """Return what is inside a ProtocolError of urllib3, which libraries wrap once or twice: its second argument."""
    inner: object = error
    while isinstance(inner, BaseException) and len(inner.args) == 1 and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    if isinstance(inner, BaseException) and len(inner.args) > 1:
        return str(inner.args[1])
    return str(inner)
