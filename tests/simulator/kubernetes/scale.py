# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scale subresource (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris, autoscaling/v1
Scale).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.resources import Resource

SCHEMA = {"$ref": "io.k8s.api.autoscaling.v1.Scale"}
_SPEC, _STATUS, _SELECTOR = ".spec.replicas", ".status.replicas", ""


def scale_of(resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
    """The Scale of an object."""
    copied = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {key: obj["metadata"][key] for key in copied if key in obj["metadata"]}
    replicas = _read(obj, resource.scale_paths.get("specReplicasPath", _SPEC))
    status: dict[str, Any] = {"replicas": _read(obj, resource.scale_paths.get("statusReplicasPath", _STATUS)) or 0}
    selector = _selector_text(resource, obj)
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def with_replicas(resource: Resource, obj: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The object with the replicas that a Scale asks for. Raises ApiError 422 for a negative number."""
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        finding = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale", "autoscaling", obj["metadata"]["name"], [finding])
    result = copy.deepcopy(dict(obj))
    parts = resource.scale_paths.get("specReplicasPath", _SPEC).strip(".").split(".")
    node = result
    for part in parts[:-1]:
        node = node.setdefault(part, {})
    node[parts[-1]] = replicas
    return result


def _read(obj: Mapping[str, Any], path: str) -> Any:
    node: Any = obj
    for part in path.strip(".").split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _selector_text(resource: Resource, obj: Mapping[str, Any]) -> str:
    if resource.custom:
        path = resource.scale_paths.get("labelSelectorPath")
        return str(_read(obj, path) or "") if path else ""
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") or {}
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))
