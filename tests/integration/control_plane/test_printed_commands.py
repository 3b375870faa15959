# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection tells people to type and only a real API server understands can be typed there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.control_plane.fixtures import Starter
from tests.integration.harness import ROOT, clean_environment
from tests.integration.printed_commands import TRIED, printed_commands, subcommand

pytestmark = pytest.mark.control_plane

#: What stands in commands for what people put there themselves.
PLACES = {"NAME": "router-certificate", "<name>": "somebody@example.com"}


def test_commands_that_make_objects_make_them(start_control_planes: Starter, tmp_path: Path) -> None:
    (cluster,) = start_control_planes(["printed"], nodes=()).clusters
    shutil.copy(ROOT / "docs" / "permissions" / "cluster-role.yml", tmp_path)
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    environment = clean_environment(KUBECONFIG=str(cluster.kubeconfig()), HOME=os.fspath(tmp_path))

    def run(*words: str) -> None:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"

    run("kubectl", "apply", "-f", "cluster-role.yml")
    tried = [words for _place, words in printed_commands() if subcommand(words) in TRIED]
    for words in tried:
        # Of two ways to bind a role, people choose one.
        run("kubectl", "delete", "clusterrolebinding", "azureml-fleet", "--ignore-not-found")
        run(*(PLACES.get(word, word) for word in words))
    assert len(tried) >= 6
