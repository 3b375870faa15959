# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which field: `metadata.managedFields`, updates that are tracked, and server-side apply.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.simulator.kubernetes import field_sets
from tests.simulator.kubernetes.errors import apply_conflict, bad_request, unclassified
from tests.simulator.kubernetes.field_sets import MISSING, FieldSet, Path
from tests.simulator.kubernetes.schema import Schema

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_UPDATE_MANAGERS = 10
_STRIPPED: frozenset[Path] = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    }
)


@dataclass(frozen=True)
class Manager:
    """Identity of an owner: an entry of managedFields without its time and fields."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def same_owner(self, other: Manager) -> bool:
        """Appliers are the same owner whatever version they applied."""
        if (self.name, self.operation, self.subresource) != (other.name, other.operation, other.subresource):
            return False
        return self.operation == "Apply" or self.api_version == other.api_version

    def printed(self) -> str:
        """As conflict messages name it."""
        text = json.dumps(self.name)
        if self.subresource:
            text = f"{text} with subresource {json.dumps(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


@dataclass(frozen=True)
class Ownership:
    """One owner and its fields; `time` is RFC 3339, empty when unknown."""

    manager: Manager
    fields: frozenset[Path]
    time: str = ""


@dataclass(frozen=True)
class Writer:
    """How a write is to be recorded: the owner, the time (RFC 3339), and the fields that this endpoint ignores."""

    manager: Manager
    time: str
    ignored: tuple[Path, ...] = ()

    def filtered(self, paths: Iterable[Path]) -> FieldSet:
        """The paths without the ignored ones and all below them."""
        return {path for path in paths if not any(path[: len(root)] == root for root in self.ignored)}


def decode(obj: Mapping[str, Any]) -> list[Ownership]:
    """The owners that the object's managedFields name."""
    found: list[Ownership] = []
    for entry in obj.get("metadata", {}).get("managedFields") or ():
        manager = Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        fields = frozenset(field_sets.from_fields_v1(entry.get("fieldsV1") or {}))
        found.append(Ownership(manager, fields, entry.get("time", "")))
    return found


def encode(obj: dict[str, Any], owners: Iterable[Ownership]) -> None:
    """Write the owners into the object: appliers first, then by time, then by name."""
    entries = []
    for owner in sorted(owners, key=_order):
        entry: dict[str, Any] = {
            "manager": owner.manager.name,
            "operation": owner.manager.operation,
            "apiVersion": owner.manager.api_version,
        }
        if owner.time:
            entry["time"] = owner.time
        entry["fieldsType"] = "FieldsV1"
        entry["fieldsV1"] = field_sets.to_fields_v1(owner.fields)
        if owner.manager.subresource:
            entry["subresource"] = owner.manager.subresource
        entries.append(entry)
    obj["metadata"].pop("managedFields", None)
    if entries:
        obj["metadata"]["managedFields"] = entries


def _order(owner: Ownership) -> tuple[bool, str, str, str, str]:
    manager = owner.manager
    return manager.operation != "Apply", owner.time, manager.name, manager.api_version, manager.subresource


def owners_for_update(live: Mapping[str, Any], new: Mapping[str, Any]) -> list[Ownership]:
    """The owners before an update: those in the new object where it brings some, else the live object's; `[]` or
    `[{}]` reset.
    """
    given = new.get("metadata", {}).get("managedFields")
    if given is not None and given in ([], [{}]):
        return []
    return (decode(new) if given else []) or decode(live)


