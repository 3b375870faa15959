# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InstanceTypes: what Azure ML accepts as one, when two are equal, and what changes one into another.

The rules are from
https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types and, for the relation of
requests and limits, https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import quantities

API_VERSION = "amlarc.azureml.com/v1alpha1"
KIND = "InstanceType"
DEFAULT_NAME = "defaultinstancetype"
GPU_RESOURCES = ("nvidia.com/gpu", "amd.com/gpu")
_ALWAYS = ("cpu", "memory")
_OUR_APPLY = (names.FIELD_MANAGER, "Apply")


@dataclass(frozen=True)
class InstanceType:
    """An InstanceType as somebody wants it; amounts as they were written, for example `2Gi`."""

    name: str
    node_selector: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)


#: Who set which field of an InstanceType: pairs of manager and operation by the field's path below `spec`.
Owners = Mapping[str, Sequence[tuple[str, str]]]
NODE_SELECTOR, REQUESTS, LIMITS = "nodeSelector", "resources.requests", "resources.limits"


def from_option(option: Mapping[str, Any]) -> InstanceType:
    """Return an InstanceType from a module's option; an amount of null is one that was not given."""
    return InstanceType(
        name=str(option.get("name") or ""),
        node_selector=_texts(option.get("node_selector")),
        requests=_amounts(option.get("requests")),
        limits=_amounts(option.get("limits")),
    )


def from_object(found: Mapping[str, Any]) -> InstanceTypeFacts:
    """Return the facts of an InstanceType object as the API returned it."""
    metadata, spec = found.get("metadata") or {}, found.get("spec") or {}
    resources = spec.get("resources") or {}
    return InstanceTypeFacts(
        name=str(metadata.get("name") or ""),
        node_selector=dict(spec.get("nodeSelector") or {}),
        requests=_amounts(resources.get("requests")),
        limits=_amounts(resources.get("limits")),
        managed=(metadata.get("labels") or {}).get(labels.MANAGED_BY_LABEL) == labels.MANAGED_BY,
        owners=owners(found),
    )


def to_object(wanted: InstanceType, *, managed: bool) -> dict[str, Any]:
    """Return the object that the API is to store, with our label when it is to be `managed` (pruned) by us."""
    metadata: dict[str, Any] = {"name": wanted.name}
    if managed:
        metadata["labels"] = {labels.MANAGED_BY_LABEL: labels.MANAGED_BY}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": to_spec(wanted)}


def to_spec(wanted: InstanceType) -> dict[str, Any]:
    """Return the `spec` of the object; without a node selector the field is left out, as in Azure's examples."""
    spec: dict[str, Any] = {"resources": {"requests": dict(wanted.requests), "limits": dict(wanted.limits)}}
    if wanted.node_selector:
        spec["nodeSelector"] = dict(wanted.node_selector)
    return spec


def problems(wanted: Sequence[InstanceType], extension_node_selector: Mapping[str, str] | None = None) -> list[str]:
    """Return every reason why Azure ML or Kubernetes would not accept these InstanceTypes; empty when all are good.

    `extension_node_selector` is the node selector of the extension (its `nodeSelector.*` settings): workloads run on
    nodes that match both, so the same key with another value could match no node.
    """
    found = []
    counts = Counter(each.name for each in wanted)
    found += [f"instance type '{name}' is there {count} times" for name, count in counts.items() if count > 1]
    for each in wanted:
        found += [
            f"instance type '{each.name}': {problem}"
            for problem in (
                *_name_problems(each.name),
                *_selector_problems(each.node_selector, extension_node_selector or {}),
                *_resource_problems(each),
            )
        ]
    return found


