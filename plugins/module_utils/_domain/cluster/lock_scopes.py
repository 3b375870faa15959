# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which locks of Azure Resource Manager matter for a cluster, by what they are on.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, LockFacts


def holds_for(lock: LockFacts, ids: Sequence[str]) -> bool:
    """Tell whether a lock holds for one of `ids`: it is on it or on what it is in."""
    scope = _folded(lock["scope"])
    return bool(scope) and any(_is_within(each, scope) for each in ids)


def is_among_nodes(lock: LockFacts, cluster: ClusterFacts) -> bool:
    """Tell whether a lock is on the resource group of an AKS cluster's nodes, or on a resource in it.

    AKS takes one on a single resource for one on the whole group (https://github.com/Azure/AKS/issues/3291).
    """
    group = cluster["node_resource_group"]
    if cluster["kind"] != "aks" or not group:
        return False
    return _is_within(lock["scope"], _folded(f"/subscriptions/{cluster['subscription_id']}/resourceGroups/{group}"))


def _is_within(identifier: str, scope: str) -> bool:
    """Tell whether an id is that of `scope`, which is folded, or of something in it."""
    return f"{_folded(identifier)}/".startswith(f"{scope}/")


def _folded(identifier: str) -> str:
    """Return an id as it can be compared: Azure changes the letter case from answer to answer."""
    return identifier.lower().rstrip("/")
