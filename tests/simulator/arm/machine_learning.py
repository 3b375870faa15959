# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.MachineLearningServices: workspaces and their computes.

The published interface (computes 2024-10-01), recordings of AmlCompute and VirtualMachine computes, and the
documentation of attaching (learn.microsoft.com "Attach a Kubernetes cluster to Azure Machine Learning workspace"): the
namespace is neither created nor checked, cluster and workspace must share a subscription, the extension must be there.
Each function states its source or belief.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.simulator.arm.common import need_body, need_group, need_operation, need_workspace, status_url
from tests.simulator.arm.workloads import users_of
from tests.simulator.contents import trusted_access
from tests.simulator.state.answers import Answer, ArmRequest, error, resource_not_found
from tests.simulator.state.fleet import (
    ClusterResource,
    ComputeState,
    WorkspaceState,
    kubernetes_properties,
    stable_guid,
)
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PROVIDER = "Microsoft.MachineLearningServices"
PAGE = 50
NAME = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,22}[A-Za-z0-9]")
BUSY = ("Creating", "Updating", "Deleting")


def workspace_body(fleet: Fleet, workspace: WorkspaceState) -> dict[str, Any]:
    """A workspace as the service writes it (2024-04-01).

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    """
    spec = workspace.spec
    return {
        "id": workspace.identifier,
        "name": spec.name,
        "type": f"{PROVIDER}/workspaces",
        "location": spec.location,
        "tags": dict(workspace.tags),
        "etag": None,
        "properties": _workspace_properties(fleet, workspace),
        "identity": _workspace_identity(fleet, workspace),
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": {
            "createdAt": "2026-01-01T08:00:00.0000000Z",
            "createdBy": "someone@example.com",
            "createdByType": "User",
            "lastModifiedAt": "2026-01-01T08:00:00.0000000Z",
            "lastModifiedBy": "someone@example.com",
            "lastModifiedByType": "User",
        },
    }


def _workspace_identity(fleet: Fleet, workspace: WorkspaceState) -> dict[str, Any]:
    """The identity of a workspace.

    Source: Azure/azure-rest-api-specs, machineLearningServices 2024-04-01, ManagedServiceIdentity.
    """
    spec = workspace.spec
    if spec.user_assigned_identity is None:
        principal = stable_guid(workspace.identifier, "identity")
        return {"type": "SystemAssigned", "principalId": principal, "tenantId": fleet.scenario.tenant_id}
    known = {name: stable_guid(spec.user_assigned_identity, name) for name in ("principalId", "clientId")}
    return {"type": "UserAssigned", "userAssignedIdentities": {_user_identity(fleet, workspace): known}}


def _user_identity(fleet: Fleet, workspace: WorkspaceState) -> str:
    group = f"{fleet.subscription}/resourceGroups/{workspace.spec.resource_group}"
    return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{workspace.spec.user_assigned_identity}"


