# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks know of a host at the end, as one plain record for the report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_record
short_description: Collects what the playbooks learned of one cluster
version_added: 0.1.0
author:
  - azureml.fleet contributors (@azureml-fleet)
description:
  - Takes a host's variables and returns what M(azureml.fleet.aml_report) needs of them.
  - It names the registered results of the collection's roles in one place, so that no playbook has to.
options:
  _input:
    description: The variables of a host, as C(hostvars[host]) gives them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Report on every cluster
  azureml.fleet.aml_report:
    records: "{{ ansible_play_hosts_all | map('extract', hostvars) | map('azureml.fleet.cluster_record') | list }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The record; parts that were never reached are left out.
  type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from jinja2.exceptions import UndefinedError

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME, PREFIX
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import stages
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted

#: Settings of a host that steer the report.
_SETTINGS = ("report_directory", "fail_when_blocked")


def cluster_record(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of one host."""
    record: dict[str, Any] = {
        "host": variables.get("inventory_hostname"),
        "cluster_id": _read(variables, "aml_cluster_id"),
        "changed": [stage.id for stage in stages.STAGES if _any_changed(variables, stage.results)],
    }
    preflight = variables.get("_aml_preflight_result") or {}
    for name in _SETTINGS:
        value = _setting(variables, PREFIX + name, preflight.get("settings"))
        if value is not None:
            record[name] = value
    judged = bool(preflight.get("verdict"))
    if judged:
        record["preflight"] = {name: preflight.get(name) for name in ("findings", "plan", "verdict")}
    identity = (preflight.get("facts") or {}).get("identity")
    if identity:
        record["identity"] = identity
    verification = variables.get("_aml_verify_result") or {}
    if verification.get("checks"):
        record["verification"] = {"checks": verification.get("checks") or []}
    failure = variables.get("_aml_failure")
    if failure:
        module = str(failure.get("action") or "").rsplit(".", 1)[-1]
        record["failure"] = {
            "stage": stages.stage_of(module, judged=judged),
            "message": _message(failure.get("result") or {}),
        }
    return record


def _setting(variables: Mapping[str, Any], name: str, settings: Mapping[str, Any] | None) -> Any:
    """Return a setting as preflight read it, or as the host's variables say it; None where they cannot be read."""
    if settings is not None:
        return settings.get(name)
    value = _read(variables, name)
    try:
        return None if value is None else converted(BY_NAME[name].kind, value)
    except (TypeError, ValueError):
        return None


def _read(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable of a user, or None where it cannot be templated: the host has failed of it already."""
    try:
        value = variables.get(name)
        return value if value is None or isinstance(value, (str, bool)) else str(value)
    except (AnsibleError, UndefinedError):
        return None


def _message(result: Mapping[str, Any]) -> str:
    """Return why a task failed; of a loop, why its items did."""
    items = [item for item in result.get("results") or [] if item.get("failed")]
    return " ".join(str(each.get("msg") or "no message") for each in items or [result])


def _any_changed(variables: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    """Tell whether one of the registered results says changed."""
    return any(bool((variables.get(name) or {}).get("changed")) for name in names)


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"cluster_record": cluster_record}
