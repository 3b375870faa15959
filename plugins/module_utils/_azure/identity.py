# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are to Azure: a credential of azure-identity chosen from the options, and its tokens kept for a run."""

from __future__ import annotations

import base64
import configparser
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    from azure.core.credentials import AccessToken
    from azure.identity import (
        AzureCliCredential,
        CertificateCredential,
        ChainedTokenCredential,
        ClientSecretCredential,
        EnvironmentCredential,
        ManagedIdentityCredential,
        WorkloadIdentityCredential,
    )

    MISSING_LIBRARY: str | None = None
except ImportError:
    MISSING_LIBRARY = "azure-identity"

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import DocumentError, load_json

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory

#: A token that ends sooner than this many seconds is not handed to another task; azure-core renews at 300 s.
_EXPIRY_MARGIN = 420.0
#: Where azure.azcollection and we look for profiles.
_CREDENTIAL_FILE = "~/.azure/credentials"
#: Option -> the environment variables that auth_source=env reads, older names of azure.azcollection first.
_ENVIRONMENT = {
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "x509_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "x509_certificate_password": ("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
    "federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
}
#: Names by which AZURE_TOKEN_CREDENTIALS chooses of the default chain, beside those of the credentials
#: (learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains).
_CHAIN_GROUPS = {
    "prod": ("environmentcredential", "workloadidentitycredential", "managedidentitycredential"),
    "dev": ("azureclicredential",),
}
#: Environment variables with the address of a machine's identity endpoint (azure/identity/_constants.py), and the
#: addresses that need none: of virtual machines, and of servers connected with Azure Arc (msal/managed_identity.py).
_MACHINE_ENDPOINTS = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")
_METADATA_SERVICES = ("http://169.254.169.254", "http://localhost:40342")
_IDENTITY_OPTIONS = (*_ENVIRONMENT, "auth_source", "profile")


def effective_options(params: Mapping[str, Any], hide: Callable[[str], None]) -> dict[str, Any]:
    """Return the identity options, those of a profile or of the environment put in where auth_source asks for it.

    A profile takes the place of all of them: one login is never put together from two. Raises AzureError when a profile
    is named that does not exist, and for a part of a service principal, in the options or in the profile.
    """
    options = {name: params.get(name) for name in _IDENTITY_OPTIONS}
    source = options["auth_source"] or "auto"
    options["auth_source"] = source
    if source == "env":
        for name, variables in _ENVIRONMENT.items():
            options[name] = next((os.environ[each] for each in variables if os.environ.get(each)), None)
    if source == "auto":
        _refuse_half(options)
    if source == "credential_file" or (source == "auto" and not options["client_id"] and options["profile"]):
        name = str(options["profile"] or "default")
        options.update(_profile(name))
        if source == "auto":
            _refuse_half(options, f"in profile '{name}' of {_CREDENTIAL_FILE}, ")
    for name in ("secret", "x509_certificate_password"):
        if options[name]:
            hide(str(options[name]))
    return options


