# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make rehearse`, and the commands of its page, as a user types them.

Only `az` is not called: tests/integration/azure_cli_runner.py signs in as the function does, and its tests are slow.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from scripts.rehearse import ENVIRONMENT, FOLDER
from tests.integration.harness import ROOT, clean_environment
from tests.integration.test_documentation import blocks

pytestmark = pytest.mark.slow


@pytest.fixture
def rehearsal() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-m", "scripts.rehearse"], cwd=ROOT, env=clean_environment()) as process:
        try:
            deadline = time.monotonic() + 120
            while not ENVIRONMENT.exists():
                assert process.poll() is None, "it ended before it was ready"
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_page_s_commands_reach_the_simulated_fleet(rehearsal: subprocess.Popen[bytes]) -> None:
    page = ROOT / "docs" / "troubleshooting.md"
    (text,) = (each for each in blocks(page, "sh") if each.startswith(". .cache/rehearsal/environment.sh"))
    source, preflight, kubectl, _az = text.strip().splitlines()
    typed = (source, f"{preflight} -e aml_fail_when_blocked=false", kubectl, "type rehearsal_az_login", "env")
    answer = subprocess.run(
        ["bash", "-c", " && ".join(typed)],
        cwd=ROOT,
        env=clean_environment(K8S_AUTH_KUBECONFIG="/real/cluster", AZURE_AUTHORITY_HOST="real.example"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "6 clusters: " in answer.stdout
    assert "az login --service-principal" in answer.stdout
    assert "azureml-fe" in answer.stdout.partition("PLAY RECAP")[2], "of kubectl"
    assert not re.search(
        r"K8S_AUTH|AUTHORITY_HOST|/real/cluster|real\.example", answer.stdout.partition("az login")[2]
    ), "of the real one"
    assert (FOLDER / "aml-report" / "fleet.json").exists()
    second = subprocess.run(
        [sys.executable, "-m", "scripts.rehearse"], cwd=ROOT, env=clean_environment(), timeout=60, check=False
    )
    assert second.returncode == 1, "it would take the folder of the first away"
    rehearsal.send_signal(signal.SIGINT)
    assert rehearsal.wait(timeout=30) == 0
    assert not FOLDER.exists(), "nothing is left that would lead nowhere"
