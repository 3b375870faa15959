# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's options to Azure and to the API of its cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import clusters, credentials
from ansible_collections.azureml.fleet.plugins.module_utils._azure import connection as azure_connection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing, reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import network
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    cluster_kind,
    parse_cluster_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import AZURE_GOES_ON, Waiting
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import azure_kubeconfig, client
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER, KUBERNETES

#: The option groups of a module that works on a cluster's own API.
CLUSTER_ACCESS = (AZURE, KUBERNETES, CLUSTER)
#: Seconds after which a run that still goes on hears a warning again.
_WARNED_SECONDS = 86400.0
#: What an action cannot import; the module then says how to install it.
MISSING_LIBRARY: str | None = client.MISSING_LIBRARY or azure_connection.MISSING_LIBRARY


def connect_azure(call: Call, *needed: str | None) -> AzureConnection:
    """Return the connection to Azure that the options ask for.

    `needed`: further libraries of the module that are missing. Raises ModuleFailure when one is, AzureError for options
    that name no credentials or cloud.
    """
    refuse_missing(azure_connection.MISSING_LIBRARY, *needed)
    return _connected(call)


@contextmanager
def open_cluster(call: Call) -> Iterator[ClusterConnection]:
    """Yield a connection to the API of the cluster that the options of `call` name.

    Raises ModuleFailure for everything that goes wrong with Azure or Kubernetes while it is open.
    """
    refuse_missing(client.MISSING_LIBRARY)
    with reported_failures(), connect_cluster(call) as cluster:
        yield cluster


def connect_cluster(call: Call, azure: AzureConnection | None = None) -> ClusterConnection:
    """Return a connection to the cluster's API; `azure` is a connection to Azure that is open already.

    Raises KubernetesError or AzureError.
    """
    cluster_id = call.params.get("cluster_id")
    if not cluster_id:
        return ClusterConnection.from_params(call.params, None, call.memory, call.hide, warn=_warn_once(call))
    kubeconfigs = _AzureKubeconfigs(call, cluster_id, azure)
    return ClusterConnection.from_params(
        call.params,
        kubeconfigs.fetch,
        call.memory,
        call.hide,
        name=parse_cluster_id(cluster_id).name,
        renew=kubeconfigs.renew if cluster_kind(cluster_id) == "aks" else None,
        warn=_warn_once(call),
    )


def _connected(call: Call) -> AzureConnection:
    """Return the connection to Azure that the options ask for."""
    return AzureConnection.from_params(call.params, call.memory, call.hide, _warn_once(call))


def _warn_once(call: Call) -> Callable[[str], None]:
    """Return how to warn about a host's connection: once in a run, not once a task."""
    cluster = str(call.params.get("cluster_id") or "")

    def warn(text: str) -> None:
        key = f"warned {cluster} {text}"
        if call.memory.get(key) is None:
            call.memory.put(key, "yes", _WARNED_SECONDS)
            call.warn(f"{parse_cluster_id(cluster).name}: {text}" if cluster else text)

    return warn


def waiting_for(call: Call, goes_on: str = AZURE_GOES_ON) -> Waiting:
    """Return how the options say to wait; `goes_on` says who goes on with what was begun when time is up."""
    return Waiting(
        timeout=float(call.params["wait_timeout"]),
        interval=max(0.05, float(call.params["poll_interval"])),
        progress=call.progress,
        goes_on=goes_on,
    )


class _AzureKubeconfigs:
    """The kubeconfig of one AKS cluster, with a token where the kubeconfig asks for the kubelogin program."""

    def __init__(self, call: Call, cluster_id: str, azure: AzureConnection | None) -> None:
        """Open no connection yet: a kubeconfig that the user gave needs none."""
        self._call = call
        self._cluster_id = cluster_id
        self._azure = azure

    def fetch(self) -> dict[str, Any]:
        """Return the kubeconfig, from the run's memory or from Azure."""
        refuse_missing(azure_connection.MISSING_LIBRARY)
        azure = self._connection()
        name = parse_cluster_id(self._cluster_id).name
        config = credentials.fetch_kubeconfig(azure, self._cluster_id, self._resolves)
        login = azure_kubeconfig.check(config, name)
        if login is None:
            return config
        azure_kubeconfig.check_servers(config, name, clusters.api_server_names(azure, self._cluster_id))
        return _with_token(config, credentials.cluster_token(azure, login.server_id, login.tenant_id))

    def renew(self) -> dict[str, Any]:
        """Return a kubeconfig and token that are fetched anew, because the cluster refused those that were kept."""
        azure = self._connection()
        credentials.forget_kubeconfig(azure, self._cluster_id)
        clusters.forget_names(azure, self._cluster_id)
        azure.credential.forget()
        return self.fetch()

    def _resolves(self, config: Mapping[str, Any]) -> bool:
        """Tell whether the servers' names can be resolved here, as far as they need to be: a proxy does it itself."""
        azure_kubeconfig.check(config, parse_cluster_id(self._cluster_id).name)
        proxied = bool(self._call.params.get("proxy"))
        return proxied or all(map(network.resolves, azure_kubeconfig.server_names(config)))

    def _connection(self) -> AzureConnection:
        """Return the connection to Azure, opened at the first use."""
        if self._azure is None:
            self._azure = _connected(self._call)
        return self._azure


def _with_token(config: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return a kubeconfig whose users present a bearer token instead of running a credential plug-in."""
    users = [{**entry, "user": {"token": token}} for entry in config.get("users") or ()]
    return {**config, "users": users}