def owners(found: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return who set which field of an InstanceType object.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
    """
    known: dict[str, list[tuple[str, str]]] = {}
    for entry in (found.get("metadata") or {}).get("managedFields") or []:
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        resources = spec.get("f:resources") or {}
        parts = {
            NODE_SELECTOR: spec.get("f:nodeSelector"),
            REQUESTS: resources.get("f:requests"),
            LIMITS: resources.get("f:limits"),
        }
        for part, keys in parts.items():
            for key in keys or {}:
                if key.startswith("f:"):
                    owner = (str(entry.get("manager")), str(entry.get("operation")))
                    known.setdefault(f"{part}.{key[2:]}", []).append(owner)
    return known


def merged(before: InstanceTypeFacts | None, wanted: InstanceType) -> InstanceTypeFacts:
    """Return the InstanceType after a merge by our server-side apply.

    That is what is wanted, what others set beside it, and not what only we once applied and no longer want.
    """
    if before is None:
        return replaced(None, wanted)
    ours = {field for field, by in before["owners"].items() if {tuple(each) for each in by} == {_OUR_APPLY}}
    after = InstanceTypeFacts(
        name=wanted.name,
        node_selector=_merge(NODE_SELECTOR, before["node_selector"], wanted.node_selector, ours),
        requests=_merge(REQUESTS, before["requests"], wanted.requests, ours),
        limits=_merge(LIMITS, before["limits"], wanted.limits, ours),
        managed=before["managed"],
        owners=before["owners"],
    )
    return _keep_spelling(before, after)


def replaced(before: InstanceTypeFacts | None, wanted: InstanceType) -> InstanceTypeFacts:
    """Return the InstanceType after a replacement: `wanted` and nothing else."""
    after = InstanceTypeFacts(
        name=wanted.name,
        node_selector=dict(wanted.node_selector),
        requests=dict(wanted.requests),
        limits=dict(wanted.limits),
        managed=True,
        owners={} if before is None else before["owners"],
    )
    if before is None:
        return after
    after = _keep_spelling(before, after)
    return before if same_spec(before, after) else after


def same_spec(one: InstanceTypeFacts, other: InstanceTypeFacts) -> bool:
    """Tell whether two InstanceTypes ask for the same nodes and amounts, however the amounts are written."""
    return (
        one["node_selector"] == other["node_selector"]
        and quantities.all_equal(one["requests"], other["requests"])
        and quantities.all_equal(one["limits"], other["limits"])
    )


def conflicts(before: InstanceTypeFacts, after: InstanceTypeFacts) -> dict[str, str]:
    """Return the fields that would change although another manager set them: its name by the field's path."""
    found = {}
    for part, old, new in _parts(before, after):
        for key, value in new.items():
            by = before["owners"].get(f"{part}.{key}", [])
            others = sorted(name for name, _unused in by if name != names.FIELD_MANAGER)
            if others and key in old and old[key] != value:
                found[f"spec.{part}.{key}"] = others[0]
    return found


def applied(wanted: InstanceType, after: InstanceTypeFacts) -> InstanceType:
    """Return what is to be sent to get `after`: the wanted fields only, amounts written as they are already."""
    return InstanceType(
        name=wanted.name,
        node_selector=dict(wanted.node_selector),
        requests={name: after["requests"][name] for name in wanted.requests},
        limits={name: after["limits"][name] for name in wanted.limits},
    )


def _texts(selector: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a node selector with its values as texts, where they can be."""
    return {key: labels.as_text(value) for key, value in (selector or {}).items()}


def _amounts(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Return a resource list with its amounts as texts, without the empty ones."""
    return {name: str(value) for name, value in (values or {}).items() if value is not None and value != ""}


def _name_problems(name: str) -> Iterable[str]:
    """Yield what is wrong with the name of a cluster-scoped object."""
    if not labels.is_dns_subdomain(name):
        yield (
            "the name must be lower-case letters, digits, '-' and '.', begin and end with a letter or digit, and have "
            "at most 253 characters"
        )


def _selector_problems(selector: Mapping[str, str], extension: Mapping[str, str]) -> Iterable[str]:
    """Yield what is wrong with a node selector, alone and together with the extension's."""
    for key, value in selector.items():
        problem = labels.syntax_problem(key, value)
        if problem is not None:
            yield f"in node_selector, {problem}"
        elif extension.get(key, value) != value:
            yield (
                f"node_selector wants {key}={value}, but the extension runs workloads only on nodes with "
                f"{key}={extension[key]}: no node can match both"
            )


def _resource_problems(wanted: InstanceType) -> Iterable[str]:
    """Yield what is wrong with requests and limits."""
    for side, values in (("requests", wanted.requests), ("limits", wanted.limits)):
        for name in _ALWAYS:
            if name not in values:
                yield f"{side}.{name} is missing (CPU and memory need a request and a limit)"
        for name, value in values.items():
            problem = _amount_problem(name, value)
            if problem is not None:
                yield f"{side}.{name}: {problem}"
    for name, value in wanted.requests.items():
        yield from _pair_problems(name, value, wanted.limits.get(name))


def _amount_problem(name: str, value: str) -> str | None:
    """Return what is wrong with one amount, or None."""
    try:
        number = quantities.amount(value)
    except quantities.QuantityError as error:
        return str(error)
    if number < 0 or (number == 0 and name in _ALWAYS):
        return f"'{value}' is not more than 0"
    if name == "cpu" and number * 1000 % 1:
        return f"'{value}' is finer than one thousandth of a core"
    if name not in _ALWAYS and number % 1:
        return f"'{value}' is not a whole number of devices"
    return None


def _pair_problems(name: str, request: str, limit: str | None) -> Iterable[str]:
    """Yield what is wrong between the request and the limit of one resource."""
    if name not in _ALWAYS and limit is None:
        yield f"{name} belongs in limits, not only in requests"
        return
    if limit is None:
        return
    try:
        asked, allowed = quantities.amount(request), quantities.amount(limit)
    except quantities.QuantityError:
        return
    if name not in _ALWAYS and asked != allowed:
        yield f"the request of {name} ({request}) must equal its limit ({limit}), or be left out"
    elif asked > allowed:
        yield f"the request of {name} ({request}) is more than its limit ({limit})"


def _merge(part: str, before: Mapping[str, str], wanted: Mapping[str, str], ours: set[str]) -> dict[str, str]:
    """Return `before` with `wanted` put over it and without the keys that only we set and no longer want."""
    kept = {key: value for key, value in before.items() if key in wanted or f"{part}.{key}" not in ours}
    return {**kept, **wanted}


def _keep_spelling(before: InstanceTypeFacts, after: InstanceTypeFacts) -> InstanceTypeFacts:
    """Return `after` with its amounts written as in `before` where they are equal."""
    return InstanceTypeFacts(
        name=after["name"],
        node_selector=after["node_selector"],
        requests=_spelt_as(before["requests"], after["requests"]),
        limits=_spelt_as(before["limits"], after["limits"]),
        managed=after["managed"],
        owners=after["owners"],
    )


def _spelt_as(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return `after` with the spelling of `before` where the amounts are equal."""
    return {
        name: before[name] if name in before and quantities.equal(before[name], value) else value
        for name, value in after.items()
    }


def _parts(
    one: InstanceTypeFacts, other: InstanceTypeFacts
) -> Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """Yield the parts of two InstanceTypes side by side."""
    yield NODE_SELECTOR, one["node_selector"], other["node_selector"]
    yield REQUESTS, one["requests"], other["requests"]
    yield LIMITS, one["limits"], other["limits"]


def needs(wanted: InstanceType | InstanceTypeFacts) -> dict[str, Decimal]:
    """Return what a pod of this type asks a node for: its requests, and its limits where there is no request.

    Kubernetes takes a limit without a request as both, which is how GPUs are asked for.
    """
    facts = wanted if isinstance(wanted, Mapping) else {"requests": wanted.requests, "limits": wanted.limits}
    asked: dict[str, str] = {**facts["limits"], **facts["requests"]}
    return {name: quantities.amount(value) for name, value in asked.items()}
