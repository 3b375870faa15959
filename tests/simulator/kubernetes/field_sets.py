# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed sets of fields: which fields a value has, how two values differ, merging and removing by field.

The rules are those of structured merge diff, on which server-side apply is built
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy). A path is a tuple of path elements
in the
form of FieldsV1: `f:name`, `k:{"name":"x"}`, `v:"item"`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.schema import Schema

Path = tuple[str, ...]
FieldSet = set[Path]


class _Missing:
    """Marks the side of a comparison that has no value."""


MISSING = _Missing()


class TypedError(ValueError):
    """A value that does not fit its schema, so that it has no field set."""


@dataclass
class Comparison:
    """How a new value differs from an old one."""

    added: FieldSet = field(default_factory=set)
    removed: FieldSet = field(default_factory=set)
    modified: FieldSet = field(default_factory=set)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def item_element(value: Any, schema: Schema) -> str:
    """The path element of an item of a non-atomic list. Raises TypedError where the item has no key."""
    if schemas.list_type(schema) == "set":
        return f"v:{_compact(value)}"
    if not isinstance(value, Mapping):
        raise TypedError("associative list with keys may not have non-map elements")
    item_schema = schemas.resolve(schemas.items(schema))
    names = schema.get("x-kubernetes-list-map-keys") or ()
    keys: dict[str, Any] = {}
    for name in names:
        if name in value:
            keys[name] = value[name]
            continue
        default = schemas.member(item_schema, name).get("default")
        if default is None:
            if len(names) == 1:
                raise TypedError(
                    f'associative list with keys has an element that omits key field "{name}" (and '
                    "doesn't have default value)"
                )
            continue
        keys[name] = default
    if not keys:
        raise TypedError("associative list with keys has an element that omits all key fields")
    return f"k:{_compact(dict(sorted(keys.items())))}"


def _is_granular_list(schema: Schema, value: Any) -> bool:
    return isinstance(value, list) and schema.get("type") == "array" and schemas.list_type(schema) in ("map", "set")


def field_set(value: Any, schema: Schema) -> FieldSet:
    """Every field that the value sets. Raises TypedError for fields that the schema does not know."""
    found: FieldSet = set()
    _collect(value, schemas.resolve(schema), (), found)
    return found


def _collect(value: Any, schema: Schema, path: Path, found: FieldSet) -> None:
    if schemas.is_map(schema, value):
        if schemas.is_atomic_map(schema):
            found.add(path)
            return
        for key, child in value.items():
            if not schemas.declared(schema, key) and not schemas.allows_unknown(schema):
                raise TypedError(f"{path_text((*path, f'f:{key}'))}: field not declared in schema")
            child_path = (*path, f"f:{key}")
            _collect(child, schemas.resolve(schemas.member(schema, key)), child_path, found)
            if child is None or child == {} or not schemas.declared(schema, key):
                found.add(child_path)
    elif _is_granular_list(schema, value):
        item_schema = schemas.resolve(schemas.items(schema))
        seen: FieldSet = set()
        for child in value:
            child_path = (*path, _located_element(child, schema, path))
            if child_path in seen:
                raise TypedError(f"{path_text(path)}: duplicate entries for key {path_text(child_path[-1:])}")
            seen.add(child_path)
            _collect(child, item_schema, child_path, found)
            found.add(child_path)
    else:
        found.add(path)


def _located_element(value: Any, schema: Schema, path: Path) -> str:
    try:
        return item_element(value, schema)
    except TypedError as error:
        raise TypedError(f"{path_text(path)}: {error}") from error


def compare(old: Any, new: Any, schema: Schema) -> Comparison:
    """How `new` differs from `old`; either may be MISSING."""
    result = Comparison()
    _compare(old, new, schemas.resolve(schema), (), result)
    return result


def _compare(old: Any, new: Any, schema: Schema, path: Path, result: Comparison) -> None:
    present = [value for value in (old, new) if value is not MISSING and value is not None]
    if present and all(schemas.is_map(schema, value) for value in present):
        granular = not schemas.is_atomic_map(schema) and any(present)
        pairs = _map_pairs(old, new, schema) if granular else None
    elif present and all(_is_granular_list(schema, value) for value in present):
        pairs = _list_pairs(old, new, schema) if any(present) else None
    else:
        pairs = None
    if pairs is None:
        if old is not MISSING and new is not MISSING:
            if old != new:
                result.modified.add(path)
            return
    else:
        for element, old_child, new_child, child_schema in pairs:
            _compare(old_child, new_child, child_schema, (*path, element), result)
    if old is MISSING:
        result.added.add(path)
    elif new is MISSING:
        result.removed.add(path)


Pair = tuple[str, Any, Any, Schema]


