# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating, updating and deleting extensions, with azure-mgmt-kubernetesconfiguration as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names

try:
    from azure.mgmt.kubernetesconfiguration import SourceControlConfigurationClient
    from azure.mgmt.kubernetesconfiguration.v2023_05_01 import models

    MISSING_LIBRARY: str | None = None
except ImportError:
    MISSING_LIBRARY = "azure-mgmt-kubernetesconfiguration"

from ansible_collections.azureml.fleet.plugins.module_utils._azure.arm import json_of
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import API_VERSION, EXTENSION_TYPE
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ARC, ResourceId
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment

if TYPE_CHECKING:
    from azure.core.polling import LROPoller


@dataclass(frozen=True)
class ExtensionRequest:
    """What is sent. In an update None means 'as it is': it is not sent at all."""

    settings: dict[str, str] | None = None
    #: Sent, they replace all protected settings that the extension has.
    protected: dict[str, str] | None = field(default=None, repr=False)
    version: str | None = None
    auto_upgrade_minor_version: bool | None = None
    release_train: str | None = None


def create(
    connection: AzureConnection,
    cluster: ResourceId,
    name: str,
    request: ExtensionRequest,
    *,
    poll_interval: float,
    follow: bool,
) -> LROPoller[dict[str, Any]]:
    """Send the PUT of a whole extension; the poller's result is the resource's JSON.

    `follow`: whether the poller follows the operation; without it, it ends with the PUT's own answer.
    Raises AzureError.
    """
    body = models.Extension(
        extension_type=EXTENSION_TYPE,
        scope=models.Scope(cluster=models.ScopeCluster(release_namespace=names.EXTENSION_NAMESPACE)),
        configuration_settings=request.settings or {},
        configuration_protected_settings=request.protected or {},
        version=request.version,
        # The model's own defaults (true, "Stable") would travel when nothing is passed.
        auto_upgrade_minor_version=request.auto_upgrade_minor_version,
        release_train=request.release_train,
        identity=models.Identity(type="SystemAssigned") if cluster.is_a(ARC) else None,
    )
    with azure_errors(f"Installing extension {name} on cluster {cluster.name}", subject=str(cluster)):
        poller: LROPoller[dict[str, Any]] = _client(connection, cluster, poll_interval).extensions.begin_create(
            *_path(cluster, name), body, cls=json_of, polling=follow
        )
    return poller


def update(
    connection: AzureConnection,
    cluster: ResourceId,
    name: str,
    request: ExtensionRequest,
    *,
    poll_interval: float,
    follow: bool,
) -> LROPoller[dict[str, Any]]:
    """Send the PATCH of what changes; see `create` for the rest. Raises AzureError."""
    body = models.PatchExtension(
        configuration_settings=request.settings or None,
        configuration_protected_settings=request.protected,
        version=request.version,
        # The model's own defaults would un-pin a pinned version and switch its release train.
        auto_upgrade_minor_version=request.auto_upgrade_minor_version,
        release_train=request.release_train,
    )
    with azure_errors(f"Updating extension {name} of cluster {cluster.name}", subject=str(cluster)):
        poller: LROPoller[dict[str, Any]] = _client(connection, cluster, poll_interval).extensions.begin_update(
            *_path(cluster, name), body, cls=json_of, polling=follow
        )
    return poller


def delete(
    connection: AzureConnection,
    cluster: ResourceId,
    name: str,
    *,
    force: bool,
    poll_interval: float,
    follow: bool,
) -> LROPoller[None]:
    """Send the DELETE; `force` removes the resource although the cluster does not answer. Raises AzureError."""
    with azure_errors(f"Deleting extension {name} of cluster {cluster.name}", subject=str(cluster)):
        poller: LROPoller[None] = _client(connection, cluster, poll_interval).extensions.begin_delete(
            *_path(cluster, name), force_delete=True if force else None, polling=follow
        )
    return poller


def _client(connection: AzureConnection, cluster: ResourceId, poll_interval: float) -> SourceControlConfigurationClient:
    """Return the SDK's client for the cluster's subscription."""
    return SourceControlConfigurationClient(
        connection.credential,
        cluster.subscription_id,
        api_version=API_VERSION,
        **connection.client_options(poll_interval=poll_interval),
    )


def _path(cluster: ResourceId, name: str) -> tuple[str, str, str, str, str]:
    """Return what names an extension of a cluster in the SDK's operations. Raises InputError for what is no name."""
    name = checked_segment(name, "an extension")
    return cluster.resource_group, cluster.provider, cluster.type, cluster.name, name