def make_credential(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return the credential that `options` ask for; `common` (authority, transport, ...) reaches all that use it.

    Raises AzureError when something that the chosen source needs is missing.
    """
    source = str(options["auth_source"])
    makers: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], TokenCredential]] = {
        "cli": _cli,
        "default": _default,
        "msi": _managed_identity,
        "workload_identity": _workload_identity,
        "env": _service_principal,
        "credential_file": _service_principal,
        "auto": _automatic,
    }
    # A cluster may take tokens of another tenant than its subscription's; the authority stays the same.
    common = {**common, "additionally_allowed_tenants": ["*"]}
    try:
        return makers[source](options, common)
    except (ValueError, OSError) as error:
        raise AzureError(
            f"auth_source '{source}' cannot be used: {error}. Nothing was changed.", code="InvalidCredentials"
        ) from error


def identity_key(options: Mapping[str, Any], surroundings: Sequence[str]) -> str:
    """Return a text that differs whenever another identity is meant; it is hashed and never shown.

    `surroundings`: what else decides whose answers are believed, such as the authority and how it is verified.
    """
    parts = [*surroundings, *(f"{name}={options.get(name)}" for name in _IDENTITY_OPTIONS)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class SharedCredential:
    """A credential whose tokens the tasks of a run share, so that a run logs in once and not once a task."""

    def __init__(
        self, make: Callable[[], TokenCredential], key: str, memory: RunMemory, hide: Callable[[str], None]
    ) -> None:
        """Take tokens from `memory` under `key`, or from the credential that `make` returns."""
        self._make = make
        self.key = key
        self._memory = memory
        self._hide = hide
        self._inner: TokenCredential | None = None
        self._scopes_seen: set[str] = set()

    def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **options: Any
    ) -> AccessToken:
        """Return a token for `scopes`; with `claims` always a new one (the answer to a service's challenge).

        Raises the errors of azure-identity.
        """
        key = self._memory_key(scopes, tenant_id)
        self._scopes_seen.add(key)
        kept = None if claims else self._memory.get(key)
        if kept:
            value = json.loads(kept)
            token = AccessToken(str(value["token"]), int(value["expires_on"]))
        else:
            if self._inner is None:
                self._inner = self._make()
            wanted = {"claims": claims, "tenant_id": tenant_id, **options}
            token = self._inner.get_token(
                *scopes, **{name: value for name, value in wanted.items() if value is not None}
            )
            seconds = token.expires_on - time.time() - _EXPIRY_MARGIN
            if seconds > 0:
                text = json.dumps({"token": token.token, "expires_on": token.expires_on})
                self._memory.put(key, text, seconds)
        self._hide(token.token)
        return token

    def forget(self) -> None:
        """Drop every token: a service refused one, so the next is asked for anew."""
        self._inner = None
        for key in self._scopes_seen:
            self._memory.forget(key)

    def _memory_key(self, scopes: tuple[str, ...], tenant_id: str | None) -> str:
        """Return the name under which a token is shared."""
        return f"token {self.key} {tenant_id} {' '.join(scopes)}"


def read_token(credential: SharedCredential, scope: str, doing: str, tenant_id: str | None = None) -> str:
    """Return a bearer token for `scope`, from the usual tenant or from another one.

    Raises AzureError, beginning with `doing`, when there is none.
    """
    with azure_errors(doing):
        return str(credential.get_token(scope, tenant_id=tenant_id).token)


def read_claims(credential: SharedCredential, scope: str, doing: str) -> dict[str, str]:
    """Return what a token for `scope` says about its holder.

    Source: learn.microsoft.com/entra/identity-platform/access-token-claims-reference. Nothing is judged by it, so the
    signature is not checked. A token that is no JWT says nothing. Raises AzureError.
    """
    parts = read_token(credential, scope, doing).split(".")
    try:
        claims = load_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, DocumentError):
        return {}
    if not isinstance(claims, dict):
        return {}
    return {str(name): value for name, value in claims.items() if isinstance(value, str)}


def _proves(options: Mapping[str, Any]) -> bool:
    """Tell whether the options hold something that proves who a service principal is."""
    return any(options.get(name) for name in ("secret", "x509_certificate_path", "federated_token_file"))


def _refuse_half(options: Mapping[str, Any], where: str = "") -> None:
    """Raise AzureError for a service principal of which a part is given: nobody else is to be used in its place.

    `where`: the profile that the options are of; it has to hold a whole one, since it was asked for by name. A tenant
    alone is no part of a principal: the Azure CLI can log in to it.
    """
    if options.get("client_id") and not _proves(options):
        problem = "client_id is given, but no secret, x509_certificate_path or federated_token_file that is not empty"
    elif (_proves(options) or options.get("x509_certificate_password")) and not options.get("client_id"):
        problem = "a secret, certificate, its password or a federated token is given, but no client_id"
    elif options.get("secret") == "":
        problem = "secret is empty (AZURE_SECRET or AZURE_CLIENT_SECRET, perhaps)"
    elif where and not options.get("client_id"):
        problem = "no client_id is given"
    else:
        return
    raise AzureError(
        f"It is not clear who to be in Azure: {where}{problem}. No other login was used instead. Give what is missing, "
        "or name the login with auth_source: cli, msi, default, env or credential_file. Nothing was changed.",
        code="InvalidCredentials",
    )


def _profile(name: str) -> dict[str, Any]:
    """Return all identity options as a section of the credential file has them; None where it does not."""
    path = Path(_CREDENTIAL_FILE).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise AzureError(
            f"{path} cannot be read as an INI file ({reason}). Nothing was changed.", code="InvalidCredentials"
        ) from error
    if not parser.has_section(name):
        raise AzureError(
            f"Profile '{name}' is not in {path}; add it or choose another auth_source. Nothing was changed.",
            code="InvalidCredentials",
        )
    section = parser[name]
    return {option: section.get(option) or None for option in _ENVIRONMENT}


def _service_principal(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return the credential of a service principal: federated token, certificate or secret."""
    missing = [name for name in ("tenant", "client_id") if not options.get(name)]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given")
    tenant, client = str(options["tenant"]), str(options["client_id"])
    if options.get("x509_certificate_path"):
        password = options.get("x509_certificate_password")
        path = os.path.expanduser(str(options["x509_certificate_path"]))
        return CertificateCredential(tenant, client, path, password=password or None, **common)
    if options.get("secret"):
        return ClientSecretCredential(tenant, client, str(options["secret"]), **common)
    if not options.get("federated_token_file"):
        raise ValueError("a secret, x509_certificate_path or federated_token_file must be given and not be empty")
    return _workload_identity(options, common)


def _workload_identity(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return the credential of a federated token file, as Azure Workload Identity mounts it into a pod."""
    return WorkloadIdentityCredential(
        tenant_id=options.get("tenant"),
        client_id=options.get("client_id"),
        token_file_path=options.get("federated_token_file"),
        **common,
    )


def _managed_identity(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return the managed identity of the machine; `client_id` chooses a user-assigned one.

    In a pod of Azure Workload Identity the SDK asks the cloud's authority for it, elsewhere an endpoint of the machine.
    """
    transport = common.get("transport")
    guarded = {} if transport is None else {**common, "transport": transport.also(_is_machine)}
    return ManagedIdentityCredential(client_id=options.get("client_id"), **guarded)


def _is_machine(_method: str, url: str) -> bool:
    """Tell whether `url` leads to the identity endpoint of this machine: of its metadata service or its environment."""
    named = [os.environ.get(name, "") for name in _MACHINE_ENDPOINTS]
    known = [urlsplit(each)[:2] for each in (*_METADATA_SERVICES, *named) if each]
    return urlsplit(url)[:2] in known


def _cli(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return the login of the Azure CLI."""
    del common  # the CLI has its own cloud and CA settings
    return AzureCliCredential(
        tenant_id=str(options.get("tenant") or ""), additionally_allowed_tenants=["*"], process_timeout=60
    )


def _default(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return what azure-identity's default chain has for a controller, in its order.

    Source: azure/identity/_credentials/default.py of azure-identity. Its own class hands one transport to all: ours
    does not ask the machine for its managed identity over http, and without ours secrets would go out unguarded.
    Raises ValueError when AZURE_TOKEN_CREDENTIALS names nothing of it.
    """
    client = os.environ.get("AZURE_CLIENT_ID")
    makers: dict[str, Callable[[], TokenCredential]] = {
        "environmentcredential": lambda: EnvironmentCredential(**common),
        "workloadidentitycredential": lambda: _workload_identity({}, common),
        "managedidentitycredential": lambda: _managed_identity({"client_id": client}, common),
        "azureclicredential": lambda: _cli(options, common),
    }
    if not all(os.environ.get(name) for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")):
        del makers["workloadidentitycredential"]  # it cannot be made
    wanted = os.environ.get("AZURE_TOKEN_CREDENTIALS", "").strip().lower()
    names = _CHAIN_GROUPS.get(wanted, (wanted,)) if wanted else tuple(makers)
    chosen = [make() for name, make in makers.items() if name in names]
    if not chosen:
        raise ValueError(
            f"AZURE_TOKEN_CREDENTIALS is '{wanted}', which is none of {', '.join((*_CHAIN_GROUPS, *makers))}"
        )
    return ChainedTokenCredential(*chosen)


def _automatic(options: Mapping[str, Any], common: Mapping[str, Any]) -> TokenCredential:
    """Return what the options name; without any, the Azure CLI's login, then azure-identity's default chain."""
    if options.get("client_id") and _proves(options):
        return _service_principal(options, common)
    return ChainedTokenCredential(_cli(options, common), _default(options, common))
