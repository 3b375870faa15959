# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads InstanceTypes."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_type_plan import shown
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(argument_spec={"name": {"type": "str"}}).merge(*CLUSTER_ACCESS)


def run(call: Call) -> Outcome:
    """Return the InstanceTypes of a cluster, or the one that is named; nothing is changed."""
    name = call.params["name"]
    with open_cluster(call) as cluster:
        found = instance_types.read(cluster)
    return Outcome(
        result={
            "definition": found is not None,
            "instance_types": [shown(each) for each in found or [] if name in (None, each["name"])],
        }
    )
