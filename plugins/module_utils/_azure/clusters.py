# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as Azure Resource Manager knows them: managedClusters (AKS) and connectedClusters (Azure Arc)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, NodePool
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    AKS,
    ResourceId,
    parse_cluster_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Seconds for which the names of an API server are kept: as long as the kubeconfig that is compared with them.
_NAMES_SECONDS = 3600.0

Identity = Literal["SystemAssigned", "UserAssigned", "ServicePrincipal", "None"]


def read_cluster(connection: AzureConnection, cluster_id: str) -> ClusterFacts:
    """Return the facts of a cluster with one request. Raises AzureError; `.missing` when there is no such cluster."""
    parsed = parse_cluster_id(cluster_id)
    body = arm.get(
        connection,
        str(parsed),
        arm.API_VERSIONS[parsed.provider.lower()],
        f"Reading cluster {parsed.name}",
    )
    return cluster_facts(body, parsed, connection.cloud.name)


def api_server_names(connection: AzureConnection, cluster_id: str) -> frozenset[str]:
    """Return the names under which the API server of an AKS cluster answers, as Azure Resource Manager has them.

    Asked once in a run. Source: `fqdn`, `privateFQDN` and `azurePortalFQDN` of managedClusters (2025-08-01). Raises
    AzureError.
    """
    key = _names_key(connection, cluster_id)
    kept = connection.memory.get(key)
    if kept is None:
        parsed = parse_cluster_id(cluster_id)
        version = arm.API_VERSIONS[parsed.provider.lower()]
        body = arm.get(connection, str(parsed), version, f"Reading the API server's name of cluster {parsed.name}")
        properties = nested(body, "properties")
        found = [properties.get(name) for name in ("fqdn", "privateFQDN", "azurePortalFQDN")]
        kept = " ".join(each for each in found if isinstance(each, str))
        connection.memory.put(key, kept, _NAMES_SECONDS)
    return frozenset(name.lower().rstrip(".") for name in kept.split())


def forget_names(connection: AzureConnection, cluster_id: str) -> None:
    """Drop what was read of the API server's names."""
    connection.memory.forget(_names_key(connection, cluster_id))


def _names_key(connection: AzureConnection, cluster_id: str) -> str:
    """Return the name under which the names are shared in a run, by those who are the same to Azure."""
    return connection.memory_key(f"names {cluster_id.rstrip('/').lower()}")


def cluster_facts(body: Mapping[str, Any], cluster: ResourceId, cloud: str) -> ClusterFacts:
    """Return the facts in the body of a cluster of either kind, every field of which may be absent or null."""
    properties = nested(body, "properties")
    pools = [node_pool(each) for each in properties.get("agentPoolProfiles") or ()]
    is_aks = cluster.is_a(AKS)
    entra = nested(properties, "aadProfile")
    access = nested(properties, "apiServerAccessProfile")
    private = access.get("enablePrivateCluster") is True
    return ClusterFacts(
        id=str(cluster),
        name=str(body.get("name") or cluster.name),
        kind="aks" if is_aks else "arc",
        cloud=cloud,
        subscription_id=cluster.subscription_id,
        resource_group=cluster.resource_group,
        location=str(body.get("location") or "").replace(" ", "").lower(),
        kubernetes_version=properties.get("currentKubernetesVersion") or properties.get("kubernetesVersion"),
        provisioning_state=properties.get("provisioningState"),
        power_state=nested(properties, "powerState").get("code"),
        node_count=_node_count(pools) if is_aks else properties.get("totalNodeCount"),
        node_pools=pools,
        identity=_identity(body, properties),
        local_accounts_disabled=properties.get("disableLocalAccounts") is True,
        entra_integrated=bool(entra),
        azure_rbac=entra.get("enableAzureRBAC") is True,
        private=private,
        # The name is public unless it was switched off (properties.enablePrivateClusterPublicFQDN of the AKS API).
        private_public_fqdn=private and access.get("enablePrivateClusterPublicFQDN") is not False,
        authorized_ip_ranges=[str(each) for each in access.get("authorizedIPRanges") or ()],
        run_command_disabled=access.get("disableRunCommand") is True,
        pod_identity=nested(properties, "podIdentityProfile").get("enabled") is True,
        workload_identity=nested(properties, "securityProfile", "workloadIdentity").get("enabled") is True,
        sku_name=nested(body, "sku").get("name"),
        node_resource_group=properties.get("nodeResourceGroup"),
        distribution=properties.get("distribution"),
        infrastructure=properties.get("infrastructure"),
        connectivity_status=properties.get("connectivityStatus"),
    )


def node_pool(body: Mapping[str, Any]) -> NodePool:
    """Return the facts of a node pool: an entry of agentPoolProfiles, or an agentPools resource."""
    profile: Mapping[str, Any] = {**body, **nested(body, "properties")}
    count = profile.get("count")
    return NodePool(
        name=str(profile.get("name") or ""),
        mode=profile.get("mode"),
        count=count if isinstance(count, int) else None,
        min_count=profile.get("minCount"),
        max_count=profile.get("maxCount"),
        autoscaling=profile.get("enableAutoScaling") is True,
        vm_size=profile.get("vmSize"),
        os_type=profile.get("osType"),
        labels={str(key): str(value) for key, value in nested(profile, "nodeLabels").items()},
        taints=[str(each) for each in profile.get("nodeTaints") or ()],
        provisioning_state=profile.get("provisioningState"),
        power_state=nested(profile, "powerState").get("code"),
        gpu_driver=_gpu_driver(nested(profile, "gpuProfile")),
        gpu_instance_profile=profile.get("gpuInstanceProfile"),
    )


def _gpu_driver(profile: Mapping[str, Any]) -> str | None:
    """Return whether AKS installs the GPU driver: Install or None; previews of the API said so with a boolean."""
    installs = profile.get("installGPUDriver")
    if isinstance(installs, bool):
        return "Install" if installs else "None"
    driver = profile.get("driver")
    return str(driver) if driver else None


def _node_count(pools: list[NodePool]) -> int | None:
    """Return the nodes of all pools, or None when a pool does not say how many it has."""
    counts = [pool["count"] for pool in pools]
    return None if None in counts else sum(count for count in counts if count is not None)


def _identity(body: Mapping[str, Any], properties: Mapping[str, Any]) -> Identity:
    """Return what the cluster acts as in Azure.

    `identity` decides: a cluster with a managed identity still has a servicePrincipalProfile, whose clientId is then
    the word "msi" or, after a conversion, anything.
    """
    kind = str(nested(body, "identity").get("type") or "").lower()
    if "systemassigned" in kind:
        return "SystemAssigned"
    if "userassigned" in kind:
        return "UserAssigned"
    client = str(nested(properties, "servicePrincipalProfile").get("clientId") or "")
    return "ServicePrincipal" if client and client.lower() != "msi" else "None"
