# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a pod can run: node selectors and affinity, taints and tolerations, requested resources, as kube-scheduler
filters.

https://kubernetes.io/docs/concepts/scheduling-eviction/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.simulator.kubernetes import quantities, selectors

Object = Mapping[str, Any]
_PREEMPTION = "preemption: 0/{total} nodes are available: "


class Decision(NamedTuple):
    """The node that a pod goes to, or the reason why there is none."""

    node: str
    message: str


def requests_of(pod: Object) -> dict[str, Decimal]:
    """What a pod asks for: the sum over containers, or the largest init container where that is more, and one pod."""
    total: Counter[str] = Counter()
    largest: dict[str, Decimal] = {}
    for container in (pod.get("spec") or {}).get("containers") or ():
        for name, value in _requests(container).items():
            total[name] += value  # type: ignore[assignment]
    for container in (pod.get("spec") or {}).get("initContainers") or ():
        for name, value in _requests(container).items():
            largest[name] = max(largest.get(name, Decimal(0)), value)
    result = {name: Decimal(value) for name, value in total.items()}
    for name, value in largest.items():
        result[name] = max(result.get(name, Decimal(0)), value)
    return result


def _requests(container: Object) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    merged = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: quantities.parse(value) for name, value in merged.items()}


def schedule(pod: Object, nodes: Sequence[Object], pods: Iterable[Object]) -> Decision:
    """The node with the most room of those that fit."""
    wanted = requests_of(pod)
    used = _usage(pods)
    reasons: Counter[str] = Counter()
    candidates: list[tuple[Decimal, str]] = []
    resolvable = 0
    for node in nodes:
        name = node["metadata"]["name"]
        found, lacking = _obstacles(pod, node, wanted, used.get(name, {}))
        if not found:
            candidates.append((_room(node, used.get(name, {})), name))
        reasons.update(found)
        resolvable += lacking
    if candidates:
        return Decision(max(candidates, key=lambda item: (item[0], item[1]))[1], "")
    return Decision("", _message(reasons, len(nodes), resolvable))


def _message(reasons: Counter[str], total: int, resolvable: int) -> str:
    if not total:
        return "no nodes available to schedule pods"
    texts = sorted(f"{count} {reason}" for reason, count in reasons.items())
    helpless = total - resolvable
    preemption = []
    if resolvable:
        preemption.append(f"{resolvable} No preemption victims found for incoming pod.")
    if helpless:
        preemption.append(f"{helpless} Preemption is not helpful for scheduling.")
    verdict = ", ".join(sorted(text.rstrip(".") for text in preemption)) + "."
    head = f"0/{total} nodes are available: {', '.join(texts)}."
    return f"{head} no new claims to deallocate, {_PREEMPTION.format(total=total)}{verdict}"


def _usage(pods: Iterable[Object]) -> dict[str, dict[str, Decimal]]:
    used: dict[str, dict[str, Decimal]] = {}
    for pod in pods:
        node = (pod.get("spec") or {}).get("nodeName")
        if not node or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        totals = used.setdefault(node, {})
        totals["pods"] = totals.get("pods", Decimal(0)) + 1
        for name, value in requests_of(pod).items():
            totals[name] = totals.get(name, Decimal(0)) + value
    return used


def _obstacles(
    pod: Object, node: Object, wanted: Mapping[str, Decimal], used: Mapping[str, Decimal]
) -> tuple[list[str], bool]:
    """Why the node does not fit, and whether less load on it could help: the first filter that fails speaks."""
    spec, node_spec = pod.get("spec") or {}, node.get("spec") or {}
    if node_spec.get("unschedulable") and not _tolerates(spec, _UNSCHEDULABLE):
        return ["node(s) were unschedulable"], False
    for taint in node_spec.get("taints") or ():
        if taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerates(spec, taint):
            return ["node(s) had untolerated taint(s)"], False
    if not matches_node(spec, node):
        return ["node(s) didn't match Pod's node affinity/selector"], False
    return lacking_resources(node, wanted, used)


def lacking_resources(
    node: Object, wanted: Mapping[str, Decimal], used: Mapping[str, Decimal]
) -> tuple[list[str], bool]:
    """The resources of which a node has too little left, and whether an empty node would have enough."""
    allocatable = {
        name: quantities.parse(value) for name, value in ((node.get("status") or {}).get("allocatable") or {}).items()
    }
    found: list[str] = []
    enough_when_empty = True
    if used.get("pods", Decimal(0)) + 1 > allocatable.get("pods", Decimal(110)):
        found.append("Too many pods")
    for name, value in wanted.items():
        total = allocatable.get(name, Decimal(0))
        if value and value > total - used.get(name, Decimal(0)):
            found.append(f"Insufficient {name}")
            enough_when_empty = enough_when_empty and value <= total
    return found, enough_when_empty and bool(found)


_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _tolerates(spec: Object, taint: Object) -> bool:
    return any(tolerates(toleration, taint) for toleration in spec.get("tolerations") or ())


def tolerates(toleration: Object, taint: Object) -> bool:
    """https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def matches_node(spec: Object, node: Object) -> bool:
    """Whether node selector and required node affinity of a pod's spec accept the node."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_term_matches(term, node, labels) for term in required.get("nodeSelectorTerms") or ())


def _term_matches(term: Object, node: Object, labels: Mapping[str, str]) -> bool:
    by_label = [selectors.from_expression(item) for item in term.get("matchExpressions") or ()]
    by_field = [selectors.from_expression(item) for item in term.get("matchFields") or ()]
    fields = {"metadata.name": node["metadata"]["name"]}
    if not by_label and not by_field:
        return False
    return all(item.matches(labels) for item in by_label) and all(item.matches(fields) for item in by_field)


def _room(node: Object, used: Mapping[str, Decimal]) -> Decimal:
    """The mean share of CPU and memory that is free."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    shares = []
    for name in ("cpu", "memory"):
        total = quantities.parse(allocatable.get(name, 0))
        if total:
            shares.append((total - used.get(name, Decimal(0))) / total)
    return sum(shares, Decimal(0)) / len(shares) if shares else Decimal(0)
