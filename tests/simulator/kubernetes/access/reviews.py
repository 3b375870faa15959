# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to the questions who one is and what one may do.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.access.authorizer import Authorizer
from tests.simulator.kubernetes.access.rbac import Rule
from tests.simulator.kubernetes.access.users import Attributes, User
from tests.simulator.kubernetes.resources import Resource

REVIEWS = frozenset(
    {
        "selfsubjectreviews",
        "selfsubjectaccessreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectrulesreviews",
    }
)


def answer_review(resource: Resource, body: Mapping[str, Any], user: User, authorizer: Authorizer) -> dict[str, Any]:
    """The object that a create of an access or authentication review returns. Raises ApiError 422."""
    kind, spec = resource.kind, dict(body.get("spec") or {})
    answer = {"kind": kind, "apiVersion": body["apiVersion"], "metadata": body["metadata"]}
    if kind == "SelfSubjectReview":
        return {**answer, "status": {"userInfo": _user_info(user)}}
    if kind == "SelfSubjectRulesReview":
        rules = _rules(authorizer, user, spec.get("namespace", ""))
        return {"kind": kind, "apiVersion": body["apiVersion"], "metadata": {}, "spec": {}, "status": rules}
    _check_attributes(resource, spec)
    subject = user
    if kind != "SelfSubjectAccessReview":
        subject = User(spec.get("user", ""), tuple(spec.get("groups") or ()), by_role=True)
    return {**answer, "spec": spec, "status": {"allowed": authorizer.allows(subject, Attributes.of_review(spec))}}


def _check_attributes(resource: Resource, spec: Mapping[str, Any]) -> None:
    if bool(spec.get("resourceAttributes")) == bool(spec.get("nonResourceAttributes")):
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        shown = spec.get("resourceAttributes")
        raise errors.invalid("", resource.group, "", [errors.invalid_value("spec.resourceAttributes", shown, detail)])


def _user_info(user: User) -> dict[str, Any]:
    info: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        info["uid"] = user.uid
    if user.extra:
        info["extra"] = {name: list(values) for name, values in user.extra.items()}
    return info


def _rules(authorizer: Authorizer, user: User, namespace: str) -> dict[str, Any]:
    """The rules that are bound to a user; denials of the scenario do not show in them."""
    found = list(authorizer.roles.rules(user, namespace))
    resources = [_shown(rule, ("verbs", "apiGroups", "resources", "resourceNames")) for rule in found]
    paths = [_shown(rule, ("verbs", "nonResourceURLs")) for rule in found]
    return {
        "resourceRules": [rule for rule in resources if "resources" in rule],
        "nonResourceRules": [rule for rule in paths if "nonResourceURLs" in rule],
        "incomplete": False,
    }


def _shown(rule: Rule, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: list(rule[key]) for key in keys if rule.get(key)}
