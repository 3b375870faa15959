# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario file: what is accepted, and how faults are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.state.scenario import ScenarioError, load_scenario, parse_scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "simulator" / "scenarios"


def cluster(**more: Any) -> dict[str, Any]:
    return {"name": "a", "resource_group": "rg", **more}


def test_defaults_describe_a_healthy_cluster() -> None:
    found = parse_scenario({"clusters": [cluster()]}).clusters[0]
    assert (found.kind, found.identity, found.front_end) == ("aks", "system_assigned", "absent")
    assert [pool.count for pool in found.node_pools] == [3]


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yml")), ids=lambda path: path.stem)
def test_every_scenario_file_is_valid(path: Path) -> None:
    assert load_scenario(path).clusters


def test_the_demonstration_has_the_six_kinds_of_clusters() -> None:
    clusters = {found.name: found for found in load_scenario(SCENARIOS / "demo.yml").clusters}
    assert len(clusters) == 6
    assert sum(pool.gpus_per_node() for pool in clusters["aks-gpu"].node_pools) == 1
    assert sum(pool.count for pool in clusters["aks-small"].node_pools) == 2
    assert clusters["aks-old-front-end"].front_end == "v1"
    assert clusters["arc-factory"].kind == "arc"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([], "must be a mapping"),
        ({"clusterz": []}, "clusterz: Extra inputs"),
        ({"clusters": [cluster(frontend="v1")]}, "clusters.0.frontend"),
        ({"clusters": [cluster(front_end="v3")]}, "clusters.0.front_end"),
        ({"clusters": [cluster(), cluster(name="A")]}, "described twice"),
        ({"clusters": [cluster(local_accounts=False)]}, "needs entra: true"),
        ({"clusters": [cluster(kind="arc", arc_connected=True)]}, "arc_connected is for"),
        ({"clusters": [cluster(node_pools=[{"name": "p"}, {"name": "p"}])]}, "node pool 'p' is described twice"),
        ({"clusters": [cluster(legacy_computes=[{"workspace": "w", "name": "c"}])]}, "workspace 'w' is not described"),
        ({"time_scale": 0}, "time_scale"),
        ({"workspaces": [{"name": "w", "resource_group": "r"}] * 2}, "workspace 'w' is described twice"),
    ],
)
def test_faults_are_named(content: Any, text: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(content, "fleet.yml")
    assert "fleet.yml" in str(refused.value)
    assert text in str(refused.value)


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"fleet\.yml: cannot be read"):
        load_scenario(path)


def test_gpus_come_from_the_machine_size_unless_they_are_given() -> None:
    pools = [
        {"name": "a", "vm_size": "Standard_NC64as_T4_v3"},
        {"name": "b", "vm_size": "standard_nc64as_t4_v3", "gpus": 0},
        {"name": "c", "vm_size": "Standard_D4s_v5", "gpus": 2},
    ]
    found = parse_scenario({"clusters": [cluster(node_pools=pools)]}).clusters[0]
    assert [pool.gpus_per_node() for pool in found.node_pools] == [4, 0, 2]
