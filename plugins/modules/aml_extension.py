#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aml_extension
short_description: Install, update or delete the Azure Machine Learning extension of a cluster
version_added: 0.1.0
description:
  - Manages the cluster extension C(Microsoft.AzureML.Kubernetes) of an AKS cluster, or of one connected through
    Azure Arc.
  - What C(az k8s-extension create) computes on the client (location, names, clean-up of relay and ingress settings, the
    choices for small clusters) is computed here, too; without it the health check of the chart fails.
  - An extension of this type that has another name than O(name) is taken over as it is.
  - While another operation is in progress on the extension, the module waits for its end before it sends its own.
  - An extension whose last operation failed is sent again as a whole.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.extension
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.required
  - azureml.fleet.waiting
  - azureml.fleet.attributes
requirements:
  - azure-mgmt-kubernetesconfiguration
  - cryptography
options:
  state:
    description: Whether the extension is there.
    type: str
    choices: [absent, present]
    default: present
  resend_protected_settings:
    description: Send protected settings, certificate and key included, in any case. The task is then always changed.
    type: bool
    default: false
  cluster:
    description:
      - Facts of the cluster, as C(facts.cluster) of M(azureml.fleet.aml_cluster_info). Saves reading them again.
    type: dict
  force_delete:
    description:
      - Delete the extension in Azure although the cluster does not answer. What runs on the cluster stays there.
    type: bool
    default: false
  confirm:
    description:
      - The name of the cluster. With O(state=absent), deletes the extension although v1 web services, deployments or
        jobs depend on it, or although the cluster's own API could not be asked whether any do.
      - Without it such a deletion is refused, in check mode as well.
    type: str
  backup_directory:
    description:
      - With O(state=absent), a directory of the controller to which the objects of azureml-fe in namespace C(default)
        are written before the deletion, because Helm deletes what the extension's release has taken over.
      - Needed where azureml-fe is there. The new file can be read by its owner only; the Secret with the certificate of
        azureml-fe is in it. C(kubectl apply -f FILE) makes the objects again. Its address may be another then.
      - For this, the credentials need C(get) on these objects, C(secrets) and C(clusterroles) included, which the
        ClusterRole of the playbooks does not grant.
    type: path
  wait_timeout:
    default: 1800
seealso:
  - module: azureml.fleet.aml_extension_info
  - name: Deploy the extension
    description: Microsoft's description of the settings.
    link: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
"""

EXAMPLES = r"""
- name: Install the extension for training
  azureml.fleet.aml_extension:
    cluster_id: "{{ cluster_id }}"
    enable_training: true

- name: Install the extension for inference beside a legacy AksCompute, without waiting
  azureml.fleet.aml_extension:
    cluster_id: "{{ cluster_id }}"
    enable_training: true
    enable_inference: true
    inference_router_service_type: LoadBalancer
    ssl_cname: models.example.com
    ssl_certificate_file: files/models.crt
    ssl_key_file: files/models.key
    enable_upgrade: true
    wait: false

- name: Delete the extension, unless something depends on it
  azureml.fleet.aml_extension:
    cluster_id: "{{ cluster_id }}"
    state: absent
    backup_directory: ~/azureml-fe
"""

RETURN = r"""
backup:
  description: File with the objects of azureml-fe, which C(kubectl apply -f) makes again; null where there was none.
  returned: when O(state=absent)
  type: str
extension:
  description: The extension as it is now, or as it would be in check mode. Null when it is gone.
  returned: success
  type: dict
  contains:  # generated from ExtensionFacts
    id:
      description: Resource id.
      type: str
    name:
      description: Name.
      type: str
    provisioning_state:
      description: V(Succeeded), V(Failed), V(Canceled), or what is going on.
      type: str
    version:
      description: Installed version (C(currentVersion)).
      type: str
    pinned_version:
      description: Version that it stays at; null when upgraded automatically.
      type: str
    release_train:
      description: Release train.
      type: str
    auto_upgrade_minor_version:
      description: Whether minor versions are installed by themselves.
      type: bool
    release_namespace:
      description: Namespace of the release.
      type: str
    settings:
      description: Settings.
      type: dict
    protected_settings:
      description: Names of the protected settings; their values are never known.
      type: list
      elements: str
    error:
      description: What went wrong in the last operation.
      type: str
submitted:
  description: Whether a request was sent that Azure may still be working on.
  returned: success
  type: bool
settings_sent:
  description:
    - The settings that differed and were sent, or would be sent in check mode, those that the module derived included.
  returned: success
  type: dict
disruptive:
  description: The settings whose change needs O(allow_disruption=true).
  returned: when the task fails for that reason
  type: list
  elements: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_extension import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
