# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the unmodified Azure CLI in a simulated cloud."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.azure_cli import azure_cli
from tests.integration.harness import Simulator, clean_environment


class AzureCli:
    """`az`, signed in to a simulated cloud as its service principal, with a configuration folder of its own."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._folder = folder / "azure"
        self._program = str(azure_cli())
        ready = simulator.ready
        self._environment = clean_environment(
            AZURE_CONFIG_DIR=str(self._folder),
            AZURE_CORE_COLLECT_TELEMETRY="false",
            AZURE_CORE_INSTANCE_DISCOVERY="false",
            AZURE_CORE_ONLY_SHOW_ERRORS="true",
            REQUESTS_CA_BUNDLE=ready["ca_file"],
        )
        self("cloud", "register", "-n", "Simulated", "--endpoint-resource-manager", ready["arm"])
        self("cloud", "set", "-n", "Simulated")
        secret = f"--password={ready['client_secret']}"
        self("login", "--service-principal", "-u", ready["client_id"], secret, "--tenant", ready["tenant_id"])

    def copy(self, folder: Path) -> AzureCli:
        """The same person in another terminal: with a copy of the configuration, both can run at the same time."""
        found = copy.copy(self)
        found._folder = folder / "azure"
        shutil.copytree(self._folder, found._folder)
        found._environment = {**self._environment, "AZURE_CONFIG_DIR": str(found._folder)}
        return found

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `az` with the arguments; the caller judges what came of it."""
        return subprocess.run(
            [self._program, *arguments, "--output", "json"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def __call__(self, *arguments: str) -> Any:
        """Run `az`, expect success, and return its JSON."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"az {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None
