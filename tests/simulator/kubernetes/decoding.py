# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding of built-in types: unknown fields, wrong JSON types, canonical quantities, defaults; as Go's decoder and
scheme do it.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.kubernetes import quantities
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.errors import ApiError, bad_request
from tests.simulator.kubernetes.schema import Schema

Hook = Callable[[dict[str, Any]], None]
_BASE64 = frozenset(string.ascii_letters + string.digits + "+/\r\n")
_GO_TYPES = {"string": "string", "boolean": "bool", "integer": "int32", "number": "float64"}


@dataclass
class Findings:
    """What decoding noticed; `unknown` are paths of fields that were dropped."""

    kind: str
    version: str
    unknown: list[str] = field(default_factory=list)

    def failure(self, reason: str) -> ApiError:
        """400 in the words of the API server."""
        return bad_request(f'{self.kind} in version "{self.version}" cannot be handled as a {self.kind}: {reason}')


class Decoder:
    """Turns a client's object of a built-in type into what the API server stores."""

    def __init__(self, findings: Findings, hooks: Mapping[str, Hook]) -> None:
        """`hooks` set the defaults of a struct, by definition name; they run before its members are decoded."""
        self._findings = findings
        self._hooks = hooks

    def decode(self, value: Any, schema: Schema, path: str = "", owner: str = "") -> Any:
        """The decoded copy of a value. Raises ApiError 400 where the JSON type is wrong."""
        name = schemas.definition_name(schema)
        if name == schemas.QUANTITY:
            return self._quantity(value)
        if name == schemas.INT_OR_STRING:
            return self._int_or_string(value, path, owner)
        resolved = schemas.resolve(schema)
        kind = resolved.get("type")
        if kind == "object":
            return self._object(value, resolved, path, name or owner, hook=name)
        if kind == "array":
            return self._array(value, resolved, path, owner)
        if kind in _GO_TYPES:
            return self._scalar(value, resolved, path, owner)
        return value

    def _object(self, value: Any, schema: Schema, path: str, owner: str, hook: str) -> Any:
        if not isinstance(value, dict):
            raise self._wrong_type(value, path, owner, "map[string]string" if not hook else _short(hook, dotted=True))
        properties = schema.get("properties")
        if properties is None:
            return self._free_map(value, schema, path, owner)
        result: dict[str, Any] = {}
        given = {key: child for key, child in value.items() if child is not None}
        for key in value:
            if key not in properties:
                self._findings.unknown.append(f"{path}.{key}".lstrip("."))
                given.pop(key, None)
        if hook in self._hooks:
            self._hooks[hook](given)
        for key in dict.fromkeys((*given, *properties)):
            self._member(result, key, given.get(key), properties[key], path, owner)
        return result

    def _member(self, result: dict[str, Any], key: str, given: Any, schema: Schema, path: str, owner: str) -> None:
        """Decode one member into `result`, as Go writes it: with its default, or null, or not at all."""
        value = schema.get("default") if given is None else given
        if value is None:
            if schema.get("$ref") == schemas.TIME and schema.get("x-omit") == "omitempty":
                result[key] = None
            return
        decoded = self.decode(value, schema, f"{path}.{key}", owner)
        if decoded == [] and "x-omit" not in schema:
            decoded = None  # an empty list is null once it was stored
        if not self._omitted(decoded, schema):
            result[key] = decoded

    @staticmethod
    def _omitted(value: Any, schema: Schema) -> bool:
        """Whether Go leaves the value out: empty, of a field marked `omitempty`, and not a struct."""
        if "x-omit" not in schema:
            return False
        if schema.get("default") == {}:
            return bool(value == {} and schema["x-omit"] == "omitzero")
        return value in ({}, [], "", None) or (not value and isinstance(value, (bool, int)))

    def _free_map(self, value: dict[str, Any], schema: Schema, path: str, owner: str) -> dict[str, Any]:
        members = schema.get("additionalProperties")
        if not isinstance(members, Mapping):
            return value
        fill = schemas.resolve(members).get("default", members.get("default"))
        return {
            key: self.decode(fill if child is None and fill is not None else child, members, path, owner)
            for key, child in value.items()
        }

    def _array(self, value: Any, schema: Schema, path: str, owner: str) -> Any:
        if not isinstance(value, list):
            raise self._wrong_type(value, path, owner, f"[]{_element_type(schema)}")
        members = schemas.items(schema)
        return [self.decode(child, members, f"{path}[{index}]", owner) for index, child in enumerate(value)]

    def _scalar(self, value: Any, schema: Schema, path: str, owner: str) -> Any:
        kind = schema["type"]
        go_type = schema.get("format", "") if kind == "integer" else _GO_TYPES[kind]
        fits = {
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        }[kind]
        if kind == "string" and schema.get("format") == "byte" and isinstance(value, str):
            self._check_base64(value)
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            return int(value)
        if not fits:
            raise self._wrong_type(value, path, owner, go_type or "int32")
        return value

    def _check_base64(self, text: str) -> None:
        for position, character in enumerate(text):
            if character not in _BASE64 and not (character == "=" and position >= len(text) - 2):
                raise self._findings.failure(f"illegal base64 data at input byte {position}")
        if len(text) % 4:
            raise self._findings.failure(f"illegal base64 data at input byte {len(text) - len(text) % 4}")

    def _quantity(self, value: Any) -> str:
        try:
            return quantities.canonical(value)
        except quantities.QuantityError as error:
            raise self._findings.failure(str(error)) from error

    def _int_or_string(self, value: Any, path: str, owner: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise self._wrong_type(value, path, owner, "int32")
        return value

    def _wrong_type(self, value: Any, path: str, owner: str, go_type: str) -> ApiError:
        field_path = ".".join(part.partition("[")[0] for part in path.strip(".").split("."))
        return self._findings.failure(
            f"json: cannot unmarshal {_json_type(value)} into Go struct field "
            f"{_short(owner)}.{field_path} of type {go_type}"
        )


def _short(definition: str, *, dotted: bool = False) -> str:
    parts = definition.split(".")
    return ".".join(parts[-2:]) if dotted else parts[-1]


def _element_type(schema: Schema) -> str:
    members = schemas.items(schema)
    name = schemas.definition_name(members)
    return _short(name, dotted=True) if name else _GO_TYPES.get(str(members.get("type")), "string")


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return {"str": "string", "list": "array", "dict": "object"}.get(type(value).__name__, "null")


def parse_json(raw: bytes, kind: str) -> Any:
    """The JSON of a body that should be of a kind. Raises ApiError 400, with the words of Go's decoder."""
    try:
        return json.loads(raw)
    except ValueError as error:
        summary = raw[:30].decode("utf-8", "replace") + ("..." if len(raw) > 30 else "")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
            f"json parse error: {go_json_error(raw, error)} ({summary})"
        ) from error


def go_json_error(raw: bytes, error: ValueError) -> str:
    """What Go's JSON decoder says of text that Python's refuses."""
    text = raw.decode("latin-1")
    position = getattr(error, "pos", 0)
    if position >= len(text.rstrip()):
        return "unexpected end of JSON input"
    character = text[position]
    shown = character if character.isprintable() and character.isascii() else f"\\u{ord(character):04x}"
    return f"invalid character '{shown}' looking for beginning of value"
