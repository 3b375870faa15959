# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Azure cloud is spoken to: a known one by its name, or any other by the address of its metadata endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import ProxyPolicy, RetryPolicy, UserAgentPolicy
    from azure.core.rest import HttpRequest
except ImportError:  # `auth.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport

    from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory

#: How long what a metadata endpoint said is kept, in seconds.
_METADATA_SECONDS = 3600.0
#: The path and version that private clouds serve (`az cloud register` asks the same).
_METADATA_PATH = "/metadata/endpoints?api-version=2022-09-01"


@dataclass(frozen=True)
class Cloud:
    """The addresses of one Azure cloud, none with a slash at its end."""

    name: str
    resource_manager: str
    authority: str
    audience: str

    @property
    def scope(self) -> str:
        """Return the scope of tokens for Azure Resource Manager."""
        return f"{self.audience}/.default"


#: Addresses from the SDK's own table (azure.mgmt.core.tools.get_arm_endpoints) and azure.identity.AzureAuthorityHosts.
KNOWN_CLOUDS = {
    cloud.name.lower(): cloud
    for cloud in (
        Cloud(
            "AzureCloud",
            "https://management.azure.com",
            "https://login.microsoftonline.com",
            "https://management.azure.com",
        ),
        Cloud(
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://login.microsoftonline.us",
            "https://management.core.usgovcloudapi.net",
        ),
        Cloud(
            "AzureChinaCloud",
            "https://management.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
        ),
    )
}


def resolve_cloud(
    environment: str, authority_url: str | None, transport: RequestsTransport, memory: RunMemory
) -> Cloud:
    """Return the cloud of option `cloud_environment`: a known name, or the URL of a metadata endpoint.

    Raises AzureError when the name is unknown or the endpoint does not answer with a cloud.
    """
    if "://" in environment:
        cloud = _from_metadata(environment, transport, memory)
    else:
        known = KNOWN_CLOUDS.get(environment.lower())
        if known is None:
            names = ", ".join(each.name for each in KNOWN_CLOUDS.values())
            raise AzureError(
                f"cloud_environment '{environment}' is not known; give {names}, or the https URL of the cloud's "
                "metadata endpoint. Nothing was changed.",
                code="UnknownCloud",
            )
        cloud = known
    if authority_url:
        cloud = Cloud(cloud.name, cloud.resource_manager, _with_scheme(authority_url), cloud.audience)
    return cloud


def _from_metadata(url: str, transport: RequestsTransport, memory: RunMemory) -> Cloud:
    """Ask a metadata endpoint, once in a run, which cloud stands behind it."""
    key = f"cloud metadata {url}"
    text = memory.get(key)
    if text is None:
        text = _fetch(url, transport)
        cloud = read_metadata(json.loads(text), url)
        memory.put(key, text, _METADATA_SECONDS)
        return cloud
    return read_metadata(json.loads(text), url)


def _fetch(url: str, transport: RequestsTransport) -> str:
    """Return the endpoint's answer, known to be JSON."""
    parts = urlsplit(url)
    doing = f"Reading the cloud's addresses from {parts.scheme}://{parts.netloc}"
    if parts.scheme != "https":
        raise AzureError(f"{doing}: the URL must begin with https://. Nothing was changed.", code="UnknownCloud")
    path = f"{parts.path}?{parts.query}" if "/metadata/endpoints" in parts.path else _METADATA_PATH
    policies = [UserAgentPolicy(user_agent=USER_AGENT), ProxyPolicy(), RetryPolicy(retry_total=3)]
    client: PipelineClient[Any, Any] = PipelineClient(
        f"{parts.scheme}://{parts.netloc}", policies=policies, transport=transport
    )
    with azure_errors(doing):
        response = client.send_request(HttpRequest("GET", f"{parts.scheme}://{parts.netloc}{path}"))
        response.raise_for_status()
    text = str(response.text())
    try:
        json.loads(text)
    except ValueError as error:
        raise AzureError(f"{doing}: the answer is not JSON. Nothing was changed.", code="UnknownCloud") from error
    return text


def read_metadata(answer: Any, url: str) -> Cloud:
    """Return the cloud in a metadata answer: one object (api-version 2022-09-01), or a list (2019-05-01).

    Raises AzureError when it names no login endpoint or audience.
    """
    host = urlsplit(url).netloc.lower()
    clouds = answer if isinstance(answer, list) else [answer]
    own = [
        each for each in clouds if isinstance(each, Mapping) and host in str(each.get("resourceManager", "")).lower()
    ]
    chosen = (own or clouds or [{}])[0]
    login = chosen.get("authentication", {}) if isinstance(chosen, Mapping) else {}
    audiences = [str(each).rstrip("/") for each in login.get("audiences") or ()]
    if not login.get("loginEndpoint") or not audiences:
        raise AzureError(
            f"{url} did not answer with a cloud's loginEndpoint and audiences; check cloud_environment. "
            "Nothing was changed.",
            code="UnknownCloud",
        )
    manager = _with_scheme(str(chosen.get("resourceManager") or f"https://{host}"))
    return Cloud(
        name=str(chosen.get("name") or host),
        resource_manager=manager,
        authority=_with_scheme(str(login["loginEndpoint"])),
        audience=manager if manager in audiences else audiences[0],
    )


def _with_scheme(address: str) -> str:
    """Return an https address without a slash at its end; users also write a bare host name."""
    address = address.rstrip("/")
    return address if "://" in address else f"https://{address}"
