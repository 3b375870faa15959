# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Core of `aks_node_pool_labels`: labels of AKS node pools, merged with those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import agent_pools
from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import node_pool
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import MISSING_LIBRARY as MISSING_AZURE
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.waiting import follow
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_azure, waiting_for
from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import reported_failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.label_plan import checked_labels, plan_labels
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    AKS,
    ResourceId,
    parse_cluster_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import AZURE_GOES_ON, Waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, CLUSTER_REQUIRED, waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

MISSING_LIBRARY = MISSING_AZURE or agent_pools.MISSING_LIBRARY

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        "pools": {"type": "dict", "required": True},
    }
).merge(AZURE, CLUSTER_REQUIRED, waiting(timeout_seconds=RunOptions.node_pool_timeout))

_NOT_LABELLED = "Its labels were not changed, because other operations of AKS were in the way."
#: HTTP status of a condition (If-Match) that no longer holds.
_PRECONDITION_FAILED = 412


@dataclass
class _PoolLabelling:
    """One call, and what it works with."""

    call: Call
    connection: AzureConnection
    cluster: ResourceId
    waiting: Waiting
    wanted: dict[str, dict[str, str]]

    @property
    def removes(self) -> bool:
        """Tell whether labels are to be taken away."""
        return bool(self.call.params["state"] == "absent")

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the cluster's pools by name, as the service sent them."""
        pools = agent_pools.list_agent_pools(self.connection, self.cluster)
        return {str(pool.get("name")): pool for pool in pools}

    def target(self, name: str, pool: Mapping[str, Any]) -> dict[str, str]:
        """Return the labels that a pool is to have."""
        existing = {name: node_pool(pool)["labels"]}
        (planned,) = plan_labels(existing, {name: self.wanted[name]}, remove=self.removes)
        return dict(planned.after)


def run(call: Call) -> Outcome:
    """Set or remove labels; one write for each pool that differs, none for the others."""
    with reported_failures():
        cluster = parse_cluster_id(call.params["cluster_id"])
        if not cluster.is_a(AKS):
            raise ModuleFailure(
                f"Cluster {cluster.name} is connected through Azure Arc and has no AKS node pools. Nothing was "
                "changed; label its nodes with azureml.fleet.aml_node_labels."
            )
        wanted = _wanted(call)
        task = _PoolLabelling(call, connect_azure(call, MISSING_LIBRARY), cluster, waiting_for(call), wanted)
        pools = task.read()
        _refuse_unknown(task, pools)
        before = {name: node_pool(pools[name])["labels"] for name in wanted}
        after = {name: task.target(name, pools[name]) for name in wanted}
        differing = [name for name in wanted if before[name] != after[name]]
        _refuse_stopped(task, pools, differing)
        submitted = False
        if not call.check_mode:
            for name in differing:
                # What was read before another pool was written is old: the autoscaler and others were at work.
                pool = _read_again(task, name) if submitted else pools[name]
                after[name] = _label(task, name, pool)
                submitted = True
    return Outcome(
        changed=before != after,
        result={"pools": after, "changed_pools": differing, "submitted": submitted},
        differences=[
            Difference(
                described("node pool", name, f"cluster {cluster.name}"),
                {"labels": before[name]},
                {"labels": after[name]},
            )
            for name in wanted
        ],
    )


def _wanted(call: Call) -> dict[str, dict[str, str]]:
    """Return the labels of each pool. Raises ModuleFailure for a label that could not be set."""
    wanted: dict[str, dict[str, str]] = {}
    removing = call.params["state"] == "absent"
    for name, labels in call.params["pools"].items():
        if not isinstance(labels, Mapping):
            raise ModuleFailure(f"pools.{name} must be a map of labels. Nothing was changed.")
        wanted[str(name)] = checked_labels(f"node pool {name}", labels, removing=removing)
    return wanted


def _refuse_unknown(task: _PoolLabelling, pools: Mapping[str, Any]) -> None:
    """Raise ModuleFailure when a pool that is named does not exist."""
    unknown = sorted(task.wanted.keys() - pools.keys())
    if unknown:
        raise ModuleFailure(
            f"Cluster {task.cluster.name} has no node pool {', '.join(unknown)}; it has {', '.join(sorted(pools))}. "
            "Nothing was changed."
        )


def _refuse_stopped(task: _PoolLabelling, pools: Mapping[str, Any], differing: list[str]) -> None:
    """Raise ModuleFailure, before the first write, when a pool that is to change is stopped."""
    stopped = [name for name in differing if states.is_stopped(node_pool(pools[name])["power_state"])]
    if stopped:
        raise ModuleFailure(
            f"Node pool {', '.join(stopped)} of cluster {task.cluster.name} is stopped, and a stopped pool takes no "
            "labels. Nothing was changed; start it (az aks nodepool start), or leave it out, then run again."
        )


def _label(task: _PoolLabelling, name: str, pool: Mapping[str, Any]) -> dict[str, str]:
    """Write one pool's labels and return them; begin again from a fresh read when somebody else was at work."""
    what = f"Node pool {name} of cluster {task.cluster.name}"
    keep_reserved = True
    while True:
        labels = task.target(name, pool)
        if labels == node_pool(pool)["labels"]:
            return labels
        try:
            poller = agent_pools.put_labels(
                task.connection,
                task.cluster,
                pool,
                labels,
                keep_reserved=keep_reserved,
                poll_interval=task.waiting.interval,
                follow=bool(task.call.params["wait"]),
            )
            task.waiting.goes_on = AZURE_GOES_ON
            if not task.call.params["wait"]:
                return labels
            pool = follow(task.waiting, poller, what, f"Labelling {what[0].lower()}{what[1:]}")
        except AzureError as error:
            if keep_reserved and agent_pools.refuses_reserved(error):
                keep_reserved = False
                continue
            if not (error.busy or error.status == _PRECONDITION_FAILED):
                raise
            task.waiting.goes_on = _NOT_LABELLED
            task.waiting.pause(what, f"busy ({error.code or error.status})")
            pool = _read_again(task, name)
            continue
        _check(what, pool)
        return node_pool(pool)["labels"]


def _read_again(task: _PoolLabelling, name: str) -> dict[str, Any]:
    """Return a pool as it is now. Raises ModuleFailure when it is gone."""
    pools = task.read()
    _refuse_unknown(task, pools)
    return pools[name]


def _check(what: str, pool: Mapping[str, Any]) -> None:
    """Raise ModuleFailure when a pool's last operation failed, which can be so although the request went well."""
    state = node_pool(pool)["provisioning_state"] or ""
    if states.has_failed(state):
        raise ModuleFailure(
            f"{what} is {state} after its labels were set: its nodes may lack them. Look at the pool's activity log, "
            "then run again."
        )
