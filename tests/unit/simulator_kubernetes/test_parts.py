# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small pure parts: quantities, selectors, field sets, patches, schemas, scheduling, tables, routing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

from tests.simulator.kubernetes import (
    builtin,
    errors,
    field_sets,
    patches,
    quantities,
    routing,
    selectors,
    structural,
    tables,
    validation,
)
from tests.simulator.kubernetes.controllers import scheduler
from tests.simulator.kubernetes.resources import built_in
from tests.simulator.kubernetes.store import HISTORY_LENGTH, Key, ObjectStore
from tests.simulator.kubernetes.writes.patch import go_text
from tests.unit.simulator_kubernetes.objects import instance_type_definition, node, pod_spec

DEPLOYMENT = {"$ref": "io.k8s.api.apps.v1.Deployment"}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.5", "500m"),
        (2, "2"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1000Ki", "1000Ki"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("12345678", "12345678"),
        ("0", "0"),
        ("0.1m", "100u"),
        ("-2", "-2"),
        ("512", "512"),
        ("100n", "100n"),
    ],
)
def test_quantities_are_made_canonical(text: Any, canonical: str) -> None:
    assert quantities.canonical(text) == canonical
    assert parse_quantity(canonical) == parse_quantity(text) == quantities.parse(text)


@pytest.mark.parametrize("text", ["", "abc", "1GiB", "1 Gi", "--1", True, "1e"])
def test_what_is_no_quantity_is_refused(text: Any) -> None:
    with pytest.raises(quantities.QuantityError):
        quantities.canonical(text)


LABELS = {"app": "fe", "tier": "2", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=fe", True),
        ("app==fe,tier=2", True),
        ("app!=fe", False),
        ("other!=x", True),
        ("app in (fe, be)", True),
        ("app notin (fe)", False),
        ("app", True),
        ("!app", False),
        ("!missing,empty=", True),
        ("tier>1", True),
        ("tier<2", False),
        ("example.com/x=y", False),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert selectors.parse_labels(text).matches(LABELS) is matches


@pytest.mark.parametrize("text", ["a in b", "a=b=c", "=x", "a in (b", "a b", "no good!=x&"])
def test_label_selectors_that_cannot_be_read(text: str) -> None:
    with pytest.raises(errors.ApiError) as caught:
        selectors.parse_labels(text)
    assert caught.value.code == 400


def test_field_selectors() -> None:
    pod = {"metadata": {"name": "x"}, "status": {"phase": "Running"}, "spec": {}}
    fields = selectors.parse_fields("status.phase!=Pending,metadata.name=x,spec.nodeName=", lambda _path: "")
    assert selectors.fields_match(fields, pod)
    with pytest.raises(errors.ApiError, match="never heard of"):
        selectors.parse_fields("a.b=c", lambda path: f"never heard of {path}")


def test_fields_v1_there_and_back() -> None:
    value = {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {"f:list": {'k:{"name":"x"}': {".": {}, "f:b": {}}}},
    }
    paths = field_sets.from_fields_v1(value)
    assert ("f:metadata", "f:labels") in paths
    assert ("f:spec",) not in paths
    assert field_sets.to_fields_v1(paths) == value


def test_fields_of_a_deployment_have_the_keys_of_their_lists() -> None:
    container = {"name": "main", "ports": [{"containerPort": 80}], "args": ["a"]}
    value = {"spec": {"template": {"spec": {"containers": [container]}}}}
    texts = {field_sets.path_text(path) for path in field_sets.field_set(value, DEPLOYMENT)}
    root = '.spec.template.spec.containers[name="main"]'
    assert texts == {
        root,
        f"{root}.name",
        f"{root}.args",
        f'{root}.ports[containerPort=80,protocol="TCP"]',
        f'{root}.ports[containerPort=80,protocol="TCP"].containerPort',
    }


def test_fields_that_no_schema_declares_are_refused() -> None:
    with pytest.raises(field_sets.TypedError, match=r"\.spec\.replcas: field not declared in schema"):
        field_sets.field_set({"spec": {"replcas": 1}}, DEPLOYMENT)


def test_comparison_names_what_was_added_removed_and_modified() -> None:
    old = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"replicas": 1}}
    new = {"metadata": {"labels": {"a": "1", "c": "3"}}, "spec": {"replicas": 2}}
    found = field_sets.compare(old, new, DEPLOYMENT)
    assert found.added == {("f:metadata", "f:labels", "f:c")}
    assert found.removed == {("f:metadata", "f:labels", "f:b")}
    assert found.modified == {("f:spec", "f:replicas")}


