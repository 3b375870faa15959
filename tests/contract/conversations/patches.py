# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of the four kinds, and who owns which field."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.definitions import config_map, deployment
from tests.contract.recording.recorder import Conversation, ignored
from tests.control_plane.rest import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, Answer

ANNOTATION = "azureml-fe-enable-upgrade"


def _front_end(talk: Conversation) -> str:
    deployments = f"/apis/apps/v1/namespaces/{talk.namespace}/deployments"
    # Without replicas no controller writes to it between two steps.
    talk.ask("create", "POST", deployments, body=deployment("azureml-fe", replicas=0), only=_spec)
    path = f"{deployments}/azureml-fe"
    talk.until(path, lambda answer: answer.body["status"].get("observedGeneration") == 1, "the controller")
    talk.until(path, lambda answer: len(answer.body["status"].get("conditions", [])) == 2, "the conditions")
    return path


def _spec(body: dict[str, Any]) -> Any:
    """An object without its status and the controllers' annotations and fields."""
    metadata = body["metadata"]
    mine = [each for each in metadata.get("managedFields", []) if "subresource" not in each]
    annotations = {**metadata.get("annotations", {})}
    annotations.pop("deployment.kubernetes.io/revision", None)
    return {**body, "metadata": {**metadata, "managedFields": mine, "annotations": annotations}, "status": None}


def merge_patches(talk: Conversation) -> None:
    path = _front_end(talk)

    def patch(step: str, body: object) -> Answer:
        return talk.ask(step, "PATCH", path, body=body, content_type=MERGE_PATCH, only=_spec)

    annotated = patch("annotate", {"metadata": {"annotations": {ANNOTATION: "true"}}})
    assert annotated.body["metadata"]["annotations"][ANNOTATION] == "true"
    # A Deployment's annotations count as much as its spec: its controller copies them to the replica sets.
    assert annotated.body["metadata"]["generation"] == 2
    seen = talk.until(path, lambda answer: answer.body["status"]["observedGeneration"] == 2, "the controller").body
    again = patch("annotate again", {"metadata": {"annotations": {ANNOTATION: "true"}}})
    assert again.body["metadata"]["resourceVersion"] == seen["metadata"]["resourceVersion"]
    removed = patch("remove the annotation", {"metadata": {"annotations": {ANNOTATION: None}}})
    assert ANNOTATION not in removed.body["metadata"].get("annotations", {})
    changed = patch("change the template", {"spec": {"template": {"metadata": {"labels": {"more": "1"}}}}})
    assert changed.body["metadata"]["generation"] == 4
    assert patch("an immutable field", {"spec": {"selector": {"matchLabels": {"app": "other"}}}}).status == 422
    # The message prints the whole object, whose keys come in no fixed order.
    wrong = {"spec": {"replicas": "many"}}
    answer = talk.ask("a wrong type", "PATCH", path, body=wrong, content_type=MERGE_PATCH, only=ignored)
    assert answer.status == 422
    assert patch("no object", []).status == 400


def preconditions_of_patches(talk: Conversation) -> None:
    path = _front_end(talk)
    seen = talk.quietly("GET", path).body["metadata"]
    first = {"metadata": {"annotations": {"a": "1"}, "uid": seen["uid"], "resourceVersion": seen["resourceVersion"]}}
    fresh = talk.ask("of what was read", "PATCH", path, body=first, content_type=MERGE_PATCH, only=_spec)
    assert fresh.status == 200
    stale = talk.ask("of what was read, too late", "PATCH", path, body=first, content_type=MERGE_PATCH)
    assert stale.status in (200, 409)
    other = {"metadata": {"annotations": {"a": "2"}, "resourceVersion": seen["resourceVersion"]}}
    late = talk.ask("another value, too late", "PATCH", path, body=other, content_type=MERGE_PATCH)
    assert (late.status, late.body["reason"]) == (409, "Conflict")
    stranger = {"metadata": {"annotations": {"a": "3"}, "uid": "00000000-0000-0000-0000-000000000000"}}
    assert talk.ask("another uid", "PATCH", path, body=stranger, content_type=MERGE_PATCH).status in (409, 422)
    missing = talk.ask("a missing object", "PATCH", f"{path}-no", body=other, content_type=MERGE_PATCH)
    assert missing.status == 404


