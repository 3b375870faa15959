#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_cluster_info
short_description: Read everything about a cluster in one call
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Reads what Azure knows of an AKS or Arc-connected cluster, its extension, and its computes in the workspaces that
    are named, the legacy AksCompute included.
  - Reads from the cluster's own API its nodes, namespaces, front end, InstanceTypes, the extension's components, v1 web
    services, and whether the credentials may do what the collection does.
  - A cluster whose own API cannot be read is no failure. C(facts.kubernetes) is null then, and
    C(facts.kubernetes_error) says why.
options:
  workspaces:
    description:
      - Resource ids of the workspaces in which the cluster's computes are looked for.
      - In their namespaces C(azureml-<workspace>) every Deployment that is not of v2 counts as a v1 web service. Those
        that carry v1's labels are found in every namespace of the cluster.
    type: list
    elements: str
    default: []
  namespaces:
    description:
      - More namespaces in which every Deployment that is not of v2 counts as a v1 web service.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.required
  - azureml.fleet.cluster.known
"""

EXAMPLES = r"""
- name: Read everything about a cluster
  azureml.fleet.aml_cluster_info:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    workspaces:
      - >-
        /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/ml-west
  register: info

- name: Show what the credentials may not do
  ansible.builtin.debug:
    msg: "{{ info.facts.kubernetes.permissions | rejectattr('allowed') | map(attribute='purpose') | list }}"
  when: info.facts.kubernetes is not none
"""

RETURN = r"""
facts:
  description: The facts. What is absent is null.
  type: dict
  returned: success
  contains:
    identity:
      description:
        - Who the run is to Azure, from the claims of its token, never the token.
          C(object_id), C(tenant_id), C(application_id) and C(subscription_id).
      type: dict
      returned: success
    cluster:
      description: The cluster as Azure Resource Manager knows it, with its node pools.
      type: dict
      returned: success
    providers:
      description: The registration state of the resource providers that the extension needs, by namespace.
      type: dict
      returned: success
      sample: {Microsoft.KubernetesConfiguration: Registered}
    extension_regions:
      description:
        - The regions in which Azure offers cluster extensions to the subscription; empty when it does not say.
      type: list
      elements: str
      returned: success
    kubernetes_versions:
      description:
        - The minor versions of Kubernetes that AKS offers in the cluster's region; empty when it does not say.
      type: list
      elements: str
      returned: success
    locks:
      description:
        - The locks of Azure Resource Manager that hold for the cluster or for one of its workspaces. Null when they
          cannot be read.
      type: list
      elements: dict
      returned: success
    extension:
      description:
        - The extension C(Microsoft.AzureML.Kubernetes) of the cluster, or null. Of protected settings only the names
          are known.
      type: dict
      returned: success
    workspaces:
      description: The workspaces with the computes of this cluster in them.
      type: list
      elements: dict
      returned: success
    router_tls:
      description:
        - What the router showed in a TLS handshake from here, as C(served_before) of
          M(azureml.fleet.aml_router_certificate). Null where no router is to serve HTTPS.
      type: dict
      returned: success
    kubernetes:
      description:
        - C(version), C(nodes), C(namespaces) with their phases, C(front_end) as M(azureml.fleet.azureml_fe_check)
          returns it, C(router_services), C(v1_services), C(extension_workloads), C(instance_type_definition),
          C(instance_types), C(health_report), C(permissions) and, on Azure Arc, C(arc_agents). Null when the cluster's
          API cannot be read.
      type: dict
      returned: success
    kubernetes_error:
      description: Why the cluster's API cannot be read, or null.
      type: str
      returned: success
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_cluster_info import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
