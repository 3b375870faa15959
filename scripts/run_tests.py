# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that `make test` runs, stage by stage, and a summary of what passed, what was skipped and why.

usage: python -m scripts.run_tests [--only STAGE ...] [--skip STAGE ...] [--list]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOGS = ROOT / ".cache" / "logs"
#: What of the machine would change results: bytecode must be cached, and no setting of a person's Ansible may count.
UNWANTED = ("PYTHONDONTWRITEBYTECODE", "ANSIBLE_", "PYTEST_ADDOPTS", "PYTHONPATH")
#: The exit status by which a command says that it could not do its work here; its last line says why. As in
#: https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html
NOT_DONE = 77


@dataclass(frozen=True)
class Stage:
    """One command of the suite."""

    name: str
    command: tuple[str, ...]
    #: Folders or files without which there is nothing to run.
    needs: tuple[str, ...] = ()
    #: Tests by pytest: shown while they run, counted afterwards.
    tests: bool = False


@dataclass
class Outcome:
    """How a stage ended."""

    stage: Stage
    status: int
    seconds: float
    closing_line: str = ""
    skipped: Counter[str] = field(default_factory=Counter)
    absent: str = ""

    @property
    def word(self) -> str:
        """Return the verdict in one word."""
        if self.absent:
            return "ABSENT"
        if self.status == NOT_DONE:
            return "skipped"
        return "passed" if self.status == 0 else "FAILED"

    @property
    def failed(self) -> bool:
        """Tell whether the stage makes the whole run fail."""
        return self.status not in (0, NOT_DONE)


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command for a tool of this environment."""
    return (str(BIN / name), *arguments)


def pytest_stage(name: str, *paths: str, marks: str = "", by: tuple[str, ...] = tool("pytest")) -> Stage:
    """Return a stage that runs the tests under `paths` in two processes, those with `marks` if it is given.

    tests/distribution.py says which test runs where; the files are taken in the order in which they are given.
    """
    told = ("-q", "--color=no", "--durations=5", f"--junit-xml={LOGS / name}.xml")
    shared = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder")
    marked = ("-m", marks) if marks else ()
    return Stage(
        name, (*by, *told, *shared, *marked, *paths), tuple(path.partition("::")[0] for path in paths), tests=True
    )


STATIC = (
    # The longest first: two run at a time.
    Stage("sanity", tool("python", "-m", "scripts.sanity")),
    Stage("ansible-lint", tool("python", "-m", "scripts.lint_ansible"), ("playbooks", "roles")),
    Stage("types", tool("mypy")),
    Stage("format", tool("ruff", "format", "--check", ".")),
    Stage("lint", tool("ruff", "check", ".")),
    Stage("yaml", tool("yamllint", "--strict", ".")),
    Stage("licences", tool("python", "-m", "scripts.check_licences")),
    Stage("reuse", tool("reuse", "lint"), ("REUSE.toml",)),
    Stage("audit", tool("python", "-m", "scripts.audit")),
    Stage("changelog", tool("antsibull-changelog", "lint"), ("changelogs/config.yaml",)),
)
#: Tests on a real Kubernetes API server, the longest first.
REAL = (
    "tests/end_to_end/test_least_privilege.py",
    "tests/integration/control_plane",
    "tests/end_to_end/test_real_control_planes.py",
    "tests/end_to_end/test_restart.py",
    "tests/contract",
)
DYNAMIC = (
    # Before the tests that need it, with its progress on the terminal: minutes, once per machine.
    Stage("build", tool("python", "-m", "tests.control_plane", "build", "--optional")),
    pytest_stage("unit", "tests/unit"),
    pytest_stage("integration", "tests/integration", marks="not control_plane"),
    pytest_stage("end-to-end", "tests/end_to_end", marks="not control_plane"),
    # The lower bounds of requirements.txt: what is quick, and one upgrade in which every library takes part.
    pytest_stage(
        "lowest",
        "tests/unit",
        "tests/integration/test_in_process.py",
        "tests/integration/secrets",
        "tests/end_to_end/test_upgrade.py::test_azure_is_called_as_rarely_as_promised",
        by=tool("python", "-m", "scripts.run_lowest"),
    ),
    Stage("molecule", tool("python", "-m", "scripts.run_molecule"), ("extensions/molecule",)),
    pytest_stage("control-plane", *REAL),
)


def environment() -> dict[str, str]:
    """Return the environment of every stage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)}
    kept["PATH"] = os.pathsep.join([str(BIN), kept.get("PATH", os.defpath)])
    kept["ANSIBLE_HOME"] = str(ROOT / ".cache" / "ansible-home")
    # The stage "build" builds the control plane; the tests after it take what there is, or skip with its reason.
    kept.setdefault("AZUREML_FLEET_TEST_CONTROL_PLANE", "cached")
    return kept


