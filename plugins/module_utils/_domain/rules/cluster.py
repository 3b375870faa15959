# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this a cluster that the extension supports: kind, region, identity, version, size, state?"""

from __future__ import annotations

import math

from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.kubernetes_versions import (
    SUPPORTED_KUBERNETES_VERSIONS,
    Standing,
    version_standing,
    window,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.regions import (
    SUPPORTED_REGIONS,
    region_is_supported,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states

_GIB = 1024**3
_MINIMUM_CPU = 4
_MINIMUM_MEMORY = 8 * _GIB
#: What AKS keeps of a node's memory for the kubelet, by slices of the node's size, before Kubernetes 1.29, when it kept
#: more (https://learn.microsoft.com/azure/aks/node-resource-reservations). Sizes in GiB.
_RESERVED_SLICES = ((4.0, 0.25), (4.0, 0.20), (8.0, 0.10), (112.0, 0.06), (math.inf, 0.02))
_EVICTION_THRESHOLD = 0.75
#: Sovereign clouds, in which Azure Machine Learning has no trusted access.
_WITHOUT_TRUSTED_ACCESS = ("azureusgovernment", "azurechinacloud")


@rule(
    "cluster-connected-through-arc",
    "blocker",
    "AksCompute of v1 is on the AKS cluster, which is addressed by its Azure Arc connection",
    remedy="Set aml_cluster_id to the cluster's Microsoft.ContainerService/managedClusters id: the upgrade from "
    "AksCompute installs the extension there. For a workspace in another subscription, move what v1 serves to another "
    "cluster first; an AKS cluster without it may be attached through Azure Arc.",
    source=source.UPGRADE_FROM_V1,
    about_changing=True,
)
def cluster_connected_through_arc(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster that is given by the id of its connectedClusters resource, and on which v1 is.

    Without v1 that is the documented way for a workspace in another subscription. Where its API gives no answer nothing
    is known of v1, and a rule of its own says that.
    """
    cluster, there = facts["cluster"], _there_of_v1(facts)
    if cluster["kind"] != "arc" or (cluster["distribution"] or "").lower() != "aks" or there is None:
        return None
    return f"aml_cluster_id names an Azure Arc connection whose distribution is AKS, and {there}."


def _there_of_v1(facts: Facts) -> str | None:
    """Return what of v1 is in the cluster, in words; None without any of it, and where nothing could be read."""
    kubernetes = facts["kubernetes"]
    if kubernetes is None:
        return None
    if kubernetes["front_end"]["verdict"] not in ("absent", "owned_by_extension"):
        return "azureml-fe of v1 is there"
    services = len(kubernetes["v1_services"])
    return f"{services} v1 service(s) run there" if services else None


@rule(
    "cluster-also-on-arc",
    "blocker",
    "AksCompute of v1 is on the AKS cluster, which is connected to Azure Arc as well",
    remedy="Where nobody needs the connection, `az connectedk8s delete` removes it from Azure, with the configurations "
    "that belong to it, and the agents from the cluster; what else was brought through it (extensions, GitOps, custom "
    "locations) is not looked at here, so list it before. Or accept cluster-also-on-arc in aml_accepted_findings: the "
    "guide wants the extension on managedClusters, where this run has it, and says nothing of agents beside it.",
    source=source.UPGRADE_FROM_V1,
    acceptable=True,
    about_changing=True,
)
def cluster_also_on_arc(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster with v1 and the agents of Azure Arc, although it is given by its managedClusters id.

    What `az connectedk8s delete` removes:
    https://learn.microsoft.com/azure/azure-arc/kubernetes/quickstart-connect-cluster ("Clean up resources").
    """
    there = _there_of_v1(facts)
    return f"Namespace azure-arc is there, and {there}." if there and _has_agents_beside(facts) else None


@rule(
    "cluster-also-on-arc-without-v1",
    "warning",
    "The AKS cluster is connected to Azure Arc as well",
    remedy="Nothing has to be done where the connection has no extension Microsoft.AzureML.Kubernetes of its own, "
    "which is not looked at here: that one and the cluster's would share namespace azureml.",
    source=source.DEPLOY_EXTENSION,
)
def cluster_also_on_arc_without_v1(_settings: Settings, facts: Facts) -> Evidence:
    """Tell of the agents of Azure Arc in an AKS cluster without v1, which is given by its managedClusters id."""
    return "Namespace azure-arc is there." if _has_agents_beside(facts) and not _there_of_v1(facts) else None


def _has_agents_beside(facts: Facts) -> bool:
    """Tell whether the agents of Azure Arc have their namespace in a cluster that is addressed as one of AKS."""
    kubernetes = facts["kubernetes"]
    return facts["cluster"]["kind"] == "aks" and kubernetes is not None and "azure-arc" in kubernetes["namespaces"]


@rule(
    "cluster-region-unsupported",
    "blocker",
    "The extension is not available in the cluster's region",
    remedy="Use a cluster in a region where Azure offers cluster extensions "
    '(`az provider show --namespace Microsoft.KubernetesConfiguration --query "resourceTypes[].locations"`). When you '
    "know better, name the region in aml_supported_regions.",
    source=source.REFERENCE,
    about_changing=True,
)
def cluster_region_unsupported(settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster outside the regions of Arc-enabled Kubernetes, as Azure lists them for this very subscription.

    An old revision of a how-to page names two regions only; the reference page, which is newer, names all those of
    Arc-enabled Kubernetes. The reference page holds, because Azure's own list agrees with it.
    """
    region, allowed = facts["cluster"]["location"], settings.run.supported_regions or facts["extension_regions"]
    if not allowed or region_is_supported(region, allowed):
        return None
    return f"The cluster is in {region}."


@rule(
    "cluster-region-unknown",
    "warning",
    "Whether the extension is available in the cluster's region is not known",
    remedy="Nothing has to be done when Azure offers cluster extensions there; aml_supported_regions may name it, "
    "to say so.",
    source=source.REFERENCE,
)
def cluster_region_unknown(settings: Settings, facts: Facts) -> Evidence:
    """Find a region that the collection's own, older list lacks, where Azure gave no list."""
    region = facts["cluster"]["location"]
    if settings.run.supported_regions or facts["extension_regions"] or region_is_supported(region, SUPPORTED_REGIONS):
        return None
    return f"The cluster is in {region}, and Azure did not say where it offers cluster extensions."


@rule(
    "cluster-service-principal",
    "blocker",
    "The cluster uses a service principal",
    remedy="Convert the cluster with `az aks update --enable-managed-identity`, then delete and recreate every node "
    "pool (updating them is not enough), and run again.",
    source=source.DEPLOY_EXTENSION,
    about_changing=True,
)
def cluster_service_principal(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster without a managed identity."""
    cluster = facts["cluster"]
    if cluster["kind"] != "aks" or cluster["identity"] in ("SystemAssigned", "UserAssigned"):
        return None
    return "The cluster has no managed identity."


@rule(
    "kubernetes-version-unsupported",
    "blocker",
    "Azure Machine Learning no longer supports the cluster's Kubernetes version",
    remedy="Upgrade the cluster to a version of the supported window; or, when the window has moved, set "
    "aml_supported_kubernetes_versions; or accept kubernetes-version-unsupported in aml_accepted_findings: nobody "
    "supports it then, which need not mean that it fails.",
    source=source.REFERENCE,
    acceptable=True,
    about_changing=True,
)
def kubernetes_version_unsupported(settings: Settings, facts: Facts) -> Evidence:
    """Find a version that is older than the newest minor version of AKS and the two before it.

    Which these are AKS says itself, for the cluster's region, unless the host's variables do.
    """
    return _version_that_is("older", settings, facts) if _is_told(settings, facts) else None


@rule(
    "kubernetes-version-old",
    "warning",
    "The cluster's Kubernetes version is older than this collection expects, and AKS did not say which it supports",
    remedy="Look it up with `az aks get-versions --location` and the cluster's region: the newest version and the two "
    "before it are supported. Upgrade the cluster, or set aml_supported_kubernetes_versions.",
    source=source.REFERENCE,
)
def kubernetes_version_old(settings: Settings, facts: Facts) -> Evidence:
    """Find a version below the collection's own list, which may be out of date, where AKS gave none."""
    return None if _is_told(settings, facts) else _version_that_is("older", settings, facts)


@rule(
    "kubernetes-version-newer",
    "note",
    "The cluster's Kubernetes version is newer than this collection knows",
    remedy="Nothing has to be done: AKS has released a version since. Set aml_supported_kubernetes_versions to say so.",
    source=source.REFERENCE,
)
def kubernetes_version_newer(settings: Settings, facts: Facts) -> Evidence:
    """Tell of a version that came after the window was written down."""
    return _version_that_is("newer", settings, facts)


def _is_told(settings: Settings, facts: Facts) -> bool:
    """Tell whether AKS, or the user, said which versions are supported."""
    return bool(settings.run.supported_kubernetes_versions or facts["kubernetes_versions"])


def _version_that_is(standing: Standing, settings: Settings, facts: Facts) -> Evidence:
    """Return the cluster's version when it stands so to the supported window."""
    version = facts["kubernetes"]["version"] if facts["kubernetes"] else facts["cluster"]["kubernetes_version"]
    offered = window(facts["kubernetes_versions"]) or SUPPORTED_KUBERNETES_VERSIONS
    supported = settings.run.supported_kubernetes_versions or offered
    if version_standing(version, supported) != standing:
        return None
    return f"Kubernetes {version} is {standing} than the supported {', '.join(map(str, supported))}."


@rule(
    "cluster-too-small",
    "blocker",
    "The cluster is smaller than Azure Machine Learning needs",
    remedy="Add nodes, or use a larger VM size: at least 4 vCPU and 8 GiB of memory in all. For a test, when you know "
    "that what it runs fits, accept cluster-too-small in aml_accepted_findings.",
    source=source.DEPLOY_EXTENSION,
    acceptable=True,
    about_changing=True,
)
def cluster_too_small(_settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster with less than 4 vCPU or 8 GiB, counting what the kubelet keeps for itself.

    One revision of the page says "must have", another "we recommend", and the reference page needs less for tests: so
    it may be accepted.
    """
    if facts["kubernetes"] is None:
        return None
    nodes = [node for node in facts["kubernetes"]["nodes"] if (node["operating_system"] or "linux") == "linux"]
    cpu = sum(math.ceil(node["cpu"]) for node in nodes)
    memory = sum(_memory_of_machine(node["memory"]) for node in nodes)
    found: list[str] = []
    if cpu < _MINIMUM_CPU:
        found.append(f"Its {len(nodes)} Linux node(s) have {cpu} vCPU.")
    if memory < _MINIMUM_MEMORY:
        found.append(f"Its {len(nodes)} Linux node(s) have about {memory / _GIB:.1f} GiB of memory.")
    return found


@rule(
    "cluster-stopped",
    "blocker",
    "The cluster is stopped",
    remedy="Start it with `az aks start` and run again.",
    source=source.START_STOP,
)
def cluster_stopped(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster whose power state is Stopped."""
    state = facts["cluster"]["power_state"]
    return f"Its power state is {state}." if (state or "Running").lower() != "running" else None


@rule(
    "cluster-busy",
    "blocker",
    "Another operation on the cluster is in progress",
    remedy="Wait until the operation has ended (`az aks show --query provisioningState`) and run again.",
    source=source.PENDING_OPERATION,
    about_changing=True,
)
def cluster_busy(_settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster that Azure is changing right now: it would refuse ours with a conflict."""
    state = facts["cluster"]["provisioning_state"]
    return f"Its provisioning state is {state}." if state and not states.is_settled(state) else None


@rule(
    "cluster-failed",
    "warning",
    "The cluster's last operation failed",
    remedy="Look at the cluster's activity log; `az aks update` without arguments reconciles most clusters.",
    source=source.PENDING_OPERATION,
)
def cluster_failed(_settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster in state Failed or Canceled."""
    state = facts["cluster"]["provisioning_state"]
    return f"Its provisioning state is {state}." if states.has_failed(state) else None


@rule(
    "arc-agents-offline",
    "blocker",
    "The agents of Azure Arc are not connected",
    remedy="Bring the agents in namespace azure-arc back: an extension is only installed while they are connected.",
    source=source.ARC_CONNECT,
)
def arc_agents_offline(_settings: Settings, facts: Facts) -> Evidence:
    """Find an Arc cluster that Azure cannot reach."""
    cluster = facts["cluster"]
    status = cluster["connectivity_status"]
    if cluster["kind"] != "arc" or (status or "Connected").lower() == "connected":
        return None
    return f"Its connectivity status is {status}."


@rule(
    "cluster-pod-identity",
    "blocker",
    "The cluster has Microsoft Entra pod identity, which Azure Machine Learning does not support",
    remedy="Move its users to workload identity and run `az aks update --disable-pod-identity`, an option of the Azure "
    "CLI's extension aks-preview (`az extension add --name aks-preview`).",
    source=source.DEPLOY_EXTENSION,
    about_changing=True,
)
def cluster_pod_identity(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster with the pod identity add-on."""
    return "podIdentityProfile.enabled is true." if facts["cluster"]["pod_identity"] else None


@rule(
    "cluster-local-accounts-disabled",
    "warning",
    "Local accounts are disabled: Azure Machine Learning then depends on trusted access",
    remedy="Attaching creates the trusted access role binding in the public cloud; elsewhere enable local accounts. "
    "Compute that was attached before trusted access existed must be attached again.",
    source=source.TRUSTED_ACCESS,
)
def cluster_local_accounts_disabled(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster without local accounts."""
    return "disableLocalAccounts is true." if facts["cluster"]["local_accounts_disabled"] else None


@rule(
    "cluster-authorized-ip-ranges",
    "warning",
    "The API server only answers authorized IP ranges",
    remedy="Add the IP ranges of the Azure Machine Learning control plane, of the region and of its paired region "
    "(service tag AzureMachineLearning), to the cluster's authorized ranges.",
    source=source.DEPLOY_EXTENSION,
)
def cluster_authorized_ip_ranges(_settings: Settings, facts: Facts) -> Evidence:
    """Find an AKS cluster with authorized IP ranges."""
    ranges = facts["cluster"]["authorized_ip_ranges"]
    return f"{len(ranges)} range(s) are authorized: {', '.join(ranges[:5])}." if ranges else None


@rule(
    "cluster-private-without-public-name",
    "warning",
    "The private cluster has no public name, with which trusted access is not supported",
    remedy="Give it one with `az aks update --enable-public-fqdn`: the name is public then, the address stays private.",
    source=source.TRUSTED_ACCESS,
)
def cluster_private_without_public_name(_settings: Settings, facts: Facts) -> Evidence:
    """Find a private AKS cluster whose public FQDN was switched off; attaching it is said to fail."""
    cluster = facts["cluster"]
    return "It is private, and its public FQDN is disabled." if _is_hidden(cluster) else None


@rule(
    "cluster-trusted-access-unavailable",
    "blocker",
    "The cluster needs trusted access, which is not available in this cloud",
    remedy="Enable local accounts (`az aks update --enable-local-accounts`) and a public FQDN (`az aks update "
    "--enable-public-fqdn`), whichever is missing; or accept cluster-trusted-access-unavailable in "
    "aml_accepted_findings when Azure has brought it there by now.",
    source=source.TRUSTED_ACCESS,
    acceptable=True,
    about_changing=True,
)
def cluster_trusted_access_unavailable(_settings: Settings, facts: Facts) -> Evidence:
    """Find, outside of the public cloud, what only trusted access makes reachable for Azure Machine Learning."""
    cluster = facts["cluster"]
    if cluster["cloud"].lower() not in _WITHOUT_TRUSTED_ACCESS:
        return None
    needs = [("its local accounts are disabled", cluster["local_accounts_disabled"])]
    needs.append(("it is private without a public name", _is_hidden(cluster)))
    return [f"In {cluster['cloud']}, {words}." for words, there in needs if there]


def _is_hidden(cluster: ClusterFacts) -> bool:
    """Tell whether a cluster is private and has no public name either."""
    return cluster["kind"] == "aks" and cluster["private"] and not cluster["private_public_fqdn"]


def _memory_of_machine(allocatable: int) -> int:
    """Return the memory in bytes of a machine whose node offers `allocatable` bytes, at most.

    Only nodes' allocatable memory is known. The documented minimum speaks of machines, so what AKS keeps is added back.
    """
    left = allocatable / _GIB + _EVICTION_THRESHOLD
    machine = 0.0
    for size, reserved in _RESERVED_SLICES:
        offered = size * (1 - reserved)
        if left <= offered:
            return int((machine + left / (1 - reserved)) * _GIB)
        machine += size
        left -= offered
    return allocatable
