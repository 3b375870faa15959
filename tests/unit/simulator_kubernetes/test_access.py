# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in a simulated cluster: denials of the scenario, roles, and acting as somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.kubernetes.access.authorizer import Authorizer, Denial
from tests.simulator.kubernetes.access.impersonation import acting_user
from tests.simulator.kubernetes.access.users import ADMINISTRATOR, PLATFORM, Attributes, User
from tests.simulator.kubernetes.errors import ApiError
from tests.simulator.kubernetes.store import Key, ObjectStore

RBAC = "rbac.authorization.k8s.io"
BOB = [("Impersonate-User", "bob")]


def _bind(store: ObjectStore, subject: dict[str, str], rule: dict[str, Any], namespace: str = "") -> None:
    role, binding = ("roles", "rolebindings") if namespace else ("clusterroles", "clusterrolebindings")
    store.put(Key(f"{role}.{RBAC}", namespace, "r"), {"metadata": {"name": "r"}, "rules": [rule]})
    reference = {"kind": "Role" if namespace else "ClusterRole", "name": "r"}
    content = {"metadata": {"name": "b", "namespace": namespace}, "roleRef": reference, "subjects": [subject]}
    store.put(Key(f"{binding}.{RBAC}", namespace, "b"), content)


def test_denials_bind_those_who_sign_in() -> None:
    denial = Denial.from_mapping({"verb": "patch", "resource": "deployments", "group": "apps", "namespace": "default"})
    authorizer = Authorizer([denial], ObjectStore())
    wanted = Attributes("patch", "apps", "deployments", "default", "fe")
    assert not authorizer.allows(ADMINISTRATOR, wanted)
    assert authorizer.allows(PLATFORM, wanted)
    assert authorizer.allows(ADMINISTRATOR, Attributes("patch", "apps", "deployments", "other"))
    assert authorizer.allows(ADMINISTRATOR, Attributes("patch", "apps", "deployments/scale", "default"))


@pytest.mark.parametrize(
    ("subject", "user", "allowed"),
    [
        ({"kind": "User", "name": "bob"}, User("bob", by_role=True), True),
        ({"kind": "User", "name": "bob"}, User("eve", by_role=True), False),
        ({"kind": "Group", "name": "dev"}, User("eve", ("dev",), by_role=True), True),
        (
            {"kind": "ServiceAccount", "name": "job", "namespace": "a"},
            User("system:serviceaccount:a:job", by_role=True),
            True,
        ),
        (
            {"kind": "ServiceAccount", "name": "job", "namespace": "b"},
            User("system:serviceaccount:a:job", by_role=True),
            False,
        ),
    ],
)
def test_bindings_are_for_their_subjects(subject: dict[str, str], user: User, allowed: bool) -> None:
    store = ObjectStore()
    _bind(store, subject, {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]})
    assert Authorizer([], store).allows(user, Attributes("get", "", "pods", "a", "x")) is allowed


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        (
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            Attributes("patch", "apps", "deployments/scale"),
            True,
        ),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, Attributes("get", "", "pods/log"), False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]}, Attributes("get", "", "pods/log"), True),
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["pods"]}, Attributes("get", "", "pods"), False),
        (
            {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]},
            Attributes("get", "", "pods", name="b"),
            False,
        ),
        ({"verbs": ["get"], "nonResourceURLs": ["/openapi/*"]}, Attributes("get", path="/openapi/v3"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/version"]}, Attributes("get", path="/metrics"), False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, Attributes("get", path="/version"), False),
    ],
)
def test_rules_cover_what_they_say(rule: dict[str, Any], wanted: Attributes, allowed: bool) -> None:
    store = ObjectStore()
    _bind(store, {"kind": "User", "name": "bob"}, rule)
    assert Authorizer([], store).allows(User("bob", by_role=True), wanted) is allowed


def test_a_role_holds_in_its_namespace() -> None:
    store = ObjectStore()
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    _bind(store, {"kind": "User", "name": "bob"}, rule, "a")
    authorizer, bob = Authorizer([], store), User("bob", by_role=True)
    assert authorizer.allows(bob, Attributes("get", "", "pods", "a"))
    assert not authorizer.allows(bob, Attributes("get", "", "pods", "b"))
    assert not authorizer.allows(bob, Attributes("get", "", "pods"))


def test_nobody_is_impersonated_without_headers() -> None:
    assert acting_user(ADMINISTRATOR, [("Accept", "*/*")], Authorizer([], ObjectStore())) is ADMINISTRATOR


def test_whom_the_headers_mean() -> None:
    authorizer = Authorizer([], ObjectStore())
    bob = acting_user(ADMINISTRATOR, BOB, authorizer)
    assert (bob.name, bob.groups, bob.by_role) == ("bob", ("system:authenticated",), True)
    more = [("Impersonate-Group", "dev"), ("Impersonate-Uid", "1"), ("Impersonate-Extra-Example.com%2fscope", "x")]
    found = acting_user(ADMINISTRATOR, [*BOB, *more], authorizer)
    assert (found.groups, found.uid) == (("dev", "system:authenticated"), "1")
    assert found.extra == {"example.com/scope": ("x",)}
    account = acting_user(ADMINISTRATOR, [("Impersonate-User", "system:serviceaccount:a:job")], authorizer)
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated")
    nobody = acting_user(ADMINISTRATOR, [("Impersonate-User", "system:anonymous")], authorizer)
    assert nobody.groups == ("system:unauthenticated",)


def test_groups_without_a_user_are_no_request() -> None:
    with pytest.raises(ApiError, match=r"requested \[\{Group  dev    \}\] without impersonating a user") as caught:
        acting_user(ADMINISTRATOR, [("Impersonate-Group", "dev")], Authorizer([], ObjectStore()))
    assert caught.value.code == 400


def test_who_may_not_impersonate_is_refused() -> None:
    text = (
        'users "bob" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope'
    )
    with pytest.raises(ApiError, match=text) as caught:
        acting_user(User("eve", by_role=True), BOB, Authorizer([], ObjectStore()))
    assert caught.value.code == 403
    denial = Denial.from_mapping({"verb": "impersonate", "resource": "groups"})
    authorizer = Authorizer([denial], ObjectStore())
    assert acting_user(ADMINISTRATOR, BOB, authorizer).name == "bob"
    with pytest.raises(ApiError, match='groups "system:masters" is forbidden'):
        acting_user(ADMINISTRATOR, [*BOB, ("Impersonate-Group", "system:masters")], authorizer)
