# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure CLI for tests, in an environment of its own: it pins versions that differ from the collection's."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.harness import ROOT

REQUIREMENT = "azure-cli>=2.70"
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
    program, marker = FOLDER / "bin" / "az", FOLDER / "requirement"
    wanted = hashlib.sha256(f"{REQUIREMENT} {sys.version} {FOLDER}".encode()).hexdigest()
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return program
    shutil.rmtree(FOLDER, ignore_errors=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for command in ([sys.executable, "-m", "venv", str(FOLDER)], _installation(environment)):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
        if done.returncode:
            words = (done.stderr or done.stdout).strip()
            pytest.skip(f"azure-cli could not be installed from the package index: {words[-300:]}")
    marker.write_text(wanted, encoding="utf-8")
    return program


def _installation(environment: dict[str, str]) -> list[str]:
    """Return the command that installs the CLI; uv is several times as fast as pip where it is there."""
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        return [str(FOLDER / "bin" / "pip"), "install", "--quiet", REQUIREMENT]
    if "PIP_CERT" in environment:
        environment["SSL_CERT_FILE"] = environment["PIP_CERT"]
    options = ["--quiet", "--system-certs", "--compile-bytecode", "--prerelease=allow"]
    return [str(uv), "pip", "install", *options, "--python", str(FOLDER / "bin" / "python"), REQUIREMENT]
