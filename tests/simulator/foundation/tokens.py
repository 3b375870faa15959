# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access tokens that the simulated Entra ID has issued.

Source: learn.microsoft.com/entra/identity-platform/access-tokens; clients must take them for opaque.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass

AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Application id of the "Azure Kubernetes Service AAD Server" (learn.microsoft.com, kubelogin-authentication)."""


@dataclass(frozen=True)
class IssuedToken:
    """One issued token: for whom, for which resource, and until when (monotonic real seconds)."""

    audience: str
    client_id: str
    expires: float


class TokenStore:
    """Issues opaque JWT-shaped bearer tokens and knows which of them are valid for which audience.

    Audiences are compared without a trailing slash and regardless of case, as `https://host/` and `https://host`
    name the same resource. Lifetimes are real seconds: the clients measure them with their own clocks.
    """

    def __init__(self) -> None:
        """Start with no token."""
        self._tokens: dict[str, IssuedToken] = {}

    def issue(self, audience: str, client_id: str, seconds: int) -> str:
        """Return a new token of `client_id` for `audience`, valid for `seconds` of real time."""
        now = int(time.time())
        header: dict[str, object] = {"alg": "none", "typ": "JWT"}
        claims: dict[str, object] = {
            "aud": audience,
            "appid": client_id,
            "oid": client_id,
            "iat": now,
            "exp": now + seconds,
        }
        token = ".".join(_segment(part) for part in (header, claims))
        token = f"{token}.{secrets.token_urlsafe(24)}"
        self._tokens[token] = IssuedToken(_canonical(audience), client_id, time.monotonic() + seconds)
        return token

    def valid(self, token: str, audience: str) -> bool:
        """Whether `token` was issued for `audience` and has not expired."""
        return self.find(token, audience) is not None

    def find(self, token: str, audience: str) -> IssuedToken | None:
        """The issued token, when it is valid for `audience`; None otherwise."""
        issued = self._tokens.get(token)
        if issued is None or issued.audience != _canonical(audience):
            return None
        return issued if issued.expires > time.monotonic() else None

    def revoke_all(self) -> None:
        """Forget every token, so that clients must sign in again."""
        self._tokens.clear()


def _canonical(audience: str) -> str:
    return audience.rstrip("/").lower()


def _segment(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