def track_update(live: Mapping[str, Any], new: dict[str, Any], schema: Schema, writer: Writer) -> None:
    """Record in `new` who changed what. `live` is the object before, or an empty object of the type.

    An existing object without owners gets none by an update: its ownership begins with its first apply.
    """
    owners = decode(live) if writer.manager.subresource else owners_for_update(live, new)
    if not owners and live.get("metadata", {}).get("uid"):
        new["metadata"].pop("managedFields", None)
        return
    old_value, new_value = _without_managed_fields(live), _without_managed_fields(new)
    try:
        difference = field_sets.compare(old_value, new_value, schema)
    except field_sets.TypedError:  # an invalid object: it is refused later, or nobody owns it
        new["metadata"].pop("managedFields", None)
        return
    changed = writer.filtered(difference.modified | difference.added)
    removed = writer.filtered(difference.removed)
    own = frozenset(changed - _STRIPPED)
    kept: list[Ownership] = []
    previous: Ownership | None = None
    for owner in owners:
        remaining = replace(owner, fields=owner.fields - changed - removed)
        if owner.manager.same_owner(writer.manager):
            previous = remaining
        elif remaining.fields:
            kept.append(remaining)
    if own:
        before = previous.fields if previous else frozenset()
        kept.append(Ownership(writer.manager, before | own, writer.time))
    elif previous and previous.fields:
        kept.append(previous)
    encode(new, _capped(kept))


def _capped(owners: list[Ownership]) -> list[Ownership]:
    """At most ten updaters: the oldest are merged into one called `ancient-changes`."""
    updaters = sorted((owner for owner in owners if owner.manager.operation == "Update"), key=lambda owner: owner.time)
    surplus = len(updaters) - MAX_UPDATE_MANAGERS
    if surplus <= 0:
        return owners
    oldest = updaters[: surplus + 1]
    merged: dict[str, Ownership] = {}
    for owner in oldest:
        version = owner.manager.api_version
        manager = Manager("ancient-changes", "Update", version)
        before = merged[version].fields if version in merged else frozenset()
        merged[version] = Ownership(manager, before | owner.fields, owner.time)
    return [owner for owner in owners if owner not in oldest] + list(merged.values())


