# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aml_extension_info`: read the extension of one cluster, or wait for the end of what happens to it."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import list_extension, read_extension
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._core._health import health
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import same_value
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import (
    AZURE,
    CLUSTER_REQUIRED,
    KUBERNETES,
    waiting,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(argument_spec={"name": {"type": "str"}, "expected_settings": {"type": "dict"}}).merge(
    AZURE, KUBERNETES, CLUSTER_REQUIRED, waiting(timeout_seconds=RunOptions.extension_timeout, wait=False)
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
        expected = {str(name): str(value) for name, value in (params["expected_settings"] or {}).items()}
        what = f"Extension {params['name'] or 'Microsoft.AzureML.Kubernetes'} of cluster {cluster.name}"
        found = waiting_for(call).until(
            read,
            lambda state: _is_final(state, expected),
            lambda state: _describe(state, expected),
            what,
        )
    if found is None and params["expected_settings"] is not None:
        raise ModuleFailure(f"{what} is gone: somebody deleted it meanwhile. Run again to install it.")
    if found is not None and not states.has_succeeded(found["provisioning_state"]):
        said = health(call, connection)
        raise ModuleFailure(failures.extension_failure(found, cluster.name, said), extension=found)
    return Outcome(result={"extension": found})


def _is_final(state: ExtensionFacts | None, expected: Mapping[str, str]) -> bool:
    """Tell whether nothing happens any more.

    An extension that says Succeeded and has not the settings that were sent has not begun with them yet.
    Source: beliefs `extension-state-after-patch`; both answers are waited for in the same way.
    """
    if state is None or states.has_failed(state["provisioning_state"]):
        return True
    return states.is_settled(state["provisioning_state"]) and not _differing(state, expected)


def _describe(state: ExtensionFacts | None, expected: Mapping[str, str]) -> str:
    """Return what is still to come."""
    if state is None:
        return "gone"
    differing = _differing(state, expected) if states.is_settled(state["provisioning_state"]) else []
    return f"without the new {', '.join(differing)}" if differing else state["provisioning_state"]


def _differing(state: ExtensionFacts, expected: Mapping[str, str]) -> list[str]:
    """Return the names of the settings that are not as they were sent."""
    return [name for name, value in expected.items() if not same_value(name, state["settings"].get(name, ""), value)]
