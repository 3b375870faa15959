# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARM itself: subscriptions, tenants, resource groups, resource providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.arm import api_versions
from tests.simulator.arm.common import need_group
from tests.simulator.state.answers import Answer, ArmRequest, error
from tests.simulator.state.fleet import stable_guid

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PROVIDERS = (
    "Microsoft.ContainerService",
    "Microsoft.ExtendedLocation",
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.MachineLearningServices",
    "Microsoft.Relay",
)


def _subscription(fleet: Fleet) -> dict[str, Any]:
    return {
        "id": fleet.subscription,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": fleet.scenario.subscription_id,
        "tenantId": fleet.scenario.tenant_id,
        "displayName": "Simulated subscription",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Internal_2014-09-01",
            "quotaId": "Internal_2014-09-01",
            "spendingLimit": "Off",
        },
    }


async def get_subscription(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the subscription.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, _subscription(fleet))


async def list_subscriptions(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the subscriptions: one.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, {"value": [_subscription(fleet)], "count": {"type": "Total", "value": 1}})


async def list_tenants(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the tenants: one.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    tenant = fleet.scenario.tenant_id
    body = {"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home", "displayName": "Simulated"}
    return Answer(200, {"value": [body]})


def _group(fleet: Fleet, key: str) -> dict[str, Any]:
    name, location = fleet.groups[key]
    return {
        "id": f"{fleet.subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


async def get_group(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a resource group.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, _group(fleet, need_group(fleet, request).lower()))


async def head_group(fleet: Fleet, request: ArmRequest) -> Answer:
    """HEAD of a resource group: 204 or 404.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(204 if request.params["group"].lower() in fleet.groups else 404)


async def list_groups(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the resource groups.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, {"value": [_group(fleet, key) for key in fleet.groups]})


def _type(fleet: Fleet, name: str, kind: str) -> dict[str, Any]:
    """A resource type as the body of its provider lists it; types of one name below a location have no regions."""
    found: dict[str, Any] = {
        "resourceType": kind,
        "locations": [] if kind in ("locations", "operations") else list(api_versions.REGIONS),
        "apiVersions": api_versions.supported(fleet, name, kind),
        "capabilities": "SupportsExtension",
    }
    found["defaultApiVersion"] = next(v for v in found["apiVersions"] if not v.endswith("-preview"))
    return found


def _provider(fleet: Fleet, name: str) -> dict[str, Any]:
    types = [_type(fleet, name, kind) for kind in api_versions.TYPES.get(name, ())]
    return {
        "id": f"{fleet.subscription}/providers/{name}",
        "namespace": name,
        "authorizations": [{"applicationId": stable_guid(name), "roleDefinitionId": stable_guid(name, "role")}],
        "resourceTypes": types,
        "registrationState": fleet.providers.get(name.lower(), "Registered"),
        "registrationPolicy": "RegistrationRequired",
    }


def _need_provider(request: ArmRequest) -> str:
    wanted = request.params["namespace"]
    for name in PROVIDERS:
        if name.lower() == wanted.lower():
            return name
    raise error(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")


async def get_provider(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a resource provider.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, _provider(fleet, _need_provider(request)))


async def list_providers(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the resource providers.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    return Answer(200, {"value": [_provider(fleet, name) for name in PROVIDERS]})


async def register_provider(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST register: `Registering` at first, `Registered` some time later.

    Source: recorded answers of Azure Resource Manager (recordings of Azure/azure-cli).
    """
    name = _need_provider(request)
    if fleet.providers.get(name.lower(), "Registered") != "Registered":
        fleet.providers[name.lower()] = "Registering"
        fleet.background(_register(fleet, name))
    return Answer(200, _provider(fleet, name))


async def _register(fleet: Fleet, name: str) -> None:
    await fleet.clock.sleep(fleet.scenario.timing.provider_register)
    fleet.providers[name.lower()] = "Registered"
