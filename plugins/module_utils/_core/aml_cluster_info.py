# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads everything about one cluster in one call: from Azure, and from the cluster's own API."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._core._reading import KNOWN, read_from_options
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER_REQUIRED, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "workspaces": {"type": "list", "elements": "str", "default": []},
        "namespaces": {"type": "list", "elements": "str", "default": []},
        "known": KNOWN,
    }
).merge(AZURE, KUBERNETES, CLUSTER_REQUIRED)


def run(call: Call) -> Outcome:
    """Return the facts of one cluster; nothing is changed."""
    return Outcome(result={"facts": read_from_options(call)})