def test_merging_keeps_the_items_of_others_in_their_place() -> None:
    live = {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}}}}
    applied = {
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "1"}, {"name": "b", "image": "2"}]}}}
    }
    merged = field_sets.merge(live, applied, DEPLOYMENT)
    containers = merged["spec"]["template"]["spec"]["containers"]
    assert [item["name"] for item in containers] == ["a", "c", "b"]
    assert containers[2]["image"] == "2"


def test_merge_patch_follows_rfc_7386() -> None:
    value = {"a": {"b": 1, "c": [1]}, "d": 2}
    patch = {"a": {"b": None, "c": [2], "e": {"f": None}}, "d": "x"}
    assert patches.apply_merge_patch(value, patch) == {"a": {"c": [2], "e": {}}, "d": "x"}


@pytest.mark.parametrize("operations", [{"op": "add"}, "x"])
def test_a_json_patch_is_a_list(operations: Any) -> None:
    with pytest.raises(errors.ApiError) as caught:
        patches.apply_json_patch({}, operations)
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/b/c", "value": 1},
        {"op": "blend", "path": "/a", "value": 1},
    ],
)
def test_a_json_patch_that_cannot_be_applied_is_unprocessable(operation: dict[str, Any]) -> None:
    with pytest.raises(errors.ApiError) as caught:
        patches.apply_json_patch({"a": 1}, [operation])
    assert (caught.value.code, caught.value.status["reason"]) == (422, "Invalid")


