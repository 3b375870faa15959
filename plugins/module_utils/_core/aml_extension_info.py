# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_extension_info`: read the extension of one cluster, or wait for the end of what happens to it."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import list_extension, read_extension
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER_REQUIRED, waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(argument_spec={"name": {"type": "str"}}).merge(
    AZURE, CLUSTER_REQUIRED, waiting(timeout_seconds=1800, wait=False)
)

__all__ = ["MISSING_LIBRARY", "SPEC", "run"]


def run(call: Call) -> Outcome:
    """Return the extension, or null; with `wait`, once no operation is in progress."""
    params = call.params
    with reported_failures():
        connection = connect_azure(call)
        cluster = parse_cluster_id(params["cluster_id"])

        def read() -> ExtensionFacts | None:
            if params["name"]:
                return read_extension(connection, str(cluster), params["name"])
            return list_extension(connection, str(cluster))

        if not params["wait"]:
            return Outcome(result={"extension": read()})
        found = waiting_for(call).until(
            read,
            lambda state: state is None or states.is_settled(state["provisioning_state"]),
            lambda state: state["provisioning_state"] if state else "gone",
            f"Extension {params['name'] or 'Microsoft.AzureML.Kubernetes'} of cluster {cluster.name}",
        )
    if found is not None and not states.has_succeeded(found["provisioning_state"]):
        raise ModuleFailure(failures.extension_failure(found, cluster.name), extension=found)
    return Outcome(result={"extension": found})