def _map_pairs(old: Any, new: Any, schema: Schema) -> Iterator[Pair]:
    left = old if isinstance(old, dict) else {}
    right = new if isinstance(new, dict) else {}
    for key in dict.fromkeys((*left, *right)):
        child = schemas.resolve(schemas.member(schema, key))
        yield f"f:{key}", left.get(key, MISSING), right.get(key, MISSING), child


def _list_pairs(old: Any, new: Any, schema: Schema) -> Iterator[Pair]:
    left = {item_element(child, schema): child for child in old} if isinstance(old, list) else {}
    right = {item_element(child, schema): child for child in new} if isinstance(new, list) else {}
    child_schema = schemas.resolve(schemas.items(schema))
    for element in dict.fromkeys((*left, *right)):
        yield element, left.get(element, MISSING), right.get(element, MISSING), child_schema


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """The live value with the applied one laid over it: atomic values replaced, the others merged item by item."""
    resolved = schemas.resolve(schema)
    if live is MISSING:
        return applied
    if applied is MISSING:
        return live
    if schemas.is_map(resolved, live) and schemas.is_map(resolved, applied) and not schemas.is_atomic_map(resolved):
        if not applied:
            return live
        return {
            element[2:]: merge(left, right, child)
            for element, left, right, child in _map_pairs(live, applied, resolved)
        }
    if _is_granular_list(resolved, live) and _is_granular_list(resolved, applied):
        return _merge_lists(live, applied, resolved)
    return applied


def _merge_lists(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    left = {item_element(child, schema): child for child in live}
    right = {item_element(child, schema): child for child in applied}
    child_schema = schemas.items(schema)
    order = _merged_order(list(left), list(right))
    return [merge(left.get(name, MISSING), right.get(name, MISSING), child_schema) for name in order]


def _merged_order(live: list[str], applied: list[str]) -> list[str]:
    """Applied items in their order; live-only ones before the shared item that they stood before."""
    shared = [element for element in applied if element in live]
    result: list[str] = []
    waiting = list(live)
    for element in applied:
        following = next((item for item in shared if item not in result), None)
        while waiting and waiting[0] != following:
            head = waiting.pop(0)
            if head not in applied:
                result.append(head)
        if waiting and waiting[0] == element:
            waiting.pop(0)
        result.append(element)
    return result + [element for element in waiting if element not in applied]


def remove(value: Any, schema: Schema, unwanted: FieldSet) -> Any:
    """The value without the fields of `unwanted`; a map or list that becomes empty is MISSING."""
    return _remove(value, schemas.resolve(schema), (), unwanted)


def _remove(value: Any, schema: Schema, path: Path, unwanted: FieldSet) -> Any:
    if schemas.is_map(schema, value) and value and not schemas.is_atomic_map(schema):
        kept: dict[str, Any] = {}
        for key, child in value.items():
            child_path = (*path, f"f:{key}")
            if child_path in unwanted:
                continue
            remaining = _remove(child, schemas.resolve(schemas.member(schema, key)), child_path, unwanted)
            if remaining is not MISSING:
                kept[key] = remaining
        return kept if kept else MISSING
    if _is_granular_list(schema, value) and value:
        item_schema = schemas.resolve(schemas.items(schema))
        survivors: list[Any] = []
        for child in value:
            child_path = (*path, item_element(child, schema))
            if child_path not in unwanted:
                remaining = _remove(child, item_schema, child_path, unwanted)
                if remaining is not MISSING:
                    survivors.append(remaining)
        return survivors if survivors else MISSING
    return value


def with_named_parents(paths: Iterable[Path]) -> FieldSet:
    """The set, and every struct field on the way to its members."""
    found: FieldSet = set()
    for path in paths:
        found.add(path)
        for length in range(1, len(path)):
            if path[length - 1].startswith("f:"):
                found.add(path[:length])
    return found


def to_fields_v1(paths: Iterable[Path]) -> dict[str, Any]:
    """The FieldsV1 object of a set."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_lonely_dots(root)


def _without_lonely_dots(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {key: _without_lonely_dots(child) if key != "." else {} for key, child in node.items()}


def from_fields_v1(fields: Mapping[str, Any]) -> FieldSet:
    """The set of a FieldsV1 object."""
    found: FieldSet = set()

    def visit(node: Mapping[str, Any], path: Path) -> None:
        if path and (not node or "." in node):
            found.add(path)
        for element, child in node.items():
            if element != ".":
                visit(child, (*path, element))

    visit(fields, ())
    return found


def path_text(path: Iterable[str]) -> str:
    """A path as messages print it: `.spec.containers[name="x"].image`."""
    parts: list[str] = []
    for element in path:
        kind, _unused, content = element.partition(":")
        if kind == "f":
            parts.append(f".{content}")
        elif kind == "k":
            parts.append("[" + ",".join(f"{key}={_compact(value)}" for key, value in json.loads(content).items()) + "]")
        else:
            parts.append(f"[={content}]")
    return "".join(parts)
