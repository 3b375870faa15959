# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's way on a real fleet, copied from the page and run: only endpoint and credentials differ."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.harness import ROOT, Simulator, clean_environment
from tests.integration.test_documentation import blocks

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
FLEET: dict[str, Any] = {
    "time_scale": 300,
    "subscription_id": SUBSCRIPTION,
    "workspaces": [{"name": "ml-west", "resource_group": "rg-ml"}],
    "clusters": [
        {
            "name": "aks-payments",
            "resource_group": "rg-aks",
            "front_end": "v2",
            "namespaces": ["azureml-ml-west"],
            "v1_services": [{"name": "payments", "namespace": "azureml-ml-west"}],
            "legacy_computes": [{"workspace": "ml-west", "name": "aks-v1"}],
        }
    ],
}


def shell(command: str, folder: Path, environment: dict[str, str], status: int = 0) -> str:
    """Run a command of the page as a user would, and return what it printed."""
    answer = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == status, f"$ {command}\n{answer.stdout}{answer.stderr}"
    return answer.stdout


def test_commands_of_the_readme_do_what_it_says(simulator: Callable[..., Simulator], tmp_path: Path) -> None:
    page = ROOT / "README.md"
    install, run = (
        next(text for text in blocks(page, "sh") if text.startswith(start))
        for start in ("ansible-galaxy collection build", "ansible-playbook -i fleet.yml azureml.fleet.preflight")
    )
    (tmp_path / "fleet.yml").write_text(blocks(page, "yaml")[0], encoding="utf-8")
    fleet = simulator(FLEET)
    environment = clean_environment(**fleet.environment, ANSIBLE_HOME=str(tmp_path / "home"), HOME=str(tmp_path))
    build, installation, _packages = install.strip().splitlines()
    shell(f"{build} --output-path {tmp_path}", ROOT, environment)
    shell(installation, tmp_path, environment)

    preflight, check, upgrade, verify, report = run.strip().splitlines()
    faster = " -e aml_poll_interval=0.2"  # the simulated Azure is faster than the real one
    shell(preflight, tmp_path, environment)
    predicted = shell(check, tmp_path, environment)
    assert fleet.writes() == []
    assert "+++ after: extension azureml of cluster aks-payments" in predicted
    shell(upgrade + faster, tmp_path, environment)
    assert fleet.writes() != []
    position = fleet.position()
    shell(verify, tmp_path, environment)
    assert "changed=0" in shell(upgrade + faster, tmp_path, environment)
    assert fleet.writes(since=position) == []
    clusters = json.loads(shell(report, tmp_path, environment))["clusters"]
    assert [(each["host"], each["outcome"]) for each in clusters] == [("aks-payments", "current")]
