# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Resource Manager: the routing table, and what every request goes through before its handler.

Source: recorded answers of Azure Resource Manager, whose gateway marks its own by `x-ms-failure-cause`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.simulator.arm import (
    agent_pools,
    aks_operations,
    api_versions,
    authorization,
    cluster_operations,
    extensions,
    machine_learning,
    managed_clusters,
    policies,
    relay,
    resource_manager,
    subscriptions,
    workloads,
)
from tests.simulator.arm.actions import demand
from tests.simulator.arm.headers import service_headers
from tests.simulator.arm.router import Route, Router
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, error

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

AKS, ARC, KC, ML = "containerservice", "kubernetes", "kubernetesconfiguration", "machinelearning"

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
CLUSTERS = "/providers/Microsoft.ContainerService/managedClusters"
CONNECTED = "/providers/Microsoft.Kubernetes/connectedClusters"
WORKSPACES = "/providers/Microsoft.MachineLearningServices/workspaces"
MANAGED = f"{GROUP}{CLUSTERS}/{{cluster}}"
POOL = f"{MANAGED}/agentPools/{{pool}}"
ARC_CLUSTER = f"{GROUP}{CONNECTED}/{{cluster}}"
ARC_OPERATION = "/providers/Microsoft.Kubernetes/locations/{location}/operationStatuses/{operation}"
ANY_CLUSTER = f"{GROUP}/providers/{{rp}}/{{kind}}/{{cluster}}"
CONFIGURATION = f"{ANY_CLUSTER}/providers/Microsoft.KubernetesConfiguration"
EXTENSION = f"{CONFIGURATION}/extensions/{{extension}}"
WORKSPACE = f"{GROUP}{WORKSPACES}/{{workspace}}"
ENDPOINTS = f"{WORKSPACE}/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/{{endpoint}}/deployments"
JOBS = f"{WORKSPACE}/jobs"
WORKLOADS = ((ENDPOINTS, "endpoint"), (DEPLOYMENTS, "deployment"), (JOBS, "job"))
COMPUTE = f"{WORKSPACE}/computes/{{compute}}"
RELAY = f"{GROUP}/providers/Microsoft.Relay/namespaces/{{namespace}}"
CONNECTION = f"{RELAY}/hybridConnections/{{connection}}"
RULE = f"{CONNECTION}/authorizationRules/{{rule}}"
FEATURES = f"{SUBSCRIPTION}/providers/Microsoft.Features"
FEATURE = f"{FEATURES}/providers/{{namespace}}/features/{{feature}}"
AUTHORIZATION = "{scope}/providers/Microsoft.Authorization"
ROLE = f"{AUTHORIZATION}/roleDefinitions/{{role}}"
ASSIGNMENT = f"{AUTHORIZATION}/roleAssignments/{{assignment}}"
LOCK = f"{AUTHORIZATION}/locks/{{lock}}"
TAGS = "{scope}/providers/Microsoft.Resources/tags/default"
LOCATION = f"{SUBSCRIPTION}/providers/{{provider}}/locations/{{location}}"

