# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one cluster after the upgrade: from facts that were read before, or that it reads."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._core._reading import KNOWN, read_facts
from ansible_collections.azureml.fleet.plugins.module_utils._core._settings import settings_from
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.verification import Check, verify
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "variables": {"type": "dict", "required": True},
        "facts": {"type": "dict"},
        "before": {"type": "dict"},
        "known": KNOWN,
        "read": {"type": "bool", "default": False},
    },
    required_if=(("read", False, ("facts",)),),
).merge(AZURE, KUBERNETES)


def run(call: Call) -> Outcome:
    """Return every check; raise ModuleFailure, with all of them, when one does not hold."""
    settings = settings_from(call.params["variables"])
    facts = call.params["facts"]
    if facts is None:
        facts = read_facts(call, settings.cluster_id, settings.workspace_ids())
    checks = verify(settings, facts, call.params["before"])
    for check in checks:
        for remark in check.remarks:
            call.warn(f"Cluster {settings.cluster.name}: {remark}")
    result = {"checks": [check.to_result() for check in checks]}
    failed = [check for check in checks if check.problems]
    if failed:
        raise ModuleFailure(_message(settings.cluster.name, failed, len(checks)), **result)
    return Outcome(result=result)


def _message(cluster: str, failed: list[Check], total: int) -> str:
    """Return one sentence for each check that does not hold."""
    said = " ".join(f"{check.title}? {' '.join(check.problems)}" for check in failed)
    return f"{len(failed)} of {total} checks on cluster {cluster} failed. {said}"
