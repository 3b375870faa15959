# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach one cluster's API: from explicit options, or from a kubeconfig.

The kubernetes package can read kubeconfig files too, but it writes the certificates and keys in them to files under
the temporary directory; here they stay in memory. Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    LARGEST_KUBECONFIG,
    DocumentError,
    load_yaml,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import passwords_in_urls
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError

#: Whatever stands before the last @ of an address, also when it is no well-formed login.
_LOGIN_IN_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)


@dataclass(frozen=True)
class Endpoint:
    """One API server and how to prove who we are. PEM texts are kept as text, files as paths."""

    server: str
    ca_text: str | None = None
    ca_file: str | None = None
    verify: bool = True
    tls_server_name: str | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    token: str | None = None
    username: str | None = None
    password: str | None = None
    certificate_text: str | None = None
    certificate_file: str | None = None
    key_text: str | None = None
    key_file: str | None = None
    exec_plugin: Mapping[str, Any] | None = None
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()

    @property
    def trust(self) -> tuple[object, ...]:
        """Return what decides whose answers are believed: verification, authority, and the name on the certificate."""
        return (self.verify, self.ca_text, self.ca_file, self.tls_server_name, self.proxy)

    @property
    def address(self) -> str:
        """Return the server as messages show it: without a user name and a password before its host."""
        return _LOGIN_IN_URL.sub(r"\1", self.server)

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""
        in_urls = (secret for url in (self.server, self.proxy) if url for secret in passwords_in_urls(url))
        return tuple(text for text in (self.token, self.password, self.key_text, *in_urls) if text)


def load_file(path: str) -> dict[str, Any]:
    """Return the kubeconfig in a file, or in several merged as kubectl merges `KUBECONFIG=a:b`: the first one counts.

    Raises ConnectionFailedError when a file cannot be read or is no kubeconfig.
    """
    merged: dict[str, Any] = {}
    for part in filter(None, path.split(os.pathsep)):
        name = os.path.expanduser(part)
        try:
            with open(name, "rb") as stream:
                content = load_yaml(stream.read(LARGEST_KUBECONFIG + 1))
        except OSError as error:
            raise ConnectionFailedError(
                f"The kubeconfig {name} cannot be read ({error.strerror}); nothing was changed. "
                "Check the option kubeconfig or the variable K8S_AUTH_KUBECONFIG."
            ) from error
        except DocumentError as error:
            raise ConnectionFailedError(
                f"The kubeconfig {name} cannot be used: {error}; nothing was changed."
            ) from error
        if not isinstance(content, dict):
            raise ConnectionFailedError(f"The kubeconfig {name} holds no configuration; nothing was changed.")
        _merge(merged, _with_absolute_paths(content, os.path.dirname(os.path.abspath(name))))
    return merged


def from_kubeconfig(config: Mapping[str, Any], context: str | None, origin: str) -> Endpoint:
    """Return the endpoint of `context` (the current one when None) of a kubeconfig that came from `origin`.

    Raises ConnectionFailedError when the kubeconfig does not describe it completely.
    """
    name = context or config.get("current-context")
    if not name:
        raise ConnectionFailedError(
            f"{origin} has no current context; nothing was changed. Name one in the option context."
        )
    chosen = _named(config, "contexts", "context", name, origin)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster"), origin)
    user = _named(config, "users", "user", chosen["user"], origin) if chosen.get("user") else {}
    if not cluster.get("server"):
        raise ConnectionFailedError(f"{origin} names no server for context '{name}'; nothing was changed.")
    return Endpoint(
        server=str(cluster["server"]).rstrip("/"),
        ca_text=_decoded(cluster, "certificate-authority-data", origin),
        ca_file=cluster.get("certificate-authority"),
        verify=not cluster.get("insecure-skip-tls-verify"),
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        token=user.get("token") or _token_in_file(user.get("tokenFile"), origin),
        username=user.get("username"),
        password=user.get("password"),
        certificate_text=_decoded(user, "client-certificate-data", origin),
        certificate_file=user.get("client-certificate"),
        key_text=_decoded(user, "client-key-data", origin),
        key_file=user.get("client-key"),
        exec_plugin=user.get("exec"),
    )


def with_options(endpoint: Endpoint, options: Mapping[str, Any]) -> Endpoint:
    """Return `endpoint` with every connection option that the user gave put over it."""
    fields = {
        "server": options.get("host"),
        "token": options.get("api_key"),
        "username": options.get("username"),
        "password": options.get("password"),
        "ca_file": options.get("ca_cert"),
        "certificate_file": options.get("client_cert"),
        "key_file": options.get("client_key"),
        "tls_server_name": options.get("tls_server_name"),
        "proxy": options.get("proxy"),
        "no_proxy": options.get("no_proxy"),
        "impersonate_user": options.get("impersonate_user"),
        "impersonate_groups": tuple(options.get("impersonate_groups") or ()) or None,
        "verify": options.get("validate_certs"),
    }
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if "ca_file" in given:
        given["ca_text"] = None
    if "certificate_file" in given:
        given |= {"certificate_text": None, "key_text": None, "key_file": given.get("key_file")}
    if "token" in given or "certificate_file" in given:
        given["exec_plugin"] = None
    return replace(endpoint, **given)


def _merge(into: dict[str, Any], config: Mapping[str, Any]) -> None:
    """Add to `into` what `config` has and `into` has not, entry by entry."""
    for key, value in config.items():
        if isinstance(value, list) and isinstance(into.get(key), list):
            known = {entry.get("name") for entry in into[key]}
            into[key] = into[key] + [entry for entry in value if entry.get("name") not in known]
        elif into.get(key) in (None, "", []):
            into[key] = value


def _with_absolute_paths(config: dict[str, Any], directory: str) -> dict[str, Any]:
    """Return `config` with its relative file names resolved: they are relative to the kubeconfig's own directory."""
    for section, part, keys in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        for entry in config.get(section) or []:
            settings = entry.get(part) or {}
            for key in keys:
                if settings.get(key):
                    settings[key] = os.path.join(directory, settings[key])
    return config


def _named(config: Mapping[str, Any], section: str, part: str, name: Any, origin: str) -> Mapping[str, Any]:
    """Return the entry called `name` of a section such as `clusters`."""
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            found: Mapping[str, Any] = entry.get(part) or {}
            return found
    known = ", ".join(sorted(str(entry.get("name")) for entry in config.get(section) or [])) or "none"
    raise ConnectionFailedError(f"{origin} has no {part} '{name}' (it has: {known}); nothing was changed.")


def _decoded(settings: Mapping[str, Any], key: str, origin: str) -> str | None:
    """Return the text behind one of the base64 fields of a kubeconfig."""
    if not settings.get(key):
        return None
    try:
        return base64.b64decode("".join(str(settings[key]).split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ConnectionFailedError(
            f"The field {key} of {origin} is not base64 of a PEM text; nothing was changed."
        ) from error


def _token_in_file(path: str | None, origin: str) -> str | None:
    """Return the bearer token that a kubeconfig keeps in a file of its own."""
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError as error:
        raise ConnectionFailedError(
            f"The token file {path} that {origin} names cannot be read ({error.strerror}); nothing was changed."
        ) from error
