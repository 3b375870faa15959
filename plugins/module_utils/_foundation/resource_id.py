# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure resource ids: read, compared and written. Azure Resource Manager ignores letter case in them, so we do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import is_segment

_RESOURCE_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<provider>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)(?P<children>(?:/[^/]+)*)/?$",
    re.IGNORECASE,
)

AKS = ("Microsoft.ContainerService", "managedClusters")
ARC = ("Microsoft.Kubernetes", "connectedClusters")
IDENTITY = ("Microsoft.ManagedIdentity", "userAssignedIdentities")
WORKSPACE = ("Microsoft.MachineLearningServices", "workspaces")

ClusterKind = Literal["aks", "arc"]


class ResourceIdError(FleetError):
    """A text that is not the id of the kind of resource that is needed."""


@dataclass(frozen=True)
class ResourceId:
    """The parts of the id of a resource in a resource group; `children` are the segments after the resource's name."""

    subscription_id: str
    resource_group: str
    provider: str
    type: str
    name: str
    children: tuple[str, ...] = ()

    def is_a(self, provider_and_type: tuple[str, str]) -> bool:
        """Tell whether this is a resource of a provider's type, for example `AKS`, and not of one of its children."""
        own = (self.provider.lower(), self.type.lower())
        return own == (provider_and_type[0].lower(), provider_and_type[1].lower()) and not self.children

    def __str__(self) -> str:
        """Return the id in Azure's own spelling."""
        path = (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{self.provider}/{self.type}/{self.name}"
        )
        return "/".join((path, *self.children))


def parse_resource_id(text: str) -> ResourceId:
    """Return the parts of a resource id.

    Raises ResourceIdError when `text` is not the id of a resource in a resource group, or would lead elsewhere.
    """
    match = _RESOURCE_ID.match(text.strip())
    if match is None:
        raise ResourceIdError(
            f"'{text}' is not an Azure resource id; one looks like /subscriptions/<id>/resourceGroups/<group>"
            "/providers/<namespace>/<type>/<name>. Nothing was changed.",
            code="InvalidResourceId",
        )
    parsed = ResourceId(
        subscription_id=match["subscription"],
        resource_group=match["group"],
        provider=match["provider"],
        type=match["type"],
        name=match["name"],
        children=tuple(part for part in match["children"].split("/") if part),
    )
    for part in str(parsed).removeprefix("/").split("/"):
        if not is_segment(part):
            raise ResourceIdError(
                f"{text[:300]!r} is not an Azure resource id, because {part[:80]!r} cannot be a name in it. Nothing "
                "was changed.",
                code="InvalidResourceId",
            )
    return parsed


def same_id(one: str | None, other: str | None) -> bool:
    """Tell whether two ids name the same resource; Azure changes their letter case from answer to answer."""
    return (one or "").rstrip("/").lower() == (other or "").rstrip("/").lower()


def parse_cluster_id(text: str) -> ResourceId:
    """Return the parts of a cluster's id, provider and type in their usual spelling.

    Raises ResourceIdError when the id is not that of an AKS cluster or of an Arc-connected one.
    """
    parsed = parse_resource_id(text)
    for known in (AKS, ARC):
        if parsed.is_a(known):
            return ResourceId(parsed.subscription_id, parsed.resource_group, known[0], known[1], parsed.name)
    raise ResourceIdError(
        f"'{text}' is the id of a {parsed.provider}/{parsed.type}, not of a cluster: a cluster's id ends in "
        f"{AKS[0]}/{AKS[1]}/<name> (AKS) or {ARC[0]}/{ARC[1]}/<name> (Azure Arc). Nothing was changed.",
        code="InvalidResourceId",
    )


def parse_workspace_id(text: str) -> ResourceId:
    """Return the parts of a workspace's id.

    Raises ResourceIdError when the id is not that of an Azure Machine Learning workspace.
    """
    parsed = parse_resource_id(text)
    if not parsed.is_a(WORKSPACE):
        raise ResourceIdError(
            f"'{text}' is not the id of an Azure Machine Learning workspace: that ends in "
            f"{WORKSPACE[0]}/{WORKSPACE[1]}/<name>. Nothing was changed.",
            code="InvalidResourceId",
        )
    return ResourceId(parsed.subscription_id, parsed.resource_group, WORKSPACE[0], WORKSPACE[1], parsed.name)


def cluster_kind(text: str) -> ClusterKind:
    """Return whether a cluster's id is that of an AKS cluster or of one connected through Azure Arc.

    Raises ResourceIdError when it is neither.
    """
    return "aks" if parse_cluster_id(text).is_a(AKS) else "arc"
