# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One view of the two kinds of schemas: those of the built-in types (`$ref` into `builtin`) and those of CRDs
(inline).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.simulator.kubernetes import builtin

Schema = Mapping[str, Any]
UNTYPED: Schema = {}
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.Time"


def resolve(schema: Schema) -> Schema:
    """The schema with its `$ref` replaced by what it refers to; siblings of the `$ref` win."""
    name = schema.get("$ref")
    if not isinstance(name, str):
        return schema
    target = _definition(name)
    if len(schema) == 1:
        return target
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


@cache
def _definition(name: str) -> Schema:
    return resolve(builtin.schemas()[name])


def definition_name(schema: Schema) -> str:
    """The name that a `$ref` gives, or the empty string."""
    name = schema.get("$ref", "")
    return name if isinstance(name, str) else ""


def is_map(schema: Schema, value: Any) -> bool:
    """Whether the value is treated as a map: by type, or by its looks where the schema does not tell."""
    return isinstance(value, dict) and (schema.get("type", "object") == "object")


def is_atomic_map(schema: Schema) -> bool:
    """Whether a map has one owner as a whole (`x-kubernetes-map-type: atomic`)."""
    return schema.get("x-kubernetes-map-type") == "atomic"


def list_type(schema: Schema) -> str:
    """`map`, `set` or `atomic`; lists are atomic unless the schema says otherwise."""
    return str(schema.get("x-kubernetes-list-type", "atomic"))


def declared(schema: Schema, key: str) -> bool:
    """Whether a map's schema names the key (a struct field, not the key of a free map)."""
    return key in schema.get("properties", ())


def member(schema: Schema, key: str) -> Schema:
    """The unresolved schema of a map's member; UNTYPED where nothing is known."""
    properties = schema.get("properties") or {}
    if key in properties:
        return properties[key]  # type: ignore[no-any-return]
    additional = schema.get("additionalProperties")
    return additional if isinstance(additional, Mapping) else UNTYPED


def allows_unknown(schema: Schema) -> bool:
    """Whether members that the schema does not name are kept."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    additional = schema.get("additionalProperties")
    if additional is not None and additional is not False:
        return True
    return "properties" not in schema


def items(schema: Schema) -> Schema:
    """The unresolved schema of a list's items."""
    found = schema.get("items")
    return found if isinstance(found, Mapping) else UNTYPED


def skeleton(schema: Schema) -> dict[str, Any]:
    """What an empty object of a built-in type looks like: the structs and lists that Go writes even when they are
    empty.
    """
    result: dict[str, Any] = {}
    for key, unresolved in (resolve(schema).get("properties") or {}).items():
        if unresolved.get("default") == {} and unresolved.get("x-omit") != "omitzero":
            result[key] = skeleton(unresolved)
        elif "default" in unresolved and not unresolved["default"]:
            result[key] = unresolved["default"]
        elif "x-omit" not in unresolved and unresolved.get("type") == "array":
            result[key] = None
    return result
