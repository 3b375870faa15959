# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a compute is to become: one attachment of a cluster to a workspace, compared with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Namespace that Azure Machine Learning takes when none is named (azure.ai.ml.entities.KubernetesCompute).
DEFAULT_NAMESPACE = "default"


class AttachmentError(InputError):
    """An attachment that must not or cannot be made, in one sentence."""


class ComputeView(TypedDict):
    """What of a compute can be wanted: the form that is compared and that `--diff` shows."""

    namespace: str | None
    default_instance_type: str | None
    identity_type: str | None
    user_assigned_identities: list[str]
    description: str | None
    tags: dict[str, str]
    state: str


@dataclass(frozen=True)
class WantedCompute:
    """One attachment as the user writes it; None means 'as it is'."""

    workspace_id: str
    workspace_name: str
    name: str
    namespace: str | None = None
    identity_type: str | None = None
    user_assigned_identities: tuple[str, ...] = ()
    default_instance_type: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ComputePlan:
    """What is to be done with one compute."""

    action: Literal["none", "attach", "update", "detach"]
    before: ComputeView | None
    after: ComputeView | None
    #: Inner properties to send, as the service names them.
    properties: dict[str, Any] = field(default_factory=dict)


def check_wanted(wanted: WantedCompute) -> None:
    """Raise AttachmentError for an attachment that is wrong whatever is there.

    The namespace `azureml-<workspace>` is where the web services of a legacy compute run; a Kubernetes compute in it
    would touch them (github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md).
    """
    if (wanted.namespace or "").lower() == names.v1_namespace(wanted.workspace_name):
        raise AttachmentError(
            f"Compute {wanted.name}: namespace {wanted.namespace} belongs to the legacy services of workspace "
            f"{wanted.workspace_name}; choose another."
        )
    if wanted.identity_type == "UserAssigned" and not wanted.user_assigned_identities:
        raise AttachmentError(f"Compute {wanted.name}: identity type UserAssigned needs user_assigned_identities.")
    if wanted.user_assigned_identities and wanted.identity_type != "UserAssigned":
        raise AttachmentError(f"Compute {wanted.name}: user_assigned_identities need identity type UserAssigned.")


def plan_attach(wanted: WantedCompute, existing: Mapping[str, Any] | None, cluster_id: str) -> ComputePlan:
    """Return the plan for a compute that is to be there; `existing` is its body as the service sent it.

    A compute whose last operation failed is sent again. Raises AttachmentError when the name is taken by something
    else, or when the namespace differs, which only a detach and a new attach can change.
    """
    if existing is None:
        after = _wanted_view(wanted, None)
        return ComputePlan("attach", None, after, _inner(wanted, {}))
    _check_same(wanted, existing, cluster_id)
    before = view(existing)
    if wanted.namespace and before["namespace"] and wanted.namespace != before["namespace"]:
        raise AttachmentError(
            f"Compute {wanted.name} of workspace {wanted.workspace_name} is in namespace {before['namespace']}, not in "
            f"{wanted.namespace}; only detaching it and attaching it again can change that."
        )
    after = _wanted_view(wanted, before)
    if _comparable(before) == _comparable(after):
        return ComputePlan("none", before, before)
    return ComputePlan("update", before, after, _inner(wanted, nested(existing, "properties", "properties")))


def plan_detach(wanted: WantedCompute, existing: Mapping[str, Any] | None, cluster_id: str) -> ComputePlan:
    """Return the plan for a compute that is to be gone. Raises AttachmentError when it is not one of ours to detach."""
    if existing is None:
        return ComputePlan("none", None, None)
    _check_same(wanted, existing, cluster_id)
    return ComputePlan("detach", view(existing), None)


def view(body: Mapping[str, Any]) -> ComputeView:
    """Return what of a compute's body can be wanted."""
    properties = nested(body, "properties")
    inner = nested(properties, "properties")
    identity = nested(body, "identity")
    state = str(properties.get("provisioningState") or "Unknown")
    return ComputeView(
        namespace=inner.get("namespace"),
        default_instance_type=inner.get("defaultInstanceType"),
        identity_type=identity_name(identity.get("type")),
        user_assigned_identities=sorted(nested(identity, "userAssignedIdentities")),
        description=properties.get("description") or None,
        tags={str(key): str(value) for key, value in nested(body, "tags").items()},
        state=state if states.has_failed(state) else "attached",
    )


def identity_name(kind: Any) -> str | None:
    """Return an identity type in the spelling of the API, or None for no identity; answers differ in letter case."""
    words = {word.strip().lower() for word in str(kind or "none").split(",")}
    names = [name for name in ("SystemAssigned", "UserAssigned") if name.lower() in words]
    return ",".join(names) or None


def _check_same(wanted: WantedCompute, existing: Mapping[str, Any], cluster_id: str) -> None:
    """Raise AttachmentError unless `existing` is a Kubernetes compute of this cluster."""
    properties = nested(existing, "properties")
    kind = str(properties.get("computeType") or "of no type")
    if kind.lower() != "kubernetes":
        legacy = " (a legacy AksCompute, which this module never touches)" if kind.lower() == "aks" else ""
        raise AttachmentError(
            f"The name {wanted.name} is taken in workspace {wanted.workspace_name} by a compute {kind}{legacy}; "
            "choose another name."
        )
    resource = str(properties.get("resourceId") or "")
    if resource.rstrip("/").lower() != cluster_id.rstrip("/").lower():
        raise AttachmentError(
            f"Compute {wanted.name} of workspace {wanted.workspace_name} is on {resource or 'no cluster'}, not on "
            f"{cluster_id}."
        )


def _wanted_view(wanted: WantedCompute, before: ComputeView | None) -> ComputeView:
    """Return how the compute will look; what is not wanted stays as it is."""
    kept = before or ComputeView(
        namespace=None,
        default_instance_type=None,
        identity_type=None,
        user_assigned_identities=[],
        description=None,
        tags={},
        state="absent",
    )
    identity, assigned = kept["identity_type"], kept["user_assigned_identities"]
    if wanted.identity_type is not None:
        identity = None if wanted.identity_type == "None" else wanted.identity_type
        assigned = sorted(wanted.user_assigned_identities)
    return ComputeView(
        namespace=kept["namespace"] or wanted.namespace or DEFAULT_NAMESPACE,
        default_instance_type=wanted.default_instance_type or kept["default_instance_type"],
        identity_type=identity,
        user_assigned_identities=assigned,
        description=kept["description"] if wanted.description is None else wanted.description or None,
        tags=kept["tags"] if wanted.tags is None else dict(wanted.tags),
        state="attached",
    )


def _comparable(shown: ComputeView) -> dict[str, Any]:
    """Return a view in which spellings that Azure changes are equal."""
    return {
        **shown,
        "user_assigned_identities": sorted(each.lower() for each in shown["user_assigned_identities"]),
    }


def _inner(wanted: WantedCompute, existing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inner properties to send: those that are there, without nulls, and those that are wanted."""
    inner = {key: value for key, value in existing.items() if value is not None and key != "namespace"}
    if wanted.default_instance_type:
        inner["defaultInstanceType"] = wanted.default_instance_type
    return inner
