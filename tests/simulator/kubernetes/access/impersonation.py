# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acting as somebody else: `kubectl --as NAME --as-group GROUP`.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation and
k8s.io/apiserver/pkg/endpoints/filters/impersonation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.access.authorizer import Authorizer
from tests.simulator.kubernetes.access.users import ANONYMOUS, AUTHENTICATED, Attributes, User

_USER, _GROUP, _UID, _EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_AUTHENTICATION = "authentication.k8s.io"


class _Part(NamedTuple):
    """One thing that the headers claim to be."""

    kind: str
    name: str
    namespace: str = ""
    field: str = ""

    def attributes(self) -> Attributes:
        """The right that is needed to claim it."""
        if self.kind == "ServiceAccount":
            return Attributes("impersonate", "", "serviceaccounts", self.namespace, self.name)
        if self.kind == "UserExtra":
            return Attributes("impersonate", _AUTHENTICATION, f"userextras/{self.field}", "", self.name)
        if self.kind == "UID":
            return Attributes("impersonate", _AUTHENTICATION, "uids", "", self.name)
        return Attributes("impersonate", "", f"{self.kind.lower()}s", "", self.name)

    def __str__(self) -> str:
        """As Go prints an ObjectReference."""
        version = f"{_AUTHENTICATION}/v1" if self.kind in ("UID", "UserExtra") else ""
        return f"{{{self.kind} {self.namespace} {self.name}  {version}  {self.field}}}"


def acting_user(user: User, headers: Sequence[tuple[str, str]], authorizer: Authorizer) -> User:
    """Whom the request acts as. Raises ApiError 400 for headers without a user, 403 where `user` may not.

    `headers` are all headers of the request, a name once for each of its values.
    """
    parts = _parts(headers)
    if not parts:
        return user
    if parts[0].kind not in ("User", "ServiceAccount"):
        claimed = " ".join(str(part) for part in parts)
        raise errors.bad_request(f"requested [{claimed}] without impersonating a user")
    for part in parts:
        authorizer.check(user, part.attributes())
    return _impersonated(parts)


def _parts(headers: Sequence[tuple[str, str]]) -> list[_Part]:
    """The claims in the order in which the API server lists them: user, groups, extra fields, uid."""
    lower = [(name.lower(), value) for name, value in headers]
    names = [value for name, value in lower if name == _USER and value]
    found = [_named(names[0])] if names else []
    found += [_Part("Group", value) for name, value in lower if name == _GROUP]
    for name, value in lower:
        if name.startswith(_EXTRA):
            found.append(_Part("UserExtra", value, field=unquote(name.removeprefix(_EXTRA))))
    return found + [_Part("UID", value) for name, value in lower if name == _UID and value]


def _named(name: str) -> _Part:
    namespace, _unused, account = name.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if name.startswith(_SERVICE_ACCOUNT) and namespace and account and ":" not in account:
        return _Part("ServiceAccount", account, namespace)
    return _Part("User", name)


def _impersonated(parts: Sequence[_Part]) -> User:
    first = parts[0]
    groups = [part.name for part in parts if part.kind == "Group"]
    name = first.name
    if first.kind == "ServiceAccount":
        name = f"{_SERVICE_ACCOUNT}{first.namespace}:{first.name}"
        groups = groups or ["system:serviceaccounts", f"system:serviceaccounts:{first.namespace}"]
    everybody = "system:unauthenticated" if name == ANONYMOUS else AUTHENTICATED
    if everybody not in groups:
        groups.append(everybody)
    extra: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if part.kind == "UserExtra":
            extra[part.field] = (*extra.get(part.field, ()), part.name)
    uid = next((part.name for part in parts if part.kind == "UID"), "")
    return User(name, tuple(groups), uid, extra, by_role=True)
