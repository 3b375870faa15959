# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a compute is to become: one attachment of a cluster to a workspace, compared with what is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.namespaces import namespace_problem
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    IDENTITY,
    ResourceId,
    ResourceIdError,
    parse_resource_id,
    same_id,
)

#: Namespace that Azure Machine Learning takes when none is named (azure.ai.ml.entities.KubernetesCompute).
DEFAULT_NAMESPACE = "default"
STAGE = "compute"


class AttachmentError(InputError):
    """An attachment that must not or cannot be made, in one sentence."""


class LegacyNameError(AttachmentError):
    """An attachment that would write over a legacy compute."""


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

    workspace: ResourceId
    name: str
    namespace: str | None = None
    identity_type: str | None = None
    user_assigned_identities: tuple[str, ...] = ()
    default_instance_type: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None

    @property
    def workspace_id(self) -> str:
        """The workspace's id in Azure's own spelling."""
        return str(self.workspace)

    @property
    def subject(self) -> str:
        """The compute in words, without the word compute."""
        return f"{self.name} in workspace {self.workspace.name}"

    def to_option(self) -> dict[str, Any]:
        """Return the attachment as `aml_compute_attach` takes it; what was not asked for is left out."""
        option: dict[str, Any] = {"workspace_id": self.workspace_id, "name": self.name}
        if self.namespace is not None:
            option["namespace"] = self.namespace
        if self.identity_type is not None:
            option["identity"] = {"type": self.identity_type}
            if self.user_assigned_identities:
                option["identity"]["user_assigned_identities"] = list(self.user_assigned_identities)
        for name in ("default_instance_type", "description", "tags"):
            if getattr(self, name) is not None:
                option[name] = getattr(self, name)
        return option


@dataclass(frozen=True)
class ComputePlan:
    """What is to be done with one compute."""

    action: Literal["none", "attach", "update", "detach"]
    before: ComputeView | None
    after: ComputeView | None
    #: What was to be taken away from the compute and stays, in words; only detaching and attaching changes it.
    staying: tuple[str, ...] = ()


def check_wanted(wanted: WantedCompute) -> None:
    """Raise AttachmentError for an attachment that is wrong whatever is there.

    The namespace `azureml-<workspace>` is where the web services of a legacy compute run; a Kubernetes compute in it
    would touch them (github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md).
    """
    problem = (
        namespace_problem(wanted.namespace, [names.v1_namespace(wanted.workspace.name)]) if wanted.namespace else None
    )
    if problem:
        raise AttachmentError(f"Compute {wanted.name}: {problem}")
    problem = identity_problem(wanted)
    if problem:
        raise AttachmentError(f"Compute {wanted.name}: {problem}")


def identity_problem(wanted: WantedCompute) -> str | None:
    """Return why the identity of a compute is not whole, as one sentence, or None."""
    if wanted.identity_type == "UserAssigned" and not wanted.user_assigned_identities:
        return "identity type UserAssigned needs user_assigned_identities."
    if wanted.user_assigned_identities and wanted.identity_type != "UserAssigned":
        return "user_assigned_identities need identity type UserAssigned."
    for each in wanted.user_assigned_identities:
        if not _is_identity(each):
            return (
                f"'{each}' is not the id of a user-assigned identity: that ends in {IDENTITY[0]}/{IDENTITY[1]}/<name>."
            )
    return None


def _is_identity(text: str) -> bool:
    """Tell whether a text is the id of a user-assigned managed identity."""
    try:
        return parse_resource_id(text).is_a(IDENTITY)
    except ResourceIdError:
        return False


def surplus_identities(wanted: WantedCompute) -> str | None:
    """Return that all identities but the first do nothing, as one sentence, or None.

    Source: learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace: "Although you can provide
    a list of comma-separated user managed identities, only the first one is used when you attach your cluster."
    """
    if len(wanted.user_assigned_identities) < 2:
        return None
    first, *others = (each.rpartition("/")[2] for each in wanted.user_assigned_identities)
    return (
        f"Compute {wanted.name} of workspace {wanted.workspace.name}: Azure Machine Learning uses the first "
        f"user-assigned identity only, {first}; {', '.join(others)} will do nothing."
    )


