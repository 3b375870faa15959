# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting the calls in the simulator's request log: those that do something, without polls and tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

#: Status of a long operation: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
OPERATION = re.compile(r"/[a-z]*operation(s?status|statuses|results?|s)/", re.IGNORECASE)


#: What clusters have in common: read once a run, however many there are.
FLEET_WIDE = re.compile(
    r"/subscriptions/[^/]+/providers/microsoft\.(authorization/locks|.*/kubernetesversions)", re.IGNORECASE
)


#: A workspace itself. azure-ai-ml reads it before it attaches, once for each cluster, in a version of its own.
WORKSPACE = re.compile(r".*/workspaces/[^/]+", re.IGNORECASE)
OURS = "2024-10-01"


def is_fleet_wide(request: Mapping[str, Any]) -> bool:
    """Tell whether a call to Azure is one for all clusters together."""
    path, version = request["path"], (request.get("query") or {}).get("api-version")
    of_workspace = WORKSPACE.fullmatch(path) is not None and version == OURS
    return request["service"] == "arm" and (of_workspace or FLEET_WIDE.fullmatch(path) is not None)


def fleet_wide(requests: Iterable[Mapping[str, Any]]) -> int:
    """Return how many calls to Azure were for all clusters together."""
    return sum(map(is_fleet_wide, requests))


def counted(requests: Iterable[Mapping[str, Any]], service: str) -> Counter[str]:
    """Return how often each method and resource was called on `service` by the run of one cluster.

    Polls and the discovery of the cloud do not count. A poll is a read of an operation's status, a read of a resource
    that the run itself has written, or the repeated read of the list in which such a resource stands: these wait for
    the write. What is read once a run for all clusters is counted apart. The log must be that of one cluster.
    """
    calls: Counter[str] = Counter()
    previous = ""
    written: set[str] = set()
    lists: set[str] = set()
    for request in requests:
        method, path = request["method"], request["path"].lower()
        if (
            request["service"] != service
            or "/metadata/endpoints" in path
            or OPERATION.search(path)
            or is_fleet_wide(request)
        ):
            continue
        if method in ("PUT", "PATCH", "DELETE"):
            written.add(path)
            lists.add(path.rpartition("/")[0])
        again = path in lists and f"GET {path}" == previous
        previous = f"{method} {path}"
        if not (service == "arm" and method == "GET" and (path in written or again)):
            calls[previous] += 1
    return calls
