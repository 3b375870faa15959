# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to Azure: cloud, identity, transport, and the settings that every SDK client gets from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    MISSING_LIBRARY: str | None = None
except ImportError as missing:
    MISSING_LIBRARY = str(missing.name or "azure.core").replace(".", "-")
    ARMChallengeAuthenticationPolicy = object  # a base class must exist

from ansible_collections.azureml.fleet.plugins.module_utils._azure import hosts, identity
from ansible_collections.azureml.fleet.plugins.module_utils._azure.api_versions import AgreeingTransport
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clouds import Cloud, resolve_cloud
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, RefusedAnswerError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.identity import (
    SharedCredential,
    effective_options,
    identity_key,
    make_credential,
    read_claims,
)
from ansible_collections.azureml.fleet.plugins.module_utils._azure.transport import (
    MOST_PATIENCE,
    GuardedTransport,
    PatientPolicy,
    open_transport,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import IdentityFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_resource_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

    from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory

    Hears = Callable[[str], None]

MISSING_LIBRARY = MISSING_LIBRARY or identity.MISSING_LIBRARY


class RenewingPolicy(ARMChallengeAuthenticationPolicy):
    """Sends the bearer token, to Azure Resource Manager only.

    A refused token is dropped, for every task of the run, and asked for again once.
    """

    def __init__(self, credential: SharedCredential, cloud: Cloud) -> None:
        """Authorize requests to the Azure Resource Manager of `cloud` with tokens of `credential`."""
        super().__init__(credential, cloud.scope)
        self._shared = credential
        self._scope = cloud.scope
        self._resource_manager = cloud.resource_manager

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the token on a request. Raises RefusedAnswerError when it goes elsewhere (see `hosts`)."""
        url = request.http_request.url
        if not hosts.is_resource_manager(self._resource_manager, url):
            raise RefusedAnswerError(hosts.refusal(url), code="ForeignHost")
        super().on_request(request)

    def on_challenge(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> bool:
        """Answer a 401: with the claims that the service asks for, or else with a new token."""
        if super().on_challenge(request, response):
            return True
        self._shared.forget()
        self.authorize_request(request, self._scope)
        return True


class AzureConnection:
    """How to reach Azure. It opens nothing until it is used, and one transport (and TLS session) serves all clients."""

    def __init__(
        self,
        cloud: Cloud,
        credential: SharedCredential,
        transport: GuardedTransport,
        memory: RunMemory,
        subscription_id: str | None,
        hide: Hears,
        patience: float = MOST_PATIENCE,
    ) -> None:
        """Hold the parts; `from_params` makes them. `patience`: seconds that a request waits if Azure asks for it."""
        self.cloud = cloud
        self.credential = credential
        self.transport = transport
        self.memory = memory
        self.hide = hide
        self._patience = patience
        self._subscription_id = subscription_id

    @classmethod
    def from_params(
        cls, params: Mapping[str, Any], memory: RunMemory, hide: Hears, warn: Hears | None = None
    ) -> AzureConnection:
        """Return the connection that a module's options ask for.

        The subscription is that of `cluster_id` where there is one: an id says more than a default. `warn` hears of
        certificates that are not checked. Raises AzureError when cloud or credentials cannot be told from the options.
        """
        verify = _verification(params)
        trust = _trust(verify)
        transport = open_transport(verify)
        options = effective_options(params, hide)
        environment = str(params.get("cloud_environment") or "AzureCloud")
        cloud = resolve_cloud(environment, params.get("authority_url"), transport, memory, trust)
        if verify is False and warn is not None:
            warn(
                f"cert_validation_mode is ignore: whoever answers as {cloud.resource_manager} or {cloud.authority} "
                "gets the credentials. Set ca_file to the authority of a private cloud instead."
            )
        common = {
            "authority": cloud.authority,
            "disable_instance_discovery": bool(params.get("disable_instance_discovery")),
            "connection_verify": verify,
            "transport": GuardedTransport(
                transport,
                lambda method, url: hosts.is_authority(cloud.authority, method, url),
                patience=MOST_PATIENCE,
            ),
        }
        key = identity_key(options, [*cloud.addresses, str(common["disable_instance_discovery"]), trust])
        cluster = params.get("cluster_id")
        return cls(
            cloud,
            SharedCredential(lambda: make_credential(options, common), key, memory, hide),
            AgreeingTransport(transport, lambda _method, url: hosts.is_resource_manager(cloud.resource_manager, url)),
            memory,
            parse_resource_id(cluster).subscription_id if cluster else params.get("subscription_id"),
            hide,
            min(MOST_PATIENCE, float(params.get("wait_timeout") or MOST_PATIENCE)),
        )

    def identity(self) -> IdentityFacts:
        """Return who we are to Azure: what the token for Azure Resource Manager says, never the token.

        Raises AzureError when there is no token.
        """
        claims = read_claims(self.credential, self.cloud.scope, "Logging in to Azure")
        return IdentityFacts(
            object_id=claims.get("oid"),
            tenant_id=claims.get("tid"),
            application_id=claims.get("appid") or claims.get("azp"),
            subscription_id=self._subscription_id,
        )

    def memory_key(self, what: str) -> str:
        """Return the name under which something that this identity was given is shared in a run."""
        return f"{what} {self.credential.key}"

    @property
    def subscription_id(self) -> str:
        """Return the subscription. Raises AzureError when neither an id nor an option names one."""
        if not self._subscription_id:
            raise AzureError(
                "No subscription is known: give subscription_id, or set AZURE_SUBSCRIPTION_ID. Nothing was changed.",
                code="NoSubscription",
            )
        return self._subscription_id

    def client_options(self, *, poll_interval: float = 15.0) -> dict[str, Any]:
        """Return the keyword arguments for the constructor of any azure-mgmt client.

        `poll_interval`: seconds between two polls of a long operation when the service names none.
        """
        return {
            "base_url": self.cloud.resource_manager,
            "credential_scopes": [self.cloud.scope],
            "authentication_policy": self.authentication_policy(),
            "transport": self.transport,
            "user_agent": USER_AGENT,
            "polling_interval": poll_interval,
            **self.retry_options,
        }

    def authentication_policy(self) -> RenewingPolicy:
        """Return the policy that authorizes requests to Azure Resource Manager."""
        return RenewingPolicy(self.credential, self.cloud)

    def retry_policy(self) -> PatientPolicy:
        """Return the policy that repeats requests."""
        return PatientPolicy(self._patience)

    @property
    def retry_options(self) -> dict[str, Any]:
        """Return how any SDK client repeats requests, and that it follows no redirect."""
        return {"retry_policy": self.retry_policy(), "permit_redirects": False}


def _verification(params: Mapping[str, Any]) -> bool | str:
    """Return how TLS certificates are checked: not at all, with a CA file, or with requests' own choice."""
    if params.get("cert_validation_mode") == "ignore":
        return False
    path = params.get("ca_file")
    if not path:
        return True
    path = os.path.expanduser(str(path))
    if not os.path.exists(path):
        raise AzureError(f"ca_file {path} does not exist. Nothing was changed.", code="MissingFile")
    return path


def _trust(verify: bool | str) -> str:
    """Return a text that differs whenever other answers would be believed: how certificates are checked, which CA."""
    if isinstance(verify, bool):
        return str(verify)
    path = Path(verify)
    content = path.read_bytes() if path.is_file() else b""  # a folder of certificates is known by its name
    return f"{verify} {hashlib.sha256(content).hexdigest()}"
