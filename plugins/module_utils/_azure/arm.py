# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain reads of Azure Resource Manager: JSON as the service sent it.

The pipeline is that of the azure-mgmt clients. Models of generated clients drop what they do not know (legacy
computes, new fields of node pools); a reader that must lose nothing reads the JSON.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

try:
    from azure.core.pipeline.policies import (
        NetworkTraceLoggingPolicy,
        ProxyPolicy,
        RequestIdPolicy,
        UserAgentPolicy,
    )
    from azure.core.rest import HttpRequest
    from azure.mgmt.core import ARMPipelineClient
except ImportError:  # `auth.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure import hosts
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import DocumentError, load_json
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT

#: Generally available versions, each with published examples and recorded answers.
API_VERSIONS = {
    "microsoft.containerservice": "2025-08-01",
    "microsoft.kubernetes": "2024-01-01",
    "microsoft.machinelearningservices": "2024-10-01",
    "locks": "2016-09-01",
    "providers": "2021-04-01",
}
#: Pages of a list after which something is wrong with the service, not with the user's workspace.
_MOST_PAGES = 200
#: Resources of a whole list: a subscription has 980 resource groups of 800 resources of a type at most, and what is
#: listed here is of one workspace, cluster or region
#: (learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits).
_MOST_RESOURCES = 100_000
#: Seconds after which no further page is asked for: each may take its time, as an answer of its own.
_LONGEST_LIST = 1800.0
#: What stays as it is in a path; letters of other alphabets (in names of resource groups) are encoded.
_PATH = "/()"


def get(connection: AzureConnection, path: str, api_version: str, doing: str) -> dict[str, Any]:
    """Return the resource at `path`. Raises AzureError, beginning with `doing`; `.missing` when there is none."""
    return _request(connection, "GET", path, {"api-version": api_version}, doing)


def post(
    connection: AzureConnection, path: str, api_version: str, doing: str, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the answer of an action without a body. Raises AzureError, beginning with `doing`."""
    return _request(connection, "POST", path, {"api-version": api_version, **(query or {})}, doing)


def list_all(connection: AzureConnection, path: str, api_version: str, doing: str) -> list[dict[str, Any]]:
    """Return the items of all pages at `path`; a page may be empty and still have a successor.

    A part is never returned as the whole. Raises AzureError, also for a link to a host that is not Azure Resource
    Manager's (the token would go there), for an answer that is no list, and for a list without end.
    """
    items: list[dict[str, Any]] = []
    asked = _address(connection, path)
    page = get(connection, path, api_version, doing)
    seen: set[str] = set()
    began = time.monotonic()
    for _page in range(_MOST_PAGES):
        items.extend(_items(page, doing))
        if len(items) > _MOST_RESOURCES:
            raise AzureError(
                f"{doing}: the list has more than {_MOST_RESOURCES} resources. Nothing was changed; check "
                "cloud_environment, and what answers there.",
                code="TooManyObjects",
            )
        link = str(page.get("nextLink") or "")
        if not link:
            return items
        with azure_errors(doing):
            asked = hosts.next_address(connection.cloud.resource_manager, asked, link)
        if asked in seen or time.monotonic() - began > _LONGEST_LIST:
            break
        seen.add(asked)
        page = _request(connection, "GET", asked, {}, doing)
    raise AzureError(
        f"{doing}: the list has no end (it names a next page after {len(seen)} pages). Nothing was changed; run again, "
        "and open a support request with Microsoft when it stays so.",
        code="TooManyPages",
    )


def _items(page: Mapping[str, Any], doing: str) -> list[dict[str, Any]]:
    """Return the resources of one page of a list."""
    items = page.get("value")
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise AzureError(f"{doing}: the answer is no list. Nothing was changed.", code="InvalidAnswer", retryable=True)
    return items


def _address(connection: AzureConnection, path: str) -> str:
    """Return the URL of a path of ours. Raises InputError when a part of it is no name and could lead elsewhere."""
    for part in path.removeprefix("/").split("/"):
        checked_segment(part, f"a part of {path[:300]}")
    return f"{connection.cloud.resource_manager}{quote(path, safe=_PATH)}"


def _request(
    connection: AzureConnection, method: str, path: str, query: Mapping[str, str], doing: str
) -> dict[str, Any]:
    """Send one request and return its JSON object."""
    url = path if path.startswith("https://") else _address(connection, path)
    with azure_errors(doing, subject=path):
        response = _client(connection).send_request(HttpRequest(method, url, params=dict(query)))
        response.raise_for_status()
    try:
        body = load_json(response.text())
    except (DocumentError, LookupError, ValueError) as error:  # LookupError: a charset that nobody knows
        raise AzureError(f"{doing}: the answer is not JSON.", code="InvalidAnswer", retryable=True) from error
    if not isinstance(body, dict):
        raise AzureError(f"{doing}: the answer is no JSON object.", code="InvalidAnswer", retryable=True)
    return body


def _client(connection: AzureConnection) -> ARMPipelineClient[Any, Any]:
    """Return the pipeline of an azure-mgmt client, without the policy that registers providers unasked."""
    policies = [
        RequestIdPolicy(),
        UserAgentPolicy(user_agent=USER_AGENT),
        ProxyPolicy(),
        connection.retry_policy(),
        connection.authentication_policy(),
        NetworkTraceLoggingPolicy(),
    ]
    return ARMPipelineClient(connection.cloud.resource_manager, policies=policies, transport=connection.transport)


def json_of(pipeline_response: Any, _deserialized: Any, _headers: Any) -> dict[str, Any]:
    """Return the body as the service sent it, instead of the SDK's model, which drops what it does not know."""
    try:
        body = load_json(pipeline_response.http_response.text())
    except (DocumentError, TypeError, LookupError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}
