#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: azureml_fe_annotation
short_description: Allow the extension to upgrade the front end of v1 web services
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Sets or removes the annotation C(azureml-fe-enable-upgrade=true) on the Deployment C(azureml-fe) in namespace
    C(default), and nothing else.
  - The change names the version of the Deployment that it is based on. If somebody changes the Deployment meanwhile, it
    is read again and nothing of theirs is lost.
options:
  state:
    description:
      - V(present) sets the annotation, V(absent) removes it.
    type: str
    choices: [absent, present]
    default: present
  allow_v1:
    description:
      - Annotate even a front end whose pods are not labelled C(azuremlappversion=v2). By default that is refused.
    type: bool
    default: false
extends_documentation_fragment:
  - azureml.fleet.attributes
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
seealso:
  - module: azureml.fleet.azureml_fe_check
"""

EXAMPLES = r"""
- name: Let the extension upgrade azureml-fe
  azureml.fleet.azureml_fe_annotation:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west

- name: Take the permission back
  azureml.fleet.azureml_fe_annotation:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    state: absent
"""

RETURN = r"""
annotated:
  description: Whether the annotation is there, or would be in check mode.
  type: bool
  returned: success
  sample: true
annotation:
  description: The annotation's value, or null.
  type: str
  returned: success
  sample: "true"
uid:
  description: The Deployment's unique id, or null when there is no Deployment.
  type: str
  returned: success
  sample: 0ac9a5b3-62a0-43c1-9b5e-0f4a2b4f6c11
front_end:
  description: What M(azureml.fleet.azureml_fe_check) returns.
  type: dict
  returned: when the front end is refused because it is v1
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.azureml_fe_annotation import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
