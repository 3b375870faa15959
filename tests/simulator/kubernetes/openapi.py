# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAPI, as far as `kubectl apply` and `kubectl diff` need it; there are no schemas.

Before kubectl writes it asks whether the server validates fields: it looks for the query parameter `fieldValidation` of
the PATCH operation of the object's kind in version 3. For kinds without one, which are lists, it wants version 2, in
protobuf, to validate on its own. An empty message is a document without definitions, and kubectl accepts what no
definition describes; the items of a list it sends one by one, and the server validates them.

Source: k8s.io/kubectl/pkg/validation/schema.go, k8s.io/cli-runtime/pkg/resource/query_param_verifier_v3.go, and the
requests of kubectl 1.32 and 1.37. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
"""

from __future__ import annotations

import hashlib
from typing import Any

from tests.simulator.kubernetes.resources import Resource, ResourceRegistry

VERSION_2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


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
    paths = dict(_path(resource) for resource in resources if "patch" in resource.verbs)
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": paths}


def _path(resource: Resource) -> tuple[str, dict[str, Any]]:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    operation = {
        "parameters": [{"in": "query", "name": name, "schema": {"type": "string"}} for name in _PARAMETERS],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
    return f"{root}{scope}/{resource.plural}/{{name}}", {"patch": operation}
