# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the front end of v1 web services and judges it."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec().merge(*CLUSTER_ACCESS)


def run(call: Call) -> Outcome:
    """Return the facts of azureml-fe; nothing is changed."""
    with open_cluster(call) as cluster:
        return Outcome(result={"front_end": front_end.read(cluster)})
