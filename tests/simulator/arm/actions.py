# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request asks for in Azure's own terms: the resource type, the action, and the scope that it needs it at.

Source: learn.microsoft.com/azure/role-based-access-control/role-definitions ("Actions format").
"""

from __future__ import annotations

import re
from typing import NamedTuple

VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
RESOURCES = "Microsoft.Resources"
#: Below the subscription and the group, where no provider is named: path without names, and the type.
GATEWAY = (
    (re.compile(r"/subscriptions", re.IGNORECASE), ""),
    (re.compile(r"/tenants", re.IGNORECASE), ""),
    (re.compile(r"/subscriptions/[^/]+", re.IGNORECASE), "subscriptions"),
    (re.compile(r"/subscriptions/[^/]+/locations", re.IGNORECASE), "subscriptions/locations"),
    (re.compile(r"/subscriptions/[^/]+/resources", re.IGNORECASE), "subscriptions/resources"),
    (re.compile(r"/subscriptions/[^/]+/resourcegroups(/[^/]+)?", re.IGNORECASE), "subscriptions/resourceGroups"),
    (
        re.compile(r"/subscriptions/[^/]+/resourcegroups/[^/]+/resources", re.IGNORECASE),
        "subscriptions/resourceGroups/resources",
    ),
    (re.compile(r"/subscriptions/[^/]+/providers(/[^/]+)?", re.IGNORECASE), "subscriptions/providers"),
)
REGISTER = re.compile(r"/subscriptions/[^/]+/providers/(?P<namespace>[^/]+)/(un)?register", re.IGNORECASE)
FEATURE = re.compile(r"/subscriptions/[^/]+/providers/Microsoft\.Features/", re.IGNORECASE)


class Demand(NamedTuple):
    """Provider and type of the resource, the whole action, and the scope. An empty action needs no permission."""

    provider: str
    type: str
    action: str
    scope: str


def demand(method: str, path: str) -> Demand:
    """What `method` on `path` asks for. Names of types are as the path spells them."""
    for pattern, kind in GATEWAY:
        if pattern.fullmatch(path):
            action = f"{RESOURCES}/{kind}/{VERBS.get(method, 'action')}" if kind else ""
            return Demand(RESOURCES, kind, action, _parent(path) if path.count("/") % 2 else path)
    if not path.lower().startswith("/subscriptions/"):
        return Demand("", "", "", path)  # of the tenant: status URLs of Microsoft.Kubernetes
    registering = REGISTER.fullmatch(path)
    if registering:
        subscription = "/".join(path.split("/")[:3])
        return Demand(RESOURCES, "subscriptions/providers", f"{registering['namespace']}/register/action", subscription)
    above, _unused, rest = path.rpartition("/providers/")
    if FEATURE.match(path):
        above, _unused, rest = path.partition("/providers/Microsoft.Features/")
        rest = f"Microsoft.Features/{rest}"
    provider, *segments = rest.split("/")
    types = segments[::2]
    if method == "POST":
        scope = path if len(segments) % 2 == 0 else _parent(path)
        return Demand(provider, "/".join(types[:-1]), "/".join([provider, *types, "action"]), scope or above)
    scope = path if len(segments) % 2 == 0 else _parent(path) if len(segments) > 1 else above
    return Demand(provider, "/".join(types), "/".join([provider, *types, VERBS[method]]), scope)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
