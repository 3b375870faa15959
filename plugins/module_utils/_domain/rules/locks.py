# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a lock of Azure Resource Manager forbid what a run does?"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, LockFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule


def _of_level(facts: Facts, level: str) -> list[LockFacts]:
    """Return the locks of a level that hold for the cluster or for one of its workspaces."""
    return [each for each in facts["locks"] or () if each["level"].lower() == level.lower()]


@rule(
    "lock-read-only",
    "blocker",
    "A ReadOnly lock forbids every change of the cluster or of a workspace",
    remedy="Ask the lock's owner, take it off for the run (`az lock delete --ids` with the id above), and put it back "
    "afterwards (`az lock create --lock-type ReadOnly`). Where nothing is to be changed any more, accept "
    "lock-read-only in aml_accepted_findings.",
    source=source.LOCKS,
    acceptable=True,
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
