# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to Azure: cloud, identity, transport, and the settings that every SDK client gets from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

try:
    from azure.core.pipeline.transport import RequestsTransport
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    MISSING_LIBRARY: str | None = None
except ImportError as missing:
    MISSING_LIBRARY = str(missing.name or "azure.core").replace(".", "-")
    ARMChallengeAuthenticationPolicy = object  # a base class must exist

from ansible_collections.azureml.fleet.plugins.module_utils._azure import identity
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clouds import Cloud, resolve_cloud
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.identity import (
    SharedCredential,
    effective_options,
    identity_key,
    make_credential,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_resource_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

    from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory

MISSING_LIBRARY = MISSING_LIBRARY or identity.MISSING_LIBRARY

#: Seconds for the connection, and for each wait on an answer: reading a large workspace takes Azure some 20 s.
_CONNECT_SECONDS = 15.0
_READ_SECONDS = 120.0
#: Settings of azure.core.pipeline.policies.RetryPolicy: about a minute in all when the service names no time itself.
_RETRY = {"retry_total": 6, "retry_backoff_factor": 1.0, "retry_backoff_max": 30}


class RenewingPolicy(ARMChallengeAuthenticationPolicy):
    """Sends the bearer token; a refused one is dropped, for every task of the run, and asked for again once."""

    def __init__(self, credential: SharedCredential, scope: str) -> None:
        """Authorize with tokens of `credential` for `scope`."""
        super().__init__(credential, scope)
        self._shared = credential
        self._scope = scope

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
        transport: RequestsTransport,
        memory: RunMemory,
        subscription_id: str | None,
        verify: bool | str,
        hide: Callable[[str], None],
    ) -> None:
        """Hold the parts; `from_params` makes them."""
        self.cloud = cloud
        self.credential = credential
        self.transport = transport
        self.memory = memory
        self.verify = verify
        self.hide = hide
        self._subscription_id = subscription_id

    @classmethod
    def from_params(cls, params: Mapping[str, Any], memory: RunMemory, hide: Callable[[str], None]) -> AzureConnection:
        """Return the connection that a module's options ask for.

        The subscription is that of `cluster_id` where there is one: an id says more than a default.
        Raises AzureError when cloud or credentials cannot be told from the options.
        """
        verify = _verification(params)
        transport = RequestsTransport(
            connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, connection_verify=verify
        )
        options = effective_options(params, hide)
        environment = str(params.get("cloud_environment") or "AzureCloud")
        cloud = resolve_cloud(environment, params.get("authority_url"), transport, memory)
        common = {
            "authority": cloud.authority,
            "disable_instance_discovery": bool(params.get("disable_instance_discovery")),
            "connection_verify": verify,
            "transport": transport,
        }
        credential = SharedCredential(
            lambda: make_credential(options, common), identity_key(options, cloud.authority), memory, hide
        )
        cluster = params.get("cluster_id")
        subscription = parse_resource_id(cluster).subscription_id if cluster else params.get("subscription_id")
        return cls(cloud, credential, transport, memory, subscription, verify, hide)

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
            **_RETRY,
        }

    def authentication_policy(self) -> RenewingPolicy:
        """Return the policy that authorizes requests to Azure Resource Manager."""
        return RenewingPolicy(self.credential, self.cloud.scope)

    @property
    def retry_options(self) -> dict[str, Any]:
        """Return the settings of the retry policy."""
        return dict(_RETRY)


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
