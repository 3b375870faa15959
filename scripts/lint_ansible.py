# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-lint (production profile) on a copy of the checkout in which the collection has its full name.

usage: python -m scripts.lint_ansible [ARGUMENT OF ANSIBLE-LINT ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.sanity import ROOT, copy_project

TREE = ROOT / ".cache" / "lint"


def main(arguments: list[str]) -> int:
    """Return ansible-lint's exit status."""
    target = TREE / "ansible_collections" / "azureml" / "fleet"
    copy_project(target)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(TREE / "home")}
    command = [str(Path(sys.executable).parent / "ansible-lint"), "--nocolor", *arguments]
    return subprocess.run(command, cwd=target, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
