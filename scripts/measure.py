# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers about the code: how it is built (scripts/structure.py), and the tests' coverage.

usage: python -m scripts.measure [--no-coverage] [TEST PATH ...]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import structure

ROOT = Path(__file__).resolve().parent.parent
COVERAGE = ROOT / ".cache" / "coverage"
DEFAULT_TESTS = ["tests/unit", "tests/integration", "tests/end_to_end"]


#: Paths are absolute: the processes that Ansible starts have working directories of their own. `_exit` is how Ansible's
#: forked workers end.
SETTINGS = f"""[run]
branch = true
source = {ROOT / "plugins"}
parallel = true
patch =
    subprocess
    _exit
data_file = {COVERAGE / "data"}
[report]
ignore_errors = true
show_missing = true
skip_covered = true
exclude_also =
    if TYPE_CHECKING:
    except ImportError
"""


def report_coverage(tests: list[str]) -> int:
    """Run `tests` under coverage, the Ansible processes that they start included, and print the report."""
    shutil.rmtree(COVERAGE, ignore_errors=True)
    COVERAGE.mkdir(parents=True, exist_ok=True)
    settings = COVERAGE / "settings.ini"
    settings.write_text(SETTINGS, encoding="utf-8")
    tool = str(Path(sys.executable).parent / "coverage")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"}
    environment["AZUREML_FLEET_MEASURE"] = "1"
    present = [path for path in tests if (ROOT / path).exists()]
    status = 0
    for command in (
        ["run", f"--rcfile={settings}", "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", *present],
        ["combine", "--quiet", f"--rcfile={settings}"],
        ["report", f"--rcfile={settings}"],
    ):
        done = subprocess.run([tool, *command], cwd=ROOT, env=environment, check=False)
        status = status or done.returncode
    return status


def main() -> int:
    """Print everything; the exit status is that of the tests."""
    parser = argparse.ArgumentParser(description="Measure the code and its tests.")
    parser.add_argument("--no-coverage", action="store_true", help="only how the code is built")
    parser.add_argument("tests", nargs="*", default=DEFAULT_TESTS)
    options = parser.parse_args()
    structure.report()
    return 0 if options.no_coverage else report_coverage(options.tests)


if __name__ == "__main__":
    raise SystemExit(main())
