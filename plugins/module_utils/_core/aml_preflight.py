# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one cluster before anything is written: variables, facts, rules, plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_cluster_info import read_facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain import rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.certificates import MISSING_CRYPTOGRAPHY
from ansible_collections.azureml.fleet.plugins.module_utils._domain.plan import Plan, make_plan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.settings import (
    Settings,
    SettingsError,
    read_settings,
)
from ansible_collections.azureml.fleet.plugins.module_utils._options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._run import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "variables": {"type": "dict", "required": True},
        "facts": {"type": "dict"},
        "read": {"type": "bool", "default": False},
        "ssl_certificate": {"type": "str", "no_log": True},
        "ssl_key": {"type": "str", "no_log": True},
    }
).merge(AZURE, KUBERNETES)


def run(call: Call) -> Outcome:
    """Return the settings; with facts also what the rules find, and the plan of a cluster that nothing blocks."""
    settings = _settings(call)
    result: dict[str, Any] = {
        # Only what is set: before ansible-core 2.19 a template makes an empty text of null, which is no boolean.
        "settings": {name: value for name, value in settings.values.items() if value is not None},
        "workspace_ids": settings.workspace_ids(),
        "namespaces": settings.namespaces(),
    }
    facts = call.params["facts"]
    if facts is None and call.params["read"]:
        facts = result["facts"] = read_facts(call, str(settings.text("cluster_id")), settings.workspace_ids())
    if facts is None:
        return Outcome(result=result)
    findings = rules.judge(settings, facts)
    blocked = any(finding.rule.severity == "blocker" for finding in findings)
    plan = Plan(()) if blocked else make_plan(settings, facts)
    result["findings"] = [finding.to_result() for finding in findings]
    result["plan"] = plan.to_result()
    result["verdict"] = "blocked" if blocked else "change" if plan.changes else "current"
    return Outcome(result=result)


def settings_from(variables: dict[str, Any], certificate: str | None = None, key: str | None = None) -> Settings:
    """Return the settings. Raises ModuleFailure with everything that is wrong with them, in one message."""
    try:
        return read_settings(variables, certificate=certificate, key=key)
    except SettingsError as error:
        problems = error.problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ModuleFailure(
            f"The variables of this host have {count}; nothing was asked of Azure or the cluster. {' '.join(problems)}",
            problems=problems,
        ) from error


def _settings(call: Call) -> Settings:
    """Return the settings, with certificate and key where the router gets them."""
    variables: dict[str, Any] = call.params["variables"]
    certificate = call.params["ssl_certificate"] or _file(variables, "aml_ssl_certificate_file")
    key = call.params["ssl_key"] or _file(variables, "aml_ssl_key_file")
    if key:
        call.hide(key)
    if certificate and MISSING_CRYPTOGRAPHY:
        raise ModuleFailure(missing_required_lib(MISSING_CRYPTOGRAPHY))
    return settings_from(variables, certificate, key)


def _file(variables: dict[str, Any], name: str) -> str | None:
    """Return the text of the file that a variable names, None when it names none."""
    path = variables.get(name)
    if not path:
        return None
    try:
        return Path(str(path)).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ModuleFailure(
            f"{name}: {path} cannot be read ({reason}). Nothing was asked of Azure or the cluster; give a PEM file "
            "that the user of this run may read."
        ) from error