def _containers(*names: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": name, "image": "1"} for name in names]}}}}


def _merged(value: dict[str, Any], pod: dict[str, Any]) -> list[dict[str, Any]]:
    result = patches.apply_strategic_patch(value, {"spec": {"template": {"spec": pod}}}, DEPLOYMENT)
    found: list[dict[str, Any]] = result["spec"]["template"]["spec"]["containers"]
    return found


def test_strategic_patches_merge_lists_by_key() -> None:
    changed = _merged(_containers("a", "b"), {"containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "3"}]})
    assert [(item["name"], item["image"]) for item in changed] == [("a", "1"), ("b", "2"), ("c", "3")]


def test_strategic_patches_delete_replace_and_order() -> None:
    assert [
        item["name"] for item in _merged(_containers("a", "b"), {"containers": [{"name": "a", "$patch": "delete"}]})
    ] == ["b"]
    replaced = _merged(_containers("a", "b"), {"containers": [{"$patch": "replace"}, {"name": "c"}]})
    assert replaced == [{"name": "c"}]
    ordered = _merged(_containers("a", "b"), {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]})
    assert [item["name"] for item in ordered] == ["b", "a"]


def test_strategic_patches_of_primitive_lists_and_retained_keys() -> None:
    value = {
        "metadata": {"finalizers": ["a", "b"]},
        "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
    }
    patch = {
        "metadata": {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"]},
        "spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
    }
    result = patches.apply_strategic_patch(value, patch, DEPLOYMENT)
    assert sorted(result["metadata"]["finalizers"]) == ["b", "c"]
    assert result["spec"]["strategy"] == {"type": "Recreate"}


def _type_schema() -> dict[str, Any]:
    version = instance_type_definition()["spec"]["versions"][0]
    return structural.root_schema(version["schema"]["openAPIV3Schema"])  # type: ignore[return-value]  # this one has a schema


def test_custom_resources_are_pruned_and_defaulted() -> None:
    obj = {
        "metadata": {"name": "x"},
        "spec": {"unknown": 1, "resources": {"limits": {"any.thing": 1}, "other": 2}},
        "junk": 3,
    }
    assert structural.prune(obj, _type_schema()) == ["spec.unknown", "spec.resources.other", "junk"]
    structural.apply_defaults(obj, _type_schema())
    assert obj == {"metadata": {"name": "x"}, "spec": {"priority": 5, "resources": {"limits": {"any.thing": 1}}}}


def test_custom_resources_are_validated() -> None:
    obj = {"spec": {"nodeSelector": {"a": 1}, "priority": -1}}
    found = {str(finding) for finding in structural.validate(obj, _type_schema())}
    assert found == {
        "spec.resources: Required value",
        'spec.nodeSelector.a: Invalid value: "integer": spec.nodeSelector.a in body must be of type string: "integer"',
        "spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0",
    }


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string", "enum": ["a"]}, "b", 'Unsupported value: "b": supported values: "a"'),
        ({"type": "string", "pattern": "^a+$"}, "b", "should match '^a+$'"),
        ({"type": "string", "maxLength": 1}, "bb", "Too long"),
        ({"type": "string", "minLength": 1}, "", "at least 1 chars long"),
        ({"type": "array", "maxItems": 1}, [1, 2], "Too many: 2"),
        ({"type": "array", "minItems": 1}, [], "at least 1 items"),
        ({"type": "array", "x-kubernetes-list-type": "set"}, [1, 1], "Duplicate value: 1"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1, "one and only one"),
        ({"not": {"type": "integer"}}, 1, "must not validate"),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": True}, 1, "less than 1"),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, "Too many: 1"),
    ],
)
def test_every_constraint_speaks(schema: dict[str, Any], value: Any, message: str) -> None:
    assert message in "; ".join(map(str, structural.validate_value(value, schema, "spec.x")))


def test_pods_go_where_selectors_taints_and_resources_let_them() -> None:
    nodes = [node("cpu"), node("gpu", gpus=1, accelerator="nvidia")]
    nodes[1]["spec"] = {"taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]}
    for item in nodes:
        item["status"]["allocatable"] = item["status"]["capacity"]
    pod = {"spec": {**pod_spec(limits={"nvidia.com/gpu": "1"}), "nodeSelector": {"accelerator": "nvidia"}}}
    refused = scheduler.schedule(pod, nodes, [])
    assert refused.node == ""
    assert refused.message.startswith(
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 "
        "node(s) had untolerated taint(s)."
    )
    pod["spec"]["tolerations"] = [{"key": "sku", "operator": "Exists"}]
    assert scheduler.schedule(pod, nodes, []).node == "gpu"
    placed = {"spec": {**pod["spec"], "nodeName": "gpu"}}
    assert "Insufficient nvidia.com/gpu" in scheduler.schedule(pod, nodes, [placed]).message
    assert scheduler.requests_of(pod) == {"nvidia.com/gpu": Decimal(1)}


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (5, "5s"),
        (119, "119s"),
        (150, "2m30s"),
        (660, "11m"),
        (3 * 3600, "3h"),
        (90 * 60, "90m"),
        (50 * 3600, "2d2h"),
        (10**8, "3y"),
    ],
)
def test_ages_are_those_of_kubectl(seconds: int, age: str) -> None:
    now = datetime(2026, 11, 21, tzinfo=timezone.utc)
    began = (now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert tables.human_age(began, now) == age


def test_json_paths_of_printer_columns() -> None:
    obj = {"spec": {"a.b": 1, "list": [{"type": "x", "status": "True"}, {"type": "y", "status": "False"}]}}
    assert tables.json_path(obj, '.spec.list[?(@.type=="y")].status') == ["False"]
    assert tables.json_path(obj, ".spec.list[0].type") == ["x"]
    assert tables.json_path(obj, ".spec.list[*].type") == ["x", "y"]
    assert tables.json_path(obj, r".spec.a\.b") == [1]
    assert tables.json_path(obj, ".spec.missing.deeper") == []


@pytest.mark.parametrize(
    ("method", "path", "query", "wanted"),
    [
        ("GET", "/api/v1/namespaces", {}, ("list", "", "namespaces", "", "", "")),
        ("GET", "/api/v1/namespaces/a", {}, ("get", "", "namespaces", "a", "a", "")),
        ("PUT", "/api/v1/namespaces/a/finalize", {}, ("update", "", "namespaces", "a", "a", "finalize")),
        ("GET", "/api/v1/namespaces/a/pods", {"watch": "true"}, ("watch", "", "pods", "a", "", "")),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            {},
            ("patch", "apps", "deployments", "a", "d", "scale"),
        ),
        ("DELETE", "/api/v1/nodes", {}, ("deletecollection", "", "nodes", "", "", "")),
        ("GET", "/apis/apps/v1/deployments", {}, ("list", "apps", "deployments", "", "", "")),
    ],
)
def test_paths_are_read(method: str, path: str, query: dict[str, str], wanted: tuple[str, ...]) -> None:
    info = routing.parse(method, path, query)
    assert info is not None
    assert (info.verb, info.group, info.resource, info.namespace, info.name, info.subresource) == wanted


