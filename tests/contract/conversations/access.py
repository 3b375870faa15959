# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: reviews, refusals, tokens."""

from __future__ import annotations

from typing import Any

from tests.contract.recorder import Conversation

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
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


def tokens(talk: Conversation) -> None:
    refused = talk.ask("a wrong token", "GET", "/api/v1/nodes", user="wrong")
    assert (refused.status, refused.body["reason"]) == (401, "Unauthorized")
    nobody = talk.ask("no token", "GET", "/api/v1/nodes", user="nobody")
    assert nobody.status == 401
