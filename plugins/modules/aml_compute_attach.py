#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aml_compute_attach
short_description: Attach a cluster to workspaces as Kubernetes compute, update it, or detach it
version_added: 0.1.0
description:
  - Manages computes of type Kubernetes. The same cluster can be attached to several workspaces, and several times
    to one.
  - A compute is only ever detached. This module never deletes a compute together with its cluster, and it never touches
    a legacy AksCompute.
  - All attachments are planned before the first is sent, and all are sent before the first is waited for.
  - The namespace of a compute cannot be changed; a difference fails the task.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.azure
  - azureml.fleet.cluster.required
  - azureml.fleet.waiting
  - azureml.fleet.attributes
requirements:
  - azure-ai-ml
options:
  state:
    description: Whether the computes are attached.
    type: str
    choices: [absent, present]
    default: present
  attachments:
    description: Several attachments of the cluster, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      workspace_id:
        description: Resource id of the workspace.
        type: str
        required: true
      name:
        description: Name of the compute.
        type: str
        required: true
      namespace:
        description: See O(namespace).
        type: str
      identity:
        description: Managed identity of the compute. Without this option it stays as it is.
        type: dict
        suboptions:
          type:
            description: Kind of identity.
            type: str
            choices: ["None", SystemAssigned, UserAssigned]
            required: true
          user_assigned_identities:
            description: Resource ids of identities. Azure Machine Learning uses the first.
            type: list
            elements: str
            default: []
      default_instance_type:
        description: Instance type of jobs and deployments that name none.
        type: str
      description:
        description: Description of the compute.
        type: str
      tags:
        description: Tags of the compute. They replace those that it has.
        type: dict
  workspace_id:
    description: Resource id of the workspace.
    type: str
  name:
    description: Name of the compute.
    type: str
  namespace:
    description:
      - Namespace for jobs and deployments. It must exist; neither Azure nor this module creates it.
      - A new compute without it gets V(default).
      - The namespace C(azureml-<workspace>) belongs to the services of a legacy AksCompute and is refused.
    type: str
  identity:
    description: Managed identity of the compute. Without this option it stays as it is.
    type: dict
    suboptions:
      type:
        description: Kind of identity.
        type: str
        choices: ["None", SystemAssigned, UserAssigned]
        required: true
      user_assigned_identities:
        description: Resource ids of identities. Azure Machine Learning uses the first.
        type: list
        elements: str
        default: []
  default_instance_type:
    description: Instance type of jobs and deployments that name none.
    type: str
  description:
    description: Description of the compute.
    type: str
  tags:
    description: Tags of the compute. They replace those that it has.
    type: dict
  forbidden_namespaces:
    description:
      - Namespaces in which nothing new is attached, because v1 web services run in them.
    type: list
    elements: str
    default: []
  wait_timeout:
    default: 1800
seealso:
  - module: azureml.fleet.aml_compute_info
  - module: azureml.fleet.aml_namespace
  - name: Attach a Kubernetes cluster
    description: Microsoft's description of attaching.
    link: https://learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace
"""

EXAMPLES = r"""
- name: Attach the cluster to a workspace
  azureml.fleet.aml_compute_attach:
    cluster_id: "{{ cluster_id }}"
    workspace_id: "{{ workspace_id }}"
    name: k8s
    namespace: azureml-workloads
    identity:
      type: SystemAssigned

- name: Attach it to two workspaces without waiting
  azureml.fleet.aml_compute_attach:
    cluster_id: "{{ cluster_id }}"
    attachments:
      - workspace_id: "{{ workspace_id }}"
        name: k8s-gpu
        namespace: azureml-workloads
        default_instance_type: gpu
      - workspace_id: "{{ other_workspace_id }}"
        name: k8s
        namespace: azureml-other
    wait: false

- name: Detach it
  azureml.fleet.aml_compute_attach:
    cluster_id: "{{ cluster_id }}"
    workspace_id: "{{ workspace_id }}"
    name: k8s
    state: absent
"""

RETURN = r"""
computes:
  description: The computes as they are now, or as they would be in check mode. Detached ones are not in it.
  returned: success
  type: list
  elements: dict
  contains:  # generated from ComputeFacts
    workspace_id:
      description: Workspace.
      type: str
    name:
      description: Name.
      type: str
    type:
      description: V(Kubernetes), or V(AKS) for a legacy AksCompute.
      type: str
    provisioning_state:
      description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
      type: str
    attached:
      description: Whether it was attached; false when the workspace created the cluster, null when
        unknown.
      type: bool
    namespace:
      description: Namespace of its jobs and deployments.
      type: str
    default_instance_type:
      description: Instance type of jobs that name none.
      type: str
    identity_type:
      description: Kind of its managed identity.
      type: str
    user_assigned_identities:
      description: Ids of its identities.
      type: list
      elements: str
    resource_id:
      description: Cluster that it is on.
      type: str
    cluster_purpose:
      description: Purpose of a legacy compute.
      type: str
    ssl_status:
      description: Whether a legacy compute uses TLS.
      type: str
    ssl_cname:
      description: DNS name of a legacy compute with TLS.
      type: str
    load_balancer_type:
      description: Kind of load balancer of a legacy compute.
      type: str
    description:
      description: Description.
      type: str
    tags:
      description: Tags.
      type: dict
    errors:
      description: What went wrong in the last operation.
      type: list
      elements: str
submitted:
  description: Whether a request was sent that Azure may still be working on.
  returned: success
  type: bool
compute:
  description: The compute whose operation failed, as an element of RV(computes).
  returned: when an operation failed
  type: dict
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_compute_attach import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