def _workspace_properties(fleet: Fleet, workspace: WorkspaceState) -> dict[str, Any]:
    spec = workspace.spec
    identifier = stable_guid(workspace.identifier)
    scope = f"{fleet.subscription}/resourceGroups/{spec.resource_group}/providers"
    host = f"{spec.location}.api.azureml.ms"
    primary = {"primaryUserAssignedIdentity": _user_identity(fleet, workspace)} if spec.user_assigned_identity else {}
    return {
        **primary,
        "friendlyName": spec.name,
        "description": "",
        "storageAccount": f"{scope}/Microsoft.Storage/storageAccounts/simulated{identifier[:8]}",
        "keyVault": f"{scope}/Microsoft.Keyvault/vaults/simulated{identifier[:8]}",
        "applicationInsights": None,
        "hbiWorkspace": False,
        "tenantId": fleet.scenario.tenant_id,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "managedNetwork": {
            "changeableIsolationModes": ["AllowInternetOutbound", "AllowOnlyApprovedOutbound"],
            "isolationMode": "Disabled",
        },
        "allowRoleAssignmentOnRG": True,
        "v1LegacyMode": False,
        "softDeleteEnabled": False,
        "creationTime": "2026-01-01T08:00:00.0000000Z",
        "notebookInfo": {
            "resourceId": identifier.replace("-", ""),
            "fqdn": f"ml-{spec.name.lower()}-{spec.location}-{identifier}.{spec.location}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        },
        "storageHnsEnabled": False,
        "workspaceId": identifier,
        "linkedModelInventoryArmId": None,
        "privateLinkCount": 0,
        "publicNetworkAccess": "Enabled",
        "ipAllowlist": [],
        "discoveryUrl": f"https://{host}/discovery",
        "mlFlowTrackingUri": f"azureml://{host}/mlflow/v1.0{workspace.identifier}",
        "serverlessComputeSettings": None,
        "EnableSoftwareBillOfMaterials": False,
        "sdkTelemetryAppInsightsKey": stable_guid(workspace.identifier, "telemetry"),
        "sasGetterUri": "",
        "enableDataIsolation": False,
    }


def compute_body(workspace: WorkspaceState, compute: ComputeState) -> dict[str, Any]:
    """A compute as the service writes it; an attached one without tags has `tags: null`, as recorded.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    Belief: legacy-compute-body
    """
    body: dict[str, Any] = {
        "id": f"{workspace.identifier}/computes/{compute.name}",
        "name": compute.name,
        "type": f"{PROVIDER}/workspaces/computes",
        "location": compute.location,
        "tags": compute.tags,
    }
    if compute.identity:
        body["identity"] = compute.identity
    body["properties"] = {
        "createdOn": compute.created,
        "modifiedOn": compute.modified,
        "disableLocalAuth": compute.disable_local_auth,
        "description": compute.description,
        "resourceId": compute.resource_id,
        "computeType": compute.compute_type,
        "computeLocation": compute.location,
        "provisioningState": compute.provisioning_state,
        "provisioningErrors": compute.provisioning_errors,
        "provisioningWarnings": None,
        "isAttachedCompute": compute.attached,
        "properties": compute.properties,
    }
    return body


async def get_workspace(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a workspace.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    """
    return Answer(200, workspace_body(fleet, need_workspace(fleet, request)))


async def list_workspaces(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the workspaces of a subscription or resource group.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    """
    group = need_group(fleet, request).lower() if "group" in request.params else None
    found = [w for w in fleet.workspaces.values() if group in (None, w.spec.resource_group.lower())]
    return Answer(200, {"value": [workspace_body(fleet, workspace) for workspace in found]})


async def get_compute(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a compute; a missing one is a 404 without a body.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    Belief: missing-compute
    """
    workspace = need_workspace(fleet, request)
    compute = workspace.computes.get(request.params["compute"].lower())
    if compute is None:
        return _missing(fleet, workspace, request)
    return Answer(200, _body(fleet, workspace, compute))


def _body(fleet: Fleet, workspace: WorkspaceState, compute: ComputeState) -> dict[str, Any]:
    """A compute as reads show it.

    Belief: legacy-compute-body
    """
    body = compute_body(workspace, compute)
    if compute.compute_type == "AKS" and fleet.beliefs.answer("legacy-compute-body") == "bare":
        for name in ("isAttachedCompute", "properties"):
            body["properties"].pop(name)
    return body


def _missing(fleet: Fleet, workspace: WorkspaceState, request: ArmRequest) -> Answer:
    """The answer for a compute that does not exist.

    Source: recorded answer with 2022-10-01-preview (empty).
    Belief: missing-compute
    """
    if fleet.beliefs.answer("missing-compute") == "empty":
        return Answer(404)
    name = f"{PROVIDER}/workspaces/{workspace.spec.name}/computes/{request.params['compute']}"
    raise resource_not_found(name, workspace.spec.resource_group)


def _next_page(fleet: Fleet, workspace: WorkspaceState, query: str) -> str:
    """The address of the next page.

    Belief: next-link-host
    """
    path = f"{workspace.identifier}/computes?{query}"
    answer = fleet.beliefs.answer("next-link-host")
    if answer == "relative":
        return path
    if answer == "regional":
        return f"{fleet.base_url}{path}".replace("https://", f"https://{workspace.spec.location}.", 1)
    return f"{fleet.base_url}{path}"


async def list_computes(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the computes of a workspace, in pages.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    Belief: next-link-host
    """
    workspace = need_workspace(fleet, request)
    skip = int(request.query.get("$skip", "0") or 0)
    found = list(workspace.computes.values())
    body: dict[str, Any] = {"value": [_body(fleet, workspace, c) for c in found[skip : skip + PAGE]]}
    if len(found) > skip + PAGE:
        query = f"api-version={request.api_version}&%24skip={skip + PAGE}"
        body["nextLink"] = _next_page(fleet, workspace, query)
    return Answer(200, body)


async def put_compute(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a Kubernetes compute: attach a cluster, or change what is attached. Always 201 and an operation.

    Source: learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace.
    Belief: compute-update-supported
    Belief: compute-cleared-by-omission
    Belief: attach-without-local-accounts
    """
    workspace = need_workspace(fleet, request)
    sent = need_body(request)
    properties = sent.get("properties") or {}
    name = request.params["compute"]
    existing = workspace.computes.get(name.lower())
    _check_put(fleet, name, properties, existing)
    resource = _attached_cluster(fleet, properties)
    if existing is not None:
        _check_change(resource, existing, properties)
    now = fleet.now()
    keeps = existing if resource.cluster.beliefs.answer("compute-cleared-by-omission") == "kept" else None
    identity = _identity(fleet, workspace, name, sent.get("identity"))
    compute = ComputeState(
        name=existing.name if existing else name,
        compute_type="Kubernetes",
        resource_id=properties.get("resourceId"),
        location=workspace.spec.location,
        created=existing.created if existing else now,
        modified=now,
        description=properties.get("description"),
        tags=sent.get("tags") if sent.get("tags") or keeps is None else keeps.tags,
        identity=identity or (keeps.identity if keeps else None),
        properties=kubernetes_properties(properties.get("properties") or {}),
        disable_local_auth=bool(properties.get("disableLocalAuth")),
        provisioning_state="Creating",
    )
    workspace.computes[name.lower()] = compute
    operation = _begin(fleet, workspace, compute, _attach(fleet, workspace, compute, resource))
    answer = Answer(201, compute_body(workspace, compute))
    answer.headers["Azure-AsyncOperation"] = _status_url(fleet, request, operation)
    return answer


async def patch_compute(fleet: Fleet, request: ArmRequest) -> Answer:
    """PATCH: the interface defines it for the scale settings of AmlCompute only.

    Source: Azure/azure-rest-api-specs, Microsoft.MachineLearningServices 2024-10-01, Compute_Update.
    """
    workspace = need_workspace(fleet, request)
    compute = workspace.computes.get(request.params["compute"].lower())
    if compute is None:
        return Answer(404)
    if compute.compute_type != "AmlCompute":
        message = f"Updating a compute of type {compute.compute_type} is not supported."
        raise error(400, "UserError", message)
    return Answer(200, compute_body(workspace, compute))


async def delete_compute(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE: detaches; `underlyingResourceAction=Delete` deletes the cluster as well, which the state then shows.

    Source: Azure/azure-rest-api-specs, Microsoft.MachineLearningServices 2024-10-01, Compute_Delete.
    Belief: detach-of-a-used-compute
    """
    workspace = need_workspace(fleet, request)
    action = request.query.get("underlyingresourceaction", "")
    if action.lower() not in ("delete", "detach"):
        message = "The query parameter underlyingResourceAction must be Delete or Detach."
        raise error(400, "UserError", message)
    name = request.params["compute"]
    compute = workspace.computes.get(name.lower())
    if compute is None:
        return Answer(204)
    users = users_of(workspace, compute)
    if users and fleet.beliefs.answer("detach-of-a-used-compute") == "refused":
        message = f"The compute '{compute.name}' is in use by {', '.join(users)}. Delete or move them first."
        raise error(409, "Conflict", message)
    if action.lower() == "delete":
        _delete_cluster(fleet, workspace, compute)
    fleet.cancel(compute.operation)
    compute.provisioning_state = "Deleting"
    operation = _begin(fleet, workspace, compute, _detach(fleet, workspace, compute))
    return Answer(202, None, {"Azure-AsyncOperation": _status_url(fleet, request, operation)})


async def list_keys(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listKeys: refused and noted, because an administrator's kubeconfig would leave the service.

    Source: none, the service would answer; the simulator refuses so that a test sees the attempt.
    """
    workspace = need_workspace(fleet, request)
    fleet.report("keys of a compute asked for", compute=request.params["compute"], workspace=workspace.spec.name)
    raise error(403, "Forbidden", "The simulation does not give out the keys of computes.")


async def get_operation(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the status URL of an operation on a compute.

    Source: recording Test_MachineLearning_Workspaces_20240401_CRUD.yaml of Azure/azure-service-operator.
    """
    operation = need_operation(fleet, request)
    if not operation.done:
        return Answer(200, {"status": "InProgress"})
    if operation.error:
        return Answer(200, {"status": "Failed", "error": operation.error})
    return Answer(200, {"status": operation.status, "percentComplete": 100.0})


def _check_put(fleet: Fleet, name: str, properties: dict[str, Any], existing: ComputeState | None) -> None:
    if properties.get("computeType") != "Kubernetes":
        message = f"The simulation attaches computes of type Kubernetes only, not {properties.get('computeType')}."
        raise error(400, "UserError", message)
    if not NAME.fullmatch(name):
        message = f"Compute name '{name}' is not valid: 2 to 24 letters, digits and dashes, a letter first."
        raise error(400, "UserError", message)
    if existing is not None and existing.compute_type != "Kubernetes":
        message = f"A compute of type {existing.compute_type} with the name '{name}' already exists."
        raise error(409, "Conflict", message)
    if existing is not None and existing.provisioning_state in BUSY:
        message = f"The compute '{name}' is in state {existing.provisioning_state}; try again later."
        raise error(409, "Conflict", message)
    target = str(properties.get("resourceId") or "")
    if not target.lower().startswith(fleet.subscription.lower() + "/"):
        message = "The cluster must be in the subscription of the workspace."
        raise error(400, "UserError", message)


def _check_change(resource: ClusterResource, existing: ComputeState, properties: dict[str, Any]) -> None:
    """Raise 400 for a change that a Kubernetes compute cannot undergo: another cluster, another namespace, or any.

    Source: learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace (namespace and cluster
    belong to the attachment); the text is a guess.
    Belief: compute-update-supported
    """
    inner = kubernetes_properties(properties.get("properties") or {})
    changed = []
    if str(properties.get("resourceId")).lower() != str(existing.resource_id).lower():
        changed.append("resourceId")
    if inner["namespace"] != (existing.properties or {}).get("namespace"):
        changed.append("namespace")
    if not changed and resource.cluster.beliefs.answer("compute-update-supported") == "accepted":
        return
    if changed:
        message = f"The property '{changed[0]}' of compute '{existing.name}' cannot be changed. "
    else:
        message = f"Updating a compute of type Kubernetes is not supported: '{existing.name}'. "
    raise error(400, "UserError", f"{message}Detach the compute and attach it again.")


def _attached_cluster(fleet: Fleet, properties: dict[str, Any]) -> ClusterResource:
    identifier = str(properties.get("resourceId"))
    found = fleet.resources.get(identifier.lower())
    if found is None:
        raise error(400, "UserError", f"The resource '{identifier}' was not found.")
    return found


def _identity(fleet: Fleet, workspace: WorkspaceState, name: str, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    kind = str((sent or {}).get("type") or "None")
    if kind.lower() in ("none", ""):
        return None
    found: dict[str, Any] = {"type": kind}
    if "systemassigned" in kind.lower():
        found["principalId"] = stable_guid(workspace.identifier, name, "identity")
        found["tenantId"] = fleet.scenario.tenant_id
    users = (sent or {}).get("userAssignedIdentities") or {}
    if users:
        found["userAssignedIdentities"] = {
            key: {"clientId": stable_guid(key, "client"), "principalId": stable_guid(key, "principal")} for key in users
        }
    return found


def _begin(fleet: Fleet, workspace: WorkspaceState, compute: ComputeState, work: Any) -> Operation:
    operation = Operation(
        service="machinelearning",
        resource_id=f"{workspace.identifier}/computes/{compute.name}",
        path="",
        verb="InProgress",
        started=fleet.now(),
    )
    location = workspace.spec.location
    operation.path = (
        f"{fleet.subscription}/providers/{PROVIDER}/locations/{location}/computeOperationsStatus/{operation.identifier}"
    )
    compute.operation = operation
    return fleet.begin(operation, work(operation))


def _status_url(fleet: Fleet, request: ArmRequest, operation: Operation) -> str:
    return status_url(fleet, operation, f"api-version={request.api_version}&service=new")


def _attach(fleet: Fleet, workspace: WorkspaceState, compute: ComputeState, resource: ClusterResource) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.compute_attach)
        fault = _attach_fault(resource)
        compute.modified = fleet.now()
        if fault:
            code, message = fault
            compute.provisioning_state = "Failed"
            compute.provisioning_errors = [{"error": {"code": code, "message": message}}]
            operation.fail(fleet.now(), code, message)
            return
        await _bind(fleet, workspace, resource)
        # The built-in default instance type is no object of the cluster until somebody overrides it.
        compute.provisioning_state = "Succeeded"
        compute.provisioning_errors = None
        operation.succeed(fleet.now())

    return work


def _attach_fault(resource: ClusterResource) -> tuple[str, str] | None:
    """Why a cluster cannot be attached: without the extension attaching fails, hours or minutes later."""
    found = [e for e in resource.extensions.values() if e.extension_type == "microsoft.azureml.kubernetes"]
    if not any(extension.installed for extension in found):
        message = (
            "Cannot found Microsoft.AzureML.Kubernetes extension: the extension is not installed on cluster "
            f"'{resource.identifier}'."
        )
        return "ExtensionNotFound", message
    if resource.cluster.spec.power_state == "Stopped":
        message = "An internal server error occurred. Please try again. If the problem persists, contact support"
        return "InternalServerError", message
    spec = resource.cluster.spec
    unreachable = resource.cluster.beliefs.answer("attach-private-cluster-without-public-name") == "fails"
    if spec.private and not spec.public_name and unreachable:
        message = "An internal server error occurred. Please try again. If the problem persists, contact support"
        return "InternalServerError", message
    if (
        not spec.local_accounts
        and resource.cluster.beliefs.answer("attach-without-local-accounts") == "admin-credential"
    ):
        message = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        return "BadRequest", message
    return None


async def _bind(fleet: Fleet, workspace: WorkspaceState, resource: ClusterResource) -> None:
    """Attaching makes a trusted access role binding on an AKS cluster, one per workspace."""
    if not resource.managed:
        return
    found = resource.cluster.bind(resource.identifier, workspace.identifier)
    if resource.cluster.started:
        await trusted_access.grant(await resource.cluster.api(fleet), [found], resource.cluster.beliefs)


def _detach(fleet: Fleet, workspace: WorkspaceState, compute: ComputeState) -> Any:
    async def work(operation: Operation) -> None:
        await fleet.clock.sleep(fleet.scenario.timing.compute_detach)
        workspace.computes.pop(compute.name.lower(), None)
        operation.succeed(fleet.now())

    return work


def _delete_cluster(fleet: Fleet, workspace: WorkspaceState, compute: ComputeState) -> None:
    """What `Delete` does: the cluster that the workspace created goes too. Tests must be able to see it."""
    fleet.report(
        "cluster deleted",
        cluster=str(compute.resource_id),
        compute=compute.name,
        workspace=workspace.spec.name,
        attached=str(compute.attached).lower(),
    )
    if not compute.attached and compute.resource_id:
        found = next((key for key in fleet.resources if key == str(compute.resource_id).lower()), None)
        if found:
            fleet.resources.pop(found)