ROUTES = (
    Route("GET", "/subscriptions", subscriptions.list_subscriptions),
    Route("GET", "/tenants", subscriptions.list_tenants),
    Route("GET", SUBSCRIPTION, subscriptions.get_subscription),
    Route("GET", f"{SUBSCRIPTION}/resourceGroups", subscriptions.list_groups),
    Route("GET", GROUP, subscriptions.get_group),
    Route("HEAD", GROUP, subscriptions.head_group),
    Route("GET", f"{SUBSCRIPTION}/providers", subscriptions.list_providers),
    Route("GET", f"{SUBSCRIPTION}/providers/{{namespace}}", subscriptions.get_provider),
    Route("POST", f"{SUBSCRIPTION}/providers/{{namespace}}/register", subscriptions.register_provider),
    Route("GET", f"{SUBSCRIPTION}/locations", resource_manager.list_locations),
    Route("GET", f"{SUBSCRIPTION}/resources", resource_manager.list_resources),
    Route("GET", f"{GROUP}/resources", resource_manager.list_resources),
    Route("GET", TAGS, resource_manager.get_tags),
    Route("PUT", TAGS, resource_manager.put_tags),
    Route("PATCH", TAGS, resource_manager.patch_tags),
    Route("DELETE", TAGS, resource_manager.delete_tags),
    # Microsoft.Features
    Route("GET", f"{FEATURES}/features", resource_manager.list_features),
    Route("GET", f"{FEATURES}/providers/{{namespace}}/features", resource_manager.list_features),
    Route("GET", FEATURE, resource_manager.get_feature),
    Route("POST", f"{FEATURE}/register", resource_manager.register_feature),
    Route("POST", f"{FEATURE}/unregister", resource_manager.unregister_feature),
    # Microsoft.Authorization
    Route("GET", f"{AUTHORIZATION}/roleDefinitions", authorization.list_role_definitions),
    Route("GET", ROLE, authorization.get_role_definition),
    Route("PUT", ROLE, authorization.put_role_definition),
    Route("GET", f"{AUTHORIZATION}/roleAssignments", authorization.list_role_assignments),
    Route("GET", ASSIGNMENT, authorization.get_role_assignment),
    Route("PUT", ASSIGNMENT, authorization.put_role_assignment),
    Route("DELETE", ASSIGNMENT, authorization.delete_role_assignment),
    Route("GET", f"{AUTHORIZATION}/locks", authorization.list_locks),
    Route("GET", LOCK, authorization.get_lock),
    Route("PUT", LOCK, authorization.put_lock),
    Route("DELETE", LOCK, authorization.delete_lock),
    # Microsoft.Relay
    Route("GET", RELAY, relay.get_namespace),
    Route("PUT", RELAY, relay.put_namespace),
    Route("GET", CONNECTION, relay.get_connection),
    Route("PUT", CONNECTION, relay.put_connection),
    Route("PUT", RULE, relay.put_rule),
    Route("POST", f"{RULE}/listKeys", relay.list_keys),
    # Microsoft.ContainerService
    Route("GET", f"{SUBSCRIPTION}{CLUSTERS}", managed_clusters.list_clusters, AKS),
    Route("GET", f"{GROUP}{CLUSTERS}", managed_clusters.list_clusters, AKS),
    Route("GET", MANAGED, managed_clusters.get_cluster, AKS),
    Route("PUT", MANAGED, cluster_operations.put_cluster, AKS),
    Route("PATCH", MANAGED, cluster_operations.patch_cluster, AKS),
    Route("POST", f"{MANAGED}/start", cluster_operations.start_cluster, AKS),
    Route("POST", f"{MANAGED}/stop", cluster_operations.stop_cluster, AKS),
    Route("GET", f"{MANAGED}/upgradeProfiles/default", cluster_operations.get_upgrade_profile, AKS),
    Route("POST", f"{MANAGED}/runCommand", cluster_operations.run_command, AKS),
    Route("GET", f"{MANAGED}/commandResults/{{command}}", cluster_operations.get_command_result, AKS),
    Route("GET", f"{LOCATION}/kubernetesVersions", cluster_operations.list_versions, AKS),
    Route("GET", f"{MANAGED}/agentPools", agent_pools.list_pools, AKS),
    Route("GET", POOL, agent_pools.get_pool, AKS),
    Route("PUT", POOL, agent_pools.put_pool, AKS),
    Route("DELETE", POOL, agent_pools.delete_pool, AKS),
    Route("POST", f"{MANAGED}/listClusterUserCredential", managed_clusters.user_credential, AKS),
    Route("POST", f"{MANAGED}/listClusterAdminCredential", managed_clusters.admin_credential, AKS),
    Route("GET", f"{MANAGED}/trustedAccessRoleBindings", managed_clusters.list_bindings, AKS),
    Route("GET", f"{MANAGED}/trustedAccessRoleBindings/{{binding}}", managed_clusters.get_binding, AKS),
    Route("GET", f"{POOL}/upgradeProfiles/default", agent_pools.get_upgrade_profile, AKS),
    Route("POST", f"{POOL}/upgradeNodeImageVersion", agent_pools.upgrade_node_image, AKS),
    Route("GET", f"{LOCATION}/operations/{{operation}}", aks_operations.get_operation, AKS),
    Route("GET", f"{LOCATION}/operationresults/{{operation}}", aks_operations.get_result, AKS),
    # Microsoft.Kubernetes
    Route("GET", f"{SUBSCRIPTION}{CONNECTED}", managed_clusters.list_connected, ARC),
    Route("GET", f"{GROUP}{CONNECTED}", managed_clusters.list_connected, ARC),
    Route("GET", ARC_CLUSTER, managed_clusters.get_connected, ARC),
    Route("DELETE", ARC_CLUSTER, managed_clusters.delete_connected, ARC),
    Route("GET", ARC_OPERATION, managed_clusters.get_connected_operation, ARC),
    Route("POST", f"{ARC_CLUSTER}/listClusterUserCredential", managed_clusters.connected_credential, ARC),
    # Microsoft.KubernetesConfiguration
    Route("GET", f"{CONFIGURATION}/extensions", extensions.list_extensions, KC),
    Route("GET", f"{CONFIGURATION}/operations", extensions.list_operations, KC),
    Route("GET", EXTENSION, extensions.get_extension, KC),
    Route("PUT", EXTENSION, extensions.put_extension, KC),
    Route("PATCH", EXTENSION, extensions.patch_extension, KC),
    Route("DELETE", EXTENSION, extensions.delete_extension, KC),
    Route("GET", f"{EXTENSION}/operations/{{operation}}", extensions.get_operation, KC),
    # Microsoft.MachineLearningServices
    Route("GET", f"{SUBSCRIPTION}{WORKSPACES}", machine_learning.list_workspaces),
    Route("GET", f"{GROUP}{WORKSPACES}", machine_learning.list_workspaces),
    Route("GET", WORKSPACE, machine_learning.get_workspace, ML),
    Route("GET", f"{WORKSPACE}/computes", machine_learning.list_computes, ML),
    Route("GET", COMPUTE, machine_learning.get_compute, ML),
    Route("PUT", COMPUTE, machine_learning.put_compute, ML),
    Route("PATCH", COMPUTE, machine_learning.patch_compute, ML),
    Route("DELETE", COMPUTE, machine_learning.delete_compute, ML),
    Route("POST", f"{COMPUTE}/listKeys", machine_learning.list_keys, ML),
    *(Route("GET", path, workloads.list_workloads, ML) for path, _unused in WORKLOADS),
    *(Route("GET", f"{path}/{{{name}}}", workloads.get_workload, ML) for path, name in WORKLOADS),
    *(Route("PUT", f"{path}/{{{name}}}", workloads.put_workload, ML) for path, name in WORKLOADS),
    *(Route("DELETE", f"{path}/{{{name}}}", workloads.delete_workload, ML) for path, name in WORKLOADS),
    Route("POST", f"{JOBS}/{{job}}/cancel", workloads.cancel_job, ML),
    Route("GET", f"{LOCATION}/computeOperationsStatus/{{operation}}", machine_learning.get_operation, ML),
)
ROUTER = Router(ROUTES)


