# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the Python Package Index for known vulnerabilities of what the lock files install.

usage: python -m scripts.audit          exit status 77: it could not be asked; the last line says why
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict, cast

import tomllib

ROOT = Path(__file__).resolve().parent.parent
#: What is audited: the versions that users get today, and the tools. The lower bounds are old on purpose.
LOCKS = ("tests/requirements.lock", "tests/requirements-azure-cli.lock")
#: A package that every index has: where this one is unknown, nothing can be learnt about the others.
WITNESS = "pip==26.0"
#: The exit status of a test that could not be made, as in
#: https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html
SKIPPED = 77


class Vulnerability(TypedDict):
    """One known vulnerability, as pip-audit prints it."""

    id: str
    fix_versions: list[str]


class Dependency(TypedDict, total=False):
    """One package: with its version and vulnerabilities, or with the reason why it was not audited."""

    name: str
    version: str
    vulns: list[Vulnerability]
    skip_reason: str


def audited(requirements: Path, ignored: Iterable[str]) -> tuple[list[Dependency], str]:
    """Return what pip-audit found out about the packages of a file, or an empty list and what it said instead."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--no-deps", "--progress-spinner=off"]
    command += ["--format=json", "--desc=off", "--timeout=20", f"--requirement={requirements}"]
    command += [f"--ignore-vuln={each}" for each in ignored]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        return cast(list[Dependency], json.loads(done.stdout)["dependencies"]), ""
    except ValueError:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return [], lines[-1].strip()[:300] if lines else f"pip-audit ended with {done.returncode}"


def unreachable(folder: Path) -> str:
    """Return why the index cannot be asked about vulnerabilities, or nothing when it can."""
    file = folder / "witness.txt"
    file.write_text(f"{WITNESS}\n", encoding="utf-8")
    found, trouble = audited(file, ())
    return trouble or "; ".join(each["skip_reason"] for each in found if "skip_reason" in each)


def offences(found: Iterable[Dependency]) -> list[str]:
    """Return one sentence for each known vulnerability."""
    return [
        f"{each['name']} {each['version']} has {flaw['id']}"
        + (f", mended in {', '.join(flaw['fix_versions'])}" if flaw["fix_versions"] else ", not mended yet")
        + f". Run `make lock ARGS='--upgrade-package {each['name']}'`, or say in pyproject.toml why it does not matter."
        for each in found
        for flaw in each.get("vulns", [])
    ]


def report(found: Sequence[Dependency]) -> int:
    """Print what was found, and return the exit status; a package that could not be audited is not taken for sound."""
    wrong = offences(found)
    unknown = [each["skip_reason"] for each in found if "skip_reason" in each]
    print("\n".join([*wrong, *unknown]))
    print(f"{len(found) - len(unknown)} of {len(found)} packages audited, {len(wrong)} known vulnerabilities")
    return 1 if wrong else SKIPPED if unknown else 0


def main() -> int:
    """Return 0 when nothing is known about any package, 1 when something is, 77 when that could not be found out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    reason = unreachable(ROOT / ".cache")
    found: list[Dependency] = []
    for lock in LOCKS if not reason else ():
        more, reason = audited(ROOT / lock, settings["tool"]["fleet"]["vulnerabilities"])
        if reason:
            break
        found += more
    if reason:
        print(f"the package index could not be asked for known vulnerabilities: {reason}")
        return SKIPPED
    return report(found)


if __name__ == "__main__":
    raise SystemExit(main())
