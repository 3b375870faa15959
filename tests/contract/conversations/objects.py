# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating, reading, replacing and deleting objects."""

from __future__ import annotations

from tests.contract.recording.definitions import config_map
from tests.contract.recording.recorder import Conversation
from tests.control_plane.rest import STRATEGIC_MERGE_PATCH


def _maps(talk: Conversation) -> str:
    return f"/api/v1/namespaces/{talk.namespace}/configmaps"


def create_read_replace_delete(talk: Conversation) -> None:
    maps = _maps(talk)
    created = talk.ask("create", "POST", maps, body=config_map("one", a="1"))
    assert created.status == 201
    again = talk.ask("create again", "POST", maps, body=config_map("one", a="1"))
    assert (again.status, again.body["reason"]) == (409, "AlreadyExists")
    assert talk.ask("read", "GET", f"{maps}/one").body["data"] == {"a": "1"}
    replaced = talk.ask("replace", "PUT", f"{maps}/one", body={**created.body, "data": {"a": "2"}})
    assert replaced.body["metadata"]["resourceVersion"] != created.body["metadata"]["resourceVersion"]
    deleted = talk.ask("delete", "DELETE", f"{maps}/one")
    assert (deleted.status, deleted.body["status"]) == (200, "Success")
    assert talk.ask("read deleted", "GET", f"{maps}/one").body["reason"] == "NotFound"
    assert talk.ask("delete again", "DELETE", f"{maps}/one").status == 404
    assert talk.ask("replace deleted", "PUT", f"{maps}/one", body=config_map("one")).status == 404


