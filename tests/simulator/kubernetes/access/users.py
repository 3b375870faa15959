# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, and what their rights are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulator.kubernetes.routing import RequestInfo

AUTHENTICATED = "system:authenticated"
MASTERS = "system:masters"
ANONYMOUS = "system:anonymous"


@dataclass(frozen=True)
class User:
    """Who sends a request.

    `by_role`: judged by the role bindings in the cluster, as everybody is who is impersonated. Others may do what the
    scenario does not deny.
    """

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_role: bool = False


ADMINISTRATOR = User("masterclient", (MASTERS, AUTHENTICATED))
"""Who holds the cluster's own credentials.

Source: kubeconfigs of listClusterAdminCredential; their certificate is for `masterclient` in `system:masters`.
"""
PLATFORM = User("simulator", (MASTERS, AUTHENTICATED))
"""The simulated Azure itself, which no denial of the scenario binds."""


@dataclass(frozen=True)
class Attributes:
    """What somebody wants to do: to a resource (`resource` includes the subresource), or to a path alone."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @classmethod
    def of_request(cls, info: RequestInfo) -> Attributes:
        """What a request for a resource wants to do."""
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        return cls(info.verb, info.group, resource, info.namespace, info.name)

    @classmethod
    def of_review(cls, spec: Mapping[str, Mapping[str, str]]) -> Attributes:
        """What the spec of an access review asks about."""
        path = spec.get("nonResourceAttributes")
        if path:
            return cls(path.get("verb", ""), path=path.get("path", ""))
        given = spec.get("resourceAttributes") or {}
        resource = given.get("resource", "")
        if given.get("subresource"):
            resource = f"{resource}/{given['subresource']}"
        return cls(
            given.get("verb", ""), given.get("group", ""), resource, given.get("namespace", ""), given.get("name", "")
        )
