# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies in protobuf, in which newer versions of kubectl send built-in types; answers are JSON, which those clients
take too.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from tests.simulator.kubernetes import builtin
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.errors import bad_request
from tests.simulator.kubernetes.schema import Schema

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_RAW_JSON = frozenset(
    {
        "io.k8s.apimachinery.pkg.runtime.RawExtension",
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    }
)
_TIMES = {
    schemas.TIME: "%Y-%m-%dT%H:%M:%SZ",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "%Y-%m-%dT%H:%M:%S.%fZ",
}


def decode(raw: bytes) -> dict[str, Any]:
    """The object in a message of type runtime.Unknown. Raises ApiError 400 for other messages and unknown types."""
    if not raw.startswith(MAGIC):
        raise bad_request("the provided data does not appear to be a protobuf message")
    try:
        envelope = dict(_fields(raw[len(MAGIC) :]))
        named = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
        api_version, kind = named.get(1, ""), named.get(2, "")
        group, _unused, version = api_version.rpartition("/")
        definition = builtin.kinds()[f"{group}/{version}/{kind}"]
        decoded = _message(envelope.get(2, b""), {"$ref": definition})
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise bad_request(f"unable to decode the protobuf message: {error!r}") from error
    return {"kind": kind, "apiVersion": api_version, **decoded}


def _fields(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values of a message: int for varints and fixed numbers, bytes for everything else."""
    position = 0
    while position < len(raw):
        tag, position = _varint(raw, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(raw, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(raw, position)
            yield number, raw[position : position + length]
            position += length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, int.from_bytes(raw[position : position + size], "little")
            position += size
        else:
            raise ValueError(f"wire type {wire}")


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _message(raw: bytes, schema: Schema) -> dict[str, Any]:
    resolved = schemas.resolve(schema)
    result: dict[str, Any] = {}
    _fill(result, raw, resolved, resolved.get("x-protobuf") or {})
    return result


def _fill(result: dict[str, Any], raw: bytes, schema: Schema, numbers: Mapping[str, Any]) -> None:
    """Put the fields of a message into `result`; those of embedded structs too, for JSON does not nest them."""
    for number, value in _fields(raw):
        name = numbers.get(str(number))
        if isinstance(name, dict):
            _fill(result, value, schema, name)
        elif name is not None:
            _add(result, name, value, schemas.member(schema, name))


def _add(result: dict[str, Any], name: str, value: Any, schema: Schema) -> None:
    resolved = schemas.resolve(schema)
    if resolved.get("type") == "array":
        result.setdefault(name, []).append(_value(value, schemas.items(resolved)))
    elif resolved.get("type") == "object" and "additionalProperties" in resolved:
        entry = dict(_fields(value))
        result.setdefault(name, {})[entry.get(1, b"").decode()] = _value(
            entry.get(2, b""), resolved["additionalProperties"]
        )
    else:
        decoded = _value(value, schema)
        if decoded is not None:
            result[name] = decoded


def _value(value: Any, schema: Schema) -> Any:
    name, resolved = schemas.definition_name(schema), schemas.resolve(schema)
    if name == schemas.QUANTITY:
        return dict(_fields(value)).get(1, b"0").decode()
    if name == schemas.INT_OR_STRING:
        parts = dict(_fields(value))
        return parts.get(3, b"").decode() if parts.get(1) else _signed(parts.get(2, 0))
    if name in _TIMES:
        return _time(value, _TIMES[name])
    if name in _RAW_JSON:
        return json.loads(dict(_fields(value)).get(1, b"null"))
    if isinstance(value, int):
        return bool(value) if resolved.get("type") == "boolean" else _signed(value)
    if resolved.get("type") == "string":
        return base64.b64encode(value).decode() if resolved.get("format") == "byte" else value.decode()
    return _message(value, schema)


def _time(raw: bytes, pattern: str) -> str | None:
    seconds = _signed(dict(_fields(raw)).get(1, 0))
    if not raw or seconds <= 0:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(pattern)
