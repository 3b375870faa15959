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


def counted(requests: Iterable[Mapping[str, Any]], service: str) -> Counter[str]:
    """Return how often each method and resource was called on `service` by the run of one cluster.

    Polls and the discovery of the cloud do not count. A poll is a read of an operation's status, or a read of a
    resource, or of the list that it stands in, after the run itself has written it: that read waits for the write. The
    log must be that of one cluster.
    """
    calls: Counter[str] = Counter()
    written: set[str] = set()
    for request in requests:
        if request["service"] != service or "/metadata/endpoints" in request["path"]:
            continue
        if OPERATION.search(request["path"]):
            continue
        path = request["path"].lower()
        if request["method"] in ("PUT", "PATCH", "DELETE"):
            written |= {path, path.rpartition("/")[0]}
        if service == "arm" and request["method"] == "GET" and path in written:
            continue
        calls[f"{request['method']} {path}"] += 1
    return calls
