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
  - azureml.fleet.azure
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
  name:
    description: Name of a new extension.
    type: str
    default: azureml
  enable_training:
    description: Whether the cluster runs training jobs. A new extension needs this, O(enable_inference), or both.
    type: bool
  enable_inference:
    description:
      - Whether the cluster serves models. Needs O(inference_router_service_type), and a decision about TLS - a
        certificate with its key, or O(ssl_secret), and O(ssl_cname); or O(allow_insecure_connections=true).
    type: bool
  inference_router_service_type:
    description: How the router is reached.
    type: str
    choices: [ClusterIP, LoadBalancer, NodePort]
  internal_load_balancer_provider:
    description:
      - Whose internal load balancer the router gets. Only for AKS, and O(inference_router_service_type=LoadBalancer).
    type: str
    choices: [azure]
  allow_insecure_connections:
    description: Whether the router takes plain HTTP. For development and test.
    type: bool
  ssl_secret:
    description: Name of a Kubernetes secret in namespace C(azureml) with certificate and key.
    type: str
  ssl_cname:
    description: Name that clients use, and that the certificate covers.
    type: str
  ssl_certificate:
    description: PEM text of the certificate, its chain behind it.
    type: str
  ssl_key:
    description: PEM text of the certificate's private key, without a passphrase.
    type: str
  ssl_certificate_file:
    description: File with what O(ssl_certificate) takes. Its text is sent, never its path.
    type: path
  ssl_key_file:
    description: File with what O(ssl_key) takes. Its text is sent, never its path.
    type: path
  inference_router_ha:
    description: Whether the router has three replicas, for which the cluster needs three nodes.
    type: bool
  node_selector:
    description:
      - Labels of the nodes that the components of the extension run on.
      - Azure merges settings, so a label cannot be taken back by an update.
    type: dict
  install_nvidia_device_plugin:
    description: Whether the extension installs the NVIDIA device plugin.
    type: bool
  install_prom_op:
    description: Whether the extension installs the Prometheus operator.
    type: bool
  install_volcano:
    description: Whether the extension installs the Volcano scheduler.
    type: bool
  install_dcgm_exporter:
    description: Whether the extension installs NVIDIA's exporter of GPU metrics.
    type: bool
  cluster_purpose:
    description: Whether the cluster is for development or for production.
    type: str
    choices: [DevTest, FastProd]
  enable_upgrade:
    description:
      - Whether the extension takes over from the C(azureml-fe) of a legacy AksCompute (setting
        C(scoringFe.enableUpgrade)).
      - The Deployment must carry the annotation that M(azureml.fleet.azureml_fe_annotation) sets.
    type: bool
  settings:
    description:
      - Further settings of the extension. Their names are case-sensitive.
      - A name that Azure would store and ignore (of an older version, or in another letter case) is refused.
    type: dict
  protected_settings:
    description:
      - Further protected settings. Azure never tells their values, so a changed value cannot be seen. They are sent
        when a name is missing, when anything else is sent and none would be lost, or with
        O(resend_protected_settings=true).
      - Sent ones replace all those that the extension has. Where that would delete one that is not given, the task
        fails.
    type: dict
  resend_protected_settings:
    description: Send protected settings, certificate and key included, in any case. The task is then always changed.
    type: bool
    default: false
  version:
    description: Version to install and to stay at.
    type: str
  auto_upgrade_minor_version:
    description:
      - Whether Azure installs new minor versions by itself. A new extension does, unless O(version) is given.
      - V(false) needs O(version).
    type: bool
  release_train:
    description: Release train. A new extension gets V(stable).
    type: str
  cluster:
    description:
      - Facts of the cluster, as C(facts.cluster) of M(azureml.fleet.aml_cluster_info). Saves reading them again.
    type: dict
  allow_disruption:
    description:
      - Whether a live extension may be changed in a way that interrupts what runs on it - other values of
        O(allow_insecure_connections), O(inference_router_service_type), O(internal_load_balancer_provider),
        O(ssl_cname) or O(node_selector), and switching training or inference off.
    type: bool
    default: false
  force_delete:
    description:
      - Delete the extension in Azure although the cluster does not answer. What runs on the cluster stays there.
    type: bool
    default: false
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

- name: Delete the extension
  azureml.fleet.aml_extension:
    cluster_id: "{{ cluster_id }}"
    state: absent
"""

RETURN = r"""
extension:
  description: The extension as it is now, or as it would be in check mode. Null when it is gone.
  returned: success
  type: dict
  contains:
    id: {description: Resource id., type: str}
    name: {description: Name., type: str}
    provisioning_state: {description: "V(Succeeded), V(Failed), V(Canceled), or what is going on.", type: str}
    version: {description: Installed version., type: str}
    pinned_version: {description: Version that it stays at; null when upgraded automatically., type: str}
    release_train: {description: Release train., type: str}
    auto_upgrade_minor_version: {description: Whether minor versions are installed by themselves., type: bool}
    release_namespace: {description: Namespace of the release., type: str}
    settings: {description: Settings., type: dict}
    protected_settings:
      description: Names of the protected settings; their values are never known.
      type: list
      elements: str
    error: {description: What went wrong in the last operation., type: str}
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