def strategic_merge_patches(talk: Conversation) -> None:
    path = _front_end(talk)

    def patch(step: str, body: object) -> Answer:
        return talk.ask(step, "PATCH", path, body=body, content_type=STRATEGIC_MERGE_PATCH, only=_spec)

    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "side:1"}]}}}}
    containers = patch("add a container", sidecar).body["spec"]["template"]["spec"]["containers"]
    assert sorted(each["name"] for each in containers) == ["main", "sidecar"]
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "fe:2"}]}}}}
    patch("change one container", image)
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "$patch": "delete"}]}}}}
    containers = patch("delete a container", gone).body["spec"]["template"]["spec"]["containers"]
    assert [(each["name"], each["image"]) for each in containers] == [("main", "fe:2")]
    patch("label", {"metadata": {"labels": {"x": "1", "app": None}}})


def json_patches(talk: Conversation) -> None:
    path = _front_end(talk)

    def patch(step: str, *operations: dict[str, Any]) -> Answer:
        return talk.ask(step, "PATCH", path, body=list(operations), content_type=JSON_PATCH, only=_spec)

    label = "/metadata/labels/example.com~1tier"
    added = patch("add", {"op": "add", "path": label, "value": "gpu"})
    assert added.body["metadata"]["labels"]["example.com/tier"] == "gpu"
    guarded = patch(
        "test and replace",
        {"op": "test", "path": label, "value": "gpu"},
        {"op": "replace", "path": label, "value": "cpu"},
    )
    assert guarded.status == 200
    assert patch("a test that fails", {"op": "test", "path": label, "value": "gpu"}).status == 422
    assert patch("remove", {"op": "remove", "path": label}).status == 200
    assert patch("remove what is not there", {"op": "remove", "path": label}).status == 422
    assert patch("an unknown operation", {"op": "blend", "path": label}).status in (400, 422)


def unknown_kinds_of_patch(talk: Conversation) -> None:
    path = _front_end(talk)
    assert talk.ask("plain JSON", "PATCH", path, body={}).status == 415


def _apply(
    talk: Conversation, step: str, path: str, body: object, *, manager: str = "azureml.fleet", **query: str
) -> Answer:
    fields = {"fieldManager": manager, **query}
    return talk.ask(step, "PATCH", path, body=body, content_type=APPLY_PATCH, query=fields)


