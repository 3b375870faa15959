# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAPI v3 documents, as far as `kubectl apply`, `kubectl explain` and schema-aware clients read them.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.simulator.kubernetes import builtin
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.resources import Resource, ResourceRegistry

_PREFIX = "#/components/schemas/"
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_PATCH_TYPES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)


def index(registry: ResourceRegistry) -> dict[str, Any]:
    """`GET /openapi/v3`: the documents, one for each group version."""
    paths: dict[str, Any] = {}
    for group, versions in registry.group_versions().items():
        for version in versions:
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            named = ",".join(sorted(resource.plural for resource in registry.in_version(group, version)))
            digest = hashlib.sha256(f"{path}:{named}".encode()).hexdigest()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest.upper()}"}
    return {"paths": paths}


def document(registry: ResourceRegistry, group: str, version: str) -> dict[str, Any] | None:
    """`GET /openapi/v3/api/v1` or `/openapi/v3/apis/<group>/<version>`, or None."""
    resources = registry.in_version(group, version)
    if not resources:
        return None
    components: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for resource in resources:
        name = _component(resource, components)
        paths.update(_paths(resource, name))
    info = {"title": "Kubernetes", "version": "unversioned"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": components}}


def _component(resource: Resource, components: dict[str, Any]) -> str:
    name = schemas.definition_name(resource.schema)
    if name:
        _add_definition(name, components)
        return name
    reversed_group = ".".join(reversed(resource.group.split(".")))
    name = f"{reversed_group}.{resource.version}.{resource.kind}"
    _add_definition(schemas.OBJECT_META, components)
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    components[name] = {**_expanded(resource.schema), "x-kubernetes-group-version-kind": [kind]}
    return name


def _add_definition(name: str, components: dict[str, Any]) -> None:
    queue = [name]
    while queue:
        current = queue.pop()
        if current in components:
            continue
        definition = builtin.schemas()[current]
        components[current] = _expanded(definition)
        queue.extend(_references(definition))


def _references(schema: Any) -> list[str]:
    text = json.dumps(schema)
    return [part.partition('"')[0] for part in text.split('"$ref": "')[1:]]


def _expanded(schema: Any) -> Any:
    """A compact schema in the form that the API server publishes: `$ref` with siblings inside `allOf`."""
    if isinstance(schema, list):
        return [_expanded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _expanded(value) for key, value in schema.items() if key not in ("x-omit", "x-protobuf")}
    reference = result.get("$ref")
    if isinstance(reference, str):
        pointer = {"$ref": reference if reference.startswith("#") else _PREFIX + reference}
        del result["$ref"]
        return {**result, "allOf": [pointer]} if result else pointer
    return result


def _paths(resource: Resource, component: str) -> dict[str, Any]:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{root}{scope}/{resource.plural}"
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}

    def operation(action: str, names: tuple[str, ...], media_types: tuple[str, ...]) -> dict[str, Any]:
        schema = {"$ref": _PREFIX + component}
        found: dict[str, Any] = {
            "parameters": [{"in": "query", "name": name, "schema": {"type": "string"}} for name in names],
            "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
        }
        if media_types:
            found["requestBody"] = {
                "content": {media_type: {"schema": {"type": "object"}} for media_type in media_types}
            }
        return found

    item: dict[str, Any] = {"get": operation("get", (), ())}
    many: dict[str, Any] = {"get": operation("list", ("labelSelector", "fieldSelector"), ())}
    if "create" in resource.verbs:
        many["post"] = operation("post", _WRITE_PARAMETERS, ("*/*",))
    if "patch" in resource.verbs:
        item["put"] = operation("put", _WRITE_PARAMETERS, ("*/*",))
        offered = _PATCH_TYPES if resource.custom else (*_PATCH_TYPES, "application/strategic-merge-patch+json")
        item["patch"] = operation("patch", (*_WRITE_PARAMETERS, "force"), offered)
    return {collection: many, f"{collection}/{{name}}": item}
