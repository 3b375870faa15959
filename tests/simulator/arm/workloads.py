# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.MachineLearningServices: online endpoints, their deployments, and jobs: what uses a compute.

Source: Azure/azure-rest-api-specs, Microsoft.MachineLearningServices 2024-10-01 (OnlineEndpoints, OnlineDeployments,
Jobs); recorded answers of Kubernetes online endpoints. They have a state here and nothing that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.arm.common import need_body, need_workspace
from tests.simulator.state.answers import Answer, ArmError, ArmRequest, error, resource_not_found
from tests.simulator.state.fleet import ComputeState, WorkspaceState

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PROVIDER = "Microsoft.MachineLearningServices"
ENDED = ("Completed", "Failed", "Canceled")


async def list_workloads(fleet: Fleet, request: ArmRequest) -> Answer:
    """LIST of the endpoints of a workspace, the deployments of an endpoint, or the jobs of a workspace.

    Source: Azure/azure-rest-api-specs, OnlineEndpoints_List, OnlineDeployments_List, Jobs_List 2024-10-01.
    """
    workspace, path = _located(fleet, request)
    depth = path.count("/") + 1
    found = [
        body for key, body in workspace.workloads.items() if key.startswith(f"{path}/") and key.count("/") == depth
    ]
    return Answer(200, {"value": found})


async def get_workload(fleet: Fleet, request: ArmRequest) -> Answer:
    """GET of an endpoint, a deployment or a job.

    Source: Azure/azure-rest-api-specs, OnlineEndpoints_Get, OnlineDeployments_Get, Jobs_Get 2024-10-01.
    """
    workspace, path = _located(fleet, request)
    if path not in workspace.workloads:
        raise _missing(workspace, path)
    return Answer(200, workspace.workloads[path])


async def put_workload(fleet: Fleet, request: ArmRequest) -> Answer:
    """PUT of an endpoint, a deployment or a job: there at once. Raises 400 for a compute that does not exist.

    Source: Azure/azure-rest-api-specs, OnlineEndpoints_CreateOrUpdate, OnlineDeployments_CreateOrUpdate,
        Jobs_CreateOrUpdate 2024-10-01.
    """
    workspace, path = _located(fleet, request)
    sent = need_body(request)
    properties = dict(sent.get("properties") or {})
    compute = str(properties.get("compute") or properties.get("computeId") or "")
    if compute and compute.rpartition("/")[2].lower() not in workspace.computes:
        raise error(400, "UserError", f"The compute '{compute}' was not found.")
    parent = path.rpartition("/deployments/")[0]
    if parent and parent not in workspace.workloads:
        raise _missing(workspace, parent)
    job = path.startswith("jobs/")
    properties |= {"status": "Running"} if job else {"provisioningState": "Succeeded"}
    names = request.path.partition(f"/providers/{PROVIDER}/")[2].split("/")
    body: dict[str, Any] = {
        "id": f"{workspace.identifier}/{'/'.join(names[2:])}",
        "name": names[-1],
        "type": "/".join([PROVIDER, *names[::2]]),
        "properties": properties,
    }
    if not job:
        body |= {"location": workspace.spec.location, "tags": sent.get("tags") or {}}
    workspace.workloads[path] = body
    return Answer(201, body)


async def delete_workload(fleet: Fleet, request: ArmRequest) -> Answer:
    """DELETE of an endpoint with its deployments, of a deployment, or of a job that has ended.

    Source: Azure/azure-rest-api-specs, OnlineEndpoints_Delete, OnlineDeployments_Delete, Jobs_Delete 2024-10-01.
    """
    workspace, path = _located(fleet, request)
    found = [key for key in workspace.workloads if key == path or key.startswith(f"{path}/")]
    for key in found:
        del workspace.workloads[key]
    return Answer(200 if found else 204)


async def cancel_job(fleet: Fleet, request: ArmRequest) -> Answer:
    """POST cancel of a job.

    Source: Azure/azure-rest-api-specs, Jobs_Cancel 2024-10-01.
    """
    workspace = need_workspace(fleet, request)
    path = f"jobs/{request.params['job']}".lower()
    if path not in workspace.workloads:
        raise _missing(workspace, path)
    workspace.workloads[path]["properties"]["status"] = "Canceled"
    return Answer(200)


def users_of(workspace: WorkspaceState, compute: ComputeState) -> list[str]:
    """The paths of the endpoints and of the unfinished jobs that use a compute."""
    wanted = f"/computes/{compute.name}".lower()
    found = []
    for path, body in workspace.workloads.items():
        properties = body["properties"]
        target = str(properties.get("compute") or properties.get("computeId") or "").lower()
        if target.endswith(wanted) and properties.get("status") not in ENDED:
            found.append(path)
    return found


def _located(fleet: Fleet, request: ArmRequest) -> tuple[WorkspaceState, str]:
    """The workspace, and the path below it in small letters."""
    workspace = need_workspace(fleet, request)
    rest = request.path.lower().partition(f"/workspaces/{workspace.spec.name.lower()}/")[2]
    return workspace, rest


def _missing(workspace: WorkspaceState, path: str) -> ArmError:
    name = f"{PROVIDER}/workspaces/{workspace.spec.name}/{path}"
    return resource_not_found(name, workspace.spec.resource_group)
