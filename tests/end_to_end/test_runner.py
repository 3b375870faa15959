# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upgrade as AWX runs it: ansible-runner over a private data folder, credentials in the environment, artifacts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.real_fleet import SYSTEM_POOL, cluster, scenario
from tests.integration.harness import COLLECTIONS, Simulator, clean_environment

pytestmark = pytest.mark.slow


def private_data(folder: Path, simulator: Simulator) -> Path:
    """Lay a job out as AWX does: inventory, project, extra variables of a survey, environment of a credential."""
    hosts = {
        name: {"aml_cluster_id": entry["id"], "aml_compute_name": f"k8s-{name}"}
        for name, entry in simulator.clusters.items()
    }
    for part in ("env", "inventory", "project"):
        (folder / part).mkdir(parents=True)
    environment = {**simulator.environment, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    extra = {
        "aml_workspace": "ml-west",
        "aml_workspace_resource_group": "rg-ml",
        "aml_poll_interval": 0.2,
        "aml_report_directory": str(folder / "report"),
    }
    play = [{"name": "Upgrade the fleet", "ansible.builtin.import_playbook": "azureml.fleet.upgrade"}]
    for file, content in (
        ("env/envvars", environment),
        ("env/extravars", extra),
        ("inventory/hosts.yml", {"all": {"hosts": hosts}}),
        ("project/upgrade.yml", play),
    ):
        (folder / file).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def run(folder: Path, ident: str) -> Path:
    """Run the job in a process of its own, and return the folder of its artifacts."""
    program = Path(sys.executable).parent / "ansible-runner"
    command = [str(program), "run", str(folder), "--playbook", "upgrade.yml", "--ident", ident, "--quiet"]
    answer = subprocess.run(
        command, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False
    )
    artifacts = folder / "artifacts" / ident
    assert answer.returncode == 0, (artifacts / "stdout").read_text(encoding="utf-8")
    assert (artifacts / "status").read_text(encoding="utf-8") == "successful"
    return artifacts


def statistics(artifacts: Path) -> dict[str, Any]:
    """Return what the job left to AWX: the data of the last event of statistics."""
    events = [json.loads(each.read_text(encoding="utf-8")) for each in (artifacts / "job_events").glob("*.json")]
    (found,) = [each["event_data"] for each in events if each["event"] == "playbook_on_stats"]
    kept: dict[str, Any] = found
    return kept


def test_job_in_the_layout_of_awx_upgrades_and_leaves_its_results(tmp_path: Path) -> None:
    with Simulator(scenario(cluster("one", pools=[SYSTEM_POOL]), cluster("two", pools=[SYSTEM_POOL]))) as simulator:
        folder = private_data(tmp_path / "job", simulator)
        first = statistics(run(folder, "first"))
        position = simulator.position()
        second = statistics(run(folder, "second"))
        assert simulator.writes(since=position) == []
        secret = simulator.ready["client_secret"]
    assert {name: data["outcome"] for name, data in first["artifact_data"].items()} == {
        "azureml_fleet_one": "upgraded",
        "azureml_fleet_two": "upgraded",
    }
    assert second["changed"] == {}
    # `command` is ansible-runner's own record of the environment that it was given; AWX masks it before it stores it.
    left = [each for each in (folder / "artifacts").rglob("*") if each.is_file() and each.name != "command"]
    left += [each for each in (folder / "report").rglob("*") if each.is_file()]
    assert len(left) > 20
    assert [each for each in left if secret in each.read_text(encoding="utf-8", errors="replace")] == []
