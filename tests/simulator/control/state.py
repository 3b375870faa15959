# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole fleet as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator.arm.bodies import agent_pool
from tests.simulator.arm.extensions import body as extension_body
from tests.simulator.arm.machine_learning import compute_body

if TYPE_CHECKING:
    from tests.simulator.state.fleet import ClusterResource, Fleet, WorkspaceState

VERSION = "2023-05-01"


def fleet_state(fleet: Fleet) -> dict[str, Any]:
    """What GET /_simulator/state answers; protected settings are blank, credentials absent."""
    return {
        "time": fleet.now(),
        "time_scale": fleet.clock.scale,
        "subscription_id": fleet.scenario.subscription_id,
        "providers": dict(fleet.providers),
        "incidents": list(fleet.incidents),
        "clusters": [_cluster(fleet, resource) for resource in fleet.resources.values()],
        "workspaces": [_workspace(fleet, workspace) for workspace in fleet.workspaces.values()],
        "operations": [
            {"id": o.identifier, "resource": o.resource_id, "status": o.status, "started": o.started, "ended": o.ended}
            for o in fleet.operations.values()
        ],
    }


def _cluster(fleet: Fleet, resource: ClusterResource) -> dict[str, Any]:
    cluster = resource.cluster
    return {
        "id": resource.identifier,
        "name": resource.name,
        "kind": "aks" if resource.managed else "arc",
        "busy": cluster.busy,
        "kubernetes_started": cluster.started,
        "node_pools": [agent_pool(resource, pool) for pool in cluster.pools.values()],
        "trusted_access_role_bindings": list(cluster.bindings.values()),
        "extensions": [extension_body(fleet, resource, e, VERSION) for e in resource.extensions.values()],
    }


def _workspace(fleet: Fleet, workspace: WorkspaceState) -> dict[str, Any]:
    return {
        "id": workspace.identifier,
        "name": workspace.spec.name,
        "computes": [compute_body(workspace, compute) for compute in workspace.computes.values()],
    }
