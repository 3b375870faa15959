# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Could any node of a cluster ever run a pod of an InstanceType, and if none, which comes nearest?

This is the scheduler's own question (https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/), asked
of an empty node: node selector, taints, and requests against what the node can allocate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    InstanceTypeFacts,
    NodeFacts,
    NodePool,
    Taint,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import gpu, instance_types

#: Taints that Kubernetes itself sets and removes: they pass, so they do not rule a node out for ever.
_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


class Toleration(TypedDict, total=False):
    """A toleration as pods carry it; without a value and with operator Exists it matches every value."""

    key: str
    operator: str
    value: str
    effect: str


@dataclass(frozen=True)
class Candidate:
    """A node, or a node that a pool could start. Amounts that are not known are left out of `amounts`."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Taint]
    amounts: Mapping[str, Decimal]
    operating_system: str | None = None


@dataclass(frozen=True)
class Placement:
    """The nodes that fit; and when none does, the nearest node and what it lacks, as ends of sentences."""

    fitting: tuple[str, ...]
    nearest: str | None = None
    lacks: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Some node fits."""
        return bool(self.fitting)


def workload_tolerations(
    *,
    resource_group: str | None = None,
    workspace: str | None = None,
    compute: str | None = None,
    extended_resources: Iterable[str] = (),
) -> list[Toleration]:
    """Return the tolerations of a pod that Azure ML starts for a job or an endpoint.

    The keys are those of https://learn.microsoft.com/azure/machine-learning/reference-kubernetes ('taints and
    tolerations'); a name that is None matches every value. `extended_resources` are device names whose taints an API
    server with the admission plug-in ExtendedResourceToleration lets pods tolerate that ask for such a device.
    """
    found = [_tolerate(f"ml.azure.com/{key}", "true") for key in ("amlarc", "amlarc-workload")]
    scopes = {"resource-group": resource_group, "workspace": workspace, "compute": compute}
    found += [_tolerate(f"ml.azure.com/{key}", value) for key, value in scopes.items()]
    found += [_tolerate(name, None) for name in extended_resources]
    return found


def placement(
    instance_type: instance_types.InstanceType | InstanceTypeFacts,
    nodes: Sequence[NodeFacts | Candidate],
    tolerations: Sequence[Toleration],
    extension_node_selector: Mapping[str, str] | None = None,
) -> Placement:
    """Tell which nodes could ever run a pod of `instance_type`, with nothing else on them.

    Raises QuantityError when the InstanceType's amounts are not quantities (see `instance_types.problems`).
    """
    own = instance_type["node_selector"] if isinstance(instance_type, Mapping) else instance_type.node_selector
    selector = {**(extension_node_selector or {}), **own}
    needs = instance_types.needs(instance_type)
    judged = []
    for each in nodes:
        candidate = each if isinstance(each, Candidate) else as_candidate(each)
        judged.append((_lacks(candidate, selector, needs, tolerations), candidate.name))
    fitting = tuple(sorted(name for lacks, name in judged if not lacks))
    if fitting or not judged:
        return Placement(fitting)
    lacks, nearest = min(judged, key=lambda pair: (len(pair[0]), pair[1]))
    return Placement((), nearest, tuple(lacks))


def system_pod_lacks(node: NodeFacts, candidate: Candidate, node_selector: Mapping[str, str]) -> list[str]:
    """Return what keeps a pod of the extension itself, such as its router, off a node now, one text for each reason.

    `candidate` is the node with the labels that it is to have. Such pods tolerate the taints `ml.azure.com/amlarc` and
    `ml.azure.com/amlarc-system` (https://learn.microsoft.com/azure/machine-learning/reference-kubernetes). A virtual
    node runs none of them (label `type=virtual-kubelet`, https://learn.microsoft.com/azure/aks/virtual-nodes).
    """
    found = []
    if not node["ready"]:
        found.append("it is not ready")
    if not node["schedulable"]:
        found.append("it is cordoned")
    if node["labels"].get("type") == "virtual-kubelet":
        return [*found, "it is a virtual node"]
    tolerations = [_tolerate(f"ml.azure.com/{key}", "true") for key in ("amlarc", "amlarc-system")]
    return found + _lacks(candidate, node_selector, {}, tolerations)