def staying(wanted: WantedCompute, before: ComputeView) -> tuple[str, ...]:
    """Return what a user wants taken away from an existing compute, in words: it stays.

    Whether a PUT without identity or tags takes them away is not known (docs/beliefs.md,
    `compute-cleared-by-omission`): where they stayed, every run would change the compute again and none would be done.
    So nothing of it is sent.
    """
    found = []
    if wanted.identity_type == "None" and before["identity_type"]:
        found.append(f"identity {before['identity_type']}")
    if wanted.tags is not None and not wanted.tags and before["tags"]:
        found.append(f"the tags {', '.join(sorted(before['tags']))}")
    return tuple(found)


def staying_sentence(wanted: WantedCompute, kept: Collection[str]) -> str:
    """Return what was left on a compute although it was to be taken away, as one sentence, with the way out."""
    return (
        f"Compute {wanted.name} of workspace {wanted.workspace.name} keeps {' and '.join(kept)}: only detaching it and "
        "attaching it again is known to take that away; nothing was sent."
    )


def check_namespace(wanted: WantedCompute, forbidden: Collection[str]) -> None:
    """Raise AttachmentError for a compute that is to be attached in one of `forbidden` namespaces, where v1 serves."""
    namespace = wanted.namespace or DEFAULT_NAMESPACE
    if namespace.lower() in {each.lower() for each in forbidden}:
        raise AttachmentError(
            f"Compute {wanted.name} of workspace {wanted.workspace.name} was not attached: v1 web services run in "
            f"namespace {namespace}, which nothing of v2 may touch. Choose another namespace."
        )


def subscription_problem(cluster: ResourceId, workspace: ResourceId) -> str | None:
    """Return why a cluster cannot be attached to a workspace of another subscription, or None.

    Source: learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension, 'Limitations': AKS clusters
    of another subscription are not supported; they are connected through Azure Arc, in the workspace's.
    """
    if cluster.subscription_id.lower() == workspace.subscription_id.lower():
        return None
    return (
        f"Workspace {workspace.name} is in subscription {workspace.subscription_id}, cluster {cluster.name} in "
        f"{cluster.subscription_id}."
    )


def find_compute(facts: Facts, wanted: WantedCompute) -> ComputeFacts | None:
    """Return the compute of the wanted name, of whatever type, None when it is not there."""
    for workspace in facts["workspaces"]:
        if not same_id(workspace["id"], wanted.workspace_id):
            continue
        for compute in workspace["computes"]:
            if compute["name"].lower() == wanted.name.lower():
                return compute
    return None


def plan_attach(wanted: WantedCompute, existing: ComputeFacts | None, cluster_id: str) -> ComputePlan:
    """Return the plan for a compute that is to be there.

    A compute whose last operation failed is sent again. Identity and tags are changed, but never taken away.
    Raises AttachmentError for what `check_wanted` refuses, when the name is taken by something
    else, or when the namespace differs, which only a detach and a new attach can change.
    """
    check_wanted(wanted)
    if existing is None:
        return ComputePlan("attach", None, _wanted_view(wanted, None))
    _check_same(wanted, existing, cluster_id)
    before = view(existing)
    if wanted.namespace and before["namespace"] and wanted.namespace != before["namespace"]:
        raise AttachmentError(
            f"Compute {wanted.name} of workspace {wanted.workspace.name} is in namespace {before['namespace']}, not in "
            f"{wanted.namespace}; only detaching it and attaching it again can change that."
        )
    after = _wanted_view(wanted, before)
    kept = staying(wanted, before)
    if before == after:
        return ComputePlan("none", before, before, kept)
    return ComputePlan("update", before, after, kept)


