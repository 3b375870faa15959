# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the upgrade: is what the documentation promises really there, and is v1 as it was?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import sentence
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import find_compute
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import (
    expected_components,
    inference_is_installed,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.health_report import explained
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    ComputeFacts,
    Facts,
    FrontEndFacts,
    WorkloadFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.findings import CheckReport
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host import wanted_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import nodes as node_rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import plan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.answers import Said
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.router_certificate import router_certificate
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end as front_end_rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: What is inside a cluster whose own API could not be read was looked at by nobody; why, the components' check says.
_UNSEEN = Said(unseen=("the cluster's API gave no answer.",))


@dataclass(frozen=True)
class Check:
    """One promise and what was found; `problems` are empty when it holds, `remarks` are worth knowing all the same."""

    id: str
    title: str
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    #: What could not be looked at, and why: neither a failure, nor a promise that holds.
    unseen: tuple[str, ...] = ()

    def to_result(self) -> CheckReport:
        """Return the check as a module returns it and the report keeps it."""
        return CheckReport(
            id=self.id,
            title=self.title,
            passed=not self.problems and not self.unseen,
            problems=list(self.problems),
            remarks=list(self.remarks),
            not_checked=list(self.unseen),
        )


def verify(settings: Settings, facts: Facts, before: Facts | None = None) -> list[Check]:
    """Return every check on one cluster. `before` are the facts from before the run, to compare v1 with."""
    questions: tuple[tuple[str, str, Callable[[], Sequence[str] | Said]], ...] = (
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
        ("front-end-serving", "Scoring requests are answered as before", lambda: _front_end(facts, before)),
        (
            "router-certificate",
            "The router serves HTTPS with the certificate that is wanted",
            lambda: router_certificate(settings, facts),
        ),
        ("v1-services-running", "The services of AksCompute run as before", lambda: _services(facts, before)),
        ("legacy-compute-untouched", "The legacy compute is untouched", lambda: _legacy(facts, before)),
    )
    return [_check(id_, title, question()) for id_, title, question in questions]


def _check(id_: str, title: str, said: Sequence[str] | Said) -> Check:
    """Return a check from the answer to its question."""
    problems, remarks, unseen = said if isinstance(said, Said) else Said(said)
    return Check(id_, title, tuple(problems), tuple(remarks), tuple(unseen))


def _extension(facts: Facts) -> list[str]:
    """Return why the extension does not count as installed."""
    extension = facts["extension"]
    if extension is None:
        return ["The extension is not there."]
    if states.has_succeeded(extension["provisioning_state"]):
        return []
    reason = f": {extension['error']}" if extension["error"] else "."
    report = facts["kubernetes"]["health_report"] if facts["kubernetes"] else None
    return [*explained(report), f"Extension {extension['name']} is {extension['provisioning_state']}{reason}"]


def _components(facts: Facts) -> Sequence[str] | Said:
    """Return the components that are missing or not ready."""
    extension, kubernetes = facts["extension"], facts["kubernetes"]
    if extension is None:
        return []
    if kubernetes is None:
        return [facts["kubernetes_error"] or "The Kubernetes API gave no answer."]
    there = {(each["kind"], each["name"]) for each in kubernetes["extension_workloads"]}
    front_end = kubernetes["front_end"]
    if front_end["verdict"] == "owned_by_extension":
        there.add(("Deployment", front_end_rules.NAME))
    problems = [
        f"{each.kind} {each.names[0]} is missing."
        for each in expected_components(extension["name"], extension["settings"])
        if not any((each.kind, name) in there for name in each.names)
    ]
    unready = [each for each in kubernetes["extension_workloads"] if _is_unready(each)]
    # A DaemonSet lacks a pod whenever a node comes or goes: only one that runs nowhere is broken for sure.
    partly = [each for each in unready if each["kind"] == "DaemonSet" and each["ready_replicas"]]
    problems.extend(_not_ready(each) for each in unready if each not in partly)
    return Said(problems, [_not_ready(each) for each in partly])


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


def _labels(settings: Settings, facts: Facts) -> Sequence[str] | Said:
    """Return the nodes that lack a label of their pool: the pool's labels are a promise, the nodes' are the truth."""
    wanted = wanted_labels.wanted_pool_labels(settings, facts)
    if facts["kubernetes"] is None:
        return _UNSEEN if wanted else []
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


def _placement(settings: Settings, facts: Facts) -> Sequence[str] | Said:
    """Return the instance types that fit nowhere, as preflight says it."""
    if facts["kubernetes"] is None:
        return _UNSEEN if settings.nodes.instance_types else []
    evidence = node_rules.instance_type_impossible(settings, facts)
    return [evidence] if isinstance(evidence, str) else list(evidence or ())


def _front_end(facts: Facts, before: Facts | None) -> Sequence[str] | Said:
    """Return why scoring requests would not be answered any more.

    With inference installed: by whichever router. Without, azureml-fe is AksCompute's alone and must be as it was.
    """
    now = facts["kubernetes"]
    if now is None:
        return _UNSEEN
    was = before["kubernetes"]["front_end"] if before and before["kubernetes"] else None
    if inference_is_installed(facts["extension"]):
        problems = serving.problems(now)
    else:
        problems = _front_end_of_v1(now["front_end"], was)
    moved = serving.moved_address(now, was) if was else None
    unreachable = serving.unreachable_v1(now)
    if problems or moved is None:
        return Said(problems, [unreachable] if unreachable else [])
    old, new = moved
    if now["front_end"]["service_type"] is not None:
        return [f"Its address was {old} and is {new}."]
    # The extension has put its own router in the place of azureml-fe: nothing is broken, but somebody has to know.
    return Said([], [f"azureml-fe had the address {old}, which is gone; callers of v1 services now use {new}."])


def _front_end_of_v1(now: FrontEndFacts, was: FrontEndFacts | None) -> list[str]:
    """Return why the azureml-fe of AksCompute is worse than it was; where there never was one nothing is asked."""
    if now["verdict"] == "absent":
        gone = was is not None and was["verdict"] != "absent"
        return [f"azureml-fe is gone: {'; '.join(now['reasons'])}."] if gone else []
    if now["ready_replicas"] or (was is not None and not was["ready_replicas"]):
        return []
    return [f"azureml-fe is {now['verdict']}: {'; '.join(now['reasons'])}."]


def _services(facts: Facts, before: Facts | None) -> Sequence[str] | Said:
    """Return the v1 services, of whatever workspace and namespace, that are gone or do not serve as before.

    azureml-fe scales v1 services by itself, so fewer replicas that are all ready are no loss.
    """
    if facts["kubernetes"] is None:
        return _UNSEEN
    there = {(each["namespace"], each["name"]): each for each in facts["kubernetes"]["v1_services"]}
    if before is None or before["kubernetes"] is None:
        return [_not_ready(each) for each in there.values() if _is_unready(each)]
    problems: list[str] = []
    remarks: list[str] = []
    for old in before["kubernetes"]["v1_services"]:
        now = there.get((old["namespace"], old["name"]))
        if now is None:
            problems.append(f"Deployment {old['name']} in {old['namespace']} is gone.")
        elif now["ready_replicas"] < old["ready_replicas"] and (_is_unready(now) or not now["ready_replicas"]):
            problems.append(_not_ready(now))
        elif now["images"] != old["images"]:
            remarks.append(f"Deployment {old['name']} in {old['namespace']} runs another image than before.")
    return Said(problems, remarks)


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
    """Tell whether a workload has fewer ready replicas than it wants."""
    return workload["ready_replicas"] < workload["wanted_replicas"]


def _not_ready(workload: WorkloadFacts) -> str:
    """Return what is wrong with a workload."""
    return (
        f"{workload['kind']} {workload['name']} in {workload['namespace']} has {workload['ready_replicas']} of "
        f"{workload['wanted_replicas']} replicas ready."
    )
