# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts of the inventory share and must not: a cluster, or a compute of a workspace."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_conflicts
short_description: Finds hosts of the inventory that want the same cluster or the same compute
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Looks at all hosts of the inventory, those outside of C(--limit) too, and returns what two or more of them claim.
  - Five variables are templated for this, for every host and also for those outside of C(--limit), with the lookups in
    them, which run on the controller - C(aml_cluster_id), C(aml_workspace), C(aml_workspace_resource_group),
    C(aml_compute_name) and C(aml_attachments). No other variable is.
  - A host for which one of these cannot be read is left out here; M(azureml.fleet.aml_preflight) says what is wrong.
  - The playbooks look once for the whole run, and give each host its part, as
    O(azureml.fleet.aml_preflight#module:conflicts).
options: {}
"""

EXAMPLES = r"""
- name: Look at the whole fleet, once
  ansible.builtin.set_fact:
    fleet_conflicts: "{{ lookup('azureml.fleet.fleet_conflicts') }}"
  run_once: true

- name: Judge the cluster of a host
  azureml.fleet.aml_preflight:
    variables: "{{ lookup('azureml.fleet.fleet_variables') }}"
    conflicts: "{{ fleet_conflicts[inventory_hostname] | default([]) }}"
"""

RETURN = r"""
_raw:
  description:
    - One dictionary, from the name of a host to the sentences about what it shares. Hosts that share nothing are left
      out.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings, read_settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.fleet import COMPARED, COMPARED_KEYS, conflicts
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted


class LookupModule(LookupBase):
    """Reads what every host of the inventory claims, and compares it."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one dictionary."""
        del terms, kwargs
        given = variables or {}
        hosts = given["hostvars"]
        found = {name: _settings(hosts[name]) for name in given["groups"]["all"]}
        return [conflicts({name: settings for name, settings in found.items() if settings is not None})]


def _settings(variables: Mapping[str, Any]) -> Settings | None:
    """Return what a host claims, or None where that cannot be read, which its own preflight says."""
    try:
        return read_settings({name: _value(name, variables) for name in COMPARED if name in variables}, converted)
    except Exception:  # a template of one host can raise anything, and is to stop no other host
        return None


def _value(name: str, variables: Mapping[str, Any]) -> Any:
    """Return the value of a variable: of the attachments those keys that are compared.

    Their other keys are judged together with variables that are not read here.
    """
    value = variables[name]
    if name != "aml_attachments" or value in (None, ""):
        return value
    return [
        {key: each[key] for key in COMPARED_KEYS if key in each} if isinstance(each, Mapping) else each
        for each in converted("list", value)
    ]
