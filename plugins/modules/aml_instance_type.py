#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_instance_type
short_description: Manage InstanceTypes of a cluster
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Creates, changes and removes InstanceTypes (C(amlarc.azureml.com/v1alpha1)), which say on which nodes and with which
    resources Azure Machine Learning runs jobs and endpoints. C(defaultinstancetype) is one like the others.
  - Everything that Azure Machine Learning documents about a valid InstanceType is checked before the first write.
  - Amounts are compared as amounts. V(1) equals V(1000m), V(1Gi) equals V(1024Mi), and equal is not changed.
options:
  state:
    description:
      - V(present) creates or changes the InstanceTypes, V(absent) removes them.
    type: str
    choices: [absent, present]
    default: present
  name:
    description:
      - Name of the InstanceType.
    type: str
  node_selector:
    description:
      - Labels that a node must carry for pods of this type to run on it.
    type: dict
  requests:
    description:
      - Amounts that a pod asks for, by resource. C(cpu) and C(memory) are both needed.
      - Amounts are Kubernetes quantities, such as V(500m), V(2) or V(8Gi).
    type: dict
  limits:
    description:
      - Amounts that a pod may use at most, by resource. C(cpu) and C(memory) are both needed.
      - GPUs stand here and only here, for example C(nvidia.com/gpu).
    type: dict
  instance_types:
    description:
      - Several InstanceTypes at once, instead of O(name), O(node_selector), O(requests) and O(limits).
      - With O(state=absent) only the names count.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the InstanceType.
        type: str
        required: true
      node_selector:
        description:
          - Labels that a node must carry for pods of this type to run on it.
        type: dict
      requests:
        description:
          - Amounts that a pod asks for, by resource. C(cpu) and C(memory) are both needed.
          - Amounts are Kubernetes quantities, such as V(500m), V(2) or V(8Gi).
        type: dict
      limits:
        description:
          - Amounts that a pod may use at most, by resource. C(cpu) and C(memory) are both needed.
          - GPUs stand here and only here, for example C(nvidia.com/gpu).
        type: dict
  mode:
    description:
      - V(merge) sets what is given and leaves what others set beside it (server-side apply).
      - V(replace) makes the InstanceType exactly what is given, and labels it as ours.
    type: str
    choices: [merge, replace]
    default: merge
  force_conflicts:
    description:
      - With O(mode=merge), take over fields that another field manager set to another value. By default that is
        refused.
    type: bool
    default: false
  prune:
    description:
      - Also remove InstanceTypes that are not given, if they carry the label
        C(app.kubernetes.io/managed-by=azureml.fleet).
    type: bool
    default: false
  extension_node_selector:
    description:
      - The node selector of the extension (its C(nodeSelector.*) settings). An O(node_selector) that contradicts it
        could match no node, and is refused.
    type: dict
  definition_pending:
    description:
      - In check mode, take it that the kind InstanceType will be there, because the same run installs the extension
        first.
    type: bool
    default: false
extends_documentation_fragment:
  - azureml.fleet.attributes
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
seealso:
  - module: azureml.fleet.aml_instance_type_info
  - name: Instance types of Kubernetes compute
    description: What InstanceTypes are.
    link: https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types
"""

EXAMPLES = r"""
- name: Offer one GPU to jobs
  azureml.fleet.aml_instance_type:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    name: gpu-large
    node_selector:
      azureml.fleet/accelerator: nvidia
    requests:
      cpu: 4
      memory: 16Gi
    limits:
      cpu: 6
      memory: 24Gi
      nvidia.com/gpu: 1

- name: Have exactly these, and remove others that this collection made
  azureml.fleet.aml_instance_type:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    prune: true
    instance_types:
      - name: defaultinstancetype
        requests: {cpu: 500m, memory: 2Gi}
        limits: {cpu: 2, memory: 4Gi}
      - name: cpu-large
        requests: {cpu: 4, memory: 8Gi}
        limits: {cpu: 8, memory: 16Gi}

- name: Remove one
  azureml.fleet.aml_instance_type:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    name: gpu-large
    state: absent
"""

RETURN = r"""
instance_types:
  description: The InstanceTypes that were given, as they are now, or would be in check mode.
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
created:
  description: Names of those that were created.
  type: list
  elements: str
  returned: success
  sample: [gpu-large]
updated:
  description: Names of those that were changed.
  type: list
  elements: str
  returned: success
  sample: []
removed:
  description: Names of those that were removed, the pruned ones included.
  type: list
  elements: str
  returned: success
  sample: []
problems:
  description: Everything that is not valid.
  type: list
  elements: str
  returned: when an InstanceType is not valid
conflicts:
  description: Field managers by the path of the field that they set to another value.
  type: dict
  returned: when somebody else set a field to another value
  sample: {spec.resources.limits.cpu: kubectl-edit}
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_instance_type import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
