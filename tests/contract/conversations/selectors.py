# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: selectors, pages, tables, watches."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.recording.definitions import config_map, deployment
from tests.contract.recording.recorder import Conversation, ignored
from tests.control_plane.rest import MERGE_PATCH

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def _labelled(talk: Conversation) -> str:
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    for name, labels in {"a": {"tier": "gpu", "x": "1"}, "b": {"tier": "cpu"}, "c": {}}.items():
        body = config_map(name)
        body["metadata"]["labels"] = {**labels, "set": "ours"}
        talk.ask(f"create {name}", "POST", maps, body=body)
    return maps


def _names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


def label_selectors(talk: Conversation) -> None:
    maps = _labelled(talk)
    expected = {
        "tier=gpu": ["a"],
        "tier==gpu,set=ours": ["a"],
        "tier!=gpu,set=ours": ["b", "c"],
        "tier": ["a", "b"],
        "!tier,set": ["c"],
        "tier in (gpu, cpu)": ["a", "b"],
        "tier notin (gpu),set=ours": ["b", "c"],
        "tier=gpu,tier=cpu": [],
        "x>0,set=ours": ["a"],
    }
    for selector, names in expected.items():
        answer = talk.ask(selector, "GET", maps, query={"labelSelector": selector}, only=_names)
        assert _names(answer.body) == names, selector
    assert talk.ask("invalid", "GET", maps, query={"labelSelector": "tier in gpu"}).status == 400


def field_selectors(talk: Conversation) -> None:
    maps = _labelled(talk)
    one = talk.ask("by name", "GET", maps, query={"fieldSelector": "metadata.name=b"}, only=_names)
    assert _names(one.body) == ["b"]
    both = {"fieldSelector": "metadata.name!=b", "labelSelector": "set=ours"}
    assert _names(talk.ask("not by name", "GET", maps, query=both, only=_names).body) == ["a", "c"]
    everywhere = {"fieldSelector": f"metadata.namespace={talk.namespace}", "labelSelector": "set=ours"}
    talk.ask("all namespaces", "GET", "/api/v1/configmaps", query=everywhere, only=_names)
    unknown = talk.ask("unknown field", "GET", maps, query={"fieldSelector": "data.a=1"})
    assert unknown.status == 400
    for selector in ("status.phase=Running", "spec.nodeName=", "status.phase!=Succeeded,status.phase!=Failed"):
        pods = f"/api/v1/namespaces/{talk.namespace}/pods"
        assert talk.ask(f"pods {selector}", "GET", pods, query={"fieldSelector": selector}, only=_names).status == 200


def pages(talk: Conversation) -> None:
    maps = _labelled(talk)
    query = {"limit": "2", "labelSelector": "set=ours"}

    def shown(body: Any) -> Any:
        return [_names(body), body["metadata"]]

    first = talk.ask("first page", "GET", maps, query=query, only=shown).body
    assert _names(first) == ["a", "b"]
    query["continue"] = first["metadata"]["continue"]
    second = talk.ask("second page", "GET", maps, query=query, only=shown).body
    assert _names(second) == ["c"]
    assert "continue" not in second["metadata"]
    nonsense = {"limit": "1", "continue": "nonsense"}
    assert talk.ask("no such page", "GET", maps, query=nonsense, only=ignored).status == 400


def lists_as_a_whole(talk: Conversation) -> None:
    maps = _labelled(talk)
    whole = talk.ask("list", "GET", maps, query={"labelSelector": "set=ours"}).body
    assert whole["kind"] == "ConfigMapList"
    assert "kind" not in whole["items"][0]
    talk.ask("missing namespace", "GET", "/api/v1/namespaces/missing/configmaps")


