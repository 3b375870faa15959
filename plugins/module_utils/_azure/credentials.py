# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for a cluster's own API, asked from AKS and kept in memory only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.identity import read_token
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    LARGEST_KUBECONFIG,
    DocumentError,
    load_yaml,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    AKS,
    ResourceId,
    parse_cluster_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Seconds for which a kubeconfig is kept; AKS rotates what is in it by hand, and a 401 makes us forget it.
_KUBECONFIG_SECONDS = 3600.0
#: Entries of a section of a kubeconfig: AKS writes one of each.
_MOST_ENTRIES = 20
_SECRET_FIELDS = ("token", "password", "client-key-data", "client-certificate-data")


def fetch_kubeconfig(
    connection: AzureConnection, cluster_id: str, can_use: Callable[[Mapping[str, Any]], bool] = lambda _config: True
) -> dict[str, Any]:
    """Return the user kubeconfig of an AKS cluster as data; one with `exec` wants `cluster_token` as bearer token.

    That of a private cluster names its private address. Where `can_use` says that it cannot be used from here, the one
    with the public name is asked for. Raises AzureError when the cluster is not AKS or Azure gives no kubeconfig.
    """
    cluster = parse_cluster_id(cluster_id)
    if not cluster.is_a(AKS):
        raise AzureError(
            f"Cluster {cluster.name} is connected through Azure Arc, which hands out no kubeconfig: give kubeconfig, "
            "context, or host and api_key. Nothing was changed.",
            code="NoKubeconfig",
        )
    key = _memory_key(connection, cluster_id)
    kept = connection.memory.get(key)
    if kept is None:
        config = _ask(connection, cluster)
        if not can_use(config):
            config = _with_public_name(connection, cluster) or config
        connection.memory.put(key, json.dumps(config), _KUBECONFIG_SECONDS)
    else:
        config = json.loads(kept)
    _hide_secrets(connection, config)
    return config


def forget_kubeconfig(connection: AzureConnection, cluster_id: str) -> None:
    """Drop a kubeconfig that the cluster refused, so that the next is asked for anew."""
    connection.memory.forget(_memory_key(connection, cluster_id))


def cluster_token(connection: AzureConnection, server_id: str, tenant_id: str | None) -> str:
    """Return a bearer token for the API of an Entra-integrated AKS cluster; no kubelogin program is needed.

    `server_id` is the Entra application of the API server, `tenant_id` the tenant that it takes tokens of (None: the
    usual one), both from the kubeconfig. Raises AzureError when Entra gives none.
    """
    doing = "Fetching a token for the clusters' API"
    return read_token(connection.credential, f"{server_id}/.default", doing, tenant_id)


def _memory_key(connection: AzureConnection, cluster_id: str) -> str:
    """Return the name under which a cluster's kubeconfig is shared in a run, by those who are the same to Azure."""
    return connection.memory_key(f"kubeconfig {cluster_id.rstrip('/').lower()}")


def _ask(connection: AzureConnection, cluster: ResourceId, **more: str) -> dict[str, Any]:
    """Return the kubeconfig that AKS hands out."""
    doing = f"Fetching a kubeconfig of cluster {cluster.name}"
    version = arm.API_VERSIONS["microsoft.containerservice"]
    query = {"format": "exec", **more}
    return _decoded(arm.post(connection, f"{cluster}/listClusterUserCredential", version, doing, query), doing)


def _with_public_name(connection: AzureConnection, cluster: ResourceId) -> dict[str, Any] | None:
    """Return the kubeconfig with the public name of a private cluster, or None when Azure gives none.

    What `az aks get-credentials --public-fqdn` asks for (learn.microsoft.com/azure/aks/private-clusters): the name is
    in public DNS, its address is the private one, for networks that reach the address but not the private DNS zone.
    """
    try:
        return _ask(connection, cluster, **{"server-fqdn": "public"})
    except AzureError:
        return None


def _decoded(answer: Mapping[str, Any], doing: str) -> dict[str, Any]:
    """Return the first kubeconfig in an answer of listClusterUserCredential."""
    entries = list(answer.get("kubeconfigs") or ())
    try:
        text = base64.b64decode(str(entries[0]["value"]), validate=False)
        config = load_yaml(text, LARGEST_KUBECONFIG)
    except DocumentError as error:
        raise AzureError(
            f"{doing}: the kubeconfig in the answer is not used: {error}. Nothing was changed.", code="NoKubeconfig"
        ) from error
    except (IndexError, KeyError, TypeError, AttributeError, binascii.Error, ValueError) as error:
        raise AzureError(f"{doing}: the answer holds no kubeconfig that can be read.", code="NoKubeconfig") from error
    if not isinstance(config, dict) or not config.get("clusters"):
        raise AzureError(f"{doing}: the answer holds no kubeconfig that can be read.", code="NoKubeconfig")
    many = [name for name in ("clusters", "contexts", "users") if _entries(config, name) > _MOST_ENTRIES]
    if many:  # before each of them is hidden and looked at
        raise AzureError(
            f"{doing}: the kubeconfig in the answer is not used: it has more than {_MOST_ENTRIES} "
            f"{' and '.join(many)}. Nothing was changed; give a kubeconfig of your own that you trust in the option "
            "kubeconfig.",
            code="UnsafeKubeconfig",
        )
    return config


def _entries(config: Mapping[str, Any], section: str) -> int:
    """Return how many entries a section of a kubeconfig has."""
    found = config.get(section)
    return len(found) if isinstance(found, list) else 0


def _hide_secrets(connection: AzureConnection, config: Mapping[str, Any]) -> None:
    """Report every secret of a kubeconfig, so that it is blanked wherever it might show."""
    users = config.get("users")
    for entry in users if isinstance(users, list) else ():
        user = nested(entry, "user") if isinstance(entry, Mapping) else {}
        for field in _SECRET_FIELDS:
            if user.get(field):
                connection.hide(str(user[field]))
