# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of an object: what it begins with, and what a write to the subresource may change.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris, and PrepareForCreate and
PrepareForUpdate of the strategies in k8s.io/kubernetes/pkg/registry
"""

from __future__ import annotations

from tests.simulator.kubernetes import custom_resources
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.decoding import Decoder, Findings
from tests.simulator.kubernetes.defaults import HOOKS
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Object


def reset_status(resource: Resource, obj: Object) -> None:
    """Give a new object, in place, the status that it begins with, whatever was sent; nodes bring theirs."""
    if resource.key == "nodes":
        return
    obj.pop("status", None)
    if resource.key == custom_resources.DEFINITIONS:
        obj["status"] = custom_resources.initial_status(obj)
    elif not resource.custom:
        initial = schemas.skeleton(schemas.resolve(resource.schema)).get("status")
        if initial is not None:
            obj["status"] = initial
        _fill_defaults(resource, obj)


def _fill_defaults(resource: Resource, obj: Object) -> None:
    """Defaults of what was reset: the status of namespaces, pods and claims has a phase from the start."""
    if resource.key in ("namespaces", "persistentvolumeclaims", "persistentvolumes"):
        decoded = Decoder(Findings(resource.kind, resource.version), HOOKS).decode(obj, resource.schema)
        obj["status"] = decoded["status"]


def written_status(resource: Resource, live: Object, obj: Object) -> Object:
    """What a write to the status subresource may change: the status, and of built-in types the metadata too."""
    owners = obj["metadata"].get("managedFields")
    if resource.custom:
        metadata = {**live["metadata"], "resourceVersion": obj["metadata"].get("resourceVersion", "")}
        if owners:
            metadata["managedFields"] = owners
        result = {**live, "metadata": metadata}
    else:
        result = {**obj, "metadata": dict(obj["metadata"])}
        for key in ("spec", "data"):
            result.pop(key, None)
            if key in live:
                result[key] = live[key]
        if resource.group == "apps":
            result["metadata"].pop("labels", None)
            if "labels" in live["metadata"]:
                result["metadata"]["labels"] = live["metadata"]["labels"]
    result.pop("status", None)
    if "status" in obj:
        result["status"] = obj["status"]
    return result
