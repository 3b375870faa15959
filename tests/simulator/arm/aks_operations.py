# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.ContainerService: one operation on a cluster at a time, its status URLs, and what gets in its way.

Source: recorded answers of `az aks` (status and result URLs); for the conflicts what users and test suites of others
quote: `OperationNotAllowed` "Another operation (Updating) is in progress", `OperationNotAllowed` "in progress
PutExtensionAddonHandler.PUT operation", `AKSOperationPreempted`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.simulator.arm.common import need_operation, status_url
from tests.simulator.state.answers import JSON_PLAIN, Answer, ArmError, ArmRequest
from tests.simulator.state.operations import Operation

if TYPE_CHECKING:
    from tests.simulator.state.fleet import ClusterResource, ExtensionState, Fleet

OPERATION_VERSION = "2025-03-01"
HELP = "See https://aka.ms/aks-pending-operation"

Work = Callable[[Operation], Awaitable[None]]


def ok(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer of this resource provider, whose content type names no character set."""
    return Answer(status, body, headers or {}, JSON_PLAIN)


def refusal(message: str) -> Answer:
    """The 409 of an operation that is not allowed now."""
    body = {"code": "OperationNotAllowed", "details": None, "message": message, "subcode": ""}
    return Answer(409, body, content_type=JSON_PLAIN)


def refuse_when_busy(resource: ClusterResource) -> None:
    """Raise 409 while another operation on the cluster, or the installation of an extension, is under way.

    Source: github.com/Azure/terraform-azurerm-avm-ptn-aks-production/pull/25 for the text.
    Belief: pool-update-while-extension-installs
    """
    busy = resource.cluster.busy
    if busy:
        message = f"Operation is not allowed: Another operation ({busy}) is in progress, please wait for it to finish "
        raise ArmError(refusal(f"{message}before starting a new operation. {HELP}"))
    installing = _installing(resource)
    answer = resource.cluster.beliefs.answer("pool-update-while-extension-installs")
    if installing is None or answer == "neither":
        return
    if answer == "pool":
        message = (
            "Operation is not allowed because there's an in progress PutExtensionAddonHandler.PUT operation on the "
        )
        message += f"managed cluster {resource.name} started on {installing.modified}. Please wait for it to finish "
        raise ArmError(refusal(f"{message}before starting a new operation. {HELP}"))
    if answer == "extension":
        installing.preempted = True


def preempted(resource: ClusterResource) -> bool:
    """Whether the installation of an extension takes an operation of AKS its turn.

    Belief: pool-update-while-extension-installs
    """
    answer = resource.cluster.beliefs.answer("pool-update-while-extension-installs")
    return answer == "pool-preempted" and _installing(resource) is not None


def _installing(resource: ClusterResource) -> ExtensionState | None:
    found = (e for e in resource.extensions.values() if e.provisioning_state == "Creating")
    return next(found, None)


def begin(fleet: Fleet, resource: ClusterResource, work: Work, state: str) -> Operation:
    """Start `work` as the cluster's only operation; `state` is the cluster's provisioning state meanwhile."""
    operation = Operation(
        service="containerservice",
        resource_id=resource.identifier,
        path="",
        verb="InProgress",
        started=fleet.now(),
    )
    location = resource.cluster.spec.location
    operation.path = (
        f"{fleet.subscription}/providers/Microsoft.ContainerService/locations/{location}"
        f"/operations/{operation.identifier}"
    )
    resource.cluster.busy = state
    return fleet.begin(operation, _alone(resource, work, operation))


async def _alone(resource: ClusterResource, work: Work, operation: Operation) -> None:
    try:
        await work(operation)
    finally:
        resource.cluster.busy = None


def poll_headers(fleet: Fleet, operation: Operation, *, location: bool = False) -> dict[str, str]:
    """The headers by which a client finds the operation; POST and DELETE have a result URL as well."""
    query = f"api-version={OPERATION_VERSION}"
    headers = {"Azure-AsyncOperation": status_url(fleet, operation, query)}
    if location:
        headers["Location"] = headers["Azure-AsyncOperation"].replace("/operations/", "/operationresults/", 1)
    return headers


async def get_operation(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of a status URL of the AKS resource provider.

    Source: recorded answers of managedClusters.
    """
    operation = need_operation(fleet, request)
    body: dict[str, Any] = {
        "name": operation.identifier,
        "status": operation.status,
        "startTime": operation.started,
    }
    if operation.ended:
        body["endTime"] = operation.ended
    if operation.error:
        body["error"] = operation.error
    return ok(body)


async def get_result(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of the `Location` of an operation: 202 until it has ended, then 204 (or the result, as for run command).

    Source: recorded answers of `az aks stop`, `az aks start` and `az aks command invoke`.
    """
    operation = need_operation(fleet, request, re.sub("(?i)/operationresults/", "/operations/", request.path))
    headers = poll_headers(fleet, operation, location=True)
    location = {"Location": headers["Location"]}
    return ok(None, 204 if operation.done else 202, location)
