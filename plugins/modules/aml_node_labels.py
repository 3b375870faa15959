#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_node_labels
short_description: Label nodes of an Arc-connected cluster
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Sets or removes labels on nodes through the Kubernetes API, one write for each node that differs.
  - AKS clusters are refused, because AKS drops such labels when it scales or upgrades a node pool. Use
    M(azureml.fleet.aks_node_pool_labels) there.
  - Label keys with a prefix of Kubernetes or AKS are refused.
options:
  state:
    description:
      - V(present) sets the labels, V(absent) removes those keys, whatever their values are.
    type: str
    choices: [absent, present]
    default: present
  nodes:
    description:
      - The labels of each node, by the node's name.
    type: dict
  labels:
    description:
      - The labels of all nodes that match O(selector), instead of O(nodes).
    type: dict
  selector:
    description:
      - Labels that a node must carry to be one of those that get O(labels). By default every node does.
    type: dict
extends_documentation_fragment:
  - azureml.fleet.attributes
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
seealso:
  - module: azureml.fleet.aks_node_pool_labels
"""

EXAMPLES = r"""
- name: Say which nodes have GPUs
  azureml.fleet.aml_node_labels:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-arc/providers/Microsoft.Kubernetes/connectedClusters/arc-store
    kubeconfig: ~/.kube/arc-store
    nodes:
      store-gpu-0:
        azureml.fleet/accelerator: nvidia
        azureml.fleet/gpu-count: "1"

- name: Remove a label from all nodes
  azureml.fleet.aml_node_labels:
    kubeconfig: ~/.kube/arc-store
    labels:
      azureml.fleet/accelerator: ""
    state: absent
"""

RETURN = r"""
nodes:
  description: The labels in question by node, as they are now, or would be in check mode.
  type: dict
  returned: success
  sample: {store-gpu-0: {azureml.fleet/accelerator: nvidia, azureml.fleet/gpu-count: "1"}}
labelled:
  description: Names of the nodes that differed.
  type: list
  elements: str
  returned: success
  sample: [store-gpu-0]
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_node_labels import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
