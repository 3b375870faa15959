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
OPERATION = re.compile(r"/(operations|operationresults|operationstatus(es)?|operationsstatus)/", re.IGNORECASE)


def counted(requests: Iterable[Mapping[str, Any]], service: str) -> Counter[str]:
    """Return how often each method and resource was called on `service`, without polls and discovery of the cloud.

    A poll is a read of an operation's status, or a read that repeats the caller's previous call: it waits.
    """
    calls: Counter[str] = Counter()
    previous: dict[str, str] = {}
    for request in requests:
        if request["service"] != service or "/metadata/endpoints" in request["path"]:
            continue
        call = f"{request['method']} {request['path'].lower()}"
        subject = resource_of(request["path"])
        poll = OPERATION.search(request["path"]) or (request["method"] == "GET" and previous.get(subject) == call)
        previous[subject] = call
        if not poll:
            calls[call] += 1
    return calls


def resource_of(path: str) -> str:
    """Return the part of a path that one host works on: its cluster, or its compute."""
    match = re.search(r"/(managedclusters|connectedclusters|computes|kubernetes)/([^/]+)", path, re.IGNORECASE)
    return match.group(0).lower() if match else path.lower()