def run(stage: Stage, *, show: bool) -> Outcome:
    """Run one stage; its words go to a log, and to the terminal at once when `show` is true."""
    absent = [need for need in stage.needs if not (ROOT / need).exists()]
    if absent:
        return Outcome(stage, 1, 0.0, absent=f"{', '.join(absent)} is not there")
    started = time.monotonic()
    report = LOGS / f"{stage.name}.xml"
    report.unlink(missing_ok=True)
    with (LOGS / f"{stage.name}.log").open("w+", encoding="utf-8") as log:
        with subprocess.Popen(
            stage.command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                log.write(line)
                if show:
                    print(line, end="", flush=True)
        log.seek(0)
        words = log.read()
    outcome = Outcome(stage, process.returncode, time.monotonic() - started)
    if stage.tests:
        closing = re.findall(r"^=*\s*(\d+ (?:passed|failed|skipped|error).*?)\s*=*$", words, re.MULTILINE)
        outcome.closing_line = closing[-1] if closing else "pytest did not come to its end"
        outcome.skipped = skip_reasons(report)
    elif process.returncode == NOT_DONE:
        outcome.closing_line = words.strip().rpartition("\n")[2]
    return outcome


def skip_reasons(report: Path) -> Counter[str]:
    """Return how many tests were skipped for each reason, from pytest's XML report."""
    if not report.exists():
        return Counter()
    tree = ElementTree.parse(report)  # noqa: S314  # our own pytest wrote it
    return Counter(str(skip.get("message", "no reason given")) for skip in tree.iter("skipped"))


def run_all(stages: Sequence[Stage]) -> list[Outcome]:
    """Run the static stages two at a time, then the tests one after the other (each uses two processes itself)."""
    outcomes = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome in pool.map(lambda stage: run(stage, show=False), [each for each in stages if each in STATIC]):
            announce(outcome)
            outcomes.append(outcome)
    for stage in stages:
        if stage in DYNAMIC:
            print(f"\n--- {stage.name}", flush=True)
            outcomes.append(run(stage, show=True))
            announce(outcomes[-1])
    return outcomes


def announce(outcome: Outcome) -> None:
    """Say how a stage ended; show the words of a failed static stage."""
    print(f"{outcome.stage.name:14} {outcome.word} {outcome.absent} ({outcome.seconds:.0f} s)", flush=True)
    if outcome.failed and not outcome.stage.tests and not outcome.absent:
        print((LOGS / f"{outcome.stage.name}.log").read_text(encoding="utf-8"), flush=True)


def summarise(outcomes: Sequence[Outcome], seconds: float) -> None:
    """Print what passed, what did not, and what was not run."""
    print(f"\n{'=' * 24} summary {'=' * 24}")
    skipped: Counter[str] = Counter()
    for outcome in outcomes:
        print(
            f"{outcome.stage.name:14} {outcome.word:7} {outcome.seconds:6.0f} s  {outcome.closing_line}{outcome.absent}"
        )
        skipped += outcome.skipped
    undone = [outcome for outcome in outcomes if outcome.word == "skipped"]
    for outcome in undone:
        print(f"skipped: the stage {outcome.stage.name}: {outcome.closing_line}")
    for reason, count in skipped.most_common():
        print(f"skipped: {count} test{'s' * (count > 1)}: {reason}")
    if not skipped and not undone:
        print("skipped: nothing")
    print(f"total time     {seconds:.0f} s; the words of each stage are in {LOGS.relative_to(ROOT)}/")


def chosen(arguments: argparse.Namespace) -> list[Stage]:
    """Return the stages that were asked for; an unknown name ends the program."""
    stages = [*STATIC, *DYNAMIC]
    known = {stage.name for stage in stages}
    unknown = {*arguments.only, *arguments.skip} - known
    if unknown:
        raise SystemExit(f"no such stage: {', '.join(sorted(unknown))}. Choose from {', '.join(sorted(known))}.")
    return [
        stage
        for stage in stages
        if (not arguments.only or stage.name in arguments.only) and stage.name not in arguments.skip
    ]


def main() -> int:
    """Run the stages; the exit status is 0 when every one passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", nargs="+", default=[], metavar="STAGE")
    parser.add_argument("--skip", nargs="+", default=[], metavar="STAGE")
    parser.add_argument("--list", action="store_true", help="print the names of the stages")
    arguments = parser.parse_args()
    stages = chosen(arguments)
    if arguments.list:
        print("\n".join(stage.name for stage in stages))
        return 0
    started = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes = run_all(stages)
    summarise(outcomes, time.monotonic() - started)
    return 1 if any(outcome.failed for outcome in outcomes) or not outcomes else 0


if __name__ == "__main__":
    raise SystemExit(main())
