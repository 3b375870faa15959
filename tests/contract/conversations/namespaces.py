# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, which end slowly."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.definitions import config_map
from tests.contract.recording.recorder import Conversation


def namespaces_end_when_they_are_empty(talk: Conversation) -> None:
    name = f"{talk.namespace}-ending"
    talk.hide(name, "ending")
    path = f"/api/v1/namespaces/{name}"
    made = talk.ask("create", "POST", "/api/v1/namespaces", body={"metadata": {"name": name, "labels": {"a": "b"}}})
    assert made.body["metadata"]["labels"]["kubernetes.io/metadata.name"] == name
    assert made.body["spec"] == {"finalizers": ["kubernetes"]}
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    talk.ask("something that holds it", "POST", f"{path}/configmaps", body=held)
    ending = talk.ask("delete", "DELETE", path, only=lambda body: [body["kind"], body["status"]["phase"]])
    assert ending.body["status"]["phase"] == "Terminating"
    late = talk.ask("create in it", "POST", f"{path}/configmaps", body=config_map("late"))
    assert (late.status, late.body["reason"]) == (403, "Forbidden")
    assert late.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    again = talk.ask("create it again", "POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    assert again.status == 409
    talk.until(path, lambda answer: "conditions" in answer.body.get("status", {}), "conditions of the namespace")

    def remaining(body: dict[str, Any]) -> object:
        conditions = {each["type"]: each["status"] for each in body["status"]["conditions"]}
        return {key: conditions.get(key) for key in ("NamespaceContentRemaining", "NamespaceFinalizersRemaining")}

    talk.ask("read while it ends", "GET", path, only=remaining)
    talk.ask("delete twice", "DELETE", path, only=lambda body: body["status"]["phase"])
    release = {"metadata": {"finalizers": None}}
    kind = "application/merge-patch+json"
    talk.ask("release", "PATCH", f"{path}/configmaps/held", body=release, content_type=kind)
    talk.until(path, lambda answer: answer.status == 404, "the end of the namespace")
    talk.ask("read its end", "GET", path)


def namespaces_that_cannot_be(talk: Conversation) -> None:
    assert talk.ask("invalid name", "POST", "/api/v1/namespaces", body={"metadata": {"name": "A"}}).status == 422
    refused = talk.ask("delete default", "DELETE", "/api/v1/namespaces/default")
    assert refused.status == 403


def new_namespaces_are_furnished(talk: Conversation) -> None:
    path = f"/api/v1/namespaces/{talk.namespace}"
    talk.until(f"{path}/configmaps/kube-root-ca.crt", lambda answer: answer.status == 200, "the cluster's CA")
    talk.until(f"{path}/serviceaccounts/default", lambda answer: answer.status == 200, "the default account")
    talk.ask("the namespace", "GET", path)
