# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of Azure Arc in a cluster: which connected cluster they were installed for.

`az connectedk8s connect` writes it to ConfigMap azure-clusterconfig in namespace azure-arc, and refuses to delete or to
update a connected cluster whose name and resource group are not those in it (Azure/azure-cli-extensions,
src/connectedk8s/azext_connectedk8s/custom.py).
"""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ArcAgentFacts
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import CONFIG_MAPS

NAMESPACE = "azure-arc"
CONFIGURATION = "azure-clusterconfig"


def read(cluster: ClusterConnection) -> ArcAgentFacts | None:
    """Return for which connected cluster the agents were installed, or None when there are none."""
    found = cluster.get(CONFIG_MAPS, CONFIGURATION, NAMESPACE)
    if found is None:
        return None
    data: dict[str, Any] = found.get("data") or {}
    return ArcAgentFacts(
        name=str(data.get("AZURE_RESOURCE_NAME") or ""),
        resource_group=str(data.get("AZURE_RESOURCE_GROUP") or ""),
        subscription_id=str(data.get("AZURE_SUBSCRIPTION_ID") or ""),
    )
