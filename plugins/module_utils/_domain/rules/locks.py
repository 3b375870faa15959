# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a lock of Azure Resource Manager forbid what a run does?"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.lock_scopes import (
    holds_for,
    is_among_nodes,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import DEFAULTS
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import ExtensionSettingsError
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import is_on
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, LockFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import planned_extension
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_labels import wanted_pool_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.label_plan import plan_labels
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule


def _of_level(facts: Facts, level: str) -> list[LockFacts]:
    """Return the locks of a level that hold for the cluster or for one of its workspaces."""
    ids = [facts["cluster"]["id"], *(each["id"] for each in facts["workspaces"])]
    return [each for each in facts["locks"] or () if each["level"].lower() == level.lower() and holds_for(each, ids)]


def _among_nodes(facts: Facts) -> list[str]:
    """Return the locks in the resource group of the nodes, of whatever level, in words."""
    return [_said(each) for each in facts["locks"] or () if is_among_nodes(each, facts["cluster"])]


def _needs_the_nodes(settings: Settings, facts: Facts) -> list[str]:
    """Return what the run does for which AKS writes into the resource group of the nodes."""
    pools = {pool["name"]: pool["labels"] for pool in facts["cluster"]["node_pools"]}
    labelled = [each.name for each in plan_labels(pools, wanted_pool_labels(settings, facts)) if each.differs]
    found = [f"The run changes the labels of node pool(s) {', '.join(labelled)}."] if labelled else []
    try:
        planned = planned_extension(settings, facts)
    except ExtensionSettingsError:
        return found  # nothing is installed: a rule of the extension says why
    after = planned.after["settings"] if planned.after and planned.action != "none" else {}
    serves = bool(after) and is_on(after.get("enableInference", DEFAULTS.get("enableInference")))
    if serves and after.get("inferenceRouterServiceType", "").lower() == "loadbalancer":
        found.append("The run installs or changes the extension, whose router has a load balancer there.")
    return found


@rule(
    "lock-read-only",
    "blocker",
    "A ReadOnly lock forbids every change of the cluster or of a workspace",
    remedy="Ask the lock's owner, take it off for the run (`az lock delete --ids` with the id above), and put it back "
    "afterwards (`az lock create --lock-type ReadOnly`). Where nothing is to be changed any more, accept "
    "lock-read-only in aml_accepted_findings.",
    source=source.LOCKS,
    acceptable=True,
    about_changing=True,
)
def lock_read_only(_settings: Settings, facts: Facts) -> Evidence:
    """Find a lock under which Azure answers every PUT, PATCH and POST with 409 ScopeLocked, a kubeconfig's included."""
    return [_said(each) for each in _of_level(facts, "ReadOnly")]


@rule(
    "lock-on-deletion",
    "note",
    "A CanNotDelete lock forbids to detach computes and to delete the extension",
    remedy="Nothing has to be done for an upgrade. Take the lock off before a compute is detached later.",
    source=source.LOCKS,
)
def lock_on_deletion(_settings: Settings, facts: Facts) -> Evidence:
    """Tell of locks that only keep from deleting: the upgrade deletes nothing."""
    return [_said(each) for each in _of_level(facts, "CanNotDelete")]


@rule(
    "lock-on-nodes",
    "blocker",
    "A lock in the resource group of the nodes forbids what the run makes AKS do there",
    remedy="Ask the lock's owner, and take it off for the run by the id above. Where you know that "
    "AKS is not stopped by it, accept lock-on-nodes in aml_accepted_findings.",
    source=source.LOCKS_OF_NODES,
    acceptable=True,
    about_changing=True,
)
def lock_on_nodes(settings: Settings, facts: Facts) -> Evidence:
    """Find a lock, of either level, on the resource group of the nodes or on anything in it, where the run needs AKS.

    A lock on one resource made AKS refuse to scale with "Resource group 'MC_…' is locked, please remove lock and retry"
    (https://github.com/Azure/AKS/issues/3291), and one on the network security group kept load balancers from changing
    (https://github.com/Azure/AKS/issues/329). Which locks stop new labels nobody could try: so it may be accepted.
    """
    locks = _among_nodes(facts)
    needed = _needs_the_nodes(settings, facts) if locks else []
    return [*locks, *needed] if needed else None


@rule(
    "lock-on-nodes-unneeded",
    "note",
    "A lock in the resource group of the nodes keeps AKS from changing them",
    remedy="Nothing has to be done for this run, which needs nothing there. Scaling a node pool fails under it: "
    "take it off before that.",
    source=source.LOCKS_OF_NODES,
)
def lock_on_nodes_unneeded(settings: Settings, facts: Facts) -> Evidence:
    """Tell of locks in the resource group of the nodes that do not touch this run."""
    locks = _among_nodes(facts)
    return None if not locks or _needs_the_nodes(settings, facts) else locks


@rule(
    "locks-not-read",
    "note",
    "Whether locks forbid the run's changes is not known",
    remedy="Nothing has to be done where there are none. To know before a run, grant "
    "Microsoft.Authorization/locks/read on the subscription.",
    source=source.LOCKS,
)
def locks_not_read(_settings: Settings, facts: Facts) -> Evidence:
    """Tell that the subscription's locks could not be read; nothing else depends on it."""
    return "Azure did not let this run read the subscription's locks." if facts["locks"] is None else None


def _said(lock: LockFacts) -> str:
    """Return a lock in words, with its id."""
    return f"Lock {lock['scope']}/providers/Microsoft.Authorization/locks/{lock['name']} is {lock['level']}."
