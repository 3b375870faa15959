#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_verify
short_description: Judge one cluster after the upgrade
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Checks whether everything that the documentation promises is there - extension,
    components, computes, instance types, node labels - and whether AksCompute and its services are as they were.
  - Fails, with all checks, when one does not hold.
options:
  variables:
    description:
      - The host's variables that begin with C(aml_), as P(azureml.fleet.fleet_variables#lookup) collects them.
    type: dict
    required: true
  facts:
    description:
      - Facts of the cluster as M(azureml.fleet.aml_cluster_info) returns them now. Required without O(read=true).
    type: dict
  read:
    description: Read the cluster that the variables name, unless O(facts) are given.
    type: bool
    default: false
  ssl_certificate:
    description:
      - The router's certificate chain as text (PEM), where it is not in the file that the variables name. What the
        router serves is compared with it.
    type: str
  before:
    description:
      - Facts from before the run, to compare AksCompute and its services with.
    type: dict
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.known
"""

EXAMPLES = r"""
- name: Verify the cluster
  azureml.fleet.aml_verify:
    variables: "{{ lookup('azureml.fleet.fleet_variables') }}"
    facts: "{{ info_after.facts }}"
    before: "{{ info_before.facts }}"
"""

RETURN = r"""
checks:
  description: Every check, on failure as well.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the check.
      type: str
    title:
      description: What it promises.
      type: str
    passed:
      description: Whether it was looked at and holds.
      type: bool
    problems:
      description: What was found instead.
      type: list
      elements: str
    remarks:
      description: What is worth knowing although the check holds; each is a warning of the task, too.
      type: list
      elements: str
    not_checked:
      description: What could not be looked at, and why; each is a warning of the task, too.
      type: list
      elements: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_verify import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