async def answer(fleet: Fleet, request: ArmRequest) -> Answer:
    """The answer to a request whose `params` are still empty, errors included."""
    service = "gateway"
    limits: dict[str, str] = {}
    try:
        principal = _authenticate(fleet, request)
        path = re.sub("/+", "/", request.path)  # `az lock` writes `Microsoft.ContainerService//managedClusters`
        match = ROUTER.find(request.method, path)
        if match is None:
            raise _unknown(request)
        request = ArmRequest(request.method, path, match.params, request.query, request.body, request.headers)
        _check_gateway(fleet, request)
        wanted = demand(request.method, request.path)
        api_versions.check(fleet, request, wanted)
        authorization.check(fleet, request, wanted, principal)
        authorization.check_linked(fleet, request, wanted, principal)
        authorization.check_locks(fleet, request, wanted)
        policies.check(fleet, request, wanted)
        service = match.route.service
        limits = fleet.throttle.admit(request, match.route)
        found = await match.route.handler(fleet, request)
        authorization.visible(fleet, found, wanted, principal)
    except ArmError as refused:
        found = refused.answer
    if "x-ms-failure-cause" in found.headers:
        service, limits = "gateway", {}
    found.headers = {**service_headers(fleet, service, request.path), **limits, **found.headers}
    return found


def _authenticate(fleet: Fleet, request: ArmRequest) -> str:
    """The object id of the caller. Raises a 401 unless a token for this ARM was sent."""
    scheme, _unused, token = request.headers.get("authorization", "").partition(" ")
    issued = fleet.tokens.find(token, fleet.base_url) if scheme.lower() == "bearer" else None
    if issued is not None:
        return issued.client_id
    authority = f"{fleet.base_url}/{fleet.scenario.tenant_id}"
    if not token:
        code, detail = "AuthenticationFailed", "The 'Authorization' header is missing."
    else:
        code, detail = "InvalidAuthenticationToken", "The access token is invalid, expired, or not for this resource."
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{detail}"'
    raise error(401, code, f"Authentication failed. {detail}", WWW_Authenticate=challenge)


def _check_gateway(fleet: Fleet, request: ArmRequest) -> None:
    if not request.api_version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise error(400, "MissingApiVersionParameter", message, x_ms_failure_cause="gateway")
    subscription = request.params.get("subscription")
    if subscription and subscription.lower() != fleet.scenario.subscription_id.lower():
        message = f"The subscription '{subscription}' could not be found."
        raise error(404, "SubscriptionNotFound", message, x_ms_failure_cause="gateway")


def _unknown(request: ArmRequest) -> ArmError:
    if ROUTER.methods(request.path):
        message = f"The requested resource does not support http method '{request.method}'."
        return error(405, "UnsupportedHttpMethod", message, x_ms_failure_cause="gateway")
    message = f"The simulation does not serve the path '{request.path}'."
    return error(404, "InvalidResourceType", message, x_ms_failure_cause="gateway")
