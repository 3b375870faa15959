# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options that a user's variables set, as one value for `module_defaults`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connection_options
short_description: Collects the connection options that the aml_ variables of a host set
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Returns the options of one group (C(azure) or C(kubernetes)) whose variable C(aml_<option>) is set for the current
    host, ready for C(module_defaults).
  - Options that no variable sets are left out, so that the environment variables of the modules count.
  - One lookup costs less for each task than a template for each of the thirty options.
options:
  _terms:
    description: The group of options, C(azure) or C(kubernetes).
    required: true
"""

EXAMPLES = r"""
- name: Read the extension of every cluster
  hosts: all
  gather_facts: false
  module_defaults:
    group/azureml.fleet.all: "{{ lookup('azureml.fleet.connection_options', 'azure') }}"
    group/azureml.fleet.kubernetes: "{{ lookup('azureml.fleet.connection_options', 'kubernetes') }}"
  tasks:
    - name: Read the extension
      azureml.fleet.aml_extension_info:
        cluster_id: "{{ aml_cluster_id }}"
"""

RETURN = r"""
_raw:
  description: One dictionary of module options. It may hold secrets, so it belongs into module_defaults only.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import PREFIX
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES

_GROUPS = {"azure": AZURE, "kubernetes": KUBERNETES}


class LookupModule(LookupBase):
    """Collects options by the names that the modules' own argument specs declare."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one dictionary. Raises AnsibleLookupError for an unknown group or a variable without a value."""
        del kwargs
        given = variables or {}
        options: dict[str, Any] = {}
        for term in terms:
            group = _GROUPS.get(str(term))
            if group is None:
                raise AnsibleLookupError(f"{term} is not a group of connection options: use azure or kubernetes.")
            names = (name for name in group.argument_spec if PREFIX + name in given)
            options.update({name: self._value(PREFIX + name, given) for name in names})
        return [{name: value for name, value in options.items() if value is not None}]

    def _value(self, variable: str, given: Mapping[str, Any]) -> Any:
        """Return the value of a variable. Raises AnsibleLookupError when it cannot be templated."""
        try:
            return self._templar.template(given[variable])
        except AnsibleError as error:
            raise AnsibleLookupError(f"{variable} cannot be used: {error}") from error