def server_side_apply(talk: Conversation) -> None:
    path = f"/api/v1/namespaces/{talk.namespace}/configmaps/applied"
    created = _apply(talk, "create", path, config_map("applied", a="1", b="1"))
    assert created.status == 201
    again = _apply(talk, "apply again", path, config_map("applied", a="1", b="1"))
    assert again.status == 200
    assert again.body["metadata"]["resourceVersion"] == created.body["metadata"]["resourceVersion"]
    less = _apply(talk, "leave a field out", path, config_map("applied", a="1"))
    assert less.body["data"] == {"a": "1"}
    shared = _apply(talk, "another manager agrees", path, config_map("applied", a="1", c="1"), manager="other")
    assert shared.body["data"] == {"a": "1", "c": "1"}
    conflict = _apply(talk, "change what another also owns", path, config_map("applied", a="2"))
    assert (conflict.status, conflict.body["reason"]) == (409, "Conflict")
    assert conflict.body["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    forced = _apply(talk, "force it", path, config_map("applied", a="2"), force="true")
    assert forced.body["data"] == {"a": "2", "c": "1"}
    kept = _apply(talk, "give all up", path, config_map("applied"))
    assert kept.body["data"] == {"c": "1"}


def apply_against_a_patch(talk: Conversation) -> None:
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    path = f"{maps}/mixed"
    manager = {"fieldManager": "kubectl-edit"}
    talk.ask("create", "POST", maps, body=config_map("mixed", a="1", b="1"), query=manager)
    conflict = _apply(talk, "apply another value", path, config_map("mixed", a="2"))
    assert conflict.status == 409
    assert _apply(talk, "apply the same value", path, config_map("mixed", a="1")).status == 200
    patch = {"data": {"a": "3"}}
    talk.ask("another client patches", "PATCH", path, body=patch, content_type=MERGE_PATCH, query=manager)
    lost = _apply(talk, "apply the old value", path, config_map("mixed", a="1"))
    assert lost.status == 409
    several = _apply(talk, "apply two other values", path, config_map("mixed", a="1", b="2"))
    assert len(several.body["details"]["causes"]) == 2


def apply_to_lists_and_labels(talk: Conversation) -> None:
    deployments = f"/apis/apps/v1/namespaces/{talk.namespace}/deployments"
    path = f"{deployments}/listed"

    def apply(step: str, body: object, manager: str, **query: str) -> Answer:
        fields = {"fieldManager": manager, **query}
        return talk.ask(step, "PATCH", path, body=body, content_type=APPLY_PATCH, query=fields, only=_spec)

    whole = deployment("listed", replicas=0)
    assert apply("create", whole, "chart").status == 201
    identity = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "listed"}}
    labelled = {**identity, "metadata": {"name": "listed", "labels": {"mine": "1"}}}
    assert apply("add a label", labelled, "azureml.fleet").body["metadata"]["labels"] == {"app": "listed", "mine": "1"}
    side = {"containers": [{"name": "side", "image": "side:1"}]}
    containers = apply("add a container", {**identity, "spec": {"template": {"spec": side}}}, "mesh")
    assert len(containers.body["spec"]["template"]["spec"]["containers"]) == 2
    assert apply("take the label back", identity, "azureml.fleet").body["metadata"]["labels"] == {"app": "listed"}


def apply_that_is_refused(talk: Conversation) -> None:
    path = f"/api/v1/namespaces/{talk.namespace}/configmaps/refused"
    nobody = talk.ask("no manager", "PATCH", path, body=config_map("refused"), content_type=APPLY_PATCH)
    assert nobody.status in (400, 422)
    assert _apply(talk, "another name", path, config_map("other")).status == 400
    owned = config_map("refused")
    owned["metadata"]["managedFields"] = [{"manager": "x", "operation": "Apply"}]
    assert _apply(talk, "with managed fields", path, owned).status in (400, 422)
    unknown = {**config_map("refused"), "dta": {"a": "b"}}
    assert _apply(talk, "an unknown field", path, unknown).status in (400, 422, 500)
    assert _apply(talk, "an unknown field, strictly", path, unknown, fieldValidation="Strict").status in (400, 422, 500)
    stale = config_map("refused")
    stale["metadata"]["resourceVersion"] = "1"
    created = _apply(talk, "create, whatever the version", path, {**stale, "data": {"a": "1"}})
    assert created.status == 201
    assert _apply(talk, "of an old version", path, {**stale, "data": {"a": "2"}}).status == 409
    dry = _apply(talk, "dry run", path, config_map("refused", a="2"), dryRun="All")
    assert dry.body["data"] == {"a": "2"}
    assert talk.ask("read", "GET", path).body["data"] == {"a": "1"}


def owners_of_fields(talk: Conversation) -> None:
    """Managers by patch and by apply, as `kubectl get --show-managed-fields` tells them."""
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    path = f"{maps}/owned"
    talk.ask("create", "POST", maps, body=config_map("owned", a="1"), query={"fieldManager": "creator"})
    patch = {"metadata": {"labels": {"l": "1"}}, "data": {"b": "2"}}
    talk.ask("patch", "PATCH", path, body=patch, content_type=MERGE_PATCH, query={"fieldManager": "patcher"})
    body = talk.quietly("GET", path).body
    body["data"]["a"] = "2"
    talk.ask("replace", "PUT", path, body=body, query={"fieldManager": "replacer"})
    _apply(talk, "apply", path, config_map("owned", c="3"))
    owners = talk.ask("read", "GET", path).body["metadata"]["managedFields"]
    assert {each["manager"] for each in owners} >= {"patcher", "replacer", "azureml.fleet"}
