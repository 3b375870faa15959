# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structural schemas of custom resources: pruning, defaulting and validation.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.errors import FieldError
from tests.simulator.kubernetes.schema import Schema

_ROOT_KEYS = ("apiVersion", "kind", "metadata")


def root_schema(declared: Schema) -> Schema:
    """The schema of whole objects: the declared one with the metadata that every object has."""
    properties = dict(declared.get("properties") or {})
    properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    properties["metadata"] = {"$ref": schemas.OBJECT_META}
    return {**declared, "type": "object", "properties": properties}


def prune(obj: dict[str, Any], schema: Schema) -> list[str]:
    """Drop, in place, what the schema does not know; returns the dropped paths. Metadata is not touched."""
    dropped: list[str] = []
    for key in list(obj):
        if key not in _ROOT_KEYS:
            _prune_member(obj, key, schema, key, dropped)
    return dropped


def _prune_member(parent: dict[str, Any], key: str, schema: Schema, path: str, dropped: list[str]) -> None:
    if not schemas.declared(schema, key) and not _keeps_unknown(schema):
        del parent[key]
        dropped.append(path)
        return
    _prune_value(parent[key], schemas.member(schema, key), path, dropped, schema)


def _prune_value(value: Any, schema: Schema, path: str, dropped: list[str], parent: Schema) -> None:
    if not schema and _keeps_unknown(parent):
        return
    if isinstance(value, dict):
        embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        for key in list(value):
            if not (embedded and key in _ROOT_KEYS):
                _prune_member(value, key, schema, f"{path}.{key}", dropped)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _prune_value(child, schemas.items(schema), f"{path}[{index}]", dropped, schema)


def _keeps_unknown(schema: Schema) -> bool:
    additional = schema.get("additionalProperties")
    return bool(schema.get("x-kubernetes-preserve-unknown-fields")) or (
        additional is not None and additional is not False
    )


def apply_defaults(value: Any, schema: Schema) -> None:
    """Set, in place, the defaults of absent members; a null where the schema is not nullable counts as absent."""
    if isinstance(value, dict):
        for key, member in (schema.get("properties") or {}).items():
            if not isinstance(member, Mapping) or "$ref" in member:
                continue
            null = key in value and value[key] is None and not member.get("nullable")
            if "default" in member and (key not in value or null):
                value[key] = copy.deepcopy(member["default"])
        for key, child in value.items():
            apply_defaults(child, schemas.member(schema, key))
    elif isinstance(value, list):
        for child in value:
            apply_defaults(child, schemas.items(schema))


def drop_nulls(value: Any, schema: Schema) -> None:
    """Drop, in place, nulls of members that the schema knows and that are not nullable."""
    if isinstance(value, dict):
        for key in list(value):
            member = schemas.member(schema, key)
            if value[key] is None and member and not member.get("nullable"):
                del value[key]
            else:
                drop_nulls(value[key], member)
    elif isinstance(value, list):
        for child in value:
            drop_nulls(child, schemas.items(schema))


def validate(obj: Mapping[str, Any], schema: Schema) -> list[FieldError]:
    """Every way in which an object does not fit its schema. Metadata is validated elsewhere."""
    without_metadata = {key: value for key, value in obj.items() if key != "metadata"}
    properties = {key: value for key, value in (schema.get("properties") or {}).items() if key != "metadata"}
    wanted = [name for name in schema.get("required") or () if name != "metadata"]
    return validate_value(without_metadata, {**schema, "properties": properties, "required": wanted}, "")


