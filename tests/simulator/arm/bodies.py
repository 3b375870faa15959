# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of managed and connected clusters, in the shape of recordings of the real services.

Source: recordings Test_AKS_ManagedCluster_20250801_CRUD.yaml of Azure/azure-service-operator and test_connectedk8s.yaml
    of Azure/azure-cli-extensions; tests/integration/simulator/test_recordings.py compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.simulator.state.fleet import NODE_IMAGE, ClusterResource, NodePoolState, stable_guid
from tests.simulator.state.vm_sizes import vm_size

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet


def private_fqdn(fleet: Fleet, resource: ClusterResource) -> str:
    """The name of a private cluster's API server; it ends in `.invalid`, so that it never resolves."""
    zone = stable_guid(resource.identifier, "zone")
    return f"{resource.name.lower()}-priv.{zone}.privatelink.{resource.cluster.spec.location}.azmk8s.invalid"


def public_fqdn(fleet: Fleet, resource: ClusterResource) -> str:
    """The public name of an API server: where the simulator listens, except of private clusters: none can reach them.

    Source: the kubeconfigs that AKS hands out name `fqdn`, those of private clusters `privateFQDN`, or `fqdn` when
        asked for with server-fqdn=public (learn.microsoft.com/azure/aks/private-clusters).
    """
    spec = resource.cluster.spec
    if not spec.private:
        return str(urlsplit(fleet.base_url).hostname)
    return f"{resource.name.lower()}-{stable_guid(resource.identifier)[:8]}.hcp.{spec.location}.azmk8s.invalid"


def managed_cluster(fleet: Fleet, resource: ClusterResource) -> dict[str, Any]:
    """The body of GET managedClusters (2025-08-01): `resourcegroups` in lower case, `ManagedClusters` in the type."""
    cluster = resource.cluster
    spec = cluster.spec
    body: dict[str, Any] = {
        "id": cluster_id(resource),
        "location": spec.location,
        "name": resource.name,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "kind": "Base",
        "properties": _managed_properties(fleet, resource),
    }
    if resource.tags:
        body["tags"] = dict(resource.tags)
    if spec.identity != "service_principal":
        body["identity"] = _identity(fleet, resource)
    body["sku"] = {"name": "Base", "tier": "Free"}
    return body


def cluster_id(resource: ClusterResource) -> str:
    """The id as the AKS resource provider writes it."""
    return resource.identifier.replace("/resourceGroups/", "/resourcegroups/")


def _identity(fleet: Fleet, resource: ClusterResource) -> dict[str, Any]:
    if resource.cluster.spec.identity == "system_assigned":
        return {
            "type": "SystemAssigned",
            "principalId": stable_guid(resource.identifier, "identity"),
            "tenantId": fleet.scenario.tenant_id,
        }
    name = f"{resource.name}-identity"
    key = (
        f"{fleet.subscription}/resourcegroups/{resource.group}/providers/Microsoft.ManagedIdentity"
        f"/userAssignedIdentities/{name}"
    )
    ids = {"clientId": stable_guid(key, "client"), "principalId": stable_guid(key, "principal")}
    return {"type": "UserAssigned", "userAssignedIdentities": {key: ids}}


