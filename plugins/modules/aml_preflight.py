#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_preflight
short_description: Judge one cluster before anything is written
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Validates the variables of a host, and with O(facts) or O(read=true) applies every preflight rule and makes the plan
    of the upgrade.
  - Variables that are wrong are refused before anything is asked of Azure or the cluster.
  - A cluster with a finding of severity C(blocker) gets an empty plan.
options:
  variables:
    description:
      - The host's variables that begin with C(aml_), as P(azureml.fleet.fleet_variables#lookup) collects them.
      - Of secrets only the presence counts here.
    type: dict
    required: true
  facts:
    description:
      - Facts of the cluster as M(azureml.fleet.aml_cluster_info) returns them.
      - Without them, and without O(read=true), only the variables are validated.
    type: dict
  read:
    description:
      - Read the cluster that the variables name, as M(azureml.fleet.aml_cluster_info) does, unless O(facts) are given.
      - One task then validates, reads and judges, which costs a fleet less than three.
    type: bool
    default: false
  conflicts:
    description:
      - What the host shares with others of the inventory, as P(azureml.fleet.fleet_conflicts#lookup) finds it. Every
        sentence counts as a problem of the host's variables.
    type: list
    elements: str
  refuse_blocked:
    description:
      - Fail when a rule blocks the cluster, with what was found and its remedy. By default the verdict says it.
    type: bool
    default: false
  ssl_certificate:
    description: The router's certificate chain (PEM), to be checked; without it C(aml_ssl_certificate_file) is read.
    type: str
  ssl_key:
    description: The certificate's key (PEM), to be checked; without it C(aml_ssl_key_file) is read.
    type: str
extends_documentation_fragment:
  - azureml.fleet.attributes.read_only
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
"""

EXAMPLES = r"""
- name: Validate the variables, read the cluster, judge it
  azureml.fleet.aml_preflight:
    variables: "{{ lookup('azureml.fleet.fleet_variables') }}"
    read: true
  register: preflight

- name: Judge facts that were read before
  azureml.fleet.aml_preflight:
    variables: "{{ lookup('azureml.fleet.fleet_variables') }}"
    facts: "{{ info.facts }}"
"""

RETURN = r"""
settings:
  description: Every variable that is set or has a default, typed; secrets as a marker.
  returned: success
  type: dict
workspace_ids:
  description: Resource ids of the workspaces of all attachments.
  returned: success
  type: list
  elements: str
namespaces:
  description: Kubernetes namespaces of all attachments.
  returned: success
  type: list
  elements: str
facts:
  description: The facts of the cluster, as M(azureml.fleet.aml_cluster_info) returns them.
  returned: with O(read=true)
  type: dict
verdict:
  description: C(blocked), C(change) when the plan has changes, or C(current) when there is nothing to do.
  returned: with O(facts) or O(read=true)
  type: str
findings:
  description: What the rules found, blockers first.
  returned: with O(facts) or O(read=true)
  type: list
  elements: dict
  contains:
    id:
      description: Id of the rule.
      type: str
    severity:
      description: C(blocker), C(warning) or C(note).
      type: str
    title:
      description: What is wrong.
      type: str
    evidence:
      description: What was seen.
      type: list
      elements: str
    remedy:
      description: What to do about it.
      type: str
    source:
      description: Page that the rule rests on.
      type: str
    accepted:
      description: Whether it is a blocker that C(aml_accepted_findings) has made a warning.
      type: bool
proposal:
  description:
    - Host variables that would let the extension serve as v1 does on this cluster, when v1 serves and inference is not
      wanted; else empty. Values in capitals are for the user to fill in.
  returned: with O(facts) or O(read=true)
  type: dict
plan:
  description: What an upgrade would do.
  returned: with O(facts) or O(read=true)
  type: dict
  contains:
    stages:
      description: Stages that have something to do, in their order.
      type: list
      elements: str
    changes:
      description: Every change as data, as C(docs/schemas/cluster.json) describes it.
      type: list
      elements: dict
    options:
      description: Values for the stages' modules that were derived from the facts.
      type: dict
problems:
  description: Everything that is wrong with the variables.
  returned: failure
  type: list
  elements: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_preflight import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
