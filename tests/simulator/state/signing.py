# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature that Azure Resource Manager appends to status URLs.

Real status URLs carry `t` (ticks), `c` (a certificate of about 2.6 kB), `s` (signature) and `h` (hash): clients must
send them back unchanged.

Source: recordings of Azure/azure-service-operator, whose status URLs are whole.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime

CERTIFICATE_BYTES = 1950
SIGNATURE_BYTES = 256


class UrlSigner:
    """Signs status URLs and tells whether a signature came back unharmed."""

    def __init__(self) -> None:
        """Make a key and something of the size of a certificate."""
        self._key = secrets.token_bytes(32)
        self._certificate = _encode(secrets.token_bytes(CERTIFICATE_BYTES))

    def parameters(self, path: str, moment: datetime) -> str:
        """The query parameters that sign `path`: `t=..&c=..&s=..&h=..`."""
        ticks = str(int(moment.timestamp() * 10_000_000) + 621_355_968_000_000_000)
        signature, digest = self._sign(path, ticks)
        return f"t={ticks}&c={self._certificate}&s={signature}&h={digest}"

    def valid(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether the signature in `query` is the one given for `path`."""
        expected = self._sign(path, query.get("t", ""))
        sent = (query.get("s", ""), query.get("h", ""))
        return query.get("c") == self._certificate and hmac.compare_digest("".join(expected), "".join(sent))

    def _sign(self, path: str, ticks: str) -> tuple[str, str]:
        mac = hmac.new(self._key, f"{path.lower()}?{ticks}".encode(), hashlib.sha256).digest()
        return _encode(mac * (SIGNATURE_BYTES // len(mac))), _encode(mac)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
