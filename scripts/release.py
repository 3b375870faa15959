# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares a release: version, release notes, archive. It commits, tags and publishes nothing (docs/policy.md).

usage: python -m scripts.release VERSION
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Every place that names the version of the collection, and the text around it.
PLACES = {
    "galaxy.yml": "version: {}\n",
    "plugins/module_utils/_foundation/version.py": 'VERSION = "{}"\n',
    "README.md": "azureml-fleet-{}.tar.gz",
}


def current(root: Path) -> str:
    """Return the version that galaxy.yml names."""
    found = re.search(r"^version: (\S+)$", (root / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else ""


def objection(root: Path, wanted: str, *, changed: str) -> str:
    """Return why `wanted` cannot be released now, or nothing; `changed` is what Git says is not committed."""
    try:
        version = Version(wanted)
    except InvalidVersion:
        return f"'{wanted}' is no version"
    fragments = list((root / "changelogs" / "fragments").glob("*.y*ml"))
    if len(version.release) != 3 or str(version) != wanted:
        return f"'{wanted}' is not of the form 1.2.3"
    if version <= Version(current(root)):
        return f"{wanted} is not higher than {current(root)}"
    if changed:
        return f"something is not committed:\n{changed}"
    return "" if fragments else "there is no fragment in changelogs/fragments: nothing to release"


def set_version(root: Path, wanted: str) -> None:
    """Write the version wherever it stands. Raises ValueError, before anything is written, when a place has another."""
    before, texts = current(root), {}
    for name, place in PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        if place.format(before) not in text:
            raise ValueError(f"{name} does not name version {before}")
        texts[name] = text.replace(place.format(before), place.format(wanted))
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")


def main() -> int:
    """Prepare the release; return 1 when it cannot be."""
    parser = argparse.ArgumentParser(description="Prepare a release.")
    parser.add_argument("version")
    wanted = parser.parse_args().version
    status = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True)
    reason = objection(ROOT, wanted, changed=status.stdout.strip())
    if reason:
        print(f"Not released: {reason}")
        return 1
    set_version(ROOT, wanted)
    # antsibull-changelog asks ansible-doc for the plugins that are new.
    environment = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}
    for command in (
        ("antsibull-changelog", "release", "--version", wanted),
        ("ansible-galaxy", "collection", "build", "--force", "--output-path", "build"),
    ):
        if subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environment, check=False).returncode:
            print(f"Not released: {command[0]} failed, see above. `git checkout .` undoes what was written.")
            return 1
    print(f"Version {wanted} is prepared. What is left for you to do: docs/policy.md, 'A release'.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