def _managed_properties(fleet: Fleet, resource: ClusterResource) -> dict[str, Any]:
    spec = resource.cluster.spec
    host = f"{resource.name.lower()}-{stable_guid(resource.identifier)[:8]}"
    nodes = spec.group_of_nodes
    properties: dict[str, Any] = {
        "provisioningState": resource.cluster.provisioning_state,
        "powerState": {"code": spec.power_state},
        "kubernetesVersion": ".".join(spec.kubernetes_version.split(".")[:2]),
        "currentKubernetesVersion": spec.kubernetes_version,
        "dnsPrefix": resource.name.lower(),
        "fqdn": public_fqdn(fleet, resource),
        "azurePortalFQDN": f"{host}.portal.hcp.{spec.location}.azmk8s.io",
        "agentPoolProfiles": [
            {"name": pool.name, **pool_properties(resource, pool)} for pool in resource.cluster.pools.values()
        ],
        "linuxProfile": {"adminUsername": "azureuser", "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}},
        "windowsProfile": {"adminUsername": "azureuser", "enableCSIProxy": True},
        "servicePrincipalProfile": {"clientId": _client(resource)},
        "nodeResourceGroup": nodes,
        "enableRBAC": True,
        "supportPlan": "KubernetesOfficial",
        "networkProfile": _network(fleet, nodes, resource),
        "maxAgentPools": 100,
        "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
        "securityProfile": {},
        "storageProfile": {
            driver: {"enabled": True} for driver in ("diskCSIDriver", "fileCSIDriver", "snapshotController")
        },
        "oidcIssuerProfile": {"enabled": True, "issuerURL": _issuer(fleet, resource)},
        "workloadAutoScalerProfile": {},
        "resourceUID": stable_guid(resource.identifier, "uid").replace("-", "")[:24],
        "metricsProfile": {"costAnalysis": {"enabled": False}},
        "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
        "bootstrapProfile": {"artifactSource": "Direct"},
    }
    return properties | _optional_properties(fleet, resource, nodes)


def _optional_properties(fleet: Fleet, resource: ClusterResource, nodes: str) -> dict[str, Any]:
    spec = resource.cluster.spec
    found: dict[str, Any] = {}
    if spec.identity != "service_principal":
        name = f"{fleet.subscription}/resourcegroups/{nodes}/providers/Microsoft.ManagedIdentity"
        found["identityProfile"] = {
            "kubeletidentity": {
                "resourceId": f"{name}/userAssignedIdentities/{resource.name}-agentpool",
                "clientId": stable_guid(resource.identifier, "kubelet client"),
                "objectId": stable_guid(resource.identifier, "kubelet object"),
            }
        }
    if spec.entra:
        found["aadProfile"] = {
            "managed": True,
            "adminGroupObjectIDs": [stable_guid(fleet.scenario.tenant_id, "cluster administrators")],
            "adminUsers": None,
            "enableAzureRBAC": False,
            "tenantID": fleet.scenario.tenant_id,
        }
    if not spec.local_accounts:
        found["disableLocalAccounts"] = True
    if spec.pod_identity:
        found["podIdentityProfile"] = {"enabled": True}
    if spec.authorized_ip_ranges:
        found["apiServerAccessProfile"] = {"authorizedIPRanges": list(spec.authorized_ip_ranges)}
    if spec.private:
        found["privateFQDN"] = private_fqdn(fleet, resource)
        found["apiServerAccessProfile"] = {
            "enablePrivateCluster": True,
            "privateDNSZone": "system",
            "enablePrivateClusterPublicFQDN": spec.public_name,
        }
    return found


def _client(resource: ClusterResource) -> str:
    if resource.cluster.spec.identity == "service_principal":
        return stable_guid(resource.identifier, "service principal")
    return "msi"


def _issuer(fleet: Fleet, resource: ClusterResource) -> str:
    host = f"https://{resource.cluster.spec.location}.oic.prod-aks.azure.com"
    return f"{host}/{fleet.scenario.tenant_id}/{stable_guid(resource.identifier, 'issuer')}/"


def _network(fleet: Fleet, nodes: str, resource: ClusterResource) -> dict[str, Any]:
    address = f"{fleet.subscription}/resourceGroups/{nodes}/providers/Microsoft.Network/publicIPAddresses"
    return {
        "networkPlugin": "azure",
        "networkPolicy": "none",
        "networkDataplane": "azure",
        "loadBalancerSku": "standard",
        "loadBalancerProfile": {
            "managedOutboundIPs": {"count": 1},
            "effectiveOutboundIPs": [{"id": f"{address}/{stable_guid(resource.identifier, 'address')}"}],
            "backendPoolType": "nodeIPConfiguration",
        },
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "outboundType": "loadBalancer",
        "serviceCidrs": ["10.0.0.0/16"],
        "ipFamilies": ["IPv4"],
    }


def pool_properties(resource: ClusterResource, pool: NodePoolState) -> dict[str, Any]:
    """The properties of a node pool, in the cluster's `agentPoolProfiles` and in its own resource alike."""
    spec = resource.cluster.spec
    return {
        **pool.properties,
        "provisioningState": pool.provisioning_state,
        "powerState": {"code": pool.power_state if spec.power_state == "Running" else spec.power_state},
        "currentOrchestratorVersion": pool.version,
        "nodeImageVersion": NODE_IMAGE,
    }


def agent_pool(resource: ClusterResource, pool: NodePoolState) -> dict[str, Any]:
    """The body of an agent pool."""
    return {
        "id": f"{cluster_id(resource)}/agentPools/{pool.name}",
        "name": pool.name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": pool_properties(resource, pool),
    }


def connected_cluster(fleet: Fleet, resource: ClusterResource) -> dict[str, Any]:
    """The body of GET connectedClusters: the type is in lower case."""
    spec = resource.cluster.spec
    pools = spec.node_pools
    aks = spec.kind == "aks"
    now = fleet.now()
    return {
        "id": resource.identifier,
        "name": resource.name,
        "type": "microsoft.kubernetes/connectedclusters",
        "location": spec.location,
        "tags": dict(resource.tags),
        "systemData": {
            "createdBy": "someone@example.com",
            "createdByType": "User",
            "createdAt": now,
            "lastModifiedBy": "64b12d6e-6549-484c-8cc6-6281839ba394",
            "lastModifiedByType": "Application",
            "lastModifiedAt": now,
        },
        "identity": {
            "principalId": stable_guid(resource.identifier, "identity"),
            "tenantId": fleet.scenario.tenant_id,
            "type": "SystemAssigned",
        },
        "properties": {
            "provisioningState": "Succeeded",
            "connectivityStatus": "Connected" if spec.power_state == "Running" else "Offline",
            "privateLinkState": "Disabled",
            "azureHybridBenefit": "NotApplicable",
            "agentPublicKeyCertificate": "MIICCgKCAgEA",
            "distribution": "AKS" if aks else spec.distribution,
            "infrastructure": "azure" if aks else "generic",
            "kubernetesVersion": spec.kubernetes_version,
            "totalNodeCount": sum(pool.count for pool in pools),
            "agentVersion": "1.29.4",
            "totalCoreCount": sum(pool.count * vm_size(pool.vm_size).cpus for pool in pools),
            "lastConnectivityTime": now,
            "managedIdentityCertificateExpirationTime": "2027-02-13T11:33:00Z",
        },
    }
