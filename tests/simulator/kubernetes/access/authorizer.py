# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a request is allowed: a scenario's list of denials for those who sign in, roles for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.access.rbac import RoleBasedAccess
from tests.simulator.kubernetes.access.users import PLATFORM, Attributes, User
from tests.simulator.kubernetes.errors import ApiError
from tests.simulator.kubernetes.store import ObjectStore

_ANY = ("", "*")


@dataclass(frozen=True)
class Denial:
    """Requests that are refused; an empty or `*` field matches everything, except `group`, where empty is the core
    group.
    """

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""

    @classmethod
    def from_mapping(cls, entry: Mapping[str, str]) -> Denial:
        """From an item of the scenario's `denied`; `resource` may be `deployments/scale`."""
        return cls(
            entry.get("verb") or "*",
            entry.get("resource") or "*",
            entry.get("group") or "",
            entry.get("namespace") or "",
            entry.get("name") or "",
        )

    def matches(self, wanted: Attributes) -> bool:
        """Whether a request is refused by it."""
        return (
            not wanted.path
            and self.verb in (*_ANY, wanted.verb)
            and self.group in ("*", wanted.group)
            and self.resource in (*_ANY, wanted.resource)
            and self.namespace in (*_ANY, wanted.namespace)
            and self.name in (*_ANY, wanted.name)
        )


class Authorizer:
    """The authorizer of one cluster."""

    def __init__(self, denials: Iterable[Denial], store: ObjectStore) -> None:
        """Remember the denials; the roles are those in `store`."""
        self._denials = tuple(denials)
        self.roles = RoleBasedAccess(store)

    def allows(self, user: User, wanted: Attributes) -> bool:
        """Whether the user may do it."""
        if user is PLATFORM:
            return True
        if user.by_role:
            return self.roles.allows(user, wanted)
        return not any(denial.matches(wanted) for denial in self._denials)

    def check(self, user: User, wanted: Attributes) -> None:
        """Raise ApiError 403 for what is not allowed."""
        if not self.allows(user, wanted):
            raise _refusal(user, wanted)


def _refusal(user: User, wanted: Attributes) -> ApiError:
    """The 403 of an authorizer that gives no reason.

    Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go
    """
    if wanted.path:
        text = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
        return ApiError(403, "Forbidden", text, {})
    scope = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    why = f'User "{user.name}" cannot {wanted.verb} resource "{wanted.resource}" in API group "{wanted.group}" {scope}'
    return errors.forbidden(wanted.resource.partition("/")[0], wanted.group, wanted.name, why)
