#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_instance_type_info
short_description: Read the InstanceTypes of a cluster
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Reads the InstanceTypes (C(amlarc.azureml.com/v1alpha1)) of a cluster.
  - The built-in C(defaultinstancetype) is not among them unless somebody has overridden it.
options:
  name:
    description:
      - Return only the InstanceType of this name.
    type: str
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
seealso:
  - module: azureml.fleet.aml_instance_type
"""

EXAMPLES = r"""
- name: Read all InstanceTypes
  azureml.fleet.aml_instance_type_info:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.instance_types | map(attribute='name') | list }}"
"""

RETURN = r"""
definition:
  description: Whether the cluster knows InstanceTypes at all, which the extension brings.
  type: bool
  returned: success
  sample: true
instance_types:
  description: The InstanceTypes, ordered by name.
  type: list
  elements: dict
  returned: success
  sample:
    - name: gpu-large
      node_selector: {azureml.fleet/accelerator: nvidia}
      requests: {cpu: "4", memory: 16Gi}
      limits: {cpu: "6", memory: 24Gi, nvidia.com/gpu: "1"}
      managed: true
  contains:  # generated from InstanceTypeFacts, without owners
    name:
      description: Name of the InstanceType.
      type: str
    node_selector:
      description: Labels that a node must carry.
      type: dict
    requests:
      description: Amounts that a pod asks for.
      type: dict
    limits:
      description: Amounts that a pod may use at most.
      type: dict
    managed:
      description: Whether it carries the label C(app.kubernetes.io/managed-by=azureml.fleet).
      type: bool
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_instance_type_info import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
