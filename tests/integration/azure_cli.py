# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure CLI for tests, in an environment of its own: it pins versions that differ from the collection's."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.harness import ROOT

FOLDER = ROOT / ".cache" / "azure-cli"


def azure_cli() -> Path:
    """Return the program `az`: the one that AZUREML_FLEET_AZ names, or one that is installed here once.

    Skips the test where the package index cannot be reached.
    """
    if os.environ.get("AZUREML_FLEET_AZ"):
        return Path(os.environ["AZUREML_FLEET_AZ"])
    FOLDER.parent.mkdir(exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:  # test processes run side by side
        fcntl.lockf(lock, fcntl.LOCK_EX)
        return _installed()


def _installed() -> Path:
    """Install the CLI unless it is there and current, with the Python that runs the tests."""
    done = subprocess.run(
        ["sh", "scripts/environment.sh", "azure-cli"],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip()
        pytest.skip(f"azure-cli could not be installed from the package index: {words[-300:]}")
    return FOLDER / "bin" / "az"
