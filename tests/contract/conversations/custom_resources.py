# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of custom resources, and objects of such kinds, as InstanceType is one."""

from __future__ import annotations

import copy
from typing import Any

from tests.contract.recording.definitions import (
    DEFINITIONS,
    TYPES,
    conditions_of,
    define_instance_types,
    instance_type,
    instance_type_definition,
)
from tests.contract.recording.recorder import Conversation, ignored
from tests.control_plane.rest import APPLY_PATCH, JSON, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def _still(body: dict[str, Any]) -> Any:
    """A definition without what its controllers write in their own time."""
    mine = [each for each in body["metadata"].get("managedFields", []) if "subresource" not in each]
    return {**body, "metadata": {**body["metadata"], "managedFields": mine}, "status": None}


def a_definition_begins_and_ends(talk: Conversation) -> None:
    group = "transient.example.com"
    types = f"/apis/{group}/v1alpha1/instancetypes"
    path = f"{DEFINITIONS}/instancetypes.{group}"
    talk.ask("before", "GET", types)
    talk.quietly("DELETE", path)
    talk.until(path, lambda answer: answer.status == 404, "the end of an earlier definition")
    made = talk.ask("define", "POST", DEFINITIONS, body=instance_type_definition(group), only=_still)
    assert made.status == 201
    talk.until(path, lambda answer: conditions_of(answer.body).get("Established") == "True", "the definition")
    talk.ask("conditions", "GET", path, only=lambda body: [conditions_of(body), body["status"]["acceptedNames"]])
    talk.until(types, lambda answer: answer.status == 200, "the resource")
    talk.ask("discover", "GET", f"/apis/{group}/v1alpha1")
    body = instance_type("one")
    body["apiVersion"] = f"{group}/v1alpha1"
    assert talk.ask("create", "POST", types, body=body).status == 201
    assert talk.ask("end", "DELETE", path, only=lambda body: body["kind"]).status == 200
    talk.until(path, lambda answer: answer.status == 404, "the end of the definition")
    talk.until(types, lambda answer: answer.status == 404, "the end of the resource")
    talk.ask("after", "GET", types)


def definitions_that_are_refused(talk: Conversation) -> None:
    name = instance_type_definition("refused.example.com")
    name["metadata"]["name"] = "other.refused.example.com"
    assert talk.ask("another name", "POST", DEFINITIONS, body=name).status == 422
    no_schema = instance_type_definition("refused.example.com")
    del no_schema["spec"]["versions"][0]["schema"]
    assert talk.ask("no schema", "POST", DEFINITIONS, body=no_schema).status == 422
    no_storage = instance_type_definition("refused.example.com")
    no_storage["spec"]["versions"][0]["storage"] = False
    assert talk.ask("no stored version", "POST", DEFINITIONS, body=no_storage).status == 422


def create_read_replace_delete(talk: Conversation) -> None:
    define_instance_types(talk)
    made = talk.ask("create", "POST", TYPES, body=instance_type("gpu"))
    assert made.body["spec"]["priority"] == 5
    assert made.body["metadata"]["generation"] == 1
    assert talk.ask("create again", "POST", TYPES, body=instance_type("gpu")).body["reason"] == "AlreadyExists"
    talk.ask("read", "GET", f"{TYPES}/gpu")
    talk.ask("list", "GET", TYPES)
    changed = copy.deepcopy(made.body)
    changed["spec"]["resources"]["limits"]["cpu"] = "3"
    replaced = talk.ask("replace", "PUT", f"{TYPES}/gpu", body=changed)
    assert replaced.body["metadata"]["generation"] == 2
    assert talk.ask("replace, too late", "PUT", f"{TYPES}/gpu", body=made.body).body["reason"] == "Conflict"
    bare = talk.ask("replace without a version", "PUT", f"{TYPES}/gpu", body=instance_type("gpu"))
    assert bare.status == 422
    talk.ask("delete", "DELETE", f"{TYPES}/gpu")
    assert talk.ask("read deleted", "GET", f"{TYPES}/gpu").body["reason"] == "NotFound"


