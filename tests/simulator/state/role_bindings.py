# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role bindings of trusted access, which let a workspace into an AKS cluster.

Source: https://learn.microsoft.com/azure/aks/trusted-access-feature
"""

from __future__ import annotations

from typing import Any

ROLE = "Microsoft.MachineLearningServices/workspaces/mlworkload"


def role_binding(cluster_id: str, workspace_id: str, name: str) -> dict[str, Any]:
    """The role binding that attaching a workspace makes on a cluster, one per workspace, as ARM shows it.

    Source: AML-Kubernetes docs/azureml-aks-ta-support.md
    """
    return {
        "id": f"{cluster_id}/trustedAccessRoleBindings/{name}",
        "name": name,
        "type": "Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings",
        "properties": {"provisioningState": "Succeeded", "sourceResourceId": workspace_id, "roles": [ROLE]},
    }
