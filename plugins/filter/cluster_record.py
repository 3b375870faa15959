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

from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import stages


def cluster_record(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of one host."""
    record: dict[str, Any] = {
        "host": variables.get("inventory_hostname"),
        "cluster_id": variables.get("aml_cluster_id"),
        "changed": [stage.id for stage in stages.STAGES if _any_changed(variables, stage.results)],
    }
    preflight = variables.get("_aml_preflight_result") or {}
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
