# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option groups CLUSTER and CLUSTER_REQUIRED."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cluster_id:
    description:
      - Azure resource id of the cluster, of an AKS cluster (C(Microsoft.ContainerService/managedClusters)) or of one
        connected by Azure Arc (C(Microsoft.Kubernetes/connectedClusters)). Letter case does not matter.
    type: str
    aliases: [cluster_resource_id]
"""

    REQUIRED = r"""
options:
  cluster_id:
    description:
      - Azure resource id of the cluster, of an AKS cluster (C(Microsoft.ContainerService/managedClusters)) or of one
        connected by Azure Arc (C(Microsoft.Kubernetes/connectedClusters)). Letter case does not matter.
    type: str
    required: true
    aliases: [cluster_resource_id]
"""
