# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the molecule scenarios with the collection under its full name.

usage: python -m scripts.run_molecule [ARGUMENT OF `molecule test` ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.sanity import ROOT, copy_project

TREE = ROOT / ".cache" / "molecule"


def main(arguments: list[str]) -> int:
    """Return molecule's exit status."""
    target = TREE / "ansible_collections" / "azureml" / "fleet"
    copy_project(target)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "K8S_AUTH_"))}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(TREE),
        "ANSIBLE_HOME": str(TREE / "home"),
        "NO_COLOR": "1",
        "XDG_CACHE_HOME": str(TREE / "cache"),
    }
    command = [str(Path(sys.executable).parent / "molecule"), "test", *(arguments or ["--all"])]
    return subprocess.run(command, cwd=target / "extensions", env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
