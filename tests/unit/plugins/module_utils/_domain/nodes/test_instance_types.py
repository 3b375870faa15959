# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import instance_types as rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.instance_types import InstanceType

MANAGER = "azureml.fleet"


def wish(name: str = "gpu", **changes: Any) -> InstanceType:
    option = {
        "name": name,
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": "2", "memory": "2Gi"},
        **changes,
    }
    return rules.from_option(option)


def stored(wanted: InstanceType, *, managed: bool = True, fields: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    found = rules.to_object(wanted, managed=managed)
    found["metadata"]["managedFields"] = fields or []
    return found


def entry(manager: str, operation: str, **parts: list[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {"f:resources": {}}
    for part, keys in parts.items():
        where = spec if part == "nodeSelector" else spec["f:resources"]
        where[f"f:{part}"] = {f"f:{key}": {} for key in keys}
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}}


def test_documented_default_instance_type_is_valid() -> None:
    default = rules.from_option(
        {
            "name": "defaultinstancetype",
            "requests": {"cpu": "100m", "memory": "2Gi"},
            "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": None},
        }
    )
    assert rules.problems([default]) == []
    assert "nvidia.com/gpu" not in default.limits


def test_values_of_a_node_selector_may_be_written_without_quotation_marks() -> None:
    assert wish(node_selector={"gpu": True, "count": 4}).node_selector == {"gpu": "true", "count": "4"}


