# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option groups CLUSTER and CLUSTER_REQUIRED, and of what is known of a cluster already."""

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

    KNOWN = r"""
options:
  known:
    description:
      - Parts of the facts that were read a moment ago; they are taken over instead of being read again.
    type: dict
    suboptions:
      extension:
        description: The extension, as M(azureml.fleet.aml_extension_info) returns it.
        type: dict
      providers:
        description: The resource providers, as in earlier facts.
        type: dict
      workspaces:
        description: The workspaces, as M(azureml.fleet.aml_compute_info) returns them.
        type: list
        elements: dict
"""
