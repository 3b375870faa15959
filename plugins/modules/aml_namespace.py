#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_namespace
short_description: Create the namespace that a Kubernetes compute uses
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Creates a namespace unless it is there. Attaching a compute neither creates nor checks its namespace.
  - Never changes or deletes a namespace.
  - A namespace of the same name that is just being deleted is waited for, and then created again.
options:
  name:
    description:
      - Name of the namespace.
    type: str
    required: true
  forbidden:
    description:
      - Names that are refused, namely the namespaces of v1 web services (C(azureml-<workspace>)).
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - Seconds to wait at most for a namespace that is being deleted to be gone.
    type: int
    default: 300
extends_documentation_fragment:
  - azureml.fleet.attributes
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster
  - azureml.fleet.waiting
seealso:
  - module: azureml.fleet.aml_compute_attach
"""

EXAMPLES = r"""
- name: Create the namespace of the team's compute
  azureml.fleet.aml_namespace:
    cluster_id: >-
      /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks-west
    name: team-vision
    forbidden:
      - azureml-ml-west
"""

RETURN = r"""
namespace:
  description: The namespace as it is now, or would be in check mode.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      returned: success
      sample: team-vision
    phase:
      description: V(Active), or V(Terminating) while it is being deleted.
      type: str
      returned: success
      sample: Active
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_namespace import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
