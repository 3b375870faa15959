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
from urllib.parse import urlsplit

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    LARGEST_KUBECONFIG,
    DocumentError,
    load_yaml,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import passwords_in_urls
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested
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
    plugin = user.get("exec")
    if plugin is not None and not isinstance(plugin, Mapping):
        raise _malformed(origin, "exec")
    return Endpoint(
        server=_address(cluster, "server", origin).rstrip("/"),
        ca_text=_decoded(cluster, "certificate-authority-data", origin),
        ca_file=_text(cluster, "certificate-authority", origin),
        verify=not cluster.get("insecure-skip-tls-verify"),
        tls_server_name=_text(cluster, "tls-server-name", origin),
        proxy=_address(cluster, "proxy-url", origin) or None,
        token=_text(user, "token", origin) or _token_in_file(_text(user, "tokenFile", origin), origin),
        username=_text(user, "username", origin),
        password=_text(user, "password", origin),
        certificate_text=_decoded(user, "client-certificate-data", origin),
        certificate_file=_text(user, "client-certificate", origin),
        key_text=_decoded(user, "client-key-data", origin),
        key_file=_text(user, "client-key", origin),
        exec_plugin=plugin,
    )


def with_options(endpoint: Endpoint, options: Mapping[str, Any]) -> Endpoint:
    """Return `endpoint` with every connection option that the user gave put over it."""
    fields = {
        "server": _address(options, "host", "the options") or None,
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
            known = [entry.get("name") for entry in _entries(into, key)]
            into[key] = into[key] + [entry for entry in _entries(config, key) if entry.get("name") not in known]
        elif into.get(key) in (None, "", []):
            into[key] = value


def _with_absolute_paths(config: dict[str, Any], directory: str) -> dict[str, Any]:
    """Return `config` with its relative file names resolved: they are relative to the kubeconfig's own directory."""
    for section, part, keys in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        for entry in _entries(config, section):
            settings = entry.get(part)
            if not isinstance(settings, dict):
                continue
            for key in keys:
                if settings.get(key) and isinstance(settings[key], str):
                    settings[key] = os.path.join(directory, settings[key])
    return config


def _named(config: Mapping[str, Any], section: str, part: str, name: Any, origin: str) -> Mapping[str, Any]:
    """Return the entry called `name` of a section such as `clusters`."""
    for entry in _entries(config, section):
        if entry.get("name") == name:
            return nested(entry, part)
    known = ", ".join(sorted(str(entry.get("name")) for entry in _entries(config, section))) or "none"
    raise ConnectionFailedError(f"{origin} has no {part} '{name}' (it has: {known}); nothing was changed.")


def _entries(config: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    """Return the entries of a section, and nothing of another shape."""
    entries = config.get(section)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _text(settings: Mapping[str, Any], key: str, origin: str) -> str | None:
    """Return a field that is a text; one of digits may have become a number on its way."""
    value = settings.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _malformed(origin, key)


def _address(settings: Mapping[str, Any], key: str, origin: str) -> str:
    """Return a field that is an address, or an empty text."""
    text = _text(settings, key, origin) or ""
    try:
        _unused = urlsplit(text).port  # raises for brackets that are no pair, and for a port that is no number
    except ValueError:
        raise _malformed(origin, key) from None
    return text


def _malformed(origin: str, key: str) -> ConnectionFailedError:
    """Return the error for a field that holds something of another kind."""
    return ConnectionFailedError(f"The field {key} of {origin} does not hold what it should; nothing was changed.")


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
