#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: azureml_fe_check
short_description: Read and judge the front end of v1 web services on a cluster
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Reads the Deployment, the pods and the Service C(azureml-fe) in namespace C(default), which serve the web services
    of Azure Machine Learning's v1 (AksCompute), and gives one verdict with its reasons.
  - The verdict says whether the extension C(Microsoft.AzureML.Kubernetes) may be installed beside it.
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
seealso:
  - module: azureml.fleet.azureml_fe_annotation
  - name: Attach an AksCompute cluster as Kubernetes compute
    description: The documented conditions for the upgrade.
    link: https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md
"""

EXAMPLES = r"""
- name: Look at the front end of an AKS cluster
  azureml.fleet.azureml_fe_check:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
  register: check

- name: Stop where the front end is too old
  ansible.builtin.assert:
    that: check.front_end.verdict != 'v1'
    fail_msg: "{{ check.front_end.reasons | join('; ') }}"

- name: Look at the front end of a cluster in a kubeconfig
  azureml.fleet.azureml_fe_check:
    kubeconfig: ~/.kube/config
    context: aks-west
"""

RETURN = r"""
front_end:
  description: What is known of azureml-fe.
  type: dict
  returned: success
  sample:
    verdict: v2
    reasons: ["3 of 3 replicas are ready and labelled azuremlappversion=v2"]
    annotated: false
    annotation: null
    version_label: v2
    wanted_replicas: 3
    ready_replicas: 3
    service_type: LoadBalancer
    address: 20.54.12.9
    owner: null
    uid: 0ac9a5b3-62a0-43c1-9b5e-0f4a2b4f6c11
  contains:  # generated from FrontEndFacts
    verdict:
      description: V(absent) when there is no Deployment C(default/azureml-fe). V(v1) when its pods
        are not labelled C(azuremlappversion=v2). V(v2) when they are, and replicas are ready. V(v2_not_ready)
        when they are, but none is ready, or a rollout has not ended. V(owned_by_extension) when
        the extension's Helm release owns the Deployment.
      type: str
    reasons:
      description: The evidence for the verdict, in words.
      type: list
      elements: str
    annotated:
      description: Whether the Deployment carries the annotation C(azureml-fe-enable-upgrade=true).
      type: bool
    annotation:
      description: The annotation's value, whatever it is, or null.
      type: str
    version_label:
      description: The value of the label C(azuremlappversion) that all running pods share, or null.
      type: str
    wanted_replicas:
      description: Replicas that the Deployment asks for.
      type: int
    ready_replicas:
      description: Replicas that are ready.
      type: int
    service_type:
      description: Type of the Service C(azureml-fe), or null when there is none.
      type: str
    address:
      description: Address of the Service, or null while it has none.
      type: str
    owner:
      description: Name and namespace of the Helm release that owns the Deployment, or null.
      type: dict
    uid:
      description: The Deployment's unique id, or null.
      type: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.azureml_fe_check import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
