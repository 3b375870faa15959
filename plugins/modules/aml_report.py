#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aml_report
short_description: Write the report of a run
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Writes a JSON file for each cluster and one for the fleet, and returns one line per cluster for the terminal.
  - Says which hosts must end the run with an error; it does not fail itself.
  - It takes no connection options, so it is in no action group.
options:
  records:
    description:
      - What is known of each cluster, as the filter P(azureml.fleet.cluster_record#filter) collects it.
    type: list
    elements: dict
    required: true
  directory:
    description:
      - Directory for the files, which only their owner can read - C(fleet.json) and C(clusters/<host>.json).
      - The file of a host whose name has other characters than letters, digits, dots, dashes and underscores, or more
        than 120 of them, has a digest of the name behind it.
      - A relative path begins in the folder where C(ansible-playbook) was started.
      - Without it nothing is written.
    type: path
  fail_when_blocked:
    description:
      - Whether clusters that preflight blocked end the run with an error. Clusters that failed always do. What a record
        says of its own host wins.
    type: bool
    default: true
  show:
    description:
      - Print the lines, each in the colour of its outcome, beside returning them.
    type: bool
    default: false
  mode:
    description:
      - How far the run went. V(preflight) only judged, V(check) was an upgrade in check mode, V(upgrade) changed what
        differed, V(verify) judged as an upgrade leaves it.
    type: str
    choices: [preflight, check, upgrade, verify]
    default: upgrade
attributes:
  async:
    description: Supports being used with the C(async) keyword; the module then runs as a process of its own.
    support: full
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details: In check mode no file is written.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: none
    details: There is nothing of Azure or of a cluster to show.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Report on every cluster
  azureml.fleet.aml_report:
    records: "{{ ansible_play_hosts_all | map('extract', hostvars) | map('azureml.fleet.cluster_record') | list }}"
    directory: ./aml-report
    show: true
  run_once: true
  register: report
"""

RETURN = r"""
lines:
  description:
    - One line for each cluster, those that failed or are blocked first, and one with the counts. Ids of Azure resources
      are shortened to names.
  returned: success
  type: list
  elements: str
outcomes:
  description: The outcome that each of RV(lines) tells of; null for the one with the counts.
  returned: success
  type: list
  elements: str
counts:
  description: How many clusters ended how.
  returned: success
  type: dict
clusters:
  description: Outcome, stage and reason of each cluster.
  returned: success
  type: list
  elements: dict
unfinished:
  description: Hosts that must end the run with an error, and why.
  returned: success
  type: dict
artifacts:
  description: The same as RV(clusters), by a name that is unique for each host, for M(ansible.builtin.set_stats).
  returned: success
  type: dict
written:
  description: Files whose content changed.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_report import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
