# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is the same for many clusters, read once a run: versions of Kubernetes, locks, workspaces.

None of it is needed to go on: where it may not be read, None says so, and rules judge with what there is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import LockFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Seconds for which an answer is kept; a run is seldom longer, and a lock may come meanwhile.
_KEPT_SECONDS = 3600.0
_LOCKS = "/providers/microsoft.authorization/locks/"


def read_kubernetes_versions(connection: AzureConnection, subscription_id: str, location: str) -> list[str]:
    """Return the minor versions that are generally available in AKS in a region; nothing when that cannot be read.

    Source: learn.microsoft.com/rest/api/aks/managed-clusters/list-kubernetes-versions: versions in preview say so, and
    those that only long term support keeps have no plan KubernetesOfficial.
    """

    def read() -> list[Any]:
        body = arm.get(
            connection,
            f"/subscriptions/{subscription_id}/providers/Microsoft.ContainerService/locations/{location}"
            "/kubernetesVersions",
            arm.API_VERSIONS["microsoft.containerservice"],
            f"Reading the versions of Kubernetes in {location}",
        )
        return [str(each.get("version")) for each in _entries(body, "values") if _is_current(each)]

    found = _once(connection, f"kubernetes versions {subscription_id} {location}", read)
    return [str(each) for each in found or ()]


def read_locks(connection: AzureConnection, subscription_id: str) -> list[LockFacts] | None:
    """Return every lock of a subscription, of its resource groups and resources; None when they cannot be read.

    Source: learn.microsoft.com/rest/api/resources/management-locks/list-at-subscription-level.
    """

    def read() -> list[Any]:
        found = arm.list_all(
            connection,
            f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/locks",
            arm.API_VERSIONS["locks"],
            f"Reading the locks of subscription {subscription_id}",
        )
        return [_lock(each) for each in found]

    return _once(connection, f"locks {subscription_id}", read)


def acts_as_user_assigned(connection: AzureConnection, workspace_id: str) -> bool:
    """Tell whether a workspace acts as a user-assigned identity; what cannot be read is none.

    Source: learn.microsoft.com/rest/api/azureml/workspaces/get: one with both kinds names the one that it acts as.
    """

    def read() -> list[Any]:
        body = arm.get(
            connection,
            workspace_id,
            arm.API_VERSIONS["microsoft.machinelearningservices"],
            f"Reading workspace {workspace_id.rpartition('/')[2]}",
        )
        kind = str(nested(body, "identity").get("type") or "").lower()
        primary = nested(body, "properties").get("primaryUserAssignedIdentity")
        return ["userassigned" in kind and ("systemassigned" not in kind or bool(primary))]

    return bool((_once(connection, f"identity of {workspace_id.lower()}", read) or [False])[0])


def _once(connection: AzureConnection, what: str, read: Callable[[], list[Any]]) -> list[Any] | None:
    """Return what another host of this run has read a moment ago, or read it; None when it cannot be read.

    A refusal is remembered, too; hosts that begin in the same moment may each ask.
    """
    key = connection.memory_key(what)
    kept = connection.memory.get(key)
    if kept is not None:
        found: list[Any] | None = json.loads(kept)
        return found
    value: list[Any] | None = None
    try:
        value = read()
    except AzureError as error:
        if error.retryable:
            return None
    connection.memory.put(key, json.dumps(value), _KEPT_SECONDS)
    return value


def _is_current(version: Mapping[str, Any]) -> bool:
    """Tell whether a version is generally available and supported for everybody."""
    plans = nested(version, "capabilities").get("supportPlan")
    official = not isinstance(plans, list) or "kubernetesofficial" in [str(each).lower() for each in plans]
    return bool(version.get("version")) and version.get("isPreview") is not True and official


def _lock(body: Mapping[str, Any]) -> LockFacts:
    """Return the facts of a lock; the resource that it is on stands in its id."""
    identifier = str(body.get("id") or "")
    end = identifier.lower().rfind(_LOCKS)
    level = str(nested(body, "properties").get("level") or "")
    return LockFacts(name=str(body.get("name") or ""), scope=identifier[: max(end, 0)], level=level)


def _entries(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list in an answer, whatever else it holds."""
    found = body.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
