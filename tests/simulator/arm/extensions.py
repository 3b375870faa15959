# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.KubernetesConfiguration: extensions of AKS and Arc clusters, and their operations.

The published interface (Microsoft.KubernetesConfiguration 2023-05-01) as recordings show the real service; each
function states its source or belief.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.simulator.arm.api_versions import REGIONS, region
from tests.simulator.arm.common import need_body, need_cluster, need_operation, status_url
from tests.simulator.chart import EXTENSION_TYPE, ChartError, Release, delete_release, install_release, update_release
from tests.simulator.chart.cluster import UnexpectedAnswerError
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.cluster_api import ClusterApi
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, error
from tests.simulator.state.fleet import DEFAULT_EXTENSION_VERSION, ClusterResource, ExtensionState, stable_guid
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

ChartWork = Callable[[ClusterApi, Release, SimulationClock, float], Awaitable[None]]

TYPE = "Microsoft.KubernetesConfiguration/extensions"
BUSY = ("Creating", "Updating", "Deleting")
#: The types that are registered, and the newest version of each.
OFFERS = {
    EXTENSION_TYPE: DEFAULT_EXTENSION_VERSION,
    "microsoft.flux": "1.18.2",
    "microsoft.dapr": "1.16.4",
    "microsoft.azuremonitor.containers": "3.1.30",
    "microsoft.azurekeyvaultsecretsprovider": "1.7.3",
    "microsoft.openservicemesh": "1.2.9",
}
TRAINS = ("stable", "staging", "preview")
NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,51}[A-Za-z0-9])?")
STALE = 0.3
"""The part of an update for which reads may show the settings from before (belief extension-state-after-patch)."""
ANNOUNCED = 0.5
"""The part of the installation after which `currentVersion` is there."""
OLD_VERSIONS = ("2021-09-01", "2022-03-01")
PREEMPTED = "This operation has been preempted by another operation. Please retry later."


def body(fleet: Fleet, resource: ClusterResource, extension: ExtensionState, api_version: str) -> dict[str, Any]:
    """An extension as the service writes it in `api_version`; protected settings keep their keys only.

    Source: recording Test_KubernetesConfiguration_Extension_CRUD.yaml of Azure/azure-service-operator.
    """
    old = api_version in OLD_VERSIONS
    properties: dict[str, Any] = {
        "extensionType": extension.extension_type,
        "autoUpgradeMinorVersion": extension.auto_upgrade,
        "releaseTrain": extension.release_train,
        "version": extension.version or (extension.current_version if old else None),
    }
    if not old:
        properties["currentVersion"] = extension.current_version
    properties |= {
        "scope": extension.scope,
        "provisioningState": extension.provisioning_state,
        "configurationSettings": dict(extension.settings),
        "configurationProtectedSettings": dict.fromkeys(extension.protected, ""),
        "statuses": list(extension.statuses),
        "aksAssignedIdentity": _aks_identity(fleet, resource, extension),
    }
    if not old:
        properties["isSystemExtension"] = False
    if extension.error_info:
        properties["errorInfo"] = extension.error_info
    if api_version >= "2025-03-01":
        properties["autoUpgradeMode"] = "compatible" if extension.auto_upgrade else "none"
        properties["extensionState"] = "Ready" if extension.installed else None
    found: dict[str, Any] = {
        "id": _id(resource, extension.name),
        "name": extension.name,
        "type": TYPE,
        "properties": properties,
        "systemData": {
            "createdBy": None,
            "createdByType": None,
            "createdAt": extension.created,
            "lastModifiedBy": None,
            "lastModifiedByType": None,
            "lastModifiedAt": extension.modified,
        },
    }
    if extension.identity and not resource.managed:
        found["identity"] = {"type": "SystemAssigned", "principalId": extension.principal_id}
    return found


def _aks_identity(fleet: Fleet, resource: ClusterResource, extension: ExtensionState) -> dict[str, Any] | None:
    if not resource.managed or not extension.installed:
        return None
    return {"type": None, "principalId": extension.principal_id, "tenantId": fleet.scenario.tenant_id}


def _id(resource: ClusterResource, name: str) -> str:
    return f"{resource.identifier}/providers/{TYPE}/{name}"


