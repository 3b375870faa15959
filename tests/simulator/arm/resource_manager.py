# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Resources and Microsoft.Features: lists of resources, tags at any scope, features of a subscription.

Source: Azure/azure-rest-api-specs, Microsoft.Resources 2021-04-01 and Microsoft.Features 2021-07-01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulator.arm.common import need_body, need_group
from tests.simulator.state.answers import Answer, ArmRequest, error, resource_not_found

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

TAGS = "/providers/Microsoft.Resources/tags/default"
KNOWN_FEATURES = ("Microsoft.ContainerService/AKS-ExtensionManager",)


async def list_resources(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the resources of the subscription or of a group, with the filter `resourceType eq '...'`.

    Source: Azure/azure-rest-api-specs, Resources_List and Resources_ListByResourceGroup 2021-04-01.
    """
    group = need_group(fleet, request).lower() if "group" in request.params else ""
    wanted = request.query.get("$filter", "").partition("resourceType eq '")[2].partition("'")[0].lower()
    found = [
        entry
        for entry in _resources(fleet)
        if (not wanted or entry["type"].lower() == wanted)
        and (not group or f"/resourcegroups/{group}/" in entry["id"].lower())
    ]
    return Answer(200, {"value": found})


def _resources(fleet: Fleet) -> Iterator[dict[str, Any]]:
    for resource in fleet.resources.values():
        kind = f"{resource.provider}/{resource.type}"
        yield _entry(resource.identifier, resource.name, kind, resource.cluster.spec.location, resource.tags)
    for workspace in fleet.workspaces.values():
        kind = "Microsoft.MachineLearningServices/workspaces"
        yield _entry(workspace.identifier, workspace.spec.name, kind, workspace.spec.location, workspace.tags)
    for namespace in fleet.relays.values():
        yield _entry(namespace.identifier, namespace.name, "Microsoft.Relay/namespaces", namespace.location, {})


def _entry(identifier: str, name: str, kind: str, location: str, tags: dict[str, str]) -> dict[str, Any]:
    return {"id": identifier, "name": name, "type": kind, "location": location, "tags": dict(tags)}


def _tags_of(fleet: Fleet, scope: str) -> dict[str, str]:
    """The tags at a scope, to be changed in place. Raises 404."""
    key = scope.lower()
    if key in fleet.resources:
        return fleet.resources[key].tags
    for workspace in fleet.workspaces.values():
        if workspace.identifier.lower() == key:
            return workspace.tags
    parts = key.strip("/").split("/")
    if len(parts) == 2 or (len(parts) == 4 and parts[3] in fleet.groups):
        return fleet.tags.setdefault(key, {})
    names = scope.partition("/providers/")[2]
    raise resource_not_found(names or scope, parts[3] if len(parts) > 3 else "")


def _tags_body(scope: str, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"{scope}{TAGS}",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": dict(tags)},
    }


async def get_tags(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the tags at a scope.

    Source: Azure/azure-rest-api-specs, Tags_GetAtScope 2021-04-01.
    """
    scope = request.params["scope"]
    return Answer(200, _tags_body(scope, _tags_of(fleet, scope)))


async def put_tags(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of the tags at a scope: replaces them all.

    Source: Azure/azure-rest-api-specs, Tags_CreateOrUpdateAtScope 2021-04-01.
    """
    return _change_tags(fleet, request, "Replace")


async def patch_tags(fleet: Fleet, request: ArmRequest) -> Answer:
    """PATCH of the tags at a scope: Merge, Replace or Delete.

    Source: Azure/azure-rest-api-specs, Tags_UpdateAtScope 2021-04-01.
    """
    return _change_tags(fleet, request, str(need_body(request).get("operation")))


async def delete_tags(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of all tags at a scope.

    Source: Azure/azure-rest-api-specs, Tags_DeleteAtScope 2021-04-01.
    """
    _tags_of(fleet, request.params["scope"]).clear()
    return Answer(200)


def _change_tags(fleet: Fleet, request: ArmRequest, operation: str) -> Answer:
    scope = request.params["scope"]
    tags = _tags_of(fleet, scope)
    sent = {str(k): str(v) for k, v in ((need_body(request).get("properties") or {}).get("tags") or {}).items()}
    if operation not in ("Merge", "Replace", "Delete"):
        raise error(400, "InvalidTagPatchOperation", f"The tags patch operation '{operation}' is not valid.")
    if operation == "Replace":
        tags.clear()
    if operation == "Delete":
        for name in sent:
            tags.pop(name, None)
    else:
        tags |= sent
    return Answer(200, _tags_body(scope, tags))


def _feature(fleet: Fleet, name: str) -> dict[str, Any]:
    namespace, _unused, feature = name.partition("/")
    return {
        "id": f"{fleet.subscription}/providers/Microsoft.Features/providers/{namespace}/features/{feature}",
        "name": name,
        "type": "Microsoft.Features/providers/features",
        "properties": {"state": fleet.features.get(name.lower(), "NotRegistered")},
    }


async def list_features(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the features of a subscription, or of a provider.

    Source: Azure/azure-rest-api-specs, Features_ListAll and Features_List 2021-07-01.
    """
    namespace = request.params.get("namespace", "").lower()
    known = {name.lower(): name for name in KNOWN_FEATURES} | {name: name for name in fleet.features}
    found = [_feature(fleet, name) for key, name in known.items() if key.startswith(namespace)]
    return Answer(200, {"value": found})


async def get_feature(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a feature.

    Source: Azure/azure-rest-api-specs, Features_Get 2021-07-01.
    """
    return Answer(200, _feature(fleet, f"{request.params['namespace']}/{request.params['feature']}"))


async def register_feature(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST register of a feature: `Registering`, later `Registered`.

    Source: Azure/azure-rest-api-specs, Features_Register 2021-07-01.
    """
    name = f"{request.params['namespace']}/{request.params['feature']}"
    if fleet.features.get(name.lower()) != "Registered":
        fleet.features[name.lower()] = "Registering"
        fleet.background(_register(fleet, name.lower()))
    return Answer(200, _feature(fleet, name))


async def unregister_feature(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST unregister of a feature.

    Source: Azure/azure-rest-api-specs, Features_Unregister 2021-07-01.
    """
    name = f"{request.params['namespace']}/{request.params['feature']}"
    fleet.features[name.lower()] = "Unregistered"
    return Answer(200, _feature(fleet, name))


async def _register(fleet: Fleet, name: str) -> None:
    await fleet.clock.sleep(fleet.scenario.timing.provider_register)
    fleet.features[name] = "Registered"


async def list_locations(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the regions of the subscription.

    Source: Azure/azure-rest-api-specs, Subscriptions_ListLocations 2022-12-01.
    """
    from tests.simulator.arm.api_versions import REGIONS, region

    found = [
        {
            "id": f"{fleet.subscription}/locations/{region(name)}",
            "name": region(name),
            "type": "Region",
            "displayName": name,
            "regionalDisplayName": name,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name in REGIONS
    ]
    return Answer(200, {"value": found})
