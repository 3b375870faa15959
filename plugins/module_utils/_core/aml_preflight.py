# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one cluster before anything is written: variables, facts, rules, plan."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import refuse_missing
from ansible_collections.azureml.fleet.plugins.module_utils._core._files import read_text_file
from ansible_collections.azureml.fleet.plugins.module_utils._core._reading import read_facts
from ansible_collections.azureml.fleet.plugins.module_utils._core._settings import settings_from
from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.certificates import MISSING_CRYPTOGRAPHY
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.proposal import proposal
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import empty_plan, make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "variables": {"type": "dict", "required": True},
        "facts": {"type": "dict"},
        "read": {"type": "bool", "default": False},
        "conflicts": {"type": "list", "elements": "str"},
        "refuse_blocked": {"type": "bool", "default": False},
        "ssl_certificate": {"type": "str", "no_log": True},
        "ssl_key": {"type": "str", "no_log": True},
    }
).merge(AZURE, KUBERNETES)


def run(call: Call) -> Outcome:
    """Return the settings; with facts also what the rules find, and the plan of a cluster that nothing blocks.

    Raises ModuleFailure for a blocked cluster when that was asked for.
    """
    settings = _settings(call)
    result: dict[str, Any] = {
        # Only what is set: before ansible-core 2.19 a template makes an empty text of null, which is no boolean.
        "settings": {name: value for name, value in settings.values.items() if value is not None},
        "workspace_ids": settings.workspace_ids(),
        "namespaces": settings.namespaces(),
    }
    facts = call.params["facts"]
    if facts is None and call.params["read"]:
        facts = result["facts"] = read_facts(
            call, settings.cluster_id, settings.workspace_ids(), settings.extension.ssl_secret
        )
    if facts is None:
        return Outcome(result=result)
    findings = rules.judge(settings, facts)
    blocked = any(finding.severity == "blocker" for finding in findings)
    plan = empty_plan() if blocked else make_plan(settings, facts)
    result["findings"] = [finding.to_result() for finding in findings]
    result["plan"] = plan.to_result()
    result["proposal"] = proposal(settings, facts)
    result["verdict"] = "blocked" if blocked else "change" if plan.changes else "current"
    if blocked and call.params["refuse_blocked"]:
        said = {name: result[name] for name in ("findings", "verdict")}
        raise ModuleFailure(report.refusal(settings.cluster.name, result["findings"]), **said)
    return Outcome(result=result)


def _settings(call: Call) -> Settings:
    """Return the settings, with certificate and key where the router gets them."""
    variables: dict[str, Any] = call.params["variables"]
    certificate = call.params["ssl_certificate"] or read_text_file(
        variables.get("aml_ssl_certificate_file"), "aml_ssl_certificate_file"
    )
    key = call.params["ssl_key"] or read_text_file(variables.get("aml_ssl_key_file"), "aml_ssl_key_file")
    if key:
        call.hide(key)
    refuse_missing(MISSING_CRYPTOGRAPHY if certificate else None)
    return settings_from(variables, certificate, key, call.params.get("conflicts") or ())
