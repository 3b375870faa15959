# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs that Azure hands out: data from outside, of which only the known form is obeyed.

A kubeconfig can name files of the controller, programs to run and servers to trust blindly. What AKS hands out
(listClusterUserCredential) has an https server, certificates and keys as data, and a token or the kubelogin form of
`exec`, which we answer ourselves; everything else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError

#: The server application of AKS in Entra, the same in every tenant and cloud
#: (learn.microsoft.com/azure/aks/kubelogin-authentication). The only one for which a token is given: whoever writes the
#: kubeconfig could else have a token for any service of the tenant sent to a server of his own.
AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
_CLUSTER_FIELDS = frozenset({"server", "certificate-authority-data"})
_USER_FIELDS = frozenset({"token", "client-certificate-data", "client-key-data", "exec"})
_EXEC_FIELDS = frozenset({"apiVersion", "command", "args", "installHint", "interactiveMode", "provideClusterInfo"})
#: Options of `kubelogin get-token` in the form that AKS writes, by both of their names
#: (https://azure.github.io/kubelogin/cli/get-token.html).
_OPTIONS = {
    "--environment": "environment",
    "-e": "environment",
    "--server-id": "server_id",
    "--client-id": "client_id",
    "--tenant-id": "tenant_id",
    "-t": "tenant_id",
    "--login": "login",
    "-l": "login",
}
#: What one reader of addresses takes for the end of a host and another one for a part of it.
_AMBIGUOUS = frozenset(" \\@")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class EntraLogin:
    """The token that an API server wants: of which application, from which tenant (None: from the usual one)."""

    server_id: str = AKS_SERVER_APPLICATION
    tenant_id: str | None = None


def check(config: Mapping[str, Any], cluster: str) -> EntraLogin | None:
    """Return which token the API server of `cluster` wants, or None when the kubeconfig has its own credentials.

    Raises ConnectionFailedError that names everything in the kubeconfig that is not obeyed.
    """
    problems = list(_problems(config))
    login: EntraLogin | None = None
    for user in _parts(config, "users", "user"):
        plugin = user.get("exec")
        if plugin:
            login, wrong = _login(plugin)
            problems += wrong
    if problems:
        raise _unsafe(cluster, ", ".join(dict.fromkeys(problems)))
    return login


def check_servers(config: Mapping[str, Any], cluster: str, names: Collection[str]) -> None:
    """Check that every server of a kubeconfig is the API server of `cluster`, which has these names in Azure.

    The token for API servers is the same for the whole fleet: nobody else's server is to get it. Raises
    ConnectionFailedError.
    """
    for server in server_names(config):
        if server not in names:
            raise _unsafe(
                cluster,
                f"the server {server[:200]!r}, which is not the API server that Azure Resource Manager has for this "
                f"cluster ({', '.join(sorted(names)) or 'none'}), so that it gets no token",
            )


def server_names(config: Mapping[str, Any]) -> list[str]:
    """Return the hosts of the servers in a kubeconfig that was checked."""
    addresses = [urlsplit(str(cluster.get("server") or "")) for cluster in _parts(config, "clusters", "cluster")]
    return [str(each.hostname or "").lower().rstrip(".") for each in addresses]


def _unsafe(cluster: str, what: str) -> ConnectionFailedError:
    """Return the error for a kubeconfig that is not used because of what it has."""
    return ConnectionFailedError(
        f"The kubeconfig that Azure returned for cluster {cluster} is not used, because it has {what}. Nothing was "
        "changed; give a kubeconfig of your own that you trust in the option kubeconfig, or host and api_key.",
        code="UnsafeKubeconfig",
        subject=cluster,
    )


def _problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not obeyed in clusters and users."""
    for cluster in _parts(config, "clusters", "cluster"):
        yield from _unknown(cluster, _CLUSTER_FIELDS)
        if not _is_https(str(cluster.get("server") or "")):
            yield "a server without https"
    for user in _parts(config, "users", "user"):
        yield from _unknown(user, _USER_FIELDS)


def _is_https(server: str) -> bool:
    """Tell whether a server is an https address without a login, and one that everybody reads in the same way."""
    if not server.isascii() or not server.isprintable() or not _AMBIGUOUS.isdisjoint(server):
        return False
    try:
        parts = urlsplit(server)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:  # a bracket without its pair, a port that is no number
        return False


def _parts(config: Mapping[str, Any], section: str, part: str) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of a section."""
    entries = config.get(section)
    for entry in entries if isinstance(entries, list) else ():
        found = entry.get(part) if isinstance(entry, Mapping) else None
        yield found if isinstance(found, Mapping) else {}


def _unknown(settings: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    """Yield the names of settings that are set and not known."""
    return (repr(str(name)) for name, value in settings.items() if name not in known and value not in (None, "", False))


def _login(plugin: Any) -> tuple[EntraLogin | None, list[str]]:
    """Return the token that the `exec` of a user asks for, and what of it is not obeyed."""
    if not isinstance(plugin, Mapping):
        return None, ["an exec that is no map"]
    if plugin.get("command") != "kubelogin":
        return None, [f"the program {str(plugin.get('command'))[:80]!r}"]
    problems = list(_unknown(plugin, _EXEC_FIELDS))
    arguments = plugin.get("args")
    words = [str(each) for each in arguments] if isinstance(arguments, list) else []
    if words[:1] != ["get-token"]:
        return None, [*problems, "kubelogin without get-token"]
    options: dict[str, str] = {}
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in _OPTIONS:
            problems.append(f"kubelogin's {name[:40]!r}")
            continue
        options[_OPTIONS[name]] = value if equals else next(rest, "")
    login = EntraLogin(
        server_id=options.get("server_id", AKS_SERVER_APPLICATION).lower(), tenant_id=options.get("tenant_id")
    )
    return login, [*problems, *_wrong_ids(login)]


def _wrong_ids(login: EntraLogin) -> Iterator[str]:
    """Yield what is wrong with the application and the tenant of a login."""
    if login.server_id != AKS_SERVER_APPLICATION:
        yield (
            f"--server-id {login.server_id[:80]!r}, which is not the server application of AKS "
            f"({AKS_SERVER_APPLICATION}), the only one that gets a token"
        )
    if login.tenant_id is not None and not _GUID.fullmatch(login.tenant_id):
        yield f"--tenant-id {login.tenant_id[:80]!r}, which is no tenant"
