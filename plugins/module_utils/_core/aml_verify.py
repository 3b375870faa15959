# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one cluster after the upgrade: from facts that were read before, or that it reads."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing
from ansible_collections.azureml.fleet.plugins.module_utils._core._files import read_text_file
from ansible_collections.azureml.fleet.plugins.module_utils._core._reading import KNOWN, read_facts
from ansible_collections.azureml.fleet.plugins.module_utils._core._settings import settings_from
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.certificates import MISSING_CRYPTOGRAPHY
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
        "ssl_certificate": {"type": "str", "no_log": True},
    },
    required_if=(("read", False, ("facts",)),),
).merge(AZURE, KUBERNETES)


def run(call: Call) -> Outcome:
    """Return every check; raise ModuleFailure, with all of them, when one does not hold."""
    variables: dict[str, Any] = call.params["variables"]
    certificate = call.params["ssl_certificate"] or read_text_file(
        variables.get("aml_ssl_certificate_file"), "aml_ssl_certificate_file"
    )
    refuse_missing(MISSING_CRYPTOGRAPHY if certificate else None)
    settings = settings_from(variables, certificate)
    facts = call.params["facts"]
    if facts is None:
        facts = read_facts(call, settings.cluster_id, settings.workspace_ids(), settings.extension.ssl_secret)
    checks = verify(settings, facts, call.params["before"])
    for check in checks:
        for remark in check.remarks:
            call.warn(f"Cluster {settings.cluster.name}: {remark}")
        for reason in check.unseen:
            call.warn(f"Cluster {settings.cluster.name}: {check.title}? Not checked: {reason}")
    result = {"checks": [check.to_result() for check in checks]}
    failed = [check for check in checks if check.problems]
    if failed:
        raise ModuleFailure(_message(settings.cluster.name, failed, len(checks)), **result)
    return Outcome(result=result)


def _message(cluster: str, failed: list[Check], total: int) -> str:
    """Return one sentence for each check that does not hold."""
    said = " ".join(f"{check.title}? {' '.join(check.problems)}" for check in failed)
    return f"{len(failed)} of {total} checks on cluster {cluster} failed. {said}"
