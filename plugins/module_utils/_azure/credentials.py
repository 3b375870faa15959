# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for a cluster's own API, asked from AKS and kept in memory only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
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
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import AKS, parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Seconds for which a kubeconfig is kept; AKS rotates what is in it by hand, and a 401 makes us forget it.
_KUBECONFIG_SECONDS = 3600.0
_SECRET_FIELDS = ("token", "password", "client-key-data", "client-certificate-data")


def fetch_kubeconfig(connection: AzureConnection, cluster_id: str) -> dict[str, Any]:
    """Return the user kubeconfig of an AKS cluster as data; one with `exec` wants `cluster_token` as bearer token.

    Raises AzureError when the cluster is not AKS or Azure gives no kubeconfig.
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
        doing = f"Fetching a kubeconfig of cluster {cluster.name}"
        answer = arm.post(
            connection,
            f"{cluster}/listClusterUserCredential",
            arm.API_VERSIONS["microsoft.containerservice"],
            doing,
            query={"format": "exec"},
        )
        config = _decoded(answer, doing)
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
    return config


def _hide_secrets(connection: AzureConnection, config: Mapping[str, Any]) -> None:
    """Report every secret of a kubeconfig, so that it is blanked wherever it might show."""
    users = config.get("users")
    for entry in users if isinstance(users, list) else ():
        user = nested(entry, "user") if isinstance(entry, Mapping) else {}
        for field in _SECRET_FIELDS:
            if user.get(field):
                connection.hide(str(user[field]))