def plan_detach(wanted: WantedCompute, existing: ComputeFacts | None, cluster_id: str) -> ComputePlan:
    """Return the plan for a compute that is to be gone. Raises AttachmentError when it is not one of ours to detach."""
    if existing is None:
        return ComputePlan("none", None, None)
    _check_same(wanted, existing, cluster_id)
    return ComputePlan("detach", view(existing), None)


def changes_of(wanted: WantedCompute, existing: ComputeFacts | None, plan: ComputePlan) -> list[Change]:
    """Return the plan as changes; an operation that is in progress is one that is waited for."""
    compute_id = f"{wanted.workspace_id}/computes/{wanted.name}"
    found: list[Change] = []
    if existing is not None and not states.is_settled(existing["provisioning_state"]):
        before = {"state": existing["provisioning_state"]}
        found.append(
            Change(STAGE, "wait", "compute", compute_id, wanted.subject, before, {"state": "Succeeded"}, "in progress")
        )
    if plan.action == "attach":
        found.append(
            Change(STAGE, "create", "compute", compute_id, wanted.subject, None, _shown(plan.after), "missing")
        )
    elif plan.action == "update":
        before_view, after_view = _shown(plan.before), _shown(plan.after)
        failed = existing is not None and states.has_failed(existing["provisioning_state"])
        reason: Literal["failed", "differs"] = "failed" if failed else "differs"
        found.append(Change(STAGE, "update", "compute", compute_id, wanted.subject, before_view, after_view, reason))
    elif plan.action == "detach":
        found.append(
            Change(STAGE, "delete", "compute", compute_id, wanted.subject, _shown(plan.before), None, "unwanted")
        )
    return found


def view(facts: ComputeFacts) -> ComputeView:
    """Return what of a compute can be wanted."""
    state = facts["provisioning_state"]
    return ComputeView(
        namespace=facts["namespace"],
        default_instance_type=facts["default_instance_type"],
        identity_type=facts["identity_type"],
        user_assigned_identities=facts["user_assigned_identities"],
        description=facts["description"],
        tags=facts["tags"],
        state=state if states.has_failed(state) else "attached",
    )


def identity_name(kind: Any) -> str | None:
    """Return an identity type in the spelling of the API, or None for no identity; answers differ in letter case."""
    words = {word.strip().lower() for word in str(kind or "none").split(",")}
    found = [name for name in ("SystemAssigned", "UserAssigned") if name.lower() in words]
    return ",".join(found) or None


def _check_same(wanted: WantedCompute, existing: ComputeFacts, cluster_id: str) -> None:
    """Raise AttachmentError unless `existing` is a Kubernetes compute of this cluster."""
    kind = existing["type"] or "of no type"
    taken = f"The name {wanted.name} is taken in workspace {wanted.workspace.name} by"
    if kind == "AKS":
        raise LegacyNameError(f"{taken} a legacy AksCompute, which is never touched; choose another name.")
    if kind != "Kubernetes":
        raise AttachmentError(f"{taken} a compute {kind}; choose another name.")
    if not same_id(existing["resource_id"], cluster_id):
        raise AttachmentError(
            f"Compute {wanted.name} of workspace {wanted.workspace.name} is on "
            f"{existing['resource_id'] or 'no cluster'}, not on {cluster_id}."
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
    if wanted.identity_type not in (None, "None"):
        identity = wanted.identity_type
        # Azure changes the letter case of ids: an equal one keeps the spelling that it has there.
        spelt = {each.lower(): each for each in kept["user_assigned_identities"]}
        assigned = sorted(spelt.get(each.lower(), each) for each in wanted.user_assigned_identities)
    return ComputeView(
        namespace=kept["namespace"] or wanted.namespace or DEFAULT_NAMESPACE,
        default_instance_type=wanted.default_instance_type or kept["default_instance_type"],
        identity_type=identity,
        user_assigned_identities=assigned,
        description=kept["description"] if wanted.description is None else wanted.description or None,
        tags=dict(wanted.tags) if wanted.tags else kept["tags"],
        state="attached",
    )


def _shown(shown: ComputeView | None) -> dict[str, object] | None:
    """Return a view as a plain map."""
    return None if shown is None else {**shown}