def the_schema_is_kept(talk: Conversation) -> None:
    define_instance_types(talk)
    bad = instance_type("bad", resources={"limits": {"cpu": "much"}})
    invalid = talk.ask("no quantity", "POST", TYPES, body=bad)
    assert (invalid.status, invalid.body["reason"]) == (422, "Invalid")
    no_resources = instance_type("bad")
    del no_resources["spec"]["resources"]
    assert talk.ask("a missing field", "POST", TYPES, body=no_resources).status == 422
    assert talk.ask("a wrong type", "POST", TYPES, body=instance_type("bad", nodeSelector={"a": 1})).status == 422
    assert talk.ask("a value too small", "POST", TYPES, body=instance_type("bad", priority=-1)).status == 422
    several = instance_type("bad", priority=-1, nodeSelector="x")
    assert talk.ask("two faults, in any order", "POST", TYPES, body=several, only=ignored).status == 422
    extra = instance_type("pruned", unknown={"a": 1})
    strict = talk.ask("an unknown field, strictly", "POST", TYPES, body=extra, query={"fieldValidation": "Strict"})
    assert strict.status == 400
    pruned = talk.ask("an unknown field", "POST", TYPES, body=extra)
    assert "unknown" not in pruned.body["spec"]
    assert talk.ask("an invalid name", "POST", TYPES, body=instance_type("Not_Valid")).status == 422
    wrong = {**instance_type("x"), "kind": "Other"}
    assert talk.ask("another kind", "POST", TYPES, body=wrong).status == 422


def patches(talk: Conversation) -> None:
    define_instance_types(talk)
    talk.ask("create", "POST", TYPES, body=instance_type("patched"))
    path = f"{TYPES}/patched"
    merge = {"spec": {"resources": {"limits": {"nvidia.com/gpu": 2, "memory": None}}}}
    merged = talk.ask("merge", "PATCH", path, body=merge, content_type=MERGE_PATCH)
    assert merged.body["spec"]["resources"]["limits"] == {"cpu": "2", "nvidia.com/gpu": 2}
    operations = [{"op": "replace", "path": "/spec/priority", "value": 7}]
    assert talk.ask("JSON patch", "PATCH", path, body=operations, content_type=JSON_PATCH).body["spec"]["priority"] == 7
    assert talk.ask("strategic merge", "PATCH", path, body=merge, content_type=STRATEGIC_MERGE_PATCH).status == 415
    assert talk.ask("plain JSON", "PATCH", path, body=merge, content_type=JSON).status == 415
    invalid = {"spec": {"priority": -1}}
    assert talk.ask("an invalid value", "PATCH", path, body=invalid, content_type=MERGE_PATCH).status == 422


def server_side_apply(talk: Conversation) -> None:
    define_instance_types(talk)
    path = f"{TYPES}/applied"

    def apply(step: str, body: object, manager: str = "azureml.fleet", **query: str) -> Any:
        fields = {"fieldManager": manager, **query}
        return talk.ask(step, "PATCH", path, body=body, content_type=APPLY_PATCH, query=fields)

    assert apply("create", instance_type("applied")).status == 201
    assert apply("again", instance_type("applied")).status == 200
    other = instance_type("applied", nodeSelector={"zone": "1"})
    del other["spec"]["resources"]
    assert apply("another manager's part", other, "somebody").body["spec"]["nodeSelector"] == {
        "accelerator": "nvidia",
        "zone": "1",
    }
    limits = {"limits": {"cpu": "4", "memory": "4Gi", "nvidia.com/gpu": 1}}
    assert apply("a conflict", instance_type("applied", resources=limits), "somebody").status == 409
    assert apply("by force", instance_type("applied", resources=limits), "somebody", force="true").status == 200
    mine = apply("mine after that", instance_type("applied"))
    assert mine.status == 409
    equal = instance_type("applied")
    equal["spec"]["resources"]["limits"]["cpu"] = "2000m"
    assert apply("an equal quantity in other words", equal, force="true").status == 200


def tables_with_printer_columns(talk: Conversation) -> None:
    define_instance_types(talk)
    talk.ask("create", "POST", TYPES, body=instance_type("shown"))

    def still(body: dict[str, Any]) -> Any:
        rows = [row["cells"][:2] for row in body["rows"]]
        columns = [{**column, "description": None} for column in body["columnDefinitions"]]
        return {"columns": columns, "rows": rows, "kind": body["kind"]}

    assert talk.ask("table", "GET", TYPES, accept=TABLE, only=still).body["rows"][0]["cells"][:2] == ["shown", "2"]


def watches(talk: Conversation) -> None:
    define_instance_types(talk)
    start = talk.quietly("GET", TYPES).body["metadata"]["resourceVersion"]
    talk.ask("create", "POST", TYPES, body=instance_type("seen"))
    talk.ask("delete", "DELETE", f"{TYPES}/seen")
    events = talk.watch("watch", TYPES, {"resourceVersion": start}, only=lambda event: [event["type"], event["object"]])
    assert [event["type"] for event in events] == ["ADDED", "DELETED"]
