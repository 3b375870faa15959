# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: reviews, refusals, tokens."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.contract.recording.recorder import Conversation, ignored

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


def _review(**attributes: str) -> dict[str, Any]:
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }


def an_administrator_may(talk: Conversation) -> None:
    def answer(body: dict[str, Any]) -> Any:
        # The reason is the authorizer's own text.
        return {**body, "status": body["status"].get("allowed")}

    may = talk.ask(
        "patch deployments",
        "POST",
        REVIEWS,
        body=_review(verb="patch", resource="deployments", group="apps", namespace="default"),
        only=answer,
    )
    assert (may.status, may.body["status"]["allowed"]) == (201, True)
    talk.ask(
        "an unknown resource",
        "POST",
        REVIEWS,
        body=_review(verb="get", resource="nothings", group="x.example"),
        only=answer,
    )
    path = {"spec": {"nonResourceAttributes": {"path": "/version", "verb": "get"}}}
    talk.ask("a path", "POST", REVIEWS, body=path, only=answer)


def reviews_that_are_refused(talk: Conversation) -> None:
    assert talk.ask("nothing asked", "POST", REVIEWS, body={"spec": {}}).status == 422
    assert talk.ask("reading reviews", "GET", REVIEWS).status == 405


def somebody_without_rights_may_not(talk: Conversation) -> None:
    may = talk.ask(
        "review",
        "POST",
        REVIEWS,
        body=_review(verb="list", resource="nodes"),
        user="stranger",
        only=lambda body: body["status"]["allowed"],
    )
    assert (may.status, may.body["status"]["allowed"]) == (201, False)
    for method, path in (
        ("GET", "/api/v1/nodes"),
        ("GET", f"/api/v1/namespaces/{talk.namespace}/pods"),
        ("GET", "/apis/apps/v1/namespaces/default/deployments/azureml-fe"),
        ("DELETE", "/api/v1/namespaces/default"),
    ):
        refused = talk.ask(f"{method} {path.rpartition('/')[2]}", method, path, user="stranger")
        assert (refused.status, refused.body["reason"]) == (403, "Forbidden")
    body = {"metadata": {"name": "x"}}
    refused = talk.ask("create", "POST", "/api/v1/namespaces", body=body, user="stranger")
    assert refused.status == 403
    talk.ask("discovery", "GET", "/apis/apps", user="stranger", only=lambda body: body["kind"])


def acting_as_somebody_else(talk: Conversation) -> None:
    talk.others["bob"] = dataclasses.replace(talk.connection, impersonate="bob")
    account = f"system:serviceaccount:{talk.namespace}:default"
    talk.others["account"] = dataclasses.replace(talk.connection, impersonate=account)
    talk.others["nobody"] = dataclasses.replace(talk.connection, impersonate="system:anonymous")
    own = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    for user in ("bob", "account"):
        talk.ask(f"who is {user}", "POST", SELF, body=own, user=user, only=lambda body: body["status"])
    for user in ("bob", "account", "nobody"):
        for path in ("/api/v1/nodes", "/version", "/nowhere", f"/api/v1/namespaces/{talk.namespace}/pods/x"):
            talk.ask(f"{user} {path.rpartition('/')[2]}", "GET", path, user=user, only=ignored)
    refused = talk.ask("a subresource", "GET", "/apis/apps/v1/namespaces/default/deployments/x/scale", user="bob")
    assert refused.status == 403
    talk.ask("a path", "GET", "/nowhere", user="bob")
    review = _review(verb="list", resource="nodes")
    talk.ask("may bob", "POST", REVIEWS, body=review, user="bob", only=lambda body: body["status"]["allowed"])
    rules = {"spec": {"namespace": talk.namespace}}
    talk.ask("rules of bob", "POST", RULES, body=rules, user="bob", only=_rules)


def _rules(body: dict[str, Any]) -> Any:
    return {key: sorted(map(str, rules)) if isinstance(rules, list) else rules for key, rules in body["status"].items()}


def roles_are_there_from_the_start(talk: Conversation) -> None:
    """Those for people; the API server makes many more for its own components."""
    root = "/apis/rbac.authorization.k8s.io/v1"
    for name in ("cluster-admin", "admin", "edit", "view", "system:basic-user", "system:discovery"):
        talk.ask(name, "GET", f"{root}/clusterroles/{name}", only=lambda body: [body["kind"], body["rules"]])
    bound = talk.ask("binding", "GET", f"{root}/clusterrolebindings/cluster-admin", only=lambda body: body["subjects"])
    assert bound.body["roleRef"]["name"] == "cluster-admin"


def only_some_may_act_as_others(talk: Conversation) -> None:
    stranger = talk.others["stranger"]
    if stranger.impersonate:  # on a cluster that was given, the stranger is a part that an administrator plays
        return
    talk.others["pretender"] = dataclasses.replace(stranger, impersonate="bob")
    refused = talk.ask("users", "GET", "/api/v1/nodes", user="pretender")
    assert refused.status == 403
    talk.others["pretender"] = dataclasses.replace(stranger, impersonate="system:serviceaccount:default:default")
    talk.ask("accounts", "GET", "/version", user="pretender")


def tokens(talk: Conversation) -> None:
    refused = talk.ask("a wrong token", "GET", "/api/v1/nodes", user="wrong")
    assert (refused.status, refused.body["reason"]) == (401, "Unauthorized")
    nobody = talk.ask("no token", "GET", "/api/v1/nodes", user="nobody")
    assert nobody.status == 401
