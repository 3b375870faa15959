# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tests with exactly the lower bounds of requirements.txt and the oldest ansible-core that knows this Python.

usage: python -m scripts.run_lowest [ARGUMENT OF PYTEST ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".cache" / "lowest" / "bin"


def main(arguments: list[str]) -> int:
    """Make the environment unless it is current; return pytest's exit status."""
    environment = {**os.environ, "PYTHON": sys.executable}
    made = subprocess.run(["sh", "scripts/environment.sh", "lowest"], cwd=ROOT, env=environment, check=False)
    if made.returncode:
        return made.returncode
    environment["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    # What the libraries of that time say about the libraries of today is not ours to mend.
    command = [str(BIN / "pytest"), "-W", "ignore::DeprecationWarning", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
