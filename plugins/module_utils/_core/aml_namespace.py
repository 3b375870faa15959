# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the namespace that a compute uses; it never deletes or changes one."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import (
    CLUSTER_ACCESS,
    open_cluster,
    waiting_for,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.namespaces import namespace_problem
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.waiting import WaitTimeoutError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import namespaces
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import NAMESPACES
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import waiting
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "name": {"type": "str", "required": True},
        "forbidden": {"type": "list", "elements": "str", "default": []},
    }
).merge(*CLUSTER_ACCESS, waiting(timeout_seconds=300))


def run(call: Call) -> Outcome:
    """Create the namespace unless it is there; one that is being deleted is waited for first."""
    name = call.params["name"]
    _refuse_name(name, call.params["forbidden"])
    with open_cluster(call) as cluster:
        found = cluster.get(NAMESPACES, name)
        if found is not None and namespaces.phase(found) == namespaces.ACTIVE:
            return _outcome(cluster, found, created=False)
        if found is not None and not call.check_mode:
            _wait_until_gone(call, cluster, name)
        wanted = namespaces.to_object(name)
        if not call.check_mode:
            wanted = _create(cluster, wanted)
        return _outcome(cluster, wanted, created=True)


def _refuse_name(name: str, forbidden: list[str]) -> None:
    """Raise ModuleFailure for a name that Kubernetes would refuse, or that belongs to somebody else."""
    problem = namespace_problem(name, forbidden)
    if problem:
        raise ModuleFailure(f"{problem} Nothing was changed.")


def _wait_until_gone(call: Call, cluster: ClusterConnection, name: str) -> None:
    """Wait until a namespace that is being deleted is gone. Raises ModuleFailure when the time is over."""
    last: dict[str, Any] = {}

    def read() -> dict[str, Any] | None:
        found = cluster.get(NAMESPACES, name)
        last.update(found or {})
        return found

    deadline = waiting_for(call)
    if not call.params["wait"]:
        deadline.timeout = 0.0
    try:
        deadline.until(read, lambda found: found is None, lambda _found: "still being deleted", f"Namespace {name}")
    except WaitTimeoutError as error:
        raise ModuleFailure(_still_there(cluster, name, last, deadline.timeout)) from error


def _still_there(cluster: ClusterConnection, name: str, found: dict[str, Any], seconds: float) -> str:
    """Return the sentence for a namespace that does not go away, with the reason that Kubernetes gives."""
    conditions = (found.get("status") or {}).get("conditions") or []
    reasons = [str(each.get("message")) for each in conditions if each.get("status") == "True" and each.get("message")]
    waited = f" (waited {seconds:.0f} s)" if seconds else ""
    because = f": {' '.join(reasons)}" if reasons else ""
    return (
        f"Namespace '{name}' of {cluster.name} is still {namespaces.phase(found)}{waited}{because}. It was not created "
        "again; find what keeps it with 'kubectl get namespace -o yaml', then run again."
    )


def _create(cluster: ClusterConnection, wanted: dict[str, Any]) -> dict[str, Any]:
    """Create the namespace; somebody else who creates it in the same moment is as good."""
    try:
        return cluster.create(NAMESPACES, wanted)
    except KubernetesError as error:
        if not error.conflict:
            raise
    found = cluster.get(NAMESPACES, wanted["metadata"]["name"])
    if found is None or namespaces.phase(found) != namespaces.ACTIVE:
        raise ModuleFailure(
            f"Namespace '{wanted['metadata']['name']}' of {cluster.name} is being created and deleted by somebody "
            "else; nothing was changed. Find out who, then run again."
        )
    return found


def _outcome(cluster: ClusterConnection, namespace: dict[str, Any], *, created: bool) -> Outcome:
    """Report the namespace as it is now, or would be."""
    name = namespace["metadata"]["name"]
    facts = {"name": name, "phase": namespaces.phase(namespace)}
    return Outcome(
        changed=created,
        result={"namespace": facts},
        differences=[Difference(described("namespace", name, cluster.name), {} if created else facts, facts)],
    )
