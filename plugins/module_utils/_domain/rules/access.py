# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can we talk to Azure and to the cluster, and may we do what the upgrade needs?"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    ArcAgentFacts,
    ClusterFacts,
    Facts,
    NodeFacts,
    Permission,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.labels import (
    AKS_CLUSTER_LABEL,
    aks_cluster_label,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states


@rule(
    "kubernetes-api-unreachable",
    "blocker",
    "The Kubernetes API of the cluster cannot be reached",
    remedy="Give access with aml_kubeconfig (or aml_host and aml_api_key), or mend the route from this controller to "
    "the API server; then run again.",
    source=source.ACCESS_REVIEW,
)
def kubernetes_api_unreachable(_settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster whose own API did not answer; a private one has a rule of its own."""
    if facts["kubernetes"] is not None or facts["cluster"]["private"] or not _should_answer(facts):
        return None
    return facts["kubernetes_error"] or "The API gave no answer."


@rule(
    "private-cluster-unreachable",
    "blocker",
    "The cluster is private and its API has no route from here",
    remedy="Run the playbook from a controller inside the cluster's virtual network (or peered with it), or set "
    "aml_proxy to a proxy that reaches it.",
    source=source.PRIVATE_CLUSTERS,
)
def private_cluster_unreachable(_settings: Settings, facts: Facts) -> Evidence:
    """Find a private AKS cluster whose API did not answer."""
    if facts["kubernetes"] is not None or not facts["cluster"]["private"] or not _should_answer(facts):
        return None
    return facts["kubernetes_error"] or "The private API gave no answer."


@rule(
    "kubernetes-permission-missing",
    "blocker",
    "The credentials may not do what the upgrade does in the cluster",
    remedy="Bind the ClusterRole that is shipped with this collection to the user of the run, or use credentials that "
    "have these permissions.",
    source=source.ACCESS_REVIEW,
)
def kubernetes_permission_missing(_settings: Settings, facts: Facts) -> Evidence:
    """Find every permission that the API server said no to, before anything needs it."""
    kubernetes = facts["kubernetes"]
    if kubernetes is None:
        return None
    return [_permission(each) for each in kubernetes["permissions"] if not each["allowed"]]


@rule(
    "kubernetes-api-of-another-cluster",
    "blocker",
    "The Kubernetes API that answers belongs to another cluster",
    remedy="Give the kubeconfig, context or host of this cluster, or none at all: AKS then hands out the right one. "
    "Look for K8S_AUTH_KUBECONFIG and the like in the environment of the run.",
    source=source.NODE_LABELS,
)
def kubernetes_api_of_another_cluster(_settings: Settings, facts: Facts) -> Evidence:
    """Find nodes on which AKS wrote the node resource group of another cluster, and Arc agents of another one."""
    kubernetes, cluster = facts["kubernetes"], facts["cluster"]
    if kubernetes is None:
        return None
    if cluster["kind"] == "arc":
        return other_agents(cluster, kubernetes["arc_agents"])
    return other_nodes(cluster, kubernetes["nodes"])


def other_nodes(cluster: ClusterFacts, nodes: Sequence[NodeFacts]) -> list[str]:
    """Return on whose nodes AKS wrote the node resource group of another cluster than this one."""
    group = cluster["node_resource_group"]
    if not group:
        return []
    labels = {node["labels"][AKS_CLUSTER_LABEL] for node in nodes if AKS_CLUSTER_LABEL in node["labels"]}
    others = sorted(label for label in labels if label.lower() != aks_cluster_label(group).lower())
    return [f"Its nodes belong to {label}; those of the cluster in Azure belong to {group}." for label in others]


def other_agents(cluster: ClusterFacts, agents: ArcAgentFacts | None) -> list[str]:
    """Return for which other connected cluster than this one the Arc agents were installed, or that there are none.

    Source: `az connectedk8s delete` compares the same names before it believes a kubeconfig
    (Azure/azure-cli-extensions, src/connectedk8s/azext_connectedk8s/custom.py).
    """
    if agents is None:
        return ["It has no agents of Azure Arc (ConfigMap azure-clusterconfig in namespace azure-arc)."]
    known = (agents["subscription_id"], agents["resource_group"], agents["name"])
    wanted = (cluster["subscription_id"], cluster["resource_group"], cluster["name"])
    if all(not each or each.lower() == own.lower() for each, own in zip(known, wanted, strict=True)):
        return []
    return [
        f"Its agents of Azure Arc were installed for {agents['name']} in resource group {agents['resource_group']}"
        f" of subscription {agents['subscription_id'] or 'unknown'}."
    ]


@rule(
    "workspace-unreadable",
    "blocker",
    "A workspace cannot be read",
    remedy="Check aml_workspace and aml_workspace_resource_group, and that the credentials have at least the role "
    "Reader on the workspace.",
    source=source.ATTACH,
)
def workspace_unreadable(_settings: Settings, facts: Facts) -> Evidence:
    """Find workspaces that do not exist or do not answer."""
    return [
        f"{each['id']}: {each['error'] or 'there is no such workspace'}"
        for each in facts["workspaces"]
        if each["error"] or not each["exists"]
    ]


@rule(
    "provider-unregistered",
    "blocker",
    "A resource provider is not registered in the subscription",
    remedy="Run `az provider register --namespace <provider>` once per subscription and wait until it is Registered.",
    source=source.CLUSTER_EXTENSIONS,
    about_changing=True,
)
def provider_unregistered(_settings: Settings, facts: Facts) -> Evidence:
    """Find providers that the extension needs and that are not registered."""
    return [
        f"{namespace} is {state}."
        for namespace, state in sorted(facts["providers"].items())
        if state.lower() != "registered"
    ]


def _should_answer(facts: Facts) -> bool:
    """Tell whether the API server runs at all: of a stopped cluster nobody expects an answer."""
    return not states.is_stopped(facts["cluster"]["power_state"])


def _permission(permission: Permission) -> str:
    """Return one refused permission in words that an administrator can act on."""
    resource = permission["resource"] + (f".{permission['group']}" if permission["group"] else "")
    name = f" '{permission['name']}'" if permission["name"] else ""
    where = f" in namespace {permission['namespace']}" if permission["namespace"] else " in the whole cluster"
    return f"May not {permission['verb']} {resource}{name}{where}: needed to {permission['purpose']}."
