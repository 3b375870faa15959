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
  - Checks from facts that were read before whether everything that the documentation promises is there - extension,
    components, computes, instance types, node labels - and whether AksCompute and its services are as they were.
  - Fails, with all checks, when one does not hold.
  - It takes no connection options, so it is in no action group.
options:
  variables:
    description:
      - The host's variables that begin with C(aml_), as P(azureml.fleet.fleet_variables#lookup) collects them.
    type: dict
    required: true
  facts:
    description:
      - Facts of the cluster as M(azureml.fleet.aml_cluster_info) returns them now.
    type: dict
    required: true
  before:
    description:
      - Facts from before the run, to compare AksCompute and its services with.
    type: dict
attributes:
  async:
    description: Supports being used with the C(async) keyword; the module then runs as a process of its own.
    support: full
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details: This module never changes anything.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: none
    details: There is nothing of Azure or of a cluster to show.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
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
      description: Whether it holds.
      type: bool
    problems:
      description: What was found instead.
      type: list
      elements: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_verify import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._run import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
