# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra ID: OIDC discovery, instance discovery and the token endpoint; the managed identity endpoint beside it.

Source: learn.microsoft.com "Microsoft identity platform and the OAuth 2.0 client credentials flow", the AADSTS error
codes of the same platform, and "How to use managed identities for Azure resources ... to acquire an access token".
"""

from __future__ import annotations

import hmac
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.state.answers import Answer

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

DISCOVERY = re.compile(r"/(?P<tenant>[^/]+)(/v2\.0)?/\.well-known/openid-configuration", re.IGNORECASE)
TOKEN = re.compile(r"/(?P<tenant>[^/]+)/oauth2(?P<v2>/v2\.0)?/token", re.IGNORECASE)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MANAGED_IDENTITY = ("/metadata/identity/oauth2/token", "/msi/token")
INSTANCE_DISCOVERY = "/common/discovery/instance"


class RefusedError(Exception):
    """A token was refused: status, OAuth error, AADSTS number and text."""

    def __init__(self, status: int, code: str, number: int, text: str) -> None:
        """Carry the refusal."""
        super().__init__(text)
        self.status, self.code, self.number, self.text = status, code, number, text


@dataclass(frozen=True)
class IdentityRequest:
    """What the identity service sees of a request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]


def answer(fleet: Fleet, secret: str, request: IdentityRequest) -> Answer | None:
    """The answer of the identity service, or None when the path is not one of its own."""
    path = request.path
    if path.lower() == INSTANCE_DISCOVERY:
        return Answer(200, _instance(fleet))
    if path.lower() in MANAGED_IDENTITY:
        return _managed_identity(fleet, request)
    found = DISCOVERY.fullmatch(path)
    if found:
        return Answer(200, _discovery(fleet, found["tenant"]))
    found = TOKEN.fullmatch(path)
    if found is None:
        return None
    if request.method != "POST":
        return Answer(405)
    try:
        return Answer(200, _token(fleet, secret, found["tenant"], request.form))
    except RefusedError as refused:
        return Answer(refused.status, _refusal(fleet, refused))


def _discovery(fleet: Fleet, tenant: str) -> dict[str, Any]:
    base = f"{fleet.base_url}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "azure.simulated",
    }


def _instance(fleet: Fleet) -> dict[str, Any]:
    host = fleet.base_url.removeprefix("https://")
    return {
        "tenant_discovery_endpoint": f"{fleet.base_url}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def _token(fleet: Fleet, secret: str, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
    _check_tenant(fleet, tenant)
    client = form.get("client_id", "")
    if client.lower() != fleet.scenario.client_id.lower():
        text = f"Application with identifier '{client}' was not found in the directory 'Simulated'."
        raise RefusedError(400, "unauthorized_client", 700016, text)
    if form.get("grant_type") != "client_credentials":
        raise RefusedError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    _check_credential(secret, form)
    audience = _audience(form)
    if not audience:
        raise RefusedError(400, "invalid_scope", 1002012, "The provided value for scope is not valid.")
    return _issued(fleet, audience)


def _check_tenant(fleet: Fleet, tenant: str) -> None:
    if tenant.lower() != fleet.scenario.tenant_id.lower():
        raise RefusedError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")


def _check_credential(secret: str, form: Mapping[str, str]) -> None:
    if form.get("client_assertion_type") == ASSERTION:
        # Certificates and federated tokens are taken as they come: a JWT has three parts.
        if form.get("client_assertion", "").count(".") != 2:
            raise RefusedError(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
        return
    if not hmac.compare_digest(form.get("client_secret", "").encode(), secret.encode()):
        text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value."
        raise RefusedError(401, "invalid_client", 7000215, text)


def _audience(form: Mapping[str, str]) -> str:
    scopes = [scope for scope in form.get("scope", "").split() if scope.endswith("/.default")]
    return scopes[0].removesuffix("/.default") if scopes else form.get("resource", "")


def _issued(fleet: Fleet, audience: str) -> dict[str, Any]:
    seconds = fleet.scenario.token_seconds
    token = fleet.tokens.issue(audience, fleet.scenario.client_id, seconds)
    return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


def _managed_identity(fleet: Fleet, request: IdentityRequest) -> Answer:
    """A token without a secret; the header keeps out requests that were forwarded by mistake."""
    resource = request.query.get("resource", "")
    if "x-identity-header" not in request.headers and request.headers.get("metadata", "").lower() != "true":
        body = {"error": "invalid_request", "error_description": "Required metadata header not specified"}
        return Answer(400, body)
    if not resource:
        body = {"error": "invalid_request", "error_description": "Required query variable 'resource' is missing"}
        return Answer(400, body)
    found = _issued(fleet, resource)
    now = int(time.time())  # real time: the clients compare it with their own clocks
    return Answer(
        200,
        {
            "access_token": found["access_token"],
            "client_id": fleet.scenario.client_id,
            "expires_in": str(found["expires_in"]),
            "expires_on": str(now + int(found["expires_in"])),
            "ext_expires_in": str(found["ext_expires_in"]),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        },
    )


def _refusal(fleet: Fleet, refused: RefusedError) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    moment = fleet.clock.timestamp()
    text = f"AADSTS{refused.number}: {refused.text}"
    return {
        "error": refused.code,
        "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}",
        "error_codes": [refused.number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{fleet.base_url}/error?code={refused.number}",
    }
