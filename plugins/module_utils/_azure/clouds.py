# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Azure cloud is spoken to: a known one by its name, or any other by the address of its metadata endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import ProxyPolicy, UserAgentPolicy
    from azure.core.rest import HttpRequest
except ImportError:  # `auth.MISSING_LIBRARY` says so
    pass

from ansible_collections.azureml.fleet.plugins.module_utils._azure import hosts
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._azure.transport import (
    MOST_PATIENCE,
    GuardedTransport,
    PatientPolicy,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import DocumentError, load_json
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested
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
    def addresses(self) -> tuple[str, str, str]:
        """Return everything that decides where requests go and what tokens are for."""
        return self.resource_manager, self.authority, self.audience

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
    environment: str, authority_url: str | None, transport: RequestsTransport, memory: RunMemory, trust: str
) -> Cloud:
    """Return the cloud of option `cloud_environment`: a known name, or the URL of a metadata endpoint.

    `trust` says how the endpoint's certificate is checked: hosts that check it otherwise do not share its answer.
    Raises AzureError when the name is unknown, the endpoint does not answer with a cloud, or an address is not https.
    """
    if "://" in environment:
        cloud = _from_metadata(environment, transport, memory, trust)
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
    if hosts.origin(cloud.authority) is None:
        raise AzureError(
            f"The authority {cloud.authority[:200]} is not the address of an https server, so no credentials are sent "
            "there; check authority_url. Nothing was changed.",
            code="UnknownCloud",
        )
    return cloud


def _from_metadata(url: str, transport: RequestsTransport, memory: RunMemory, trust: str) -> Cloud:
    """Ask a metadata endpoint, once in a run, which cloud stands behind it."""
    key = f"cloud metadata {url} {trust}"
    kept = memory.get(key)
    text = _fetch(url, transport) if kept is None else kept
    try:
        cloud = read_metadata(load_json(text), url)
    except DocumentError as error:
        raise AzureError(
            f"Reading the cloud's addresses from {url}: the answer is not JSON. Nothing was changed.",
            code="UnknownCloud",
        ) from error
    if kept is None:
        memory.put(key, text, _METADATA_SECONDS)
    return cloud


def _fetch(url: str, transport: RequestsTransport) -> str:
    """Return the endpoint's answer. Only the host that the user named is asked, and no redirect is followed."""
    doing = f"Reading the cloud's addresses from {hosts.host_part(url)}"
    if hosts.origin(url) is None:
        raise AzureError(
            f"{doing}: the URL must begin with https:// and a host. Nothing was changed.", code="UnknownCloud"
        )
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if "/metadata/endpoints" in parts.path else _METADATA_PATH
    guarded = GuardedTransport(transport, lambda _method, asked: hosts.is_host_of(url, asked))
    policies = [UserAgentPolicy(user_agent=USER_AGENT), ProxyPolicy(), PatientPolicy(MOST_PATIENCE)]
    client: PipelineClient[Any, Any] = PipelineClient(
        f"{parts.scheme}://{parts.netloc}", policies=policies, transport=guarded
    )
    with azure_errors(doing):
        response = client.send_request(HttpRequest("GET", f"{parts.scheme}://{parts.netloc}{path}"))
        response.raise_for_status()
    return str(response.text())


def read_metadata(answer: Any, url: str) -> Cloud:
    """Return the cloud in a metadata answer: one object (api-version 2022-09-01), or a list (2019-05-01).

    A field of another type than it should have counts as absent. Raises AzureError when a login endpoint or an audience
    is missing.
    """
    host = urlsplit(url).netloc.lower()
    clouds = [each for each in (answer if isinstance(answer, list) else [answer]) if isinstance(each, Mapping)]
    chosen = next((each for each in clouds if hosts.is_host_of(url, _resource_manager(each, host))), {})
    login = nested(chosen, "authentication")
    endpoint = login.get("loginEndpoint")
    audiences = _audiences(login.get("audiences"))
    if not endpoint or not isinstance(endpoint, str) or not audiences:
        raise AzureError(
            f"{url} did not answer with the loginEndpoint and audiences of a cloud whose Azure Resource Manager is at "
            f"{host}; check cloud_environment. Nothing was changed.",
            code="UnknownCloud",
        )
    manager = _resource_manager(chosen, host)
    name = chosen.get("name")
    return Cloud(
        name=name if name and isinstance(name, str) else host,
        resource_manager=manager,
        authority=_with_scheme(endpoint),
        audience=manager if manager in audiences else audiences[0],
    )


def _audiences(found: Any) -> list[str]:
    """Return the audiences in a metadata answer, without anything that could be two scopes or none."""
    texts = [each.rstrip("/") for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return [each for each in texts if each and each.isprintable() and " " not in each]


def _resource_manager(cloud: Mapping[str, Any], host: str) -> str:
    """Return the address of Azure Resource Manager in a metadata answer; the oldest versions do not name it."""
    address = cloud.get("resourceManager") or f"https://{host}"
    return _with_scheme(address) if isinstance(address, str) else ""


def _with_scheme(address: str) -> str:
    """Return an https address without a slash at its end; users also write a bare host name."""
    address = address.rstrip("/")
    return address if "://" in address else f"https://{address}"
