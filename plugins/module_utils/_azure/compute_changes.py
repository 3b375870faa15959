# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attaching and detaching computes with azure-ai-ml, which is imported only when there is something to change.

Importing it takes seconds, so a run that changes nothing must not pay for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import waiting
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clouds import KNOWN_CLOUDS
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ResourceId
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import Waiting

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.polling import LROPoller

#: The environment variable that MLClient sets for the whole process when it is made.
_CLOUD_VARIABLE = "AZUREML_CURRENT_CLOUD"
#: Never anything else: `Delete` on a compute that a workspace created deletes the AKS cluster with all that runs on it.
_ACTION = "Detach"
#: Identity types of the API -> the SDK's own words for them.
_SDK_IDENTITIES = {
    "SystemAssigned": "system_assigned",
    "SystemAssigned,UserAssigned": "system_assigned,_user_assigned",
    "UserAssigned": "user_assigned",
}


@dataclass(frozen=True)
class ComputeRequest:
    """A compute as it is to be sent. None and empty mean 'say nothing about it'."""

    name: str
    resource_id: str
    namespace: str
    #: The compute as the service sent it, empty for a new one: what it has and nobody asked to change is sent back.
    existing: Mapping[str, Any] = field(default_factory=dict, repr=False)
    default_instance_type: str | None = None
    identity_type: str | None = None
    user_assigned_identities: tuple[str, ...] = ()
    description: str | None = None
    tags: Mapping[str, str] | None = None


def missing_library() -> str | None:
    """Return `azure-ai-ml` when it is not installed, without importing it."""
    try:
        return None if find_spec("azure.ai.ml") else "azure-ai-ml"
    except ModuleNotFoundError:
        return "azure-ai-ml"


def attach(
    connection: AzureConnection, workspace: ResourceId, request: ComputeRequest, *, poll_interval: float
) -> LROPoller[Any]:
    """Send the PUT of a compute of type Kubernetes. Raises AzureError."""
    from azure.ai.ml.entities import (
        IdentityConfiguration,
        KubernetesCompute,
        ManagedIdentityConfiguration,
    )

    identity = None
    if request.identity_type:
        assigned = [ManagedIdentityConfiguration(resource_id=each) for each in request.user_assigned_identities]
        identity = IdentityConfiguration(
            type=_SDK_IDENTITIES[request.identity_type], user_assigned_identities=assigned or None
        )
    compute = KubernetesCompute(
        name=checked_segment(request.name, "a compute"),
        resource_id=request.resource_id,
        namespace=request.namespace,
        properties=_inner(request),
        identity=identity,
        description=request.description,
        tags=dict(request.tags) if request.tags is not None else None,
    )
    doing = f"Attaching compute {request.name} to workspace {workspace.name}"
    with azure_errors(doing, subject=str(workspace)), _own_cloud():
        poller: LROPoller[Any] = _client(connection, workspace, poll_interval).compute.begin_attach(compute)
    return poller


def detach(connection: AzureConnection, workspace: ResourceId, name: str, *, poll_interval: float) -> LROPoller[None]:
    """Send the request that takes a compute off its workspace; the cluster is not touched. Raises AzureError."""
    checked_segment(name, "a compute")
    with (
        azure_errors(f"Detaching compute {name} from workspace {workspace.name}", subject=str(workspace)),
        _own_cloud(),
    ):
        poller: LROPoller[None] = _client(connection, workspace, poll_interval).compute.begin_delete(
            name, action=_ACTION
        )
    return poller


def follow(deadline: Waiting, poller: LROPoller[Any], what: str, doing: str) -> None:
    """Wait until the operation behind `poller` has ended. Raises AzureError when it failed.

    The SDK's reading of the result is not used: it stumbles over computes whose inner properties are null.
    """
    try:
        waiting.follow(deadline, poller, what, doing)
    except AttributeError as error:
        if not states.has_succeeded(poller.status()):
            raise AzureError(f"{doing}: the operation ended {poller.status()}.", code="Unreadable") from error


def _client(connection: AzureConnection, workspace: ResourceId, poll_interval: float) -> MLClient:
    """Return azure-ai-ml's client, pointed at the connection's cloud."""
    from azure.ai.ml import MLClient

    cloud = connection.cloud
    if cloud.name.lower() in KNOWN_CLOUDS and cloud.resource_manager in {
        each.resource_manager for each in KNOWN_CLOUDS.values()
    }:
        where: dict[str, Any] = {"cloud": KNOWN_CLOUDS[cloud.name.lower()].name}
    else:
        # The SDK silently ignores what is said of a name it knows already, so every address has a name of its own.
        where = {
            "cloud": f"azureml.fleet {cloud.resource_manager}",
            "cloud_metadata": {
                "azure_portal": f"{cloud.resource_manager}/",
                "resource_manager": f"{cloud.resource_manager}/",
                "active_directory": f"{cloud.authority}/",
                "aml_resource_id": f"{cloud.audience}/",
                "storage_endpoint": "core.windows.net",
                "registry_discovery_endpoint": f"{cloud.resource_manager}/",
            },
        }
    return MLClient(
        connection.credential,
        workspace.subscription_id,
        workspace.resource_group,
        workspace.name,
        show_progress=False,
        enable_telemetry=False,
        authentication_policy=connection.authentication_policy(),
        transport=connection.transport,
        user_agent=USER_AGENT,
        polling_interval=poll_interval,
        **connection.retry_options,
        **where,
    )


def _inner(request: ComputeRequest) -> dict[str, Any]:
    """Return the inner properties to send: those that are there, without nulls, and those that are wanted."""
    there = nested(request.existing, "properties", "properties")
    inner = {key: value for key, value in there.items() if value is not None and key != "namespace"}
    if request.default_instance_type:
        inner["defaultInstanceType"] = request.default_instance_type
    return inner


@contextmanager
def _own_cloud() -> Iterator[None]:
    """Undo what MLClient does to the environment, which every child process would inherit."""
    before = os.environ.get(_CLOUD_VARIABLE)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_CLOUD_VARIABLE, None)
        else:
            os.environ[_CLOUD_VARIABLE] = before