def as_candidate(node: NodeFacts) -> Candidate:
    """Return a node that is there as a candidate."""
    amounts = {"cpu": Decimal(str(node["cpu"])), "memory": Decimal(node["memory"])}
    amounts |= {name: Decimal(count) for name, count in node["gpus"].items()}
    for name in instance_types.GPU_RESOURCES:
        amounts.setdefault(name, Decimal(0))
    return Candidate(node["name"], node["labels"], node["taints"], amounts, node["operating_system"])


def pool_candidate(pool: NodePool, labels: Mapping[str, str] | None = None) -> Candidate:
    """Return the node that a pool without nodes would start, with `labels` put on it as well.

    What its size does not tell (memory, and devices of a size we do not know) is taken to suffice.
    """
    size = pool["vm_size"] or ""
    facts = gpu.of_size(size)
    amounts: dict[str, Decimal] = {}
    cores = gpu.cores_of_size(size)
    if cores is not None:
        amounts["cpu"] = Decimal(cores)
    if facts is not None:
        amounts[facts.resource] = Decimal(facts.count)
    elif not gpu.looks_like_gpu(size):
        amounts |= {name: Decimal(0) for name in instance_types.GPU_RESOURCES}
    system = (pool["os_type"] or "linux").lower()
    known = {
        "agentpool": pool["name"],
        "kubernetes.azure.com/agentpool": pool["name"],
        "node.kubernetes.io/instance-type": size,
        "kubernetes.io/os": system,
    }
    if facts is not None and facts.vendor == "nvidia":
        known["kubernetes.azure.com/accelerator"] = "nvidia"
    taints = [parse_taint(text) for text in pool["taints"]]
    return Candidate(f"pool {pool['name']}", {**known, **pool["labels"], **(labels or {})}, taints, amounts, system)


def parse_taint(text: str) -> Taint:
    """Return a taint from the way AKS writes it: `key=value:Effect`."""
    pair, _unused, effect = text.rpartition(":")
    key, _unused, value = pair.partition("=")
    return Taint(key=key, value=value, effect=effect)


def _lacks(
    candidate: Candidate,
    selector: Mapping[str, str],
    needs: Mapping[str, Decimal],
    tolerations: Sequence[Toleration],
) -> list[str]:
    """Return what keeps a pod off a node, one text for each reason."""
    found = []
    if (candidate.operating_system or "linux").lower() != "linux":
        found.append(f"it runs {candidate.operating_system}, not Linux")
    for key, value in sorted(selector.items()):
        actual = candidate.labels.get(key)
        if actual != value:
            found.append(f"label {key}={value} ({'it has ' + actual if actual is not None else 'not set'})")
    for taint in candidate.taints:
        if not _passes(taint, tolerations):
            pair = f"{taint['key']}={taint['value']}" if taint.get("value") else taint["key"]
            found.append(f"a pod's toleration of its taint {pair}:{taint.get('effect')}")
    for name, needed in sorted(needs.items()):
        there = candidate.amounts.get(name)
        if name not in candidate.amounts and name not in ("cpu", "memory", *instance_types.GPU_RESOURCES):
            there = Decimal(0)
        if there is not None and there < needed:
            found.append(f"{_readable(name, needed)} (it offers {_readable(name, there)})")
    return found


def _passes(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    """Tell whether a taint lets a pod with these tolerations in, or will pass."""
    key, effect = str(taint.get("key")), taint.get("effect")
    if effect == "PreferNoSchedule" or key.startswith(_PASSING):
        return True
    return any(
        toleration.get("key") in (None, key)
        and toleration.get("effect") in (None, "", effect)
        and (toleration.get("operator") == "Exists" or toleration.get("value", "") == (taint.get("value") or ""))
        for toleration in tolerations
    )


def _tolerate(key: str, value: str | None) -> Toleration:
    """Return a toleration of one key: of one value, or of every value."""
    if value is None:
        return Toleration(key=key, operator="Exists")
    return Toleration(key=key, operator="Equal", value=value)


def _readable(name: str, value: Decimal) -> str:
    """Return an amount for people: memory in GiB, CPU in cores."""
    if name == "memory":
        return f"{float(value) / 1024**3:.4g} GiB memory"
    return f"{float(value):g} {'CPU' if name == 'cpu' else name}"