def watches(talk: Conversation) -> None:
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    start = talk.quietly("GET", maps).body["metadata"]["resourceVersion"]
    talk.ask("create", "POST", maps, body=config_map("seen", a="1"))
    talk.ask("change", "PATCH", f"{maps}/seen", body={"data": {"a": "2"}}, content_type=MERGE_PATCH)
    talk.ask("delete", "DELETE", f"{maps}/seen")
    query = {"resourceVersion": start, "fieldSelector": "metadata.name=seen"}

    def shown(event: Any) -> Any:
        return [event["type"], event["object"]]

    events = talk.watch("from a version", maps, query, only=shown)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]


def watches_by_label_see_objects_come_and_go(talk: Conversation) -> None:
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    talk.ask("create", "POST", maps, body=config_map("moving"))
    start = talk.quietly("GET", maps).body["metadata"]["resourceVersion"]
    for value in ("in", "out"):
        patch = {"metadata": {"labels": {"where": value}}}
        talk.ask(f"move {value}", "PATCH", f"{maps}/moving", body=patch, content_type=MERGE_PATCH)
    query = {"resourceVersion": start, "labelSelector": "where=in"}
    events = talk.watch("only those in", maps, query, only=lambda event: event["type"])
    assert [event["type"] for event in events] == ["ADDED", "DELETED"]


def watches_begin_with_what_is_there(talk: Conversation) -> None:
    maps = _labelled(talk)
    query = {"labelSelector": "set=ours"}
    events = talk.watch("without a version", maps, query, only=lambda event: event["type"])
    assert [event["type"] for event in events] == ["ADDED"] * 3
    bookmarked = {**query, "sendInitialEvents": "true", "allowWatchBookmarks": "true"}
    bookmarked["resourceVersionMatch"] = "NotOlderThan"

    def shown(event: dict[str, Any]) -> Any:
        return [event["type"], event["object"]["metadata"].get("annotations")]

    # Later bookmarks come as time passes.
    events = talk.watch("as a stream of a list", maps, bookmarked, only=shown, first=4)
    assert [event["type"] for event in events][:4] == ["ADDED"] * 3 + ["BOOKMARK"]


def watches_from_too_long_ago(talk: Conversation) -> None:
    """Depending on what the server still remembers: all events since then, or the error Expired."""
    maps = f"/api/v1/namespaces/{talk.namespace}/configmaps"
    answer = talk.quietly("GET", maps, query={"watch": "true", "timeoutSeconds": "1", "resourceVersion": "1"})
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    events = [json.loads(line) for line in text.splitlines()]
    talk.note("status", answer.status)
    assert all(event["type"] in ("ADDED", "MODIFIED", "DELETED", "ERROR") for event in events)
    assert [event["object"]["code"] for event in events if event["type"] == "ERROR"] in ([], [410])


def _columns(body: dict[str, Any]) -> Any:
    """Columns of a table without the texts that explain them."""
    return [{**column, "description": None} for column in body["columnDefinitions"]]


def tables(talk: Conversation) -> None:
    """What `kubectl get` prints."""
    deployments = f"/apis/apps/v1/namespaces/{talk.namespace}/deployments"
    talk.ask("create", "POST", deployments, body=deployment("shown", replicas=0), only=lambda body: body["kind"])

    def still(body: dict[str, Any]) -> Any:
        # Cells of age and readiness change with time.
        rows = [[row["cells"][0], row["object"]["kind"]] for row in body["rows"]]
        return {"columns": _columns(body), "rows": rows, "kind": body["kind"]}

    talk.ask("deployments", "GET", deployments, accept=TABLE, only=still)
    talk.ask("one deployment", "GET", f"{deployments}/shown", accept=TABLE, only=still)
    for kind in ("pods", "services", "configmaps", "secrets", "serviceaccounts", "events"):
        talk.ask(kind, "GET", f"/api/v1/namespaces/{talk.namespace}/{kind}", accept=TABLE, only=_columns)
    for kind in ("nodes", "namespaces"):
        talk.ask(kind, "GET", f"/api/v1/{kind}", accept=TABLE, only=_columns)
