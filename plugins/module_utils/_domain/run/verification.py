# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the upgrade: is what the documentation promises really there, and is v1 as it was?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import sentence
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import find_compute
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import (
    ROUTER,
    expected_components,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, Facts, WorkloadFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host import wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import nodes as node_rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import plan
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: How the front end may be judged once the extension is there: untouched and healthy, taken over, or never there.
_SERVING = ("v2", "owned_by_extension")


@dataclass(frozen=True)
class Check:
    """One promise and what was found; `problems` are empty when it holds."""

    id: str
    title: str
    problems: tuple[str, ...]

    def to_result(self) -> dict[str, Any]:
        """Return the check as a module returns it and the report keeps it."""
        return {"id": self.id, "title": self.title, "passed": not self.problems, "problems": list(self.problems)}


def verify(settings: Settings, facts: Facts, before: Facts | None = None) -> list[Check]:
    """Return every check on one cluster. `before` are the facts from before the run, to compare v1 with."""
    questions: tuple[tuple[str, str, Callable[[], Sequence[str]]], ...] = (
        ("extension-installed", "The extension is installed", lambda: _extension(facts)),
        ("components-ready", "The extension's components are ready", lambda: _components(facts)),
        (
            "as-planned",
            "Settings, labels, instance types and computes are as wanted",
            lambda: _differences(settings, facts),
        ),
        ("compute-ready", "The computes are ready", lambda: _computes(settings, facts)),
        ("labels-on-nodes", "The labels of node pools are on their nodes", lambda: _labels(settings, facts)),
        ("instance-types-placeable", "Every instance type fits on some node", lambda: _placement(settings, facts)),
        ("front-end-serving", "azureml-fe serves as before", lambda: _front_end(facts, before)),
        ("v1-services-running", "The services of AksCompute run as before", lambda: _services(facts, before)),
        ("legacy-compute-untouched", "The legacy compute is untouched", lambda: _legacy(facts, before)),
    )
    return [Check(id_, title, tuple(question())) for id_, title, question in questions]


def _extension(facts: Facts) -> list[str]:
    """Return why the extension does not count as installed."""
    extension = facts["extension"]
    if extension is None:
        return ["The extension is not there."]
    if states.has_succeeded(extension["provisioning_state"]):
        return []
    reason = f": {extension['error']}" if extension["error"] else "."
    report = facts["kubernetes"]["health_report"] if facts["kubernetes"] else None
    failed = [line.strip() for line in (report or "").splitlines() if "Status: Failed" in line]
    return [f"Extension {extension['name']} is {extension['provisioning_state']}{reason}", *failed]


def _components(facts: Facts) -> list[str]:
    """Return the components that are missing or not ready."""
    extension, kubernetes = facts["extension"], facts["kubernetes"]
    if extension is None:
        return []
    if kubernetes is None:
        return [facts["kubernetes_error"] or "The Kubernetes API gave no answer."]
    there = {each["name"]: each for each in kubernetes["extension_workloads"]}
    taken_over = kubernetes["front_end"]["verdict"] == "owned_by_extension"
    found: list[str] = []
    for names in expected_components(extension["name"], extension["settings"]):
        if not any(name in there for name in names) and not (names == ROUTER and taken_over):
            found.append(f"Deployment {names[0]} is missing.")
    found.extend(_not_ready(each) for each in there.values() if _is_unready(each))
    return found


def _differences(settings: Settings, facts: Facts) -> list[str]:
    """Return what the plan would still change."""
    try:
        changes = plan.make_plan(settings, facts).changes
    except InputError as error:
        return [str(error)]
    # The front end's annotation is gone for good once the extension owns it; what is left to see is asked elsewhere.
    return [sentence(change.to_result()) for change in changes]


def _computes(settings: Settings, facts: Facts) -> list[str]:
    """Return the computes that are there and not in order; missing ones are differences from the plan."""
    found: list[str] = []
    for attachment in settings.attachments:
        compute = find_compute(facts, attachment)
        if compute and not states.has_succeeded(compute["provisioning_state"]):
            errors = f": {'; '.join(compute['errors'])}" if compute["errors"] else "."
            found.append(f"Compute {compute['name']} is {compute['provisioning_state']}{errors}")
    return found


def _labels(settings: Settings, facts: Facts) -> list[str]:
    """Return the nodes that lack a label of their pool: the pool's labels are a promise, the nodes' are the truth."""
    if facts["kubernetes"] is None:
        return []
    wanted = wanted_labels.wanted_pool_labels(settings, facts)
    found: list[str] = []
    for node in facts["kubernetes"]["nodes"]:
        missing = [
            f"{key}={value}"
            for key, value in sorted(wanted.get(node["pool"] or "", {}).items())
            if node["labels"].get(key) != value
        ]
        if missing:
            found.append(f"Node {node['name']} lacks {', '.join(missing)}.")
    return found


def _placement(settings: Settings, facts: Facts) -> Sequence[str]:
    """Return the instance types that fit nowhere, as preflight says it."""
    evidence = node_rules.instance_type_impossible(settings, facts)
    return [evidence] if isinstance(evidence, str) else list(evidence or ())


def _front_end(facts: Facts, before: Facts | None) -> list[str]:
    """Return why azureml-fe is worse than it was; where there never was one, there is nothing to ask."""
    if facts["kubernetes"] is None:
        return []
    now = facts["kubernetes"]["front_end"]
    if now["verdict"] in _SERVING:
        found = []
        if now["ready_replicas"] < now["wanted_replicas"]:
            found.append(f"{now['ready_replicas']} of {now['wanted_replicas']} replicas are ready.")
        return found + _address(now["address"], before)
    served = before is not None and before["kubernetes"] is not None
    if now["verdict"] == "absent" and not (
        served and before and before["kubernetes"] and before["kubernetes"]["front_end"]["verdict"] != "absent"
    ):
        return []
    return [f"It is {now['verdict']}: {'; '.join(now['reasons'])}."]


def _address(address: str | None, before: Facts | None) -> list[str]:
    """Return that the front end's address changed: callers of v1 endpoints know the old one."""
    if before is None or before["kubernetes"] is None:
        return []
    old = before["kubernetes"]["front_end"]["address"]
    return [f"Its address was {old} and is {address}."] if old and old != address else []


def _services(facts: Facts, before: Facts | None) -> list[str]:
    """Return the v1 services that are gone, or have fewer ready replicas than before."""
    if facts["kubernetes"] is None:
        return []
    there = {(each["namespace"], each["name"]): each for each in facts["kubernetes"]["v1_services"]}
    if before is None or before["kubernetes"] is None:
        return [_not_ready(each) for each in there.values() if _is_unready(each)]
    found: list[str] = []
    for old in before["kubernetes"]["v1_services"]:
        now = there.get((old["namespace"], old["name"]))
        if now is None:
            found.append(f"Deployment {old['name']} in {old['namespace']} is gone.")
        elif now["ready_replicas"] < old["ready_replicas"]:
            found.append(_not_ready(now))
    return found


def _legacy(facts: Facts, before: Facts | None) -> list[str]:
    """Return the legacy computes that are gone or differ from before."""
    now = _legacy_computes(facts)
    if before is None:
        return [
            f"{each['name']} is {each['provisioning_state']}."
            for each in now.values()
            if states.is_deleting(each["provisioning_state"])
        ]
    found: list[str] = []
    for key, old in _legacy_computes(before).items():
        new = now.get(key)
        if new is None:
            found.append(f"{old['name']} is gone.")
        elif new["provisioning_state"] != old["provisioning_state"] or new["attached"] != old["attached"]:
            found.append(f"{old['name']} was {old['provisioning_state']} and is {new['provisioning_state']}.")
    return found


def _legacy_computes(facts: Facts) -> dict[tuple[str, str], ComputeFacts]:
    """Return the AksComputes by workspace and name."""
    return {
        (compute["workspace_id"].lower(), compute["name"].lower()): compute
        for workspace in facts["workspaces"]
        for compute in workspace["computes"]
        if compute["type"] == "AKS"
    }


def _is_unready(workload: WorkloadFacts) -> bool:
    """Tell whether a Deployment has fewer ready replicas than it wants."""
    return workload["ready_replicas"] < workload["wanted_replicas"]


def _not_ready(workload: WorkloadFacts) -> str:
    """Return what is wrong with a Deployment."""
    return (
        f"Deployment {workload['name']} in {workload['namespace']} has {workload['ready_replicas']} of "
        f"{workload['wanted_replicas']} replicas ready."
    )
