# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every integration target against the simulator: inside Ansible's worker, as modules, and compares the results.

A target is tests/integration/targets/<name>/tasks/main.yml beside scenario.yml, the fleet that it needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Ansible, AnsibleRun, Simulator, TaskResult

TARGETS = Path(__file__).parent / "targets"
ROOT = Path(__file__).resolve().parents[2]
#: `make measure` leaves the second way out: modules run from an archive of their own, which coverage cannot see into.
WAYS = (("in-process", True), ("module", False))[: 1 if os.environ.get("AZUREML_FLEET_MEASURE") else 2]
NAMES = sorted(path.parent.parent.name for path in TARGETS.glob("*/tasks/main.yml"))
#: Keys whose values differ between any two runs, or are not part of a module's own result.
VOLATILE = frozenset(
    {
        "ansible_facts",
        "attempts",
        "creationTimestamp",
        "created_on",
        "deprecations",
        "exception",
        "failed_when_suppressed_exception",
        "generation",
        "invocation",
        "last_transition_time",
        "modified_on",
        "request_id",
        "resource_version",
        "resourceVersion",
        "seconds",
        "tls_port",
        "uid",
    }
)
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "<simulator>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|seconds)\b"), "<duration>"),
    (re.compile(r"/(tmp|var/tmp)/[^\s'\"]+"), "<temporary file>"),
    (re.compile(r"0x[0-9a-f]{8,}"), "<address>"),
    (re.compile(r"\b[0-9A-F]{16}([0-9A-F]{48})?\b"), "<fingerprint>"),
    (re.compile(r"\b(20|127)\.\d+\.\d+\.\d+\b(:\d+)?"), "<load balancer>"),
)


def masked(value: Any) -> Any:
    """Return `value` without what no two runs share."""
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, str):
        for pattern, word in MASKS:
            value = pattern.sub(word, value)
    return value


def _ours(run: AnsibleRun) -> list[TaskResult]:
    return [each for each in run.tasks if each.action.startswith("azureml.fleet.") and each.status != "retry"]


def _play(name: str, ready: dict[str, Any]) -> list[dict[str, Any]]:
    target = TARGETS / name
    variable_files = [str(path) for path in sorted((target / "vars").glob("main.yml"))]
    return [
        {
            "name": f"Target {name}",
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": variable_files,
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "simulator": ready,
                "clusters": {cluster["name"]: cluster for cluster in ready["clusters"]},
            },
            "tasks": [{"name": "Run", "ansible.builtin.include_tasks": {"file": str(target / "tasks" / "main.yml")}}],
        }
    ]


@pytest.mark.parametrize("name", NAMES)
def test_target(name: str, simulator: Callable[..., Simulator], ansible: Ansible, tmp_path: Path) -> None:
    runs = []
    with simulator(TARGETS / name / "scenario.yml") as fleet:
        for way, in_process in WAYS:
            fresh = tmp_path / way
            fresh.mkdir()
            run = ansible(
                _play(name, dict(fleet.ready)),
                variables={"aml_in_process": in_process, "fresh_directory": str(fresh)},
                environment=fleet.environment,
                arguments=["-vv"],
                timeout=600,
            )
            assert run.rc == 0, f"{name}, {way}:\n{run.describe()}"
            assert _ours(run), f"{name} uses no module of the collection"
            runs.append(run)
            fleet.reset()
    seen = [[(each.task, each.status, each.item, masked(each.result)) for each in _ours(run)] for run in runs]
    for other in seen[1:]:
        assert len(other) == len(seen[0])
        for mine, theirs in zip(seen[0], other, strict=True):
            assert mine == theirs, f"{name}: the task {mine[0]!r} differs between the two ways to run it"


def test_every_module_has_a_target() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - {"__init__"}
    covered = {
        module
        for module in modules
        for path in TARGETS.glob("*/tasks/*.yml")
        if f"azureml.fleet.{module}:" in path.read_text(encoding="utf-8")
    }
    assert modules - covered == set()