async def get_extension(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of an extension.

    Source: recording Test_KubernetesConfiguration_Extension_CRUD.yaml of Azure/azure-service-operator.
    """
    resource = _parent(fleet, request)
    return Answer(200, body(fleet, resource, _shown(fleet, _need(resource, request)), request.api_version))


async def list_extensions(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the extensions of a cluster.

    Source: recording test_k8s_extension.yaml of Azure/azure-cli-extensions.
    """
    resource = _parent(fleet, request)
    found = [body(fleet, resource, _shown(fleet, each), request.api_version) for each in resource.extensions.values()]
    return Answer(200, {"value": found, "nextLink": None})


def _shown(fleet: Fleet, extension: ExtensionState) -> ExtensionState:
    """What reads show: for a while after a PATCH it may be what was there before."""
    if extension.shown is not None and fleet.clock.elapsed() < extension.shown_until:
        return extension.shown
    return extension


def _stale_seconds(fleet: Fleet) -> float:
    return fleet.scenario.timing.extension_update * STALE


async def put_extension(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT: create an extension (201), or replace the settings of an existing one (200).

    Source: recording Test_KubernetesConfiguration_Extension_CRUD.yaml of Azure/azure-service-operator.
    Belief: busy-extension-put
    Belief: failed-extension-put
    Belief: omitted-protected-settings-on-put
    """
    resource = _parent(fleet, request)
    _need_registration(fleet)
    sent = need_body(request)
    name = request.params["extension"]
    existing = resource.extensions.get(name.lower())
    properties = _checked(sent.get("properties") or {})
    _check_offer(resource, name, properties, existing)
    accepts = resource.cluster.beliefs.answer("busy-extension-put") == "accepted"
    if existing is not None and existing.provisioning_state in BUSY and not accepts:
        message = "Update failed for this resource, as there is a conflicting operation in progress."
        raise _extension_error(409, "UpdateFailed", f"{message} Please try after sometime.")
    _meet_aks(resource)
    extension = _wanted(fleet, resource, name, sent, properties, existing)
    resource.extensions[name.lower()] = extension
    fresh = existing is None or not existing.installed
    verb = "Creating" if fresh else "Updating"
    operation = _begin(fleet, resource, extension, verb, _install if fresh else _update)
    answer = _accepted(fleet, resource, operation, request, 201 if existing is None else 200)
    answer.headers["Location"] = (
        f"https://{resource.cluster.spec.location}.rp.kubernetesconfiguration.azure.com{_cased(resource, name)}"
    )
    answer.body = body(fleet, resource, extension, request.api_version)
    return answer


async def patch_extension(fleet: Fleet, request: ArmRequest) -> Answer:
    """PATCH: merge settings by key, replace protected settings when they are sent. 200 without a change, else 202.

    Source: learn.microsoft.com/azure/aks/deploy-extensions-az-cli; the 409 from recording
        test_aks_extension_backup.yaml of Azure/azure-cli-extensions.
    Belief: extension-state-after-patch
    Belief: empty-protected-settings-on-patch
    """
    resource = _parent(fleet, request)
    _need_registration(fleet)
    extension = _need(resource, request)
    if extension.provisioning_state in BUSY:
        raise _extension_error(
            409,
            "ExtensionPatchFailed",
            "The PATCH method cannot be completed due to a conflict. "
            f"(ProvisioningState of extension: {extension.provisioning_state}). Please wait for a few minutes for "
            "the ProvisioningState to change to Succeeded, Failed or Canceled and retry again. "
            "If the problem persists, please contact Microsoft support.",
        )
    sent = need_body(request).get("properties") or {}
    _meet_aks(resource)
    before = copy.copy(extension)
    if not _merge(resource, extension, sent):
        return Answer(200, body(fleet, resource, extension, request.api_version))
    extension.modified = fleet.now()
    operation = _begin(fleet, resource, extension, "Updating", _update if extension.installed else _install)
    answer = _accepted(fleet, resource, operation, request, 202)
    if resource.cluster.beliefs.answer("extension-state-after-patch") == "unchanged":
        extension.shown, extension.shown_until = before, fleet.clock.elapsed() + _stale_seconds(fleet)
    answer.body = body(fleet, resource, extension, request.api_version)
    return answer


async def delete_extension(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE: 202 and an operation; with forceDelete=true 200 at once; 204 when there is nothing to delete.

    Source: recording Test_KubernetesConfiguration_Extension_CRUD.yaml of Azure/azure-service-operator.
    Belief: busy-extension-delete
    """
    resource = _parent(fleet, request)
    name = request.params["extension"]
    extension = resource.extensions.get(name.lower())
    if extension is None:
        return Answer(204)
    if request.query.get("forcedelete", "false").lower() == "true":
        fleet.cancel(extension.operation)
        resource.extensions.pop(name.lower())
        fleet.background(_uninstall(fleet, resource, extension))
        return Answer(200, _forced())
    if extension.provisioning_state == "Deleting" and extension.operation is not None:
        return _accepted(fleet, resource, extension.operation, request, 202)
    refuses = resource.cluster.beliefs.answer("busy-extension-delete") == "refused"
    if extension.provisioning_state in BUSY and refuses:
        message = "Delete failed for this resource, as there is a conflicting operation in progress."
        raise _extension_error(409, "DeleteFailed", f"{message} Please try after sometime.")
    fleet.cancel(extension.operation)
    operation = _begin(fleet, resource, extension, "Deleting", _delete)
    return _accepted(fleet, resource, operation, request, 202)


async def get_operation(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the status URL of an operation.

    Source: recording Test_KubernetesConfiguration_Extension_CRUD.yaml of Azure/azure-service-operator.
    """
    return Answer(200, _operation_body(need_operation(fleet, request)))


async def list_operations(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of all operations of a cluster.

    Source: Azure/azure-rest-api-specs, Microsoft.KubernetesConfiguration, OperationStatus_List.
    """
    resource = _parent(fleet, request)
    prefix = _cased(resource, "").lower()
    found = [o for o in fleet.operations.values() if o.path.lower().startswith(prefix)]
    return Answer(200, {"value": [_operation_body(operation) for operation in found], "nextLink": None})


def _operation_body(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": operation.path,
        "name": operation.identifier,
        "status": operation.status,
    }
    if operation.error:
        found["error"] = {**operation.error, "additionalInfo": []}
    return found


def _forced() -> dict[str, Any]:
    """The body of a forced deletion: the service answers with an HTTP response that was turned into JSON."""
    return {
        "version": "1.1",
        "content": {"headers": []},
        "statusCode": 200,
        "reasonPhrase": "OK",
        "headers": [],
        "trailingHeaders": [],
        "requestMessage": None,
        "isSuccessStatusCode": True,
    }


def _extension_error(status: int, code: str, message: str) -> ArmError:
    return ArmError(Answer(status, {"error": {"code": code, "message": message, "additionalInfo": []}}))


def _parent(fleet: Fleet, request: ArmRequest) -> ClusterResource:
    return need_cluster(fleet, request, request.params["kind"])


def _need(resource: ClusterResource, request: ArmRequest) -> ExtensionState:
    name = request.params["extension"]
    found = resource.extensions.get(name.lower())
    if found is None:
        raise _extension_error(404, "ResourceNotFound", f"Extension instance with name '{name}' not found.")
    return found


def _need_registration(fleet: Fleet) -> None:
    provider = "Microsoft.KubernetesConfiguration"
    if fleet.providers.get(provider.lower(), "Registered") != "Registered":
        message = (
            f"The subscription is not registered to use namespace '{provider}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        raise error(409, "MissingSubscriptionRegistration", message)


def _meet_aks(resource: ClusterResource) -> None:
    """Raise 409 while AKS works on the cluster itself.

    Source: github.com/Azure/AKS-Construction/issues/385.
    Belief: extension-while-aks-operates
    """
    busy = resource.cluster.busy
    if resource.managed and busy and resource.cluster.beliefs.answer("extension-while-aks-operates") == "refused":
        message = f"Operation is not allowed: Another operation ({busy}) is in progress, please wait for it to finish "
        message += "before starting a new operation. See https://aka.ms/aks-pending-operation"
        raise _extension_error(409, "OperationNotAllowed", message)


def _checked(properties: dict[str, Any]) -> dict[str, Any]:
    if not properties.get("extensionType"):
        raise _extension_error(400, "ExtensionTypeRequired", "The property 'extensionType' must be given.")
    if properties.get("version") and properties.get("autoUpgradeMinorVersion") is not False:
        message = "A version can only be pinned when autoUpgradeMinorVersion is false."
        raise _extension_error(400, "InvalidVersionRequest", message)
    settings = properties.get("configurationSettings") or {}
    wrong = [key for key, value in settings.items() if not isinstance(value, str)]
    if wrong:
        message = f"The value of configuration setting '{wrong[0]}' must be a string."
        raise error(400, "InvalidRequestContent", message)
    return properties


def _check_offer(
    resource: ClusterResource, name: str, properties: dict[str, Any], existing: ExtensionState | None
) -> None:
    """Raise 400 for what the service does not offer: name, type, region, version, train; or for another type.

    Source: github.com/MicrosoftDocs/azure-docs/issues/119687 (region), learn.microsoft.com/troubleshoot/azure/
    azure-kubernetes/extensions/cluster-extension-deployment-errors (type), github.com/Azure/azure-cli-extensions/
    issues/5325 (version and train); names become those of Helm releases. The text for another type is a guess.
    """
    kind = str(properties["extensionType"]).lower()
    if not NAME.fullmatch(name):
        message = f"The extension name '{name}' is not valid: letters, digits and dashes, at most 53 of them."
        raise _extension_error(400, "InvalidExtensionName", message)
    if existing is not None and existing.extension_type != kind:
        message = f"The property 'extensionType' of extension '{name}' cannot be changed."
        raise _extension_error(400, "PropertyChangeNotAllowed", message)
    if kind not in OFFERS:
        raise _extension_error(400, "ExtensionTypeRegistrationGetFailed", f"Extension type {kind} is not registered.")
    regions = [region(each) for each in REGIONS]
    location = region(resource.cluster.spec.location)
    if location not in regions:
        message = (
            f"Extension type {kind} is not registered in region {location}. Extension is available in "
            f"{', '.join(regions)}. Please try to install in these regions."
        )
        raise _extension_error(400, "ExtensionTypeRegistrationGetFailed", message)
    train = str(properties.get("releaseTrain") or "stable").lower()
    version = properties.get("version")
    if train not in TRAINS or (version and not _offered(kind, str(version))):
        message = "Failed to resolve the extension version from the given values."
        text = f"The extension operation failed with the following error: {message}"
        raise _extension_error(400, "ExtensionOperationFailed", text)


def _offered(kind: str, version: str) -> bool:
    """Whether there is such a version: of the newest minor version, and not newer than the newest."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
    newest = tuple(int(part) for part in OFFERS[kind].split("."))
    if found is None:
        return False
    wanted = tuple(int(part) for part in found.groups())
    return wanted[:2] <= newest[:2] and wanted <= newest


def _wanted(
    fleet: Fleet,
    resource: ClusterResource,
    name: str,
    sent: dict[str, Any],
    properties: dict[str, Any],
    existing: ExtensionState | None,
) -> ExtensionState:
    now = fleet.now()
    automatic = properties.get("autoUpgradeMinorVersion")
    beliefs = resource.cluster.beliefs
    protected = dict(properties.get("configurationProtectedSettings") or {})
    if existing is not None and beliefs.answer("omitted-protected-settings-on-put") == "kept":
        protected = {**existing.protected, **protected}
    failed = existing is not None and existing.provisioning_state == "Failed"
    return ExtensionState(
        name=existing.name if existing else name,
        extension_type=str(properties["extensionType"]).lower(),
        auto_upgrade=True if automatic is None else bool(automatic),
        release_train=properties.get("releaseTrain") or "Stable",
        version=properties.get("version"),
        scope=_scope(properties),
        settings=dict(properties.get("configurationSettings") or {}),
        protected=protected,
        created=existing.created if existing else now,
        modified=now,
        principal_id=stable_guid(resource.identifier, name, "principal"),
        identity=sent.get("identity"),
        current_version=existing.current_version if existing else None,
        installed=existing.installed if existing else False,
        stuck=failed and beliefs.answer("failed-extension-put") == "fails",
        earlier=existing.operation if existing else None,
        runs_without=existing.runs_without if existing else frozenset(),
    )


def _scope(properties: dict[str, Any]) -> dict[str, Any]:
    scope = (properties.get("scope") or {}).get("cluster") or {}
    default = "azureml" if str(properties["extensionType"]).lower() == EXTENSION_TYPE else "default"
    return {"cluster": {"releaseNamespace": scope.get("releaseNamespace") or default}}


def _merge(resource: ClusterResource, extension: ExtensionState, sent: dict[str, Any]) -> bool:
    """Apply a PATCH; returns whether anything is different now."""
    before = (
        dict(extension.settings),
        dict(extension.protected),
        extension.auto_upgrade,
        extension.release_train,
        extension.version,
    )
    if sent.get("autoUpgradeMinorVersion") is not None:
        extension.auto_upgrade = bool(sent["autoUpgradeMinorVersion"])
    if sent.get("releaseTrain") is not None:
        extension.release_train = sent["releaseTrain"]
    if sent.get("version") is not None:
        extension.version = sent["version"]
    if extension.auto_upgrade:
        extension.version = None
    extension.settings = {**extension.settings, **(sent.get("configurationSettings") or {})}
    protected = sent.get("configurationProtectedSettings")
    keeps = resource.cluster.beliefs.answer("empty-protected-settings-on-patch") == "kept"
    if protected is not None and (protected or not keeps):
        extension.protected = dict(protected)
    after = (
        extension.settings,
        extension.protected,
        extension.auto_upgrade,
        extension.release_train,
        extension.version,
    )
    return before != after


def _cased(resource: ClusterResource, name: str) -> str:
    """The path of an extension with the capital letter that the service puts into status URLs."""
    kind = resource.type[0].upper() + resource.type[1:]
    return _id(resource, name).replace(f"/{resource.type}/", f"/{kind}/")


def _begin(fleet: Fleet, resource: ClusterResource, extension: ExtensionState, verb: str, work: Any) -> Operation:
    operation = Operation(
        service="kubernetesconfiguration",
        resource_id=_id(resource, extension.name),
        path="",
        verb=verb,
        started=fleet.now(),
    )
    operation.path = f"{_cased(resource, extension.name)}/operations/{operation.identifier}"
    extension.provisioning_state = verb
    extension.statuses, extension.error_info = [], None
    extension.operation = operation
    extension.preempted = resource.managed and bool(resource.cluster.busy) and _loses_to_aks(resource)
    return fleet.begin(operation, work(fleet, resource, extension, operation))


def _loses_to_aks(resource: ClusterResource) -> bool:
    return resource.cluster.beliefs.answer("extension-while-aks-operates") == "preempted"


def _accepted(
    fleet: Fleet, resource: ClusterResource, operation: Operation, request: ArmRequest, status: int
) -> Answer:
    key = "api-version" if resource.managed else "api-Version"
    url = status_url(fleet, operation, f"{key}={request.api_version}")
    return Answer(status, None, {"Azure-AsyncOperation": url})


def _release(resource: ClusterResource, extension: ExtensionState) -> Release:
    namespace = extension.scope["cluster"]["releaseNamespace"]
    settings = {**extension.settings, **extension.protected}
    return Release(
        extension.name,
        namespace,
        settings,
        resource.managed,
        has_identity=extension.identity is not None,
        beliefs=resource.cluster.beliefs,
        load_balancer=resource.cluster.spec.load_balancer,
        router=resource.cluster.router,
        runs_without=extension.runs_without,
    )


async def _announce(fleet: Fleet, extension: ExtensionState, seconds: float) -> None:
    """The service knows the version some time before the installation is done."""
    await fleet.clock.sleep(seconds)
    if extension.provisioning_state == "Creating":
        extension.current_version = extension.version or DEFAULT_EXTENSION_VERSION


async def _install(fleet: Fleet, resource: ClusterResource, extension: ExtensionState, operation: Operation) -> None:
    seconds = fleet.scenario.timing.extension_install
    fleet.background(_announce(fleet, extension, seconds * ANNOUNCED))
    failure = await _carry_out(fleet, resource, extension, install_release, seconds)
    if _lost(fleet, extension, operation):
        return
    if failure:
        _failed(fleet, extension, operation, failure, "Create")
        return
    extension.installed = True
    _succeeded(fleet, extension, operation)


async def _update(fleet: Fleet, resource: ClusterResource, extension: ExtensionState, operation: Operation) -> None:
    seconds = fleet.scenario.timing.extension_update
    failure = await _carry_out(fleet, resource, extension, update_release, seconds)
    if _lost(fleet, extension, operation):
        return
    if failure:
        _failed(fleet, extension, operation, failure, "Update")
        return
    _succeeded(fleet, extension, operation)


async def _carry_out(
    fleet: Fleet, resource: ClusterResource, extension: ExtensionState, work: ChartWork, seconds: float
) -> ChartError | None:
    """Let the chart do `work` in the cluster, or just wait for an extension of another type; returns the failure."""
    await _wait_for_others(fleet, resource, extension)
    if extension.stuck:
        await fleet.clock.sleep(seconds)
        return ChartError("another operation (install/upgrade/rollback) is in progress")
    if extension.extension_type != EXTENSION_TYPE:
        await fleet.clock.sleep(seconds)
        return None
    agents = _agents_fault(resource)
    if agents:
        await fleet.clock.sleep(seconds)
        return ChartError(agents)
    try:
        api = await resource.cluster.api(fleet)
        await work(api, _release(resource, extension), fleet.clock, seconds)
    except ChartError as failure:
        return failure
    except (UnexpectedAnswerError, aiohttp.ClientError, OSError) as error:
        return ChartError(f"Kubernetes cluster unreachable or refusing: {error}")
    return None


def _lost(fleet: Fleet, extension: ExtensionState, operation: Operation) -> bool:
    """Whether an operation of AKS came between; the extension is Failed then, and the operation says why."""
    if not extension.preempted:
        return False
    extension.preempted = False
    extension.statuses = [_status(f"{PREEMPTED} (Code: AKSOperationPreempted)")]
    extension.provisioning_state = "Failed"
    extension.modified = fleet.now()
    operation.fail(fleet.now(), "AKSOperationPreempted", PREEMPTED)
    return True


async def _wait_for_others(fleet: Fleet, resource: ClusterResource, extension: ExtensionState) -> None:
    """Let AKS finish what it does on the cluster, and an earlier operation on the extension what it has begun."""
    while extension.earlier is not None and not extension.earlier.done:
        await fleet.clock.sleep(1)
    while resource.managed and resource.cluster.busy:
        await fleet.clock.sleep(1)


def _status(message: str) -> dict[str, Any]:
    return {"code": "InstallationFailed", "displayStatus": None, "level": None, "message": message, "time": None}


def _agents_fault(resource: ClusterResource) -> str | None:
    """Why the extension's agents cannot work: the cluster is stopped, or has no managed identity to sign in with."""
    spec = resource.cluster.spec
    principal = spec.identity == "service_principal" or any(
        p.service_principal for p in resource.cluster.pools.values()
    )
    if spec.power_state == "Stopped" or (resource.managed and principal):
        return (
            "Unable to get the status from the local CRD with the error : {Error : Retry for given duration "
            "didn't get any results with err {status not populated}}"
        )
    return None


async def _delete(fleet: Fleet, resource: ClusterResource, extension: ExtensionState, operation: Operation) -> None:
    await fleet.clock.sleep(fleet.scenario.timing.extension_delete)
    await _uninstall(fleet, resource, extension)
    resource.extensions.pop(extension.name.lower(), None)
    operation.succeed(fleet.now())


async def _uninstall(fleet: Fleet, resource: ClusterResource, extension: ExtensionState) -> None:
    if extension.extension_type == EXTENSION_TYPE and not _agents_fault(resource):
        api = await resource.cluster.api(fleet)
        await delete_release(api, _release(resource, extension))


def _succeeded(fleet: Fleet, extension: ExtensionState, operation: Operation) -> None:
    extension.current_version = extension.version or extension.current_version or DEFAULT_EXTENSION_VERSION
    extension.provisioning_state = "Succeeded"
    extension.modified = fleet.now()
    operation.succeed(fleet.now())


def _failed(fleet: Fleet, extension: ExtensionState, operation: Operation, failure: ChartError, action: str) -> None:
    kind = "installation" if action == "Create" else "upgrade"
    text = (
        f"The extension operation failed with the following error:  Error: [ InnerError: [Helm {kind} failed : "
        "Unable to create/update Kubernetes resources for the extension : Recommendation Please check that there are "
        "no policies blocking the resource creation/update for the extension : "
        f"InnerError [{failure.message}]]] occurred while doing the operation : [{action}] on the config, "
        "For general troubleshooting visit: https://aka.ms/k8s-extensions-TSG"
    )
    code = "ExtensionOperationFailed"
    extension.statuses = [_status(f"{text} (Code: {code})")]
    extension.error_info = {"code": code, "message": text, "target": None, "details": [], "additionalInfo": []}
    extension.provisioning_state = "Failed"
    extension.modified = fleet.now()
    operation.fail(fleet.now(), code, text)