def test_paths_that_are_no_resources() -> None:
    assert routing.parse("GET", "/version", {}) is None
    assert routing.parse("GET", "/apis/apps/v1", {}) is None


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("app", "x", 0),
        ("example.com/app", "", 0),
        ("app", "no good!", 1),
        ("-x", "y", 1),
        ("a" * 64, "y", 1),
        ("a", "y" * 64, 1),
        ("a/b/c", "x", 1),
        ("/b", "x", 1),
        ("Example.com/b", "x", 1),
    ],
)
def test_labels_are_validated(key: str, value: str, wrong: int) -> None:
    assert len(validation.labels({key: value}, "metadata.labels")) == wrong


@pytest.mark.parametrize(
    ("plural", "name", "valid"),
    [
        ("pods", "a.b-c", True),
        ("pods", "A", False),
        ("pods", "a" * 254, False),
        ("namespaces", "a.b", False),
        ("services", "1a", False),
        ("services", "a1", True),
        ("pods", "", False),
    ],
)
def test_names_are_validated(plural: str, name: str, valid: bool) -> None:
    resource = built_in()["", "v1", plural]
    assert (not validation.validate_metadata(resource, {"metadata": {"name": name}})) is valid


def test_the_store_keeps_a_bounded_history() -> None:
    store = ObjectStore()
    heard: list[int] = []
    unsubscribe = store.subscribe(lambda change: heard.append(change.version))
    for number in range(HISTORY_LENGTH + 10):
        store.put(Key("configmaps", "default", "x"), {"metadata": {"name": "x"}, "data": {"n": str(number)}})
    unsubscribe()
    store.remove(Key("configmaps", "default", "x"))
    assert len(heard) == HISTORY_LENGTH + 10
    assert store.since(1) is None
    recent = store.since(store.version - 1)
    assert recent is not None
    assert recent[0].new is None
    assert store.since(store.version) == []


def test_go_prints_maps_its_way() -> None:
    assert go_text({"b": [1, "x", True], "a": {"c": None}}) == "map[a:map[c:<nil>] b:[1 x true]]"


def test_what_is_known_of_kubernetes_is_known_without_its_documentation() -> None:
    """Licence and size: no client here shows the descriptions."""

    def described(value: Any) -> bool:
        if isinstance(value, dict):
            return isinstance(value.get("description"), str) or any(map(described, value.values()))
        return isinstance(value, list) and any(map(described, value))

    files = sorted(Path(builtin.__file__).parent.glob("*.json"))
    assert [path.name for path in files if described(json.loads(path.read_text(encoding="utf-8")))] == []
    assert len(files) == 5
