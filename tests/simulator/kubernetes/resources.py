# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster serves: the built-in resources, shared by all clusters, and those that its CRDs add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.simulator.kubernetes import builtin
from tests.simulator.kubernetes.errors import qualified
from tests.simulator.kubernetes.schema import Schema

WITH_GENERATION = frozenset(
    {
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "pods",
        "replicationcontrollers",
        "jobs.batch",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "customresourcedefinitions.apiextensions.k8s.io",
        "priorityclasses.scheduling.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    }
)
"""Built-in resources whose objects carry `metadata.generation`."""


@dataclass(frozen=True)
class Subresource:
    """One subresource: the kind that it takes and gives, and its verbs."""

    name: str
    group: str
    version: str
    kind: str
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class PrinterColumn:
    """One of a CRD's `additionalPrinterColumns`."""

    name: str
    type: str
    json_path: str
    priority: int = 0
    format: str = ""


@dataclass(frozen=True)
class Resource:
    """One resource in one version."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    schema: Schema = field(default_factory=dict)
    storage_hash: str = ""
    custom: bool = False
    columns: tuple[PrinterColumn, ...] = ()
    selectable: tuple[str, ...] = ()
    scale_paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """The qualified name under which objects are stored, whatever their version: `deployments.apps`."""
        return qualified(self.plural, self.group)

    @property
    def has_status(self) -> bool:
        """Whether status is written through a subresource only."""
        return "status" in self.subresources

    @property
    def has_generation(self) -> bool:
        """Whether objects count the changes of their wanted state."""
        return self.custom or self.key in WITH_GENERATION


def in_version(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """The object as the resource's version shows it."""
    return obj if obj.get("apiVersion") == resource.api_version else {**obj, "apiVersion": resource.api_version}


@cache
def built_in() -> Mapping[tuple[str, str, str], Resource]:
    """The built-in resources by (group, version, plural)."""
    found: dict[tuple[str, str, str], Resource] = {}
    for group in builtin.groups():
        name = group["metadata"]["name"]
        for version in group["versions"]:
            for entry in version["resources"]:
                found[name, version["version"], entry["resource"]] = _built_in_resource(name, version["version"], entry)
    return found


def _built_in_resource(group: str, version: str, entry: dict[str, Any]) -> Resource:
    kind = entry["responseKind"]["kind"]
    definition = builtin.kinds().get(f"{group}/{version}/{kind}", "")
    subresources: dict[str, Subresource] = {}
    for sub in entry.get("subresources", ()):
        served = sub["responseKind"]
        subresources[sub["subresource"]] = Subresource(
            sub["subresource"],
            served["group"] or group,
            served["version"] or version,
            served["kind"],
            tuple(sub["verbs"]),
        )
    return Resource(
        group=group,
        version=version,
        plural=entry["resource"],
        singular=entry["singularResource"],
        kind=kind,
        namespaced=entry["scope"] == "Namespaced",
        verbs=tuple(entry["verbs"]),
        list_kind=f"{kind}List",
        short_names=tuple(entry.get("shortNames", ())),
        categories=tuple(entry.get("categories", ())),
        subresources=subresources,
        schema={"$ref": definition} if definition else {},
        storage_hash=builtin.storage_hashes().get(f"{group}/{version}/{entry['resource']}", ""),
    )


class ResourceRegistry:
    """The resources of one cluster."""

    def __init__(self) -> None:
        """Start with the built-in resources only."""
        self._custom: dict[tuple[str, str, str], Resource] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """A served resource."""
        return built_in().get((group, version, plural)) or self._custom.get((group, version, plural))

    def by_key(self, key: str) -> Resource | None:
        """A served resource by its qualified name, in its first version."""
        plural, _unused, group = key.partition(".")
        for resource in self:
            if resource.plural == plural and resource.group == group:
                return resource
        return None

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """A served resource by what objects call themselves."""
        for resource in self:
            if resource.api_version == api_version and resource.kind == kind:
                return resource
        return None

    def __iter__(self) -> Iterator[Resource]:
        yield from built_in().values()
        yield from self._custom.values()

    def group_versions(self) -> dict[str, list[str]]:
        """Versions by group, in the order in which discovery lists them."""
        found: dict[str, list[str]] = {}
        for resource in self:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def in_version(self, group: str, version: str) -> list[Resource]:
        """The resources of one group version."""
        return [resource for resource in self if (resource.group, resource.version) == (group, version)]

    def replace_custom(self, plural: str, group: str, resources: list[Resource]) -> None:
        """Serve these versions of a custom resource, and no others; an empty list stops serving it."""
        kept = {key: value for key, value in self._custom.items() if (value.plural, value.group) != (plural, group)}
        kept |= {(item.group, item.version, item.plural): item for item in resources}
        self._custom = kept