def _without_managed_fields(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def apply(
    live: dict[str, Any] | None,
    applied: dict[str, Any],
    schema: Schema,
    writer: Writer,
    empty: Mapping[str, Any],
    *,
    force: bool,
    described: str,
) -> dict[str, Any]:
    """The object after a server-side apply. `empty` is an empty object of the type; `described` names it in errors:
    `ns/name; apps/v1, Kind=Deployment`.

    Raises ApiError: 400 for managedFields in the patch, 500 where the patch does not fit the schema, 409 for conflicts.
    """
    if applied.get("metadata", {}).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    base = live if live is not None else _empty_like(applied)
    owners = decode(base)
    if live is not None and not owners:
        owners = [_before_first_apply(live, empty, schema, writer)]
    try:
        fields = writer.filtered(field_sets.field_set(applied, schema))
    except field_sets.TypedError as error:
        raise unclassified(f"failed to create typed patch object ({described}): {error}") from error
    base_value = _without_managed_fields(base)
    merged = field_sets.merge(base_value, applied, schema)
    merged = _pruned(merged, fields, owners, schema, writer)
    result: dict[str, Any] = merged if merged is not MISSING else _empty_like(applied)
    others = _others_after(base_value, result, schema, owners, writer, force)
    _keep_identity(base, result)
    same = live is not None and _without_managed_fields(result) == base_value
    own = Ownership(writer.manager, frozenset(fields - _STRIPPED), _last_time(owners, writer) if same else writer.time)
    unchanged = _same_as_before(owners, own)
    encode(result, [*others, unchanged or own] if own.fields else others)
    return result


def _empty_like(applied: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: applied["metadata"][key] for key in ("name", "namespace") if key in applied.get("metadata", {})}
    return {"apiVersion": applied.get("apiVersion"), "kind": applied.get("kind"), "metadata": metadata}


def _before_first_apply(live: Mapping[str, Any], empty: Mapping[str, Any], schema: Schema, writer: Writer) -> Ownership:
    """The owner of everything in an object that nobody owned."""
    difference = field_sets.compare(_without_managed_fields(empty), _without_managed_fields(live), schema)
    fields = writer.filtered(difference.added | difference.modified)
    manager = Manager("before-first-apply", "Update", writer.manager.api_version)
    return Ownership(manager, frozenset(fields - _STRIPPED), writer.time)


def _pruned(merged: Any, fields: FieldSet, owners: list[Ownership], schema: Schema, writer: Writer) -> Any:
    """Without what this applier set last time, does not set now, and nobody else owns.

    The three steps of structured merge diff: remove all that was applied last, keep what somebody owns, and keep what
    lies dangling below neither.
    """
    last: FieldSet = set()
    owned: FieldSet = set(fields)
    for owner in owners:
        if owner.manager.same_owner(writer.manager):
            last |= owner.fields
        else:
            owned |= owner.fields
    if not last:
        return merged
    everything, last = _members(merged, schema), field_sets.with_named_parents(last)
    untouched = _members(field_sets.remove(merged, schema, last), schema)
    wanted = untouched | field_sets.with_named_parents(owned)
    kept = _members(field_sets.remove(merged, schema, everything - wanted), schema)
    return field_sets.remove(merged, schema, (everything - kept) & last)


def _members(value: Any, schema: Schema) -> FieldSet:
    """The fields of a value and the struct fields that they lie in."""
    return field_sets.with_named_parents(field_sets.field_set(value, schema)) if value is not MISSING else set()


def _others_after(
    base: Mapping[str, Any],
    result: Mapping[str, Any],
    schema: Schema,
    owners: list[Ownership],
    writer: Writer,
    force: bool,
) -> list[Ownership]:
    difference = field_sets.compare(base, result, schema)
    changed = writer.filtered(difference.modified | difference.added)
    removed = writer.filtered(difference.removed)
    others = [owner for owner in owners if not owner.manager.same_owner(writer.manager)]
    conflicts = {
        owner.manager: sorted(owner.fields & changed, key=field_sets.path_text)
        for owner in others
        if owner.fields & changed
    }
    if conflicts and not force:
        conflicts = _not_from_last_applied(conflicts, base, schema, writer)
    if conflicts and not force:
        raise _conflict_error(conflicts)
    remaining = (replace(owner, fields=owner.fields - changed - removed) for owner in others)
    return [owner for owner in remaining if owner.fields]


def _not_from_last_applied(
    conflicts: dict[Manager, list[Path]], base: Mapping[str, Any], schema: Schema, writer: Writer
) -> dict[Manager, list[Path]]:
    """Manager `kubectl` may take what its client-side apply annotation says it applied, and is still so."""
    text = (base.get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    if writer.manager.name != "kubectl" or not text:
        return conflicts
    try:
        applied = json.loads(text)
        allowed = field_sets.field_set(applied, schema)
        difference = field_sets.compare(applied, base, schema)
    except ValueError:
        return conflicts
    allowed -= difference.modified | difference.added | difference.removed
    left = {manager: [path for path in paths if path not in allowed] for manager, paths in conflicts.items()}
    return {manager: paths for manager, paths in left.items() if paths}


def _conflict_error(conflicts: dict[Manager, list[Path]]) -> Exception:
    ordered = sorted(conflicts.items(), key=lambda item: item[0].printed())
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {manager.printed()}",
            "field": field_sets.path_text(path),
        }
        for manager, paths in ordered
        for path in paths
    ]
    if len(causes) == 1:
        only = causes[0]
        return apply_conflict(causes, f"Apply failed with 1 conflict: {only['message']}: {only['field']}")
    lines: list[str] = []
    for manager, paths in ordered:
        lines.append(f"conflicts with {manager.printed()}:")
        lines.extend(f"- {field_sets.path_text(path)}" for path in paths)
    return apply_conflict(causes, f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines))


def _keep_identity(base: Mapping[str, Any], result: dict[str, Any]) -> None:
    metadata = result.setdefault("metadata", {})
    for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation"):
        if key in base.get("metadata", {}) and key not in metadata:
            metadata[key] = copy.copy(base["metadata"][key])


def _last_time(owners: list[Ownership], writer: Writer) -> str:
    """When this manager last applied; an apply that changes no value does not count as a time."""
    return next((owner.time for owner in owners if owner.manager.same_owner(writer.manager)), "")


def _same_as_before(owners: list[Ownership], own: Ownership) -> Ownership | None:
    for owner in owners:
        if owner.manager == own.manager and owner.fields == own.fields:
            return owner
    return None
