# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds that do not serve the newest versions of an interface: the newest that both sides know is agreed on.

Azure Resource Manager refuses a version that a resource type does not have in this cloud before anything is done, and
lists those that it has (learn.microsoft.com/azure/azure-resource-manager/troubleshooting,
error-register-resource-provider). Azure Government and Azure in China may get new versions later (docs/beliefs.md,
`api-versions-in-sovereign-clouds`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import read_error
from ansible_collections.azureml.fleet.plugins.module_utils._azure.transport import GuardedTransport
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import DocumentError, load_json

#: The codes of the refusals.
_REFUSALS = frozenset({"invalidapiversionparameter", "invalidresourcetype", "noregisteredproviderfound"})
_SUPPORTED = re.compile(r"supported (?:api-)?versions are '([^']*)'", re.IGNORECASE)
#: Generally available versions only: what a preview serves can be another thing.
_VERSION = re.compile(r"\d{4}-\d\d-\d\d")
#: The oldest versions that have everything that is read and sent here.
_OLDEST = {"microsoft.containerservice": "2023-01-01", "microsoft.machinelearningservices": "2022-10-01"}


class AgreeingTransport(GuardedTransport):
    """A guarded transport that sends a request again, once, with a version that this cloud serves.

    What was agreed on is kept for each resource type, so that it costs one request for each.
    """

    def __init__(self, *arguments: Any) -> None:
        """Take the arguments of GuardedTransport."""
        super().__init__(*arguments)
        self._agreed: dict[tuple[str, str], str] = {}

    def send(self, request: Any, **options: Any) -> Any:
        """Send one request. Raises RefusedAnswerError as GuardedTransport does."""
        asked = _version(request.url)
        key = (resource_type(request.url), asked)
        if key in self._agreed:
            request.url = _with_version(request.url, self._agreed[key])
        response = super().send(request, **options)
        if key in self._agreed or not asked or response.status_code not in (400, 404):
            return response
        common = newest_common(key[0], asked, _content(response))
        if common is None:
            return response
        self._agreed[key] = common
        request.url = _with_version(request.url, common)
        _rewind(request)
        return super().send(request, **options)


def newest_common(kind: str, asked: str, body: bytes) -> str | None:
    """Return the newest version, older than the one that was asked for, of those that a refusal lists; None if none.

    `kind`: the resource type in lower case. Versions that lack what is read and sent here are no choice.
    """
    try:
        code, message = read_error(load_json(body.decode("utf-8", "replace")))
    except (DocumentError, ValueError):
        return None
    listed = _SUPPORTED.search(message)
    oldest = _OLDEST.get(kind.partition("/")[0])
    if code.lower() not in _REFUSALS or listed is None or oldest is None:
        return None
    versions = (each.strip() for each in listed.group(1).split(","))
    return max((v for v in versions if _VERSION.fullmatch(v) and oldest <= v < asked[:10]), default=None)


def resource_type(url: str) -> str:
    """Return the type of the resource that a URL of Azure Resource Manager names, in lower case, without names."""
    provider, *segments = urlsplit(url).path.lower().rpartition("/providers/")[2].strip("/").split("/")
    return "/".join([provider, *segments[::2]])


def _version(url: str) -> str:
    """Return the version that a URL asks for, or nothing."""
    return (parse_qs(urlsplit(url).query).get("api-version") or [""])[0]


def _with_version(url: str, version: str) -> str:
    """Return a URL with another version."""
    parts = urlsplit(url)
    pairs = (pair for pair in parts.query.split("&") if not pair.lower().startswith("api-version="))
    return urlunsplit(parts._replace(query="&".join([*filter(None, pairs), f"api-version={quote(version)}"])))


def _content(response: Any) -> bytes:
    """Return the body of an answer, which the transport has read."""
    return bytes(getattr(getattr(response, "internal_response", None), "content", b"") or b"")


def _rewind(request: Any) -> None:
    """Let a body that is a stream be read again."""
    for name in ("data", "_data", "content", "_content"):
        seek = getattr(getattr(request, name, None), "seek", None)
        if seek is not None:
            seek(0)