def validate_value(value: Any, schema: Schema, path: str) -> list[FieldError]:
    """Findings for one value and all below it."""
    if value is None and schema.get("nullable"):
        return []
    mismatch = _type_mismatch(value, schema, path)
    if mismatch:
        return [mismatch]
    findings = _enumerated(value, schema, path)
    if isinstance(value, dict):
        findings += _validate_map(value, schema, path)
    elif isinstance(value, list):
        findings += _validate_list(value, schema, path)
    elif isinstance(value, str):
        findings += _validate_string(value, schema, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        findings += _validate_number(value, schema, path)
    return findings + _combined(value, schema, path)


def _type_mismatch(value: Any, schema: Schema, path: str) -> FieldError | None:
    if schema.get("x-kubernetes-int-or-string"):
        fits = isinstance(value, (int, str)) and not isinstance(value, bool)
        wanted = "integer,string"
    else:
        wanted = str(schema.get("type") or "")
        fits = not wanted or _fits(value, wanted)
    if fits:
        return None
    detail = f'{path or "<nil>"} in body must be of type {wanted}: "{json_type(value)}"'
    return errors.wrong_type(path or "<nil>", json_type(value), detail)


def json_type(value: Any) -> str:
    """The JSON type of a value, as validation messages name it."""
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return names.get(type(value), "null")


def _fits(value: Any, wanted: str) -> bool:
    found = json_type(value)
    if wanted == "number":
        return found in ("number", "integer")
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return found == wanted


def _enumerated(value: Any, schema: Schema, path: str) -> list[FieldError]:
    allowed = schema.get("enum")
    if allowed is None or value in allowed:
        return []
    return [errors.unsupported_value(path, value, [str(item) for item in allowed])]


def _validate_map(value: dict[str, Any], schema: Schema, path: str) -> list[FieldError]:
    findings = [errors.required(_joined(path, name)) for name in schema.get("required") or () if name not in value]
    count = len(value)
    if count > schema.get("maxProperties", count):
        findings.append(_too_many(path, count, schema["maxProperties"], "properties"))
    if count < schema.get("minProperties", count):
        detail = f"{path} in body should have at least {schema['minProperties']} properties"
        findings.append(errors.invalid_value(path, count, detail))
    for key, child in value.items():
        findings += validate_value(child, schemas.member(schema, key), _joined(path, key))
    return findings


def _validate_list(value: list[Any], schema: Schema, path: str) -> list[FieldError]:
    findings: list[FieldError] = []
    count = len(value)
    if count > schema.get("maxItems", count):
        findings.append(_too_many(path, count, schema["maxItems"], "items"))
    if count < schema.get("minItems", count):
        detail = f"{path} in body should have at least {schema['minItems']} items"
        findings.append(errors.invalid_value(path, count, detail))
    findings += _duplicates(value, schema, path)
    for index, child in enumerate(value):
        findings += validate_value(child, schemas.items(schema), f"{path}[{index}]")
    return findings


def _duplicates(value: list[Any], schema: Schema, path: str) -> list[FieldError]:
    kind = schemas.list_type(schema)
    if kind == "atomic":
        return []
    names = schema.get("x-kubernetes-list-map-keys") or ()
    seen: list[Any] = []
    findings: list[FieldError] = []
    for index, child in enumerate(value):
        key = {name: child.get(name) for name in names} if kind == "map" and isinstance(child, dict) else child
        if key in seen:
            findings.append(errors.duplicate_value(f"{path}[{index}]", key))
        seen.append(key)
    return findings


def _validate_string(value: str, schema: Schema, path: str) -> list[FieldError]:
    findings: list[FieldError] = []
    limit = schema.get("maxLength")
    if limit is not None and len(value) > limit:
        findings.append(errors.too_long(path, limit))
    if len(value) < schema.get("minLength", 0):
        detail = f"{path} in body should be at least {schema['minLength']} chars long"
        findings.append(errors.invalid_value(path, value, detail))
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, value):
        findings.append(errors.invalid_value(path, value, f"{path} in body should match '{pattern}'"))
    return findings


def _validate_number(value: float, schema: Schema, path: str) -> list[FieldError]:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None and (value < lowest or (value == lowest and schema.get("exclusiveMinimum"))):
        word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        return [errors.invalid_value(path, value, f"{path} in body should be {word} {lowest}")]
    if highest is not None and (value > highest or (value == highest and schema.get("exclusiveMaximum"))):
        word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        return [errors.invalid_value(path, value, f"{path} in body should be {word} {highest}")]
    return []


def _combined(value: Any, schema: Schema, path: str) -> list[FieldError]:
    shown = path or "<nil>"
    findings: list[FieldError] = []
    for part in schema.get("allOf") or ():
        findings += validate_value(value, part, path)
    if schema.get("anyOf") and not _matching(value, schema["anyOf"], path):
        findings.append(errors.invalid_value(shown, value, f'"{path}" must validate at least one schema (anyOf)'))
    if schema.get("oneOf") and _matching(value, schema["oneOf"], path) != 1:
        findings.append(errors.invalid_value(shown, value, f'"{path}" must validate one and only one schema (oneOf)'))
    if schema.get("not") and not validate_value(value, schema["not"], path):
        findings.append(errors.invalid_value(shown, value, f'"{path}" must not validate the schema (not)'))
    return findings


def _matching(value: Any, parts: Sequence[Schema], path: str) -> int:
    return sum(not validate_value(value, part, path) for part in parts)


def _too_many(path: str, count: int, limit: int, noun: str) -> FieldError:
    return FieldError("FieldValueTooMany", path, f"Too many: {count}: must have at most {limit} {noun}")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