def an_equal_write_changes_nothing(talk: Conversation) -> None:
    maps = _maps(talk)
    created = talk.ask("create", "POST", maps, body=config_map("same", a="1")).body
    again = talk.ask("replace by itself", "PUT", f"{maps}/same", body=created).body
    assert again["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


def stale_writes_are_conflicts(talk: Conversation) -> None:
    maps = _maps(talk)
    old = talk.ask("create", "POST", maps, body=config_map("busy", a="1")).body
    talk.ask("another client writes", "PUT", f"{maps}/busy", body={**old, "data": {"a": "2"}})
    stale = talk.ask("stale write", "PUT", f"{maps}/busy", body={**old, "data": {"a": "3"}})
    assert (stale.status, stale.body["reason"]) == (409, "Conflict")
    anew = talk.ask("write without a version", "PUT", f"{maps}/busy", body=config_map("busy", a="4"))
    assert anew.status == 200
    other = config_map("busy", a="5")
    other["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"
    wrong = talk.ask("write for another object of that name", "PUT", f"{maps}/busy", body=other)
    assert (wrong.status, wrong.body["reason"]) == (409, "Conflict")


def deleting_with_preconditions(talk: Conversation) -> None:
    maps = _maps(talk)
    first = talk.ask("create", "POST", maps, body=config_map("kept", a="1")).body["metadata"]

    def options(**preconditions: str) -> dict[str, object]:
        return {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}

    no_uid = "00000000-0000-0000-0000-000000000000"
    wrong = talk.ask("delete another uid", "DELETE", f"{maps}/kept", body=options(uid=no_uid))
    assert (wrong.status, wrong.body["reason"]) == (409, "Conflict")
    talk.ask("another client writes", "PUT", f"{maps}/kept", body=config_map("kept", a="2"))
    stale = talk.ask(
        "delete what was read", "DELETE", f"{maps}/kept", body=options(resourceVersion=first["resourceVersion"])
    )
    assert stale.status == 409
    assert talk.ask("delete by uid", "DELETE", f"{maps}/kept", body=options(uid=first["uid"])).status == 200


def invalid_objects_are_refused(talk: Conversation) -> None:
    maps = _maps(talk)
    bad_name = talk.ask("invalid name", "POST", maps, body=config_map("Not_A_Name"))
    assert (bad_name.status, bad_name.body["reason"]) == (422, "Invalid")
    elsewhere = config_map("one")
    elsewhere["metadata"]["namespace"] = "default"
    assert talk.ask("another namespace in the body", "POST", maps, body=elsewhere).status == 400
    assert talk.ask("no name", "POST", maps, body={"data": {}}).status == 422
    assert talk.ask("another name in the body", "PUT", f"{maps}/two", body=config_map("one")).status == 400
    wrong_kind = {**config_map("one"), "kind": "Secret"}
    assert talk.ask("another kind", "POST", maps, body=wrong_kind).status == 400
    assert talk.ask("no JSON", "POST", maps, body=b"{").status == 400
    wrong_type = {**config_map("one"), "data": {"a": 1}}
    assert talk.ask("a wrong type", "POST", maps, body=wrong_type).status == 400
    nowhere = talk.ask("a missing namespace", "POST", "/api/v1/namespaces/missing/configmaps", body=config_map("one"))
    assert (nowhere.status, nowhere.body["reason"]) == (404, "NotFound")
    label = {**config_map("one"), "metadata": {"name": "one", "labels": {"a": "not valid!"}}}
    assert talk.ask("an invalid label", "POST", maps, body=label).status == 422


def unknown_fields(talk: Conversation) -> None:
    maps = _maps(talk)
    body = {**config_map("extra", a="1"), "dta": {"a": "1"}}
    strict = talk.ask("strict", "POST", maps, body=body, query={"fieldValidation": "Strict"})
    assert strict.status == 400
    assert talk.ask("warn", "POST", maps, body=body, query={"fieldValidation": "Warn"}).status == 201
    assert "dta" not in talk.ask("read", "GET", f"{maps}/extra").body


def dry_runs_write_nothing(talk: Conversation) -> None:
    maps = _maps(talk)
    dry = {"dryRun": "All"}
    assert talk.ask("create", "POST", maps, body=config_map("dry", a="1"), query=dry).status == 201
    assert talk.ask("read", "GET", f"{maps}/dry").status == 404
    talk.ask("create for real", "POST", maps, body=config_map("dry", a="1"))
    patch = {"data": {"a": "2"}}
    would = talk.ask("patch", "PATCH", f"{maps}/dry", body=patch, query=dry, content_type=STRATEGIC_MERGE_PATCH)
    assert would.body["data"] == {"a": "2"}
    assert talk.ask("delete", "DELETE", f"{maps}/dry", query=dry).status == 200
    assert talk.ask("read unchanged", "GET", f"{maps}/dry").body["data"] == {"a": "1"}
    assert talk.ask("unknown dry run", "POST", maps, body=config_map("x"), query={"dryRun": "Some"}).status in (
        400,
        422,
    )


def names_can_be_generated(talk: Conversation) -> None:
    body = {"metadata": {"generateName": "made-"}, "data": {}}
    made = talk.ask("create", "POST", _maps(talk), body=body, only=lambda got: got["metadata"]["generateName"]).body
    assert len(made["metadata"]["name"]) == len("made-") + 5


def finalizers_hold_an_object(talk: Conversation) -> None:
    maps = _maps(talk)
    body = config_map("held")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    talk.ask("create", "POST", maps, body=body)
    assert talk.ask("delete", "DELETE", f"{maps}/held").status == 200
    held = talk.ask("read", "GET", f"{maps}/held").body
    assert held["metadata"]["deletionTimestamp"]
    released = {"metadata": {"finalizers": None}}
    talk.ask("release", "PATCH", f"{maps}/held", body=released, content_type="application/merge-patch+json")
    assert talk.ask("read again", "GET", f"{maps}/held").status == 404


def secrets_are_encoded(talk: Conversation) -> None:
    secrets = f"/api/v1/namespaces/{talk.namespace}/secrets"
    body = {"metadata": {"name": "tls"}, "stringData": {"key": "text"}}
    made = talk.ask("create", "POST", secrets, body=body).body
    assert made["data"] == {"key": "dGV4dA=="}
    assert made["type"] == "Opaque"
    talk.ask("no base64", "POST", secrets, body={"metadata": {"name": "bad"}, "data": {"key": "%"}})


def delete_a_collection(talk: Conversation) -> None:
    maps = _maps(talk)
    for name in ("old-1", "old-2"):
        body = config_map(name)
        body["metadata"]["labels"] = {"age": "old"}
        talk.ask(f"create {name}", "POST", maps, body=body)
    talk.ask("create new", "POST", maps, body=config_map("new"))
    talk.ask("delete the old", "DELETE", maps, query={"labelSelector": "age=old"}, only=lambda body: body["kind"])
    left = talk.ask("read the old", "GET", maps, query={"labelSelector": "age=old"}, only=lambda body: body["items"])
    assert left.body["items"] == []
    assert talk.ask("read new", "GET", f"{maps}/new").status == 200


def wrong_methods(talk: Conversation) -> None:
    assert talk.ask("put a collection", "PUT", _maps(talk), body={}).status == 405
    assert talk.ask("post to an object", "POST", f"{_maps(talk)}/one", body={}).status == 405
    assert talk.ask("another content type", "POST", _maps(talk), body=b"x", content_type="text/plain").status == 415
