#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aml_compute_info
short_description: Read the computes of workspaces that live on clusters
version_added: 0.1.0
description:
  - Reads computes of type Kubernetes, and legacy computes of type AKS (AksCompute), which C(azure-ai-ml) cannot read.
  - With O(wait=true), waits until no operation is in progress on a Kubernetes compute, and fails when the last one did
    not succeed.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.azure
  - azureml.fleet.waiting
  - azureml.fleet.attributes.read_only
options:
  cluster_id:
    description: Only computes on the cluster with this resource id.
    type: str
    aliases: [cluster_resource_id]
  workspaces:
    description: Resource ids of the workspaces to look into.
    type: list
    elements: str
    required: true
  name:
    description: Only computes of this name.
    type: str
  wait:
    description: Whether to wait until no operation is in progress.
    default: false
  wait_for:
    description:
      - With O(wait=true), only these computes are waited for, and only theirs is a failure. All are returned.
      - A list of dictionaries with C(workspace_id) and C(name), such as the attachments of
        M(azureml.fleet.aml_compute_attach); what else they hold is ignored.
      - Without this option every compute of type Kubernetes is waited for, those of other teams included.
    type: list
    elements: dict
  wait_timeout:
    default: 1800
seealso:
  - module: azureml.fleet.aml_compute_attach
"""

EXAMPLES = r"""
- name: Read what of a cluster is in two workspaces
  azureml.fleet.aml_compute_info:
    cluster_id: "{{ cluster_id }}"
    workspaces:
      - "{{ workspace_id }}"
      - "{{ other_workspace_id }}"
  register: found

- name: Wait for an attach that was begun before
  azureml.fleet.aml_compute_info:
    cluster_id: "{{ cluster_id }}"
    workspaces:
      - "{{ workspace_id }}"
    name: k8s
    wait: true
"""

RETURN = r"""
computes:
  description: The computes that were found.
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
workspaces:
  description: The workspaces, each with its computes.
  returned: success
  type: list
  elements: dict
  contains:  # generated from WorkspaceFacts
    id:
      description: Resource id.
      type: str
    exists:
      description: Whether there is such a workspace.
      type: bool
    error:
      description: Why it could not be read.
      type: str
    computes:
      description: Its computes that were asked for.
      type: list
      elements: dict
      contains:
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
          description: Whether it was attached; false when the workspace created the cluster, null
            when unknown.
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
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_compute_info import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
