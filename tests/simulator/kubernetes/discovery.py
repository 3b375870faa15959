# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: which groups, versions and resources the cluster serves, in the legacy and in the aggregated form.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes.resources import Resource, ResourceRegistry, Subresource

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def wants_aggregated(accept: str) -> bool:
    """Whether an Accept header asks for aggregated discovery first, in JSON and version v2."""
    for part in accept.split(","):
        fields = {field.strip() for field in part.split(";")}
        if fields >= {"application/json", "g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"}:
            return True
        if "application/json" in fields and not any(field.startswith("as=") for field in fields):
            return False
    return False


def versions_document(server: str) -> dict[str, Any]:
    """`GET /api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server}],
    }


def group_list(registry: ResourceRegistry) -> dict[str, Any]:
    """`GET /apis`."""
    groups = [_group(name, versions) for name, versions in registry.group_versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group_document(registry: ResourceRegistry, name: str) -> dict[str, Any] | None:
    """`GET /apis/<group>`, or None."""
    versions = registry.group_versions().get(name) if name else None
    if versions is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(registry: ResourceRegistry, group: str, version: str) -> dict[str, Any] | None:
    """`GET /api/v1` or `GET /apis/<group>/<version>`, or None."""
    found = registry.in_version(group, version)
    if not found:
        return None
    entries: list[dict[str, Any]] = []
    for resource in found:
        entries.append(_entry(resource))
        entries.extend(_subresource_entry(resource, sub) for sub in resource.subresources.values())
    group_version = f"{group}/{version}" if group else version
    type_meta = {"kind": "APIResourceList", **({"apiVersion": "v1"} if group else {})}
    return {**type_meta, "groupVersion": group_version, "resources": entries}


def _entry(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.storage_hash:
        entry["storageVersionHash"] = resource.storage_hash
    return entry


def _subresource_entry(resource: Resource, sub: Subresource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": sub.kind,
        "verbs": list(sub.verbs),
    }
    if (sub.group, sub.version) != (resource.group, resource.version):
        entry["group"], entry["version"] = sub.group, sub.version
    return entry


def aggregated(registry: ResourceRegistry, *, core: bool) -> dict[str, Any]:
    """Aggregated discovery of `/api` (core) or `/apis`."""
    items = []
    for name, versions in registry.group_versions().items():
        if (name == "") != core:
            continue
        listed = [_aggregated_version(registry, name, version) for version in versions]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_version(registry: ResourceRegistry, group: str, version: str) -> dict[str, Any]:
    resources = [_aggregated_resource(resource) for resource in registry.in_version(group, version)]
    return {"version": version, "resources": resources, "freshness": "Current"}


def _response_kind(resource: Resource, group: str, version: str, kind: str) -> dict[str, str]:
    """Built-in resources leave out the group and version that are their own; custom ones tell them."""
    if not resource.custom and (group, version) == (resource.group, resource.version):
        return {"group": "", "version": "", "kind": kind}
    return {"group": group, "version": version, "kind": kind}


def _aggregated_resource(resource: Resource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _response_kind(resource, resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    subresources = [
        {
            "subresource": sub.name,
            "responseKind": _response_kind(resource, sub.group, sub.version, sub.kind),
            "verbs": list(sub.verbs),
        }
        for sub in resource.subresources.values()
    ]
    if subresources:
        entry["subresources"] = subresources
    return entry
