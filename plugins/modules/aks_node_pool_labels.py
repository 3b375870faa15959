#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aks_node_pool_labels
short_description: Set or remove labels of AKS node pools
version_added: 0.1.0
description:
  - Labels that are set through the AKS API survive scaling, node image upgrades and repairs. Those that are set on
    nodes do not.
  - Other labels of a pool stay. A pool that has the labels already is not written; a pool that differs is written once.
  - A pool that somebody else changes or that is busy is read again, merged again, and written when it is free.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.azure
  - azureml.fleet.cluster.required
  - azureml.fleet.waiting
  - azureml.fleet.attributes
requirements:
  - azure-mgmt-containerservice
options:
  pools:
    description:
      - Labels for each pool, by its name. A boolean becomes V(true) or V(false).
      - With O(state=absent) the values do not matter.
      - AKS keeps the prefixes C(kubernetes.azure.com/) and C(kubernetes.io/) for itself.
    type: dict
    required: true
  state:
    description: Whether the labels are there.
    type: str
    choices: [absent, present]
    default: present
  wait_timeout:
    default: 900
seealso:
  - name: Labels of node pools
    description: Microsoft's description.
    link: https://learn.microsoft.com/azure/aks/use-labels
"""

EXAMPLES = r"""
- name: Label the GPU pool
  azureml.fleet.aks_node_pool_labels:
    cluster_id: "{{ cluster_id }}"
    pools:
      gpu:
        example.com/gpu: t4

- name: Remove the label
  azureml.fleet.aks_node_pool_labels:
    cluster_id: "{{ cluster_id }}"
    pools:
      gpu:
        example.com/gpu:
    state: absent
"""

RETURN = r"""
pools:
  description: All labels of each pool that was named, as they are now, or as they would be in check mode.
  returned: success
  type: dict
  sample: {gpu: {example.com/gpu: t4}}
changed_pools:
  description: Names of the pools that differed.
  returned: success
  type: list
  elements: str
submitted:
  description: Whether a request was sent.
  returned: success
  type: bool
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aks_node_pool_labels import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
