# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request asks for, from its method, path and query (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True)
class RequestInfo:
    """A request for a resource; `group` and `namespace` may be empty, `name` is empty for collections."""

    verb: str
    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    method: str = "GET"
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo | None:
    """The request that a path stands for, or None where it is not one for a resource."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and not (group == "" and rest[2] in ("status", "finalize")):
            rest = rest[2:]
    resource, name, subresource = rest[0], _part(rest, 1), "/".join(rest[2:])
    if resource == "namespaces" and namespace:
        namespace = name
    return RequestInfo(
        verb=_verb(method, name, query),
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
        method=method,
        path=path,
        query=query,
    )


def _part(parts: list[str], index: int) -> str:
    return parts[index] if index < len(parts) else ""


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in ("GET", "HEAD"):
        if name:
            return "get"
        return "watch" if query.get("watch", "").lower() in ("true", "1") else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return _VERBS.get(method, method.lower())
