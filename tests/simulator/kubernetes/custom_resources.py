# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CustomResourceDefinitions: their validation, and the resources that they make the cluster serve.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes import errors, structural
from tests.simulator.kubernetes.errors import FieldError
from tests.simulator.kubernetes.resources import PrinterColumn, Resource, Subresource

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_SUBRESOURCE_VERBS = ("get", "patch", "update")


def initial_status(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a definition that was just created."""
    stored = storage_version(definition)
    return {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": [stored] if stored else None,
    }


def storage_version(definition: Mapping[str, Any]) -> str:
    """The version in which objects are stored."""
    versions = definition["spec"].get("versions") or ()
    return next((str(version["name"]) for version in versions if version.get("storage")), "")


def established_status(definition: Mapping[str, Any], time: str) -> dict[str, Any]:
    """The status once the names are accepted and the resource is served."""
    status = dict(definition.get("status") or {})
    status["acceptedNames"] = dict(definition["spec"]["names"])
    stored = list(status.get("storedVersions") or ())
    if storage_version(definition) not in stored:
        stored.append(storage_version(definition))
    status["storedVersions"] = stored
    if not is_established(definition):
        status["conditions"] = [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", time),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", time),
        ]
    return status


def _condition(kind: str, reason: str, message: str, time: str) -> dict[str, Any]:
    return {"lastTransitionTime": time, "message": message, "reason": reason, "status": "True", "type": kind}


def terminating(definition: Mapping[str, Any], time: str) -> dict[str, Any]:
    """The definition once it is being deleted: it waits for the end of its objects."""
    metadata = {**definition["metadata"], "deletionTimestamp": time}
    if CLEANUP_FINALIZER not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), CLEANUP_FINALIZER]
    message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    status = dict(definition.get("status") or {})
    before = [item for item in status.get("conditions") or () if item["type"] != "Terminating"]
    status["conditions"] = [*before, _condition("Terminating", "InstanceDeletionPending", message, time)]
    return {**definition, "metadata": metadata, "status": status}


def is_established(definition: Mapping[str, Any]) -> bool:
    """Whether the definition's condition Established is True."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def served_resources(definition: Mapping[str, Any]) -> list[Resource]:
    """One resource for each served version."""
    versions = definition["spec"].get("versions") or ()
    return [_resource(definition["spec"], version) for version in versions if version.get("served")]


def _resource(spec: Mapping[str, Any], version: Mapping[str, Any]) -> Resource:
    group, names, name = spec["group"], spec["names"], version["name"]
    given = version.get("subresources") or {}
    subresources: dict[str, Subresource] = {}
    if "status" in given:
        subresources["status"] = Subresource("status", group, name, names["kind"], _SUBRESOURCE_VERBS)
    if "scale" in given:
        subresources["scale"] = Subresource("scale", "autoscaling", "v1", "Scale", _SUBRESOURCE_VERBS)
    return Resource(
        group=group,
        version=name,
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS,
        list_kind=names.get("listKind") or f"{names['kind']}List",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=subresources,
        schema=structural.root_schema((version.get("schema") or {}).get("openAPIV3Schema") or {}),
        storage_hash=storage_hash(group, storage_version({"spec": spec}), names["kind"]),
        custom=True,
        columns=tuple(_column(item) for item in version.get("additionalPrinterColumns") or ()),
        selectable=tuple(item["jsonPath"].lstrip(".") for item in version.get("selectableFields") or ()),
        scale_paths=dict(given.get("scale") or {}),
    )


def storage_hash(group: str, version: str, kind: str) -> str:
    """`storageVersionHash` of discovery (k8s.io/apiserver/pkg/endpoints/discovery.StorageVersionHash)."""
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _column(item: Mapping[str, Any]) -> PrinterColumn:
    return PrinterColumn(
        item["name"],
        item["type"],
        item["jsonPath"],
        item.get("priority", 0),
        item.get("format", ""),
    )


def validate_definition(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    """Findings about a definition."""
    spec = new.get("spec") or {}
    names, group = spec.get("names") or {}, spec.get("group", "")
    findings: list[FieldError] = []
    wanted = f"{names.get('plural', '')}.{group}"
    if new["metadata"].get("name") != wanted:
        detail = 'must be spec.names.plural+"."+spec.group'
        findings.append(errors.invalid_value("metadata.name", new["metadata"].get("name"), detail))
    if "." not in group:
        findings.append(errors.invalid_value("spec.group", group, "should be a domain with at least one dot"))
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        findings.append(errors.unsupported_value("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced")))
    for key in ("plural", "singular", "kind", "listKind"):
        if not names.get(key):
            findings.append(errors.required(f"spec.names.{key}"))
    findings += _versions(spec)
    if old is not None:
        findings += _immutable(spec, old.get("spec") or {})
    return findings


def _versions(spec: Mapping[str, Any]) -> list[FieldError]:
    findings: list[FieldError] = []
    versions = spec.get("versions") or []
    stored = [version for version in versions if version.get("storage")]
    if len(stored) != 1:
        shown = [_go_version(version) for version in versions]
        detail = "must have exactly one version marked as storage version"
        findings.append(errors.invalid_value("spec.versions", shown, detail))
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            findings.append(errors.required(f"{path}.schema.openAPIV3Schema"))
        else:
            findings += _structural(schema, f"{path}.schema.openAPIV3Schema", root=True)
    if not stored:
        findings.append(errors.invalid_value("status.storedVersions", None, "must have at least one stored version"))
    return findings


def _go_version(version: Mapping[str, Any]) -> dict[str, Any]:
    """A version as the API server prints its Go struct; schemas and columns common to all versions stand elsewhere."""
    return {
        "Name": version.get("name"),
        "Served": bool(version.get("served")),
        "Storage": bool(version.get("storage")),
        "Deprecated": bool(version.get("deprecated")),
        "DeprecationWarning": version.get("deprecationWarning"),
        "Schema": None,
        "Subresources": None,
        "AdditionalPrinterColumns": None,
        "SelectableFields": None,
    }


def _structural(schema: Mapping[str, Any], path: str, *, root: bool = False) -> list[FieldError]:
    findings: list[FieldError] = []
    if root and schema.get("type") != "object":
        findings.append(errors.invalid_value(f"{path}.type", schema.get("type", ""), "must be object at the root"))
    typed = (
        schema.get("type")
        or schema.get("x-kubernetes-int-or-string")
        or schema.get("x-kubernetes-preserve-unknown-fields")
    )
    if not root and not typed:
        findings.append(errors.required(f"{path}.type", "must not be empty for specified object fields"))
    for name, member in (schema.get("properties") or {}).items():
        findings += _structural(member, f"{path}.properties[{name}]")
    items = schema.get("items")
    if isinstance(items, Mapping):
        findings += _structural(items, f"{path}.items")
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        findings += _structural(additional, f"{path}.additionalProperties")
    return findings


def _immutable(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[FieldError]:
    findings: list[FieldError] = []
    for path, before, after in (
        ("spec.group", old.get("group"), new.get("group")),
        ("spec.scope", old.get("scope"), new.get("scope")),
        ("spec.names.kind", old["names"].get("kind"), new["names"].get("kind")),
        ("spec.names.plural", old["names"].get("plural"), new["names"].get("plural")),
    ):
        if before != after:
            findings.append(errors.invalid_value(path, after, "field is immutable"))
    return findings
