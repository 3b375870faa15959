# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers about the code: the longest functions, the share of typed signatures, and the tests' coverage.

usage: python -m scripts.measure [--no-coverage] [TEST PATH ...]
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COVERAGE = ROOT / ".cache" / "coverage"
GROUPS = {
    "collection (plugins)": ["plugins"],
    "simulator and control plane": ["tests/simulator", "tests/control_plane"],
    "tests and scripts": ["tests/unit", "tests/integration", "tests/contract", "tests/end_to_end", "scripts"],
}
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


@dataclass(frozen=True)
class Function:
    """One function of the code."""

    name: str
    place: str
    lines: int
    typed: bool


def functions(folder: Path) -> Iterator[Function]:
    """Yield every function and method under `folder`; documentation strings count as lines."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(node.name, f"{path.relative_to(ROOT)}:{node.lineno}", lines, is_typed(node))


def is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether every parameter (but self and cls) and the returned value are annotated."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
    named = [each for each in arguments if each.arg not in ("self", "cls")]
    return node.returns is not None and all(each.annotation is not None for each in named)


def report_functions() -> None:
    """Print sizes and types by group."""
    for group, folders in GROUPS.items():
        found = [each for folder in folders if (ROOT / folder).exists() for each in functions(ROOT / folder)]
        if not found:
            continue
        longest = max(found, key=lambda each: each.lines)
        over = sum(each.lines > 60 for each in found)
        typed = sum(each.typed for each in found)
        print(
            f"{group}: {len(found)} functions; longest {longest.lines} lines ({longest.name}, {longest.place}); "
            f"over 60 lines: {over}; typed signatures: {typed} of {len(found)} = {typed / len(found):.1%}"
        )


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
        ["run", f"--rcfile={settings}", "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *present],
        ["combine", "--quiet", f"--rcfile={settings}"],
        ["report", f"--rcfile={settings}"],
    ):
        done = subprocess.run([tool, *command], cwd=ROOT, env=environment, check=False)
        status = status or done.returncode
    return status


def main() -> int:
    """Print everything; the exit status is that of the tests."""
    parser = argparse.ArgumentParser(description="Measure the code and its tests.")
    parser.add_argument("--no-coverage", action="store_true", help="only sizes and types")
    parser.add_argument("tests", nargs="*", default=DEFAULT_TESTS)
    options = parser.parse_args()
    report_functions()
    return 0 if options.no_coverage else report_coverage(options.tests)


if __name__ == "__main__":
    raise SystemExit(main())
