# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role-based access: the roles and bindings in the cluster.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and
k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.simulator.kubernetes.access.users import Attributes, User
from tests.simulator.kubernetes.store import Key, ObjectStore

Rule = Mapping[str, Any]
GROUP = "rbac.authorization.k8s.io"


class RoleBasedAccess:
    """Reads the bindings at every question, so that a new one counts at once."""

    def __init__(self, store: ObjectStore) -> None:
        """Look at the objects of `store`."""
        self._store = store

    def allows(self, user: User, wanted: Attributes) -> bool:
        """Whether some role that is bound to the user, or to one of the groups, has a rule for it."""
        return any(_covers(rule, wanted) for rule in self.rules(user, wanted.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Rule]:
        """The rules that hold for a user in a namespace (empty: for the whole cluster)."""
        for binding in self._store.items(f"clusterrolebindings.{GROUP}"):
            if _is_bound(binding, user, ""):
                yield from self._role(binding["roleRef"], "")
        if namespace:
            for binding in self._store.items(f"rolebindings.{GROUP}", namespace):
                if _is_bound(binding, user, namespace):
                    yield from self._role(binding["roleRef"], namespace)

    def _role(self, reference: Mapping[str, str], namespace: str) -> list[Rule]:
        if reference["kind"] == "ClusterRole":
            found = self._store.get(Key(f"clusterroles.{GROUP}", "", reference["name"]))
        else:
            found = self._store.get(Key(f"roles.{GROUP}", namespace, reference["name"]))
        return list((found or {}).get("rules") or ())


def _is_bound(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    return any(_is_subject(subject, user, namespace) for subject in binding.get("subjects") or ())


def _is_subject(subject: Mapping[str, str], user: User, namespace: str) -> bool:
    if subject["kind"] == "User":
        return subject["name"] == user.name
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{subject['name']}"


def _covers(rule: Rule, wanted: Attributes) -> bool:
    if not _has(rule, "verbs", wanted.verb):
        return False
    if wanted.path:
        return any(_is_path(pattern, wanted.path) for pattern in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "apiGroups", wanted.group)
        and _has_resource(rule, wanted.resource)
        and (not names or wanted.name in names)
    )


def _has(rule: Rule, key: str, value: str) -> bool:
    given = rule.get(key) or ()
    return "*" in given or value in given


def _has_resource(rule: Rule, resource: str) -> bool:
    subresource = resource.partition("/")[2]
    return _has(rule, "resources", resource) or (bool(subresource) and f"*/{subresource}" in rule.get("resources", ()))


def _is_path(pattern: str, path: str) -> bool:
    return path == pattern or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
