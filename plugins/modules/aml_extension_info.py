#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aml_extension_info
short_description: Read the Azure Machine Learning extension of a cluster
version_added: 0.1.0
description:
  - Reads the extension C(Microsoft.AzureML.Kubernetes) of a cluster, whatever its name.
  - With O(wait=true), waits until no operation is in progress on it, and fails when the last one did not succeed. The
    message then holds what the extension's health check found, with what to do, where the cluster's own API can be
    read; for nothing else is that API called.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.required
  - azureml.fleet.waiting
  - azureml.fleet.attributes.read_only
options:
  name:
    description: Read the extension of this name, of whatever type, instead.
    type: str
  expected_settings:
    description:
      - With O(wait=true), wait until the extension has these settings, too, such as C(settings_sent) of
        M(azureml.fleet.aml_extension) with O(azureml.fleet.aml_extension#module:wait=false). An extension can still say
        Succeeded, with its old settings, when an update has been accepted.
      - An extension that is gone is then a failure.
    type: dict
  wait:
    description: Whether to wait until no operation is in progress on the extension.
    default: false
  wait_timeout:
    default: 1800
seealso:
  - module: azureml.fleet.aml_extension
"""

EXAMPLES = r"""
- name: Read the extension
  azureml.fleet.aml_extension_info:
    cluster_id: "{{ cluster_id }}"
  register: found

- name: Wait for an installation that was begun before
  azureml.fleet.aml_extension_info:
    cluster_id: "{{ cluster_id }}"
    wait: true
    wait_timeout: 3600

- name: Wait until an update that was submitted before has arrived
  azureml.fleet.aml_extension_info:
    cluster_id: "{{ cluster_id }}"
    expected_settings: "{{ submitted.settings_sent }}"
    wait: true
"""

RETURN = r"""
extension:
  description: The extension; null when there is none.
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
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_extension_info import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
