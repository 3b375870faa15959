# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of stages: its order, when each waits, and that everything that knows stages agrees with it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, get_args

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME as VARIABLES
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import TOPICS
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import stages
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import MODES, ModeId
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import PLANNERS
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.stages import BY_ID, STAGES, Stage, steps
from scripts.generate import ROOT
from scripts.generate_roles import ROLES

MODULE = "azureml.fleet."


def role_tasks(stage: Stage, entry: str) -> list[dict[str, Any]]:
    path = ROOT / "roles" / stage.role / "tasks" / f"{entry}.yml"
    tasks: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return tasks


def test_the_table_is_in_order() -> None:
    assert list(stages.problems()) == []
    assert tuple(stage.id for stage in STAGES) == get_args(stages.StageId)
    assert tuple(mode.id for mode in MODES) == get_args(ModeId)
    assert set(PLANNERS) == set(BY_ID)


def test_a_table_out_of_order_is_told() -> None:
    front_end, extension = BY_ID["front_end"], BY_ID["extension"]
    assert list(stages.problems((extension, front_end, front_end))) == [
        "extension needs front_end, which does not run before it.",
        "extension needs gpu_nodes, which does not run before it.",
        "front_end stands twice.",
        "azureml_fe_annotation acts in two stages.",
    ]


def test_pools_are_labelled_before_the_extension_and_each_wait_is_as_late_as_it_may_be() -> None:
    turns = [("wait " if step.waits else "") + step.stage.id for step in steps()]
    assert turns == [
        "front_end",
        "gpu_nodes",
        "extension",
        "wait extension",
        "instance_types",
        "compute",
        "wait compute",
    ]
    independent = replace(BY_ID["front_end"], id="gpu_nodes")
    later = steps((BY_ID["extension"], independent, BY_ID["instance_types"]))
    assert [(step.stage.id, step.waits) for step in later] == [
        ("extension", False),
        ("gpu_nodes", False),
        ("extension", True),
        ("instance_types", False),
    ]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.id)
def test_a_role_does_what_its_stage_says(stage: Stage) -> None:
    tasks = [*role_tasks(stage, "_planned"), *role_tasks(stage, "_wait")]
    modules = {key.removeprefix(MODULE) for task in tasks for key in task if key.startswith(MODULE)}
    assert modules == set(stage.modules)
    assert {task["register"] for task in role_tasks(stage, "_planned")} == set(stage.results)
    assert bool(role_tasks(stage, "_wait")) is bool(stage.wait) is bool(stage.wait_result)
    assert [task["register"] for task in role_tasks(stage, "_wait")] == ([stage.wait_result] if stage.wait else [])
    assert set(stage.variables) <= {*VARIABLES, *TOPICS}
    assert stage.undo, "a later rollback must know what takes it back"


def test_verification_takes_what_the_waits_have_read() -> None:
    text = (ROOT / "roles" / "aml_verify" / "tasks" / "_after_stages.yml").read_text(encoding="utf-8")
    waited = {stage.wait_result for stage in STAGES if stage.wait}
    assert set(re.findall(r"\b_aml_\w+", text)) == {*waited, "_aml_preflight_result", "_aml_verify_result"}


def test_the_page_about_roles_has_every_role_in_the_order_of_an_upgrade() -> None:
    page = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `azureml\.fleet\.(\w+)` \|", page, re.MULTILINE) == list(ROLES)
    example = re.findall(r"^ +- role: azureml\.fleet\.(\w+)$", page, re.MULTILINE)
    assert example == [*(stage.role for stage in STAGES), "aml_verify"]


@pytest.mark.parametrize(
    ("module", "judged", "where"),
    [
        ("aml_preflight", False, "preflight"),
        ("aml_cluster_info", True, "verify"),
        ("aks_node_pool_labels", True, "gpu_nodes"),
        ("aml_extension_info", True, "extension"),
    ],
)
def test_a_module_tells_its_stage(module: str, judged: bool, where: str) -> None:
    assert stages.stage_of(module, judged=judged) == where
