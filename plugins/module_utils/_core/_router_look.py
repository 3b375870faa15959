# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what the router of one cluster serves, from its Service to its handshake: it never fails, it says why not.

Azure Resource Manager alone takes a certificate. A cluster whose own API is private, down or closed to us gets it too.
"""

from __future__ import annotations

import re

from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import read_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import connect_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts, RouterTlsFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import access
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import (
    arc_agents,
    nodes,
    router_services,
    router_tls,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call


class RouterLook:
    """Looks at one cluster's router, as often as it is asked to."""

    def __init__(self, call: Call, azure: AzureConnection, extension: ExtensionFacts) -> None:
        """Nothing is asked yet."""
        self._call = call
        self._azure = azure
        self._name = extension["settings"].get("sslCname")
        self._is_ours = False

    def __call__(self) -> RouterTlsFacts:
        """Return what the router shows now, or that nobody answered and why."""
        try:
            with connect_cluster(self._call, self._azure) as cluster:
                foreign = self._foreign(cluster)
                if foreign:
                    return _unseen(f"the Kubernetes API that answers belongs to another cluster: {foreign}")
                services = router_services.read(cluster)
        except FleetError as error:
            return _unseen(_reason(error))
        return router_tls.read(services, self._name)

    def _foreign(self, cluster: ClusterConnection) -> str:
        """Return why an API is another cluster's, or nothing when it is ours; asked until it is known to be ours."""
        if self._is_ours:
            return ""
        known = read_cluster(self._azure, self._call.params["cluster_id"])
        if known["kind"] == "arc":
            said = access.other_agents(known, arc_agents.read(cluster))
        else:
            said = access.other_nodes(known, nodes.read(cluster))
        self._is_ours = not said
        return " ".join(said).rstrip(".")


def _unseen(reason: str) -> RouterTlsFacts:
    """Return that nobody could be asked, and why."""
    return RouterTlsFacts(place=None, answered=False, certificate=None, chain=None, mixed=False, reason=reason)


def _reason(error: FleetError) -> str:
    """Return why nothing was seen, as the end of a sentence; without a word on what was changed: others know that."""
    text = re.sub(r" *Nothing was changed\.", "", error.message)
    text = re.sub(r"Nothing was changed; (\w)", lambda found: found[1].upper(), text)
    return text.strip().rstrip(".")
