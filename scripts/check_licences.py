# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the licences of what is installed with those that pyproject.toml allows.

usage: python -m scripts.check_licences
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict, cast

import tomllib

ROOT = Path(__file__).resolve().parent.parent


class Package(TypedDict):
    """One package as pip-licenses prints it."""

    Name: str
    Version: str
    License: str


def installed() -> list[Package]:
    """Return every package of this environment with its licence: its SPDX expression, or else its classifiers."""
    command = [str(Path(sys.executable).parent / "pip-licenses"), "--from=mixed", "--with-system", "--format=json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return cast(list[Package], json.loads(said))


def offences(packages: Iterable[Package], allowed: Mapping[str, str]) -> list[str]:
    """Return one sentence for each package whose licence is not among `allowed`."""
    return [
        f"{each['Name']} {each['Version']} has the licence '{each['License']}', which [tool.fleet.licences] of "
        "pyproject.toml does not allow. Use another package, or allow the licence there with the reason."
        for each in packages
        if each["License"] not in allowed
    ]


def main() -> int:
    """Return 1 when a package has a licence that is not allowed."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = installed()
    wrong = offences(packages, settings["tool"]["fleet"]["licences"])
    print(
        "\n".join(wrong) or f"{len(packages)} packages, {len({each['License'] for each in packages})} allowed licences"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
