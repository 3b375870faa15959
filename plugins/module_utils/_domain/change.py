# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change as data: what of which object becomes what, and why. Words for people are made from it, only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.json_types import JsonObject

Action = Literal["annotate", "create", "delete", "label", "repair", "update", "wait"]
ObjectKind = Literal["compute", "deployment", "extension", "instance type", "namespace", "node", "node pool"]
Reason = Literal["differs", "failed", "in progress", "missing", "taken over", "unwanted"]


class ChangeData(TypedDict):
    """A change as modules return it, reports keep it, and a rollback reads it."""

    stage: str
    action: Action
    kind: ObjectKind
    #: Azure resource id, or `kind/namespace/name` of an object in the cluster.
    id: str
    #: The object in words, without its kind.
    name: str
    #: Only the fields that change, by their names; null where the object (or the field) is not there.
    before: JsonObject | None
    after: JsonObject | None
    reason: Reason
    #: Whether what runs on the cluster is interrupted.
    disruptive: bool
    #: Who set what changes, where somebody else did: a field manager, a Helm release.
    owner: str | None


@dataclass(frozen=True)
class Change:
    """One thing that a stage will do to one object."""

    stage: str
    action: Action
    kind: ObjectKind
    id: str
    name: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    reason: Reason
    disruptive: bool = False
    owner: str | None = None

    def to_result(self) -> ChangeData:
        """Return the change with only the fields that differ."""
        before, after = differing(self.before, self.after)
        return ChangeData(
            stage=self.stage,
            action=self.action,
            kind=self.kind,
            id=self.id,
            name=self.name,
            before=before,
            after=after,
            reason=self.reason,
            disruptive=self.disruptive,
            owner=self.owner,
        )


def differing(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> tuple[JsonObject | None, JsonObject | None]:
    """Return both sides with only the fields that differ; a side that is not there stays None.

    Fields that are maps themselves are compared one level deeper, because settings and labels are maps.
    """
    if before is None or after is None:
        return (None if before is None else dict(before)), (None if after is None else dict(after))
    old: JsonObject = {}
    new: JsonObject = {}
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            keys = [key for key in dict.fromkeys((*one, *other)) if one.get(key) != other.get(key)]
            old[name] = {key: one[key] for key in keys if key in one}
            new[name] = {key: other[key] for key in keys if key in other}
        else:
            old[name], new[name] = one, other
    return old, new


def described(kind: ObjectKind, name: str, cluster: str = "") -> str:
    """Return an object in words: `compute k8s in workspace ml`, or `extension azureml of cluster aks`.

    `cluster` is the cluster in words. A change leaves it out, because a plan is one cluster's; a module's difference
    has it.
    """
    return f"{kind} {name} of {cluster}" if cluster else f"{kind} {name}"


def subject(change: ChangeData) -> str:
    """Return the object of a change in words."""
    return described(change["kind"], change["name"])


def why(change: ChangeData) -> str:
    """Return the reason of a change in words, as the end of a sentence."""
    reason = change["reason"]
    if reason == "differs":
        return f"these differ: {', '.join(changed_fields(change))}"
    return {
        "failed": "its last operation failed",
        "in progress": f"an operation is in progress ({(change['before'] or {}).get('state', 'unknown')})",
        "missing": "it does not exist",
        "taken over": "the extension may take it over",
        "unwanted": "it is no longer wanted",
    }[reason]


#: Maps whose keys say by themselves where they belong.
_SELF_EXPLAINING = ("annotations", "labels", "settings")


def changed_fields(change: ChangeData) -> list[str]:
    """Return the names of the fields that change, those inside of maps by their own names."""
    found: list[str] = []
    before, after = change["before"] or {}, change["after"] or {}
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if isinstance(one, Mapping) or isinstance(other, Mapping):
            inner = {*(one if isinstance(one, Mapping) else {}), *(other if isinstance(other, Mapping) else {})}
            prefix = "" if name in _SELF_EXPLAINING else f"{name}."
            found.extend(sorted(f"{prefix}{each}" for each in inner))
        else:
            found.append(name.replace("_", " "))
    return found or ["its fields"]


def sentence(change: ChangeData) -> str:
    """Return a change as one sentence."""
    text = f"{subject(change)}: {why(change)}."
    return text[0].upper() + text[1:]