def test_gpu_in_limits_alone_or_equal_in_requests_is_valid() -> None:
    assert rules.problems([wish(limits={"cpu": 2, "memory": "2Gi", "nvidia.com/gpu": 1})]) == []
    both = wish(
        requests={"cpu": 1, "memory": "1Gi", "nvidia.com/gpu": "2"},
        limits={"cpu": 2, "memory": "2Gi", "nvidia.com/gpu": "2000m"},
    )
    assert rules.problems([both]) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"requests": {"cpu": "1"}}, "requests.memory is missing"),
        ({"requests": {"memory": "1Gi"}}, "requests.cpu is missing"),
        ({"limits": {"cpu": "2"}}, "limits.memory is missing"),
        ({"limits": {"memory": "2Gi"}}, "limits.cpu is missing"),
        ({"requests": {"cpu": "3", "memory": "1Gi"}}, "the request of cpu (3) is more than its limit (2)"),
        ({"requests": {"cpu": "1", "memory": "2049Mi"}}, "the request of memory (2049Mi) is more than"),
        ({"requests": {"cpu": "0", "memory": "1Gi"}}, "requests.cpu: '0' is not more than 0"),
        ({"requests": {"cpu": "-1", "memory": "1Gi"}}, "requests.cpu: '-1' is not more than 0"),
        ({"requests": {"cpu": "0.0001", "memory": "1Gi"}}, "finer than one thousandth of a core"),
        ({"requests": {"cpu": "one", "memory": "1Gi"}}, "requests.cpu: 'one' is not a Kubernetes quantity"),
        (
            {"requests": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"}},
            "nvidia.com/gpu belongs in limits, not only in requests",
        ),
        (
            {
                "requests": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"},
                "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "2"},
            },
            "the request of nvidia.com/gpu (1) must equal its limit (2)",
        ),
        ({"limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "0.5"}}, "'0.5' is not a whole number of devices"),
        ({"name": "GPU"}, "the name must be lower-case"),
        ({"name": ""}, "the name must be lower-case"),
        ({"node_selector": {"a b": "c"}}, "in node_selector, 'a b' is not a label key"),
        ({"node_selector": {"a": 1.1}}, "quotation marks"),
    ],
)
def test_each_documented_rule_is_checked(changes: dict[str, Any], says: str) -> None:
    found = rules.problems([wish(**{"name": "gpu", **changes})])
    assert len(found) == 1
    assert says in found[0]


def test_all_problems_of_all_types_are_reported_at_once() -> None:
    found = rules.problems([wish(requests={}), wish("Bad")])
    assert len(found) == 3


def test_same_name_twice_is_refused() -> None:
    assert rules.problems([wish(), wish()]) == ["instance type 'gpu' is there 2 times"]


def test_node_selector_may_not_contradict_the_extensions() -> None:
    selector = {"purpose": "ml", "gpu": "yes"}
    assert rules.problems([wish(node_selector=selector)], {"purpose": "ml"}) == []
    assert rules.problems([wish()], {"purpose": "ml"}) == []
    found = rules.problems([wish(node_selector=selector)], {"purpose": "other"})
    assert len(found) == 1
    assert "no node can match both" in found[0]


def test_object_and_facts_say_the_same() -> None:
    wanted = wish(node_selector={"a": "b"})
    facts = rules.from_object(stored(wanted))
    assert facts == {
        "name": "gpu",
        "node_selector": {"a": "b"},
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": "2", "memory": "2Gi"},
        "managed": True,
        "owners": {},
    }
    assert "nodeSelector" not in rules.to_spec(wish())


def test_amounts_of_an_object_may_be_numbers() -> None:
    found = {"metadata": {"name": "x"}, "spec": {"resources": {"limits": {"cpu": 2, "nvidia.com/gpu": 1}}}}
    assert rules.from_object(found)["limits"] == {"cpu": "2", "nvidia.com/gpu": "1"}


def test_merge_keeps_what_others_set_and_the_spelling_of_equal_amounts() -> None:
    before = rules.from_object(
        stored(wish(node_selector={"theirs": "1"}, limits={"cpu": "2000m", "memory": "2Gi", "nvidia.com/gpu": "1"}))
    )
    after = rules.merged(before, wish(node_selector={"ours": "1"}))
    assert after["node_selector"] == {"theirs": "1", "ours": "1"}
    assert after["limits"] == {"cpu": "2000m", "memory": "2Gi", "nvidia.com/gpu": "1"}


def test_merge_of_equal_amounts_changes_nothing() -> None:
    before = rules.from_object(stored(wish()))
    wanted = wish(requests={"cpu": "1000m", "memory": "1024Mi"}, limits={"cpu": 2, "memory": "2048Mi"})
    assert rules.merged(before, wanted) == before


def test_merge_drops_what_only_we_applied_before() -> None:
    was = wish(node_selector={"ours": "1", "shared": "1", "replaced": "1"})
    found = stored(
        was,
        fields=[
            entry(MANAGER, "Apply", nodeSelector=["ours", "shared"], limits=["cpu", "memory"]),
            entry(MANAGER, "Update", nodeSelector=["replaced"]),
            entry("kubectl", "Update", nodeSelector=["shared"]),
        ],
    )
    after = rules.merged(rules.from_object(found), wish())
    assert after["node_selector"] == {"shared": "1", "replaced": "1"}


def test_merge_does_not_make_somebody_elses_type_ours() -> None:
    before = rules.from_object(stored(wish(), managed=False))
    after = rules.merged(before, wish(limits={"cpu": 4, "memory": "2Gi"}))
    assert after["managed"] is False


def test_replacement_is_exact_and_ours_but_equal_stays_as_it_is() -> None:
    before = rules.from_object(stored(wish(node_selector={"theirs": "1"}), managed=False))
    after = rules.replaced(before, wish(limits={"cpu": "2000m", "memory": "2Gi"}))
    assert after["node_selector"] == {}
    assert after["limits"]["cpu"] == "2"
    assert after["managed"] is True
    same = wish(node_selector={"theirs": "1"}, requests={"cpu": "1000m", "memory": "1Gi"})
    assert rules.replaced(before, same) == before


def test_conflicts_name_field_and_manager_only_where_the_value_differs() -> None:
    found = stored(
        wish(),
        fields=[
            entry("kubectl-edit", "Update", limits=["cpu", "memory"]),
            entry(MANAGER, "Update", requests=["cpu"]),
        ],
    )
    before = rules.from_object(found)
    wanted = wish(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "4", "memory": "2Gi"})
    after = rules.merged(before, wanted)
    assert rules.conflicts(before, after) == {"spec.resources.limits.cpu": "kubectl-edit"}


def test_what_is_sent_has_the_spelling_that_is_stored() -> None:
    before = rules.from_object(stored(wish(limits={"cpu": "2000m", "memory": "2Gi"})))
    wanted = wish(limits={"cpu": "2", "memory": "4Gi"})
    sent = rules.applied(wanted, rules.merged(before, wanted))
    assert sent.limits == {"cpu": "2000m", "memory": "4Gi"}


def test_needs_are_requests_and_limits_without_a_request() -> None:
    needs = rules.needs(wish(limits={"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": "1"}))
    assert {name: int(value) for name, value in needs.items()} == {"cpu": 1, "memory": 2**30, "nvidia.com/gpu": 1}
