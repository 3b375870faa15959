# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON patches, JSON merge patches and strategic merge patches.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and RFC 6902, RFC 7386.
"""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import jsonpointer

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.schema import Schema

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_PREFIX = "$deleteFromPrimitiveList/"
ORDER_PREFIX = "$setElementOrder/"


def apply_json_patch(obj: dict[str, Any], operations: Any) -> dict[str, Any]:
    """RFC 6902. Raises ApiError 400 for what is no list, 422 for a patch that cannot be applied."""
    if not isinstance(operations, list):
        raise errors.bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    try:
        result = jsonpatch.JsonPatch(operations).apply(copy.deepcopy(obj))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise errors.unprocessable_patch() from error
    return result  # type: ignore[no-any-return]


def apply_merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = apply_merge_patch(result.get(key), change)
    return result


def apply_strategic_patch(value: Any, patch: Any, schema: Schema) -> Any:
    """A strategic merge patch, with the merge keys and strategies of the schema. Raises ApiError 400 for malformed
    ones.
    """
    if not isinstance(patch, dict):
        raise errors.bad_request("invalid patch: a strategic merge patch is an object")
    return _merge_maps(value, patch, schemas.resolve(schema))


def _merge_maps(value: Any, patch: dict[str, Any], schema: Schema) -> Any:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: change for key, change in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise errors.bad_request(f'unrecognized directive "{directive}" in a strategic merge patch')
    result = dict(value) if isinstance(value, dict) else {}
    retained = patch.get(RETAIN_KEYS)
    if retained is not None:
        result = {key: item for key, item in result.items() if key in retained}
    orders = {key.removeprefix(ORDER_PREFIX): order for key, order in patch.items() if key.startswith(ORDER_PREFIX)}
    for key, change in patch.items():
        if key not in (DIRECTIVE, RETAIN_KEYS) and not key.startswith(ORDER_PREFIX):
            _merge_key_of_map(result, key, change, schema, orders)
    for key, order in orders.items():
        if isinstance(result.get(key), list):
            result[key] = _ordered(result[key], result[key], order, _merge_key(schemas.member(schema, key)))
    return result


def _merge_key_of_map(
    result: dict[str, Any], key: str, change: Any, schema: Schema, orders: dict[str, list[Any]]
) -> None:
    """Apply one member of a patch; the order that it comes with is used up."""
    if key.startswith(DELETE_PREFIX):
        name = key.removeprefix(DELETE_PREFIX)
        result[name] = [item for item in result.get(name) or [] if item not in change]
    elif change is None:
        result.pop(key, None)
    else:
        result[key] = _merge_member(result.get(key), change, schemas.member(schema, key), orders.pop(key, None))


def _merge_member(value: Any, change: Any, schema: Schema, order: list[Any] | None) -> Any:
    resolved = schemas.resolve(schema)
    if isinstance(change, dict):
        if value is None or _replaces(schema):
            return _without_directives(change)
        return _merge_maps(value, change, resolved)
    if not isinstance(change, list):
        return change
    if "merge" not in str(schema.get("x-kubernetes-patch-strategy", "")):
        return change
    key = _merge_key(schema)
    present = list(value) if isinstance(value, list) else []
    if key:
        merged = _merge_lists(present, change, key, schemas.resolve(schemas.items(resolved)))
    else:
        merged = present + [item for item in change if item not in present]
    return _ordered(merged, present, order if order is not None else change, key)


def _replaces(schema: Schema) -> bool:
    return str(schema.get("x-kubernetes-patch-strategy", "")) == "replace"


def _merge_key(schema: Schema) -> str:
    return str(schema.get("x-kubernetes-patch-merge-key", ""))


def _without_directives(change: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_directives(item) if isinstance(item, dict) else item
        for key, item in change.items()
        if key not in (DIRECTIVE, RETAIN_KEYS)
        and not key.startswith(("$setElementOrder/", DELETE_PREFIX))
        and item is not None
    }


def _merge_lists(present: list[Any], changes: list[Any], key: str, schema: Schema) -> list[Any]:
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" and len(item) == 1 for item in changes):
        return [item for item in changes if DIRECTIVE not in item]
    result = list(present)
    for change in changes:
        if not isinstance(change, dict) or key not in change:
            raise errors.bad_request(f"map: {change} does not contain declared merge key: {key}")
        place = next((index for index, item in enumerate(result) if item.get(key) == change[key]), None)
        if change.get(DIRECTIVE) == "delete":
            result = [item for item in result if item.get(key) != change[key]]
        elif place is None:
            result.append(_without_directives(change))
        else:
            result[place] = _merge_maps(result[place], change, schema)
    return result


def _ordered(merged: list[Any], live: list[Any], order: list[Any], key: str) -> list[Any]:
    """Items that the patch names in its order, the others placed among them as the live list has them.

    k8s.io/apimachinery/pkg/util/strategicpatch normalizeElementOrder and mergeSortedSlice.
    """

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted, places = [identity(item) for item in order], [identity(item) for item in live]
    patched = sorted(
        (item for item in merged if identity(item) in wanted), key=lambda item: wanted.index(identity(item))
    )
    kept = [item for item in merged if identity(item) not in wanted]
    result: list[Any] = []
    while kept and patched:
        left, right = identity(kept[0]), identity(patched[0])
        earlier = left in places and right in places and places.index(left) < places.index(right)
        result.append((kept if earlier else patched).pop(0))
    return result + kept + patched
