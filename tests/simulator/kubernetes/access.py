# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: a scenario's list of denied requests, in requests and in access reviews.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.routing import RequestInfo


@dataclass(frozen=True)
class User:
    """Who sends a request."""

    name: str
    groups: tuple[str, ...] = ("system:authenticated",)


ADMINISTRATOR = User("masterclient", ("system:masters", "system:authenticated"))
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

    def matches(self, verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """Whether a request is refused by it."""
        return (
            self.verb in (*_ANY, verb)
            and self.group in ("*", group)
            and self.resource in (*_ANY, resource)
            and self.namespace in (*_ANY, namespace)
            and self.name in (*_ANY, name)
        )


class Access:
    """The authorizer of one cluster: everything is allowed that no denial names."""

    def __init__(self, denials: Iterable[Denial]) -> None:
        """Remember the denials."""
        self.denials = tuple(denials)

    def allows(self, verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """Whether a request is allowed; `resource` includes the subresource."""
        return not any(item.matches(verb, group, resource, namespace, name) for item in self.denials)

    def check(self, user: User, info: RequestInfo) -> None:
        """Raise ApiError 403 for a refused request."""
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        if self.allows(info.verb, info.group, resource, info.namespace, info.name):
            return
        scope = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
        why = f'User "{user.name}" cannot {info.verb} resource "{resource}" in API group "{info.group}" {scope}'
        raise errors.forbidden(info.resource, info.group, info.name, why)

    def review(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the `resourceAttributes` of an access review are allowed."""
        resource = attributes.get("resource", "")
        if attributes.get("subresource"):
            resource = f"{resource}/{attributes['subresource']}"
        return self.allows(
            attributes.get("verb", ""),
            attributes.get("group", ""),
            resource,
            attributes.get("namespace", ""),
            attributes.get("name", ""),
        )


def answer_review(resource: Resource, body: Mapping[str, Any], user: User, access: Access) -> dict[str, Any]:
    """The object that a create of an access or authentication review returns. Raises ApiError 422."""
    kind = resource.kind
    spec = dict(body.get("spec") or {})
    if kind.endswith("AccessReview") and bool(spec.get("resourceAttributes")) == bool(
        spec.get("nonResourceAttributes")
    ):
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        shown = spec.get("resourceAttributes")
        raise errors.invalid("", resource.group, "", [errors.invalid_value("spec.resourceAttributes", shown, detail)])
    if kind == "SelfSubjectReview":
        status: dict[str, Any] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
    elif kind == "SelfSubjectRulesReview":
        return {"kind": kind, "apiVersion": body["apiVersion"], "metadata": {}, "spec": {}, "status": _rules()}
    elif kind == "TokenReview":
        status = {"user": {}, "error": "invalid bearer token"}
    else:
        allowed = access.review(spec["resourceAttributes"]) if spec.get("resourceAttributes") else True
        known = kind == "SelfSubjectAccessReview" or _is_administrator(spec)
        status = {"allowed": allowed and known}
    answer = {"kind": kind, "apiVersion": body["apiVersion"], "metadata": body["metadata"]}
    if kind != "SelfSubjectReview":
        answer["spec"] = spec
    return {**answer, "status": status}


def _is_administrator(spec: Mapping[str, Any]) -> bool:
    return spec.get("user") == ADMINISTRATOR.name or "system:masters" in (spec.get("groups") or ())


def _rules() -> dict[str, Any]:
    public = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    discovery = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", *public[2:]]
    reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return {
        "resourceRules": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": reviews},
            {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
        ],
        "nonResourceRules": [
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
            {"verbs": ["get"], "nonResourceURLs": discovery},
            {"verbs": ["get"], "nonResourceURLs": public},
        ],
        "incomplete": False,
    }
