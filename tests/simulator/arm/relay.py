# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Relay: what `az k8s-extension create` makes for an Arc cluster.

Source: Azure/azure-rest-api-specs, Microsoft.Relay 2017-04-01; azure-cli-extensions, k8s-extension/azext_k8s_extension/
partner_extensions/AzureMLKubernetes.py: it asks for a namespace, a hybrid connection, an authorization rule, its keys.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from tests.simulator.arm.common import need_body, need_group
from tests.simulator.state.answers import Answer, ArmRequest, error, resource_not_found
from tests.simulator.state.fleet import RelayState

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PROVIDER = "Microsoft.Relay/namespaces"
DOMAIN = "servicebus.windows.net"


def _body(relay: RelayState) -> dict[str, Any]:
    return {
        "id": relay.identifier,
        "name": relay.name,
        "type": PROVIDER,
        "location": relay.location,
        "tags": {},
        "sku": {"name": "Standard", "tier": "Standard"},
        "properties": {
            "provisioningState": "Succeeded",
            "metricId": relay.name,
            "createdAt": relay.created,
            "updatedAt": relay.created,
            "serviceBusEndpoint": f"https://{relay.name}.{DOMAIN}:443/",
        },
    }


async def put_namespace(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a namespace: 201, done at once; 200 when it exists.

    Source: Azure/azure-rest-api-specs, Namespaces_CreateOrUpdate 2017-04-01.
    """
    group = need_group(fleet, request)
    name = request.params["namespace"]
    identifier = f"{fleet.subscription}/resourceGroups/{group}/providers/{PROVIDER}/{name}"
    existing = fleet.relays.get(identifier.lower())
    if existing is not None:
        return Answer(200, _body(existing))
    location = str(need_body(request).get("location") or "")
    if not location:
        raise error(400, "LocationRequired", "The location property is required for this definition.")
    relay = fleet.relays[identifier.lower()] = RelayState(identifier, name, location, fleet.now())
    return Answer(201, _body(relay))


async def get_namespace(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a namespace.

    Source: Azure/azure-rest-api-specs, Namespaces_Get 2017-04-01.
    """
    return Answer(200, _body(_need(fleet, request)))


async def get_connection(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a hybrid connection.

    Source: Azure/azure-rest-api-specs, HybridConnections_Get 2017-04-01.
    """
    relay = _need(fleet, request)
    name = request.params["connection"]
    if name.lower() not in relay.connections:
        raise error(404, "EntityNotFound", f"The messaging entity '{relay.name}/{name}' could not be found.")
    return Answer(200, relay.connections[name.lower()])


async def put_connection(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of a hybrid connection.

    Source: Azure/azure-rest-api-specs, HybridConnections_CreateOrUpdate 2017-04-01.
    """
    relay = _need(fleet, request)
    name = request.params["connection"]
    properties = {"requiresClientAuthorization": True, **(need_body(request).get("properties") or {})}
    body = {
        "id": f"{relay.identifier}/hybridConnections/{name}",
        "name": name,
        "type": f"{PROVIDER}/hybridConnections",
        "properties": {"createdAt": fleet.now(), "updatedAt": fleet.now(), "listenerCount": 0, **properties},
    }
    relay.connections[name.lower()] = body
    return Answer(200, body)


async def put_rule(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of an authorization rule of a hybrid connection.

    Source: Azure/azure-rest-api-specs, HybridConnections_CreateOrUpdateAuthorizationRule 2017-04-01.
    """
    relay = _need(fleet, request)
    name = request.params["rule"]
    rights = [str(right) for right in (need_body(request).get("properties") or {}).get("rights") or []]
    relay.rules[name.lower()] = rights
    identifier = f"{relay.identifier}/hybridConnections/{request.params['connection']}/authorizationRules/{name}"
    kind = f"{PROVIDER}/hybridConnections/authorizationRules"
    return Answer(200, {"id": identifier, "name": name, "type": kind, "properties": {"rights": rights}})


async def list_keys(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST listKeys of an authorization rule: two keys and their connection strings.

    Source: Azure/azure-rest-api-specs, HybridConnections_ListKeys 2017-04-01.
    """
    relay = _need(fleet, request)
    rule = request.params["rule"]
    if rule.lower() not in relay.rules:
        raise error(404, "EntityNotFound", f"The authorization rule '{rule}' could not be found.")
    keys = {part: _key(relay, f"{rule}/{part}") for part in ("primary", "secondary")}
    found: dict[str, str] = {"keyName": rule}
    for part, key in keys.items():
        found[f"{part}Key"] = key
        found[f"{part}ConnectionString"] = (
            f"Endpoint=sb://{relay.name}.{DOMAIN}/;SharedAccessKeyName={rule};SharedAccessKey={key};"
            f"EntityPath={request.params['connection']}"
        )
    return Answer(200, found)


def _key(relay: RelayState, name: str) -> str:
    return base64.b64encode(hashlib.sha256(relay.key + name.encode()).digest()).decode()


def _need(fleet: Fleet, request: ArmRequest) -> RelayState:
    group = need_group(fleet, request)
    name = request.params["namespace"]
    found = fleet.relays.get(f"{fleet.subscription}/resourceGroups/{group}/providers/{PROVIDER}/{name}".lower())
    if found is None:
        raise resource_not_found(f"{PROVIDER}/{name}", group)
    return found
