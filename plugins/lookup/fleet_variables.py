# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's `aml_…` variables as one dictionary, secrets left where they are."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_variables
short_description: Collects the aml_ variables of a host
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Returns every variable of the current host whose name begins with C(aml_), so that misspelt ones can be found.
  - Secrets are replaced by a marker that says that they are set; of a secret dictionary the keys are kept.
  - Where a name is unknown its value is a marker as well, because it could be a misspelt secret.
options:
  _terms:
    description: Not used.
    required: false
"""

EXAMPLES = r"""
- name: Validate what the inventory says about this cluster
  azureml.fleet.aml_preflight:
    variables: "{{ lookup('azureml.fleet.fleet_variables') }}"
"""

RETURN = r"""
_raw:
  description: One dictionary of variables by name.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME, PREFIX, SECRET_IS_SET


class LookupModule(LookupBase):
    """Collects the variables that the schema knows, and the names of those that it does not."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one dictionary. Raises AnsibleLookupError when a variable cannot be templated."""
        del terms, kwargs
        found: dict[str, Any] = {}
        for name, raw in (variables or {}).items():
            if name.startswith(PREFIX):
                found[name] = self._value(name, raw)
        return [found]

    def _value(self, name: str, raw: Any) -> Any:
        """Return a variable's value, or a marker in the place of a secret."""
        variable = BY_NAME.get(name)
        if variable is None:
            return SECRET_IS_SET
        try:
            value = self._templar.template(raw)
        except AnsibleError as error:
            raise AnsibleLookupError(f"{name} cannot be used: {error}") from error
        if not variable.secret or value in (None, ""):
            return value
        return dict.fromkeys(value, SECRET_IS_SET) if isinstance(value, Mapping) else SECRET_IS_SET
