# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the cluster be attached to these workspaces, under these names, in these namespaces?"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import (
    DEFAULT_NAMESPACE,
    AttachmentError,
    LegacyNameError,
    find_compute,
    plan_attach,
    staying,
    staying_sentence,
    subscription_problem,
    surplus_identities,
    view,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.namespaces import reserved_namespaces
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id

LEGACY = "AKS"


def computes(facts: Facts) -> Iterator[ComputeFacts]:
    """Yield every compute of the cluster in the named workspaces."""
    for workspace in facts["workspaces"]:
        yield from workspace["computes"]


def legacy_computes(facts: Facts) -> list[ComputeFacts]:
    """Return the cluster's AksComputes in the named workspaces."""
    return [compute for compute in computes(facts) if compute["type"] == LEGACY]


@rule(
    "subscription-differs",
    "blocker",
    "Cluster and workspace are in different subscriptions",
    remedy="Use a workspace in the cluster's subscription, or connect the cluster through Azure Arc in the workspace's "
    "subscription.",
    source=source.DEPLOY_EXTENSION,
)
def subscription_differs(settings: Settings, _facts: Facts) -> Evidence:
    """Find attachments across subscriptions, of AKS clusters and of Arc-connected ones alike."""
    problems = (subscription_problem(settings.cluster, each.workspace) for each in settings.attachments)
    return [each for each in problems if each]


@rule(
    "workspace-user-assigned-identity",
    "warning",
    "The workspace acts as a user-assigned identity, to which nobody gives the roles that an attached cluster needs",
    remedy="Before the run, give that identity Reader, Kubernetes Extension Contributor and Azure Kubernetes Service "
    "Cluster Admin on the cluster; for a cluster on Azure Arc, also Azure Relay Owner on its Azure Relay.",
    source=source.ATTACH,
)
def workspace_user_assigned_identity(settings: Settings, facts: Facts) -> Evidence:
    """Find workspaces with such an identity to which the cluster is still to be attached.

    Which roles it has is not looked at: they may come from any scope above, or from a group.
    """
    theirs = {each.lower() for each in facts["workspaces_of_user_identity"]}
    new = [each for each in settings.attachments if find_compute(facts, each) is None]
    names_of = {each.workspace.name for each in new if each.workspace_id.lower() in theirs}
    return [f"Workspace {name} acts as a user-assigned identity." for name in sorted(names_of)]


