# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only shows when the hosts of an inventory are looked at together: two of them that want the same thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings

#: Hosts that a sentence names; a mistake in a group variable can make all of them alike.
_NAMED_HOSTS = 5
#: The variables that are compared here, and the keys of an attachment: nothing else of a host need be read for it.
COMPARED = ("aml_cluster_id", "aml_workspace", "aml_workspace_resource_group", "aml_compute_name", "aml_attachments")
COMPARED_KEYS = ("workspace", "workspace_resource_group", "compute_name")
_NEXT = (
    "Hosts outside of --limit count, too: take one of them out of the inventory, or list several computes of one "
    "cluster in aml_attachments of one host."
)


def conflicts(hosts: Mapping[str, Settings]) -> dict[str, list[str]]:
    """Return for each host what it shares with others and must not, a sentence each; a host without is left out.

    Azure compares names without letter case, and a second PUT of a compute takes the first one's cluster away
    (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
    """
    holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for host, settings in hosts.items():
        for identifier, words in _claims(settings):
            holders[identifier].append((host, words))
    found: dict[str, list[str]] = defaultdict(list)
    for claims in holders.values():
        for host, words in claims:
            others = [other for other, _unused in claims if other != host]
            if others:
                found[host].append(f"{words} is also that of {_listed(others)}; only one host may have it. {_NEXT}")
    return dict(found)


def _claims(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the id, in lower case, and the words of everything that belongs to one host alone."""
    yield settings.cluster_id.lower(), f"aml_cluster_id: cluster {settings.cluster.name}"
    for each in settings.attachments:
        yield (
            f"{each.workspace_id}/computes/{each.name}".lower(),
            f"aml_compute_name: compute {each.name} of workspace {each.workspace.name}",
        )


def _listed(hosts: list[str]) -> str:
    """Return the names of hosts, the first ones only where there are many."""
    named = ", ".join(hosts[:_NAMED_HOSTS])
    rest = len(hosts) - _NAMED_HOSTS
    return f"{named} and {rest} more" if rest > 0 else named
