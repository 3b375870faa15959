# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels nodes of a cluster that has no node pools in Azure; on AKS, labels of nodes do not last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels as rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.label_plan import (
    LabelPlan,
    label_texts,
    plan_labels,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import cluster_kind
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import nodes
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.conflicts import write_on_current
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import NODES
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.selectors import selector
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        "nodes": {"type": "dict"},
        "labels": {"type": "dict"},
        "selector": {"type": "dict"},
    },
    mutually_exclusive=(("nodes", "labels"), ("nodes", "selector")),
    required_one_of=(("nodes", "labels"),),
    required_by={"selector": ("labels",)},
).merge(*CLUSTER_ACCESS)

_REMEDY = "Use azureml.fleet.aks_node_pool_labels, whose labels survive scaling and upgrades."


@dataclass(frozen=True)
class _Labelling:
    """The labels of one node: those that were asked for, as they are and as they are to be."""

    node: Mapping[str, Any]
    wanted: Mapping[str, str]
    remove: bool

    @property
    def name(self) -> str:
        """The node's name."""
        return str(self.node["metadata"]["name"])

    @property
    def before(self) -> dict[str, str]:
        """The labels in question as they are."""
        return self._in_question(self.plan.before)

    @property
    def after(self) -> dict[str, str]:
        """The labels in question as they are to be."""
        return self._in_question(self.plan.after)

    @property
    def plan(self) -> LabelPlan:
        """What happens to the node's labels, decided where it is decided for plans and node pools, too."""
        existing = {self.name: self.node["metadata"].get("labels") or {}}
        (planned,) = plan_labels(existing, {self.name: self.wanted}, remove=self.remove)
        return planned

    @property
    def patch(self) -> dict[str, str | None]:
        """The labels to send; None removes one."""
        return {key: self.plan.after.get(key) for key in self.wanted}

    def _in_question(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return those labels that were asked for."""
        return {key: labels[key] for key in self.wanted if key in labels}


def run(call: Call) -> Outcome:
    """Read the nodes, plan their labels, write those that differ, report."""
    with reported_failures():
        if call.params["cluster_id"] and cluster_kind(call.params["cluster_id"]) == "aks":
            raise ModuleFailure(f"No node of {call.params['cluster_id']} was labelled: it is an AKS cluster. {_REMEDY}")
    _refuse_labels(call.params)
    if call.params["nodes"] == {}:
        return Outcome(result={"nodes": {}, "labelled": []})
    with open_cluster(call) as cluster:
        plan = _plan(call.params, cluster)
        if not call.check_mode:
            for change in plan:
                _write(cluster, change)
        return _outcome(cluster, plan)


def _wanted(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every set of labels that the options hold, values as texts. Raises ModuleFailure for what is none."""
    every = [params["labels"]] if params["labels"] is not None else list(params["nodes"].values())
    if not all(isinstance(labels, Mapping) for labels in every):
        raise ModuleFailure("Nothing was changed: 'nodes' must hold, for each node, its labels as key: value.")
    absent = params["state"] == "absent"
    return [dict.fromkeys(labels, "") if absent else label_texts(labels) for labels in every]


def _refuse_labels(params: Mapping[str, Any]) -> None:
    """Raise ModuleFailure for labels that Kubernetes refuses or that are not ours to set."""
    problems = {problem for labels in _wanted(params) for problem in rules.node_label_problems(labels)}
    if problems:
        raise ModuleFailure(f"No node was labelled, because {'; '.join(sorted(problems))}.")


def _plan(params: Mapping[str, Any], cluster: ClusterConnection) -> list[_Labelling]:
    """Return the wanted labels of every node in question, from one request."""
    chosen = selector(params["selector"]) if params["selector"] else None
    found = {node["metadata"]["name"]: node for node in cluster.list(NODES, label_selector=chosen)}
    _refuse_aks(cluster, found)
    sets = _wanted(params)
    wanted = dict.fromkeys(found, sets[0]) if params["nodes"] is None else dict(zip(params["nodes"], sets, strict=True))
    unknown = sorted(wanted.keys() - found.keys())
    if unknown:
        raise ModuleFailure(
            f"No node of {cluster.name} was labelled, because it has no node {', '.join(unknown)}. "
            "Read its nodes with azureml.fleet.aml_cluster_info."
        )
    if not wanted:
        raise ModuleFailure(f"No node of {cluster.name} matches {chosen or 'the options'}; nothing was changed.")
    absent = params["state"] == "absent"
    return [_Labelling(found[name], wanted[name], absent) for name in sorted(wanted)]


def _refuse_aks(cluster: ClusterConnection, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ModuleFailure when the nodes are those of an AKS cluster, whatever the options said."""
    for name, node in found.items():
        if rules.AKS_CLUSTER_LABEL in (node["metadata"].get("labels") or {}):
            raise ModuleFailure(f"No node of {cluster.name} was labelled: node {name} belongs to AKS. {_REMEDY}")


def _write(cluster: ClusterConnection, change: _Labelling) -> None:
    """Set the labels of one node, on the node as it is at that moment."""

    def write(node: Mapping[str, Any]) -> None:
        current = replace(change, node=node)
        if current.plan.differs:
            nodes.set_labels(cluster, node, current.patch)

    def read_again() -> Mapping[str, Any]:
        node = cluster.get(NODES, change.name)
        if node is None:
            raise ModuleFailure(f"Node {change.name} of {cluster.name} was removed before it could be labelled.")
        return node

    if change.plan.differs:
        write_on_current(change.node, write, read_again, f"Node {change.name} of {cluster.name}")


def _outcome(cluster: ClusterConnection, plan: list[_Labelling]) -> Outcome:
    """Report the labels as they are now, or would be."""
    return Outcome(
        changed=any(change.plan.differs for change in plan),
        result={
            "nodes": {change.name: change.after for change in plan},
            "labelled": [change.name for change in plan if change.plan.differs],
        },
        differences=[
            Difference(
                described("node", change.name, cluster.name), {"labels": change.before}, {"labels": change.after}
            )
            for change in plan
        ],
    )
