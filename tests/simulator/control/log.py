# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request log, without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

HIDDEN_HEADERS = ("authorization", "cookie", "proxy-authorization", "secret", "x-identity-header")
HIDDEN_FORM = ("client_secret", "client_assertion", "password", "refresh_token", "assertion")
SIGNATURE = ("t", "c", "s", "h")
BLANK = "***"
MAXIMUM_BODY = 200_000


class RequestLog:
    """Every request to the simulated services, oldest first."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: list[dict[str, Any]] = []

    def begin(self, service: str, cluster: str | None, method: str, path: str, started: float) -> dict[str, Any]:
        """Add an entry, which `finish` completes; returns it."""
        entry: dict[str, Any] = {
            "index": len(self._entries),
            "service": service,
            "cluster": cluster,
            "method": method,
            "path": path,
            "query": {},
            "headers": {},
            "body": None,
            "status": None,
            "started": started,
            "seconds": None,
        }
        self._entries.append(entry)
        return entry

    def select(self, since: int, service: str | None, cluster: str | None) -> list[dict[str, Any]]:
        """The entries from index `since` on, of one service and cluster if given."""
        return [
            entry
            for entry in self._entries[since:]
            if service in (None, entry["service"])
            and (cluster is None or cluster.lower() == str(entry["cluster"]).lower())
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def clean_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with lower-case names, without those that carry credentials; several values stand in one line."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        if key not in HIDDEN_HEADERS:
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def clean_query(query: Mapping[str, str]) -> dict[str, str]:
    """The query; of a status URL's signature only the names are kept."""
    signed = all(name in query for name in SIGNATURE)
    return {name: BLANK if signed and name in SIGNATURE else value for name, value in query.items()}


def clean_body(content: bytes, content_type: str) -> Any:
    """The decoded body with secrets blanked; text that is not JSON stays text."""
    if not content:
        return None
    if "x-www-form-urlencoded" in content_type:
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: BLANK if name in HIDDEN_FORM else value for name, value in pairs}
    if len(content) > MAXIMUM_BODY:
        return f"({len(content)} bytes)"
    try:
        return _blank(json.loads(content))
    except ValueError:
        return f"({len(content)} bytes of {content_type or 'unknown type'})"


def _blank(value: Any) -> Any:
    if isinstance(value, list):
        return [_blank(item) for item in value]
    if not isinstance(value, dict):
        return value
    secret = value.get("kind") == "Secret"
    return {key: _blank_field(key, item, secret) for key, item in value.items()}


def _blank_field(key: str, value: Any, secret: bool) -> Any:
    names = ("configurationprotectedsettings", "protectedsettings")
    if key.lower() in names or (secret and key in ("data", "stringData")):
        return dict.fromkeys(value, BLANK) if isinstance(value, dict) else BLANK
    if key.lower() in ("clienttoken", "clustertoken", "token", "password", "secret", "adminuserpassword"):
        return BLANK if isinstance(value, str) else _blank(value)
    return _blank(value)