@rule(
    "compute-name-taken",
    "blocker",
    "The wanted compute name is the legacy compute's",
    remedy="Choose another aml_compute_name: the legacy compute stays until its services have moved.",
    source=source.UPGRADE_FROM_V1,
)
def compute_name_taken(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments that would write over an AksCompute."""
    return [str(each) for each in _refusals(settings, facts) if isinstance(each, LegacyNameError)]


def _refusals(settings: Settings, facts: Facts) -> Iterator[AttachmentError]:
    """Yield what the module would refuse: its own judgement."""
    for each in settings.attachments:
        try:
            plan_attach(each, find_compute(facts, each), facts["cluster"]["id"])
        except AttachmentError as error:
            yield error


@rule(
    "attachment-refused",
    "blocker",
    "An existing compute cannot become what is wanted",
    remedy="Keep what the compute has (its namespace above all), choose another aml_compute_name, or detach the "
    "compute with azureml.fleet.aml_compute_attach (state: absent) first.",
    source=source.ATTACH,
)
def attachment_refused(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments that only detaching and attaching again could bring about."""
    return [str(each) for each in _refusals(settings, facts) if not isinstance(each, LegacyNameError)]


@rule(
    "attachment-stays",
    "warning",
    "What is to be taken away from an existing compute stays",
    remedy="Remove the variable from the inventory to keep what is there; or detach the compute with "
    "azureml.fleet.aml_compute_attach (state: absent), when nothing uses it, and run again.",
    source=source.ATTACH,
)
def attachment_stays(settings: Settings, facts: Facts) -> Evidence:
    """Find an identity None, or empty tags, for a compute that has some. Nothing is sent for it (docs/beliefs.md)."""
    found = []
    for each in settings.attachments:
        existing = find_compute(facts, each)
        kept = staying(each, view(existing)) if existing is not None and existing["type"] == "Kubernetes" else ()
        if kept:
            found.append(staying_sentence(each, kept))
    return found


@rule(
    "identities-unused",
    "warning",
    "Several user-assigned identities are given, of which the first is used",
    remedy="Keep one entry in aml_compute_user_assigned_identities, the one that the compute is to use.",
    source=source.ATTACH,
)
def identities_unused(settings: Settings, _facts: Facts) -> Evidence:
    """Find computes with more than one user-assigned identity; the documentation says that only the first counts."""
    return [said for said in map(surplus_identities, settings.attachments) if said]


@rule(
    "legacy-compute-created",
    "blocker",
    "The legacy compute was created by the workspace: the documentation does not support its upgrade",
    remedy="Move its services to another cluster, or accept legacy-compute-created in aml_accepted_findings. Then only "
    "ever detach the compute (`az ml compute detach`): deleting it would delete the cluster. This collection does "
    "neither.",
    source=source.UPGRADE_FROM_V1,
    acceptable=True,
    about_changing=True,
)
def legacy_compute_created(_settings: Settings, facts: Facts) -> Evidence:
    """Find AksComputes whose cluster Azure Machine Learning made.

    The guide said "Created AKSCompute is not supported" until 2024-01; since then it has the warning that deleting the
    compute deletes the cluster. Both are followed: it blocks, and may be accepted.
    """
    return [
        f"{each['name']} in workspace {parse_workspace_id(each['workspace_id']).name} was created, not attached."
        for each in legacy_computes(facts)
        if each["attached"] is False
    ]


@rule(
    "legacy-compute-busy",
    "blocker",
    "An operation on the legacy compute is in progress",
    remedy="Wait until it has ended and run again.",
    source=source.UPGRADE_FROM_V1,
)
def legacy_compute_busy(_settings: Settings, facts: Facts) -> Evidence:
    """Find AksComputes that are being created, changed or deleted."""
    return [
        f"{each['name']} is {each['provisioning_state']}."
        for each in legacy_computes(facts)
        if each["provisioning_state"].lower() not in ("unknown", "")
        and not states.is_settled(each["provisioning_state"])
    ]


@rule(
    "legacy-compute-failed",
    "warning",
    "The legacy compute is not in order",
    remedy="Nothing has to be done for the upgrade; its v1 services may be suffering.",
    source=source.UPGRADE_FROM_V1,
)
def legacy_compute_failed(_settings: Settings, facts: Facts) -> Evidence:
    """Find AksComputes in state Failed or Canceled."""
    return [
        f"{each['name']} is {each['provisioning_state']}{': ' + '; '.join(each['errors']) if each['errors'] else '.'}"
        for each in legacy_computes(facts)
        if states.has_failed(each["provisioning_state"])
    ]


@rule(
    "legacy-compute-absent",
    "note",
    "No legacy compute of this cluster is in the named workspaces",
    remedy="Nothing has to be done: the cluster is attached as a Kubernetes compute, and nothing has to be kept "
    "alive. When one was expected, check aml_cluster_id and aml_workspace.",
    source=source.UPGRADE_FROM_V1,
)
def legacy_compute_absent(_settings: Settings, facts: Facts) -> Evidence:
    """Tell that there is no AksCompute to come from: it was detached, or the cluster never had one."""
    readable = [each for each in facts["workspaces"] if each["exists"] and not each["error"]]
    if legacy_computes(facts) or not readable or facts["cluster"]["kind"] == "arc":
        return None
    return f"{len(readable)} workspace(s) were looked at."


@rule(
    "compute-being-deleted",
    "blocker",
    "The Kubernetes compute is being detached",
    remedy="Wait until it is gone and run again.",
    source=source.ATTACH,
)
def compute_being_deleted(settings: Settings, facts: Facts) -> Evidence:
    """Find wanted computes on their way out."""
    wanted = {(each.workspace_id.lower(), each.name.lower()) for each in settings.attachments}
    return [
        f"{each['name']} is {each['provisioning_state']}."
        for each in computes(facts)
        if (each["workspace_id"].lower(), each["name"].lower()) in wanted
        and states.is_deleting(each["provisioning_state"])
    ]


@rule(
    "namespace-of-v1",
    "blocker",
    "The namespace belongs to AksCompute",
    remedy="Choose another aml_namespace: v1 services of the workspace live in that one.",
    source=source.UPGRADE_FROM_V1,
)
def namespace_of_v1(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments into `azureml-<workspace>`, of any of the workspaces that the cluster is known in."""
    reserved = reserved_namespaces(settings.workspace_ids(), facts)
    return [f"{each} is where v1 keeps its services." for each in settings.namespaces() if each.lower() in reserved]


@rule(
    "namespace-used-by-v1",
    "blocker",
    "Services of AksCompute run in the namespace",
    remedy="Choose another aml_namespace: v2 must not share one with v1.",
    source=source.UPGRADE_FROM_V1,
)
def namespace_used_by_v1(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments into a namespace in which a v1 web service is deployed."""
    services = facts["kubernetes"]["v1_services"] if facts["kubernetes"] else []
    return [
        f"Service {each['name']} runs in {each['namespace']}."
        for each in services
        if each["namespace"] in settings.namespaces()
    ]


@rule(
    "namespace-missing",
    "blocker",
    "The namespace does not exist and may not be created",
    remedy="Create the namespace, or set aml_namespace_create: true. Attaching neither creates nor checks it, and jobs "
    "would wait for ever.",
    source=source.ATTACH,
)
def namespace_missing(settings: Settings, facts: Facts) -> Evidence:
    """Find attachments into namespaces that nobody will create."""
    if facts["kubernetes"] is None or settings.namespace_create:
        return None
    existing = facts["kubernetes"]["namespaces"]
    return [f"There is no namespace {each}." for each in settings.namespaces() if each not in existing]


@rule(
    "namespace-terminating",
    "blocker",
    "The namespace is being deleted",
    remedy="Wait until it is gone, or find what keeps it (finalizers), and run again.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def namespace_terminating(settings: Settings, facts: Facts) -> Evidence:
    """Find namespaces, the extension's own among them, in phase Terminating."""
    if facts["kubernetes"] is None:
        return None
    phases = facts["kubernetes"]["namespaces"]
    return [
        f"{each} is Terminating."
        for each in (*settings.namespaces(), names.EXTENSION_NAMESPACE)
        if phases.get(each) == "Terminating"
    ]


@rule(
    "namespace-default",
    "blocker",
    "The namespace is `default`, where azureml-fe serves v1",
    remedy="Give the compute a namespace of its own (aml_namespace), so that quotas and clean-up touch nothing else; "
    "or accept namespace-default in aml_accepted_findings.",
    source=source.UPGRADE_FROM_V1,
    acceptable=True,
)
def namespace_default(settings: Settings, facts: Facts) -> Evidence:
    """Find new attachments into `default`; a compute that is there already cannot move, and is left where it is."""
    return [
        f"Compute {each.name} of workspace {each.workspace.name} would be attached in default."
        for each in settings.attachments
        if each.namespace == DEFAULT_NAMESPACE and find_compute(facts, each) is None
    ]
