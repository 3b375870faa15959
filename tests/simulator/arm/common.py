# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several resource providers share: finding resources, status URLs, running operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.arm.headers import skip_token
from tests.simulator.state.answers import JSON_PLAIN, Answer, ArmRequest, error, gateway_error, resource_not_found
from tests.simulator.state.fleet import ClusterResource, WorkspaceState
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PROVIDER_OF = {
    "managedclusters": ("Microsoft.ContainerService", "managedClusters"),
    "connectedclusters": ("Microsoft.Kubernetes", "connectedClusters"),
}


def need_group(fleet: Fleet, request: ArmRequest) -> str:
    """The resource group that the path names. Raises the gateway's 404."""
    name = request.params["group"]
    if name.lower() not in fleet.groups:
        raise gateway_error(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return name


def need_cluster(fleet: Fleet, request: ArmRequest, kind: str) -> ClusterResource:
    """The cluster resource of type `kind` that the path names. Raises the gateway's 404."""
    group = need_group(fleet, request)
    provider, proper = PROVIDER_OF[kind.lower()]
    name = request.params["cluster"]
    found = fleet.resource(provider, proper, group, name)
    if found is None:
        raise resource_not_found(f"{provider}/{proper}/{name}", group)
    return found


def need_workspace(fleet: Fleet, request: ArmRequest) -> WorkspaceState:
    """The workspace that the path names. Raises the gateway's 404."""
    group = need_group(fleet, request)
    name = request.params["workspace"]
    found = fleet.workspace(group, name)
    if found is None:
        raise resource_not_found(f"Microsoft.MachineLearningServices/workspaces/{name}", group)
    return found


def need_body(request: ArmRequest) -> dict[str, Any]:
    """The JSON object in the request's body. Raises a 400."""
    if not isinstance(request.body, dict):
        message = "The request content was invalid and could not be deserialized: a JSON object is needed."
        raise error(400, "InvalidRequestContent", message)
    return request.body


def status_url(fleet: Fleet, operation: Operation, query: str) -> str:
    """The signed URL of `operation`; `query` begins its query string."""
    signature = fleet.signer.parameters(operation.path, fleet.clock.now())
    return f"{fleet.base_url}{operation.path}?{query}&{signature}"


def need_operation(fleet: Fleet, request: ArmRequest, path: str = "") -> Operation:
    """The operation whose status URL was asked for, with its signature unharmed. Raises 404 or 403.

    `path` is that of the operation where the URL is another one, such as that of its result.
    """
    operation = fleet.operations.get(request.params["operation"].lower())
    if operation is None or operation.path.lower() != (path or request.path).lower():
        raise error(404, "NotFound", f"The operation '{request.params['operation']}' was not found.")
    if not fleet.signer.valid(operation.path, request.query):
        message = "The signature of the status URL (t, c, s, h) is missing or is not the one that was issued."
        raise error(403, "InvalidOperationSignature", message)
    return operation


def pages(fleet: Fleet, request: ArmRequest, path: str, values: list[dict[str, Any]]) -> Answer:
    """All values on the first page, which points to a second one without any, as recorded for lists of AKS."""
    if "$skiptoken" in request.query or "skiptoken" in request.query:
        return Answer(200, {"value": []}, {}, JSON_PLAIN)
    token = skip_token()
    query = f"%24skipToken={token}&api-version={request.api_version}&skipToken={token}"
    return Answer(200, {"value": values, "nextLink": f"{fleet.base_url}{path}?{query}"}, {}, JSON_PLAIN)
