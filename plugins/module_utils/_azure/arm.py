# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain reads of Azure Resource Manager: JSON as the service sent it.

The pipeline is that of the azure-mgmt clients. Models of generated clients drop what they do not know (legacy
computes, new fields of node pools); a reader that must lose nothing reads the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

try:
    from azure.core.pipeline.policies import (
        NetworkTraceLoggingPolicy,
        ProxyPolicy,
        RedirectPolicy,
        RequestIdPolicy,
        RetryPolicy,
        UserAgentPolicy,
    )
    from azure.core.rest import HttpRequest
    from azure.mgmt.core import ARMPipelineClient
except ImportError:  # `auth.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT

#: Generally available versions, each with published examples and recorded answers.
API_VERSIONS = {
    "microsoft.containerservice": "2025-08-01",
    "microsoft.kubernetes": "2024-01-01",
    "microsoft.machinelearningservices": "2024-10-01",
    "providers": "2021-04-01",
}
#: Pages of a list after which something is wrong with the service, not with the user's workspace.
_MOST_PAGES = 200


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

    A link to another host is not followed, because the token would go there. Raises AzureError.
    """
    items: list[dict[str, Any]] = []
    page = get(connection, path, api_version, doing)
    for _page in range(_MOST_PAGES):
        items.extend(each for each in page.get("value") or () if isinstance(each, dict))
        following = str(page.get("nextLink") or "")
        if not following.lower().startswith(f"{connection.cloud.resource_manager.lower()}/"):
            return items
        page = _request(connection, "GET", following, {}, doing)
    raise AzureError(f"{doing}: the list has more than {_MOST_PAGES} pages.", code="TooManyPages")


def _request(
    connection: AzureConnection, method: str, path: str, query: Mapping[str, str], doing: str
) -> dict[str, Any]:
    """Send one request and return its JSON object."""
    url = path if path.startswith("https://") else f"{connection.cloud.resource_manager}{path}"
    with azure_errors(doing):
        response = _client(connection).send_request(HttpRequest(method, url, params=dict(query)))
        response.raise_for_status()
    try:
        body = response.json()
    except ValueError as error:
        raise AzureError(f"{doing}: the answer is not JSON.", code="InvalidAnswer", retryable=True) from error
    return body if isinstance(body, dict) else {}


def _client(connection: AzureConnection) -> ARMPipelineClient[Any, Any]:
    """Return the pipeline of an azure-mgmt client, without the policy that registers providers unasked."""
    policies = [
        RequestIdPolicy(),
        UserAgentPolicy(user_agent=USER_AGENT),
        ProxyPolicy(),
        RedirectPolicy(),
        RetryPolicy(**connection.retry_options),
        connection.authentication_policy(),
        NetworkTraceLoggingPolicy(),
    ]
    return ARMPipelineClient(connection.cloud.resource_manager, policies=policies, transport=connection.transport)


def json_of(pipeline_response: Any, _deserialized: Any, _headers: Any) -> dict[str, Any]:
    """Return the body as the service sent it, instead of the SDK's model, which drops what it does not know."""
    try:
        body = json.loads(pipeline_response.http_response.text())
    except (ValueError, TypeError):
        return {}
    return body if isinstance(body, dict) else {}
