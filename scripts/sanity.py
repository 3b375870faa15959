# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `ansible-test sanity` on a copy of the checkout that lies where ansible-test wants it, without any ignore file.

usage: python -m scripts.sanity [ARGUMENT OF ANSIBLE-TEST ...]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".cache" / "sanity" / "ansible_collections" / "azureml" / "fleet"
#: What ansible-test runs to get pip when it cannot download its own script: Python's bundled pip.
BOOTSTRAP = "import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n"


def project_files() -> list[Path]:
    """Return the files of the project, relative to its root: what Git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:  # not a Git checkout
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [path for path in found if path.parts[0] not in (".cache", ".git", "build")]
    return [Path(name) for name in sorted(set(listing.stdout.split("\0"))) if name and (ROOT / name).is_file()]


def copy_project(target: Path) -> None:
    """Make `target` a fresh copy of the project."""
    shutil.rmtree(target, ignore_errors=True)
    for file in project_files():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target / file)
    # A repository of its own: in ours the copy is ignored, and ansible-test would find no files.
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=False)


def run_sanity(arguments: list[str]) -> tuple[int, str]:
    """Run ansible-test once, showing what it says; return its exit status and its words."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tool = Path(sys.executable).parent / "ansible-test"
    command = [str(tool), "sanity", "--local", "--python", version, "--color", "no", *arguments]
    said = []
    with subprocess.Popen(
        command, cwd=COPY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    return process.returncode, "".join(said)


def main(arguments: list[str]) -> int:
    """Run the sanity tests; where only package registries can be reached, help ansible-test to get its pip."""
    if list((ROOT / "tests" / "sanity").glob("ignore*.txt")):
        print("There is an ignore file under tests/sanity; this project wants none.")
        return 1
    copy_project(COPY)
    status, said = run_sanity(arguments)
    missing = re.search(r"can be manually downloaded and saved to: (\S+get_pip_\S+\.py)", said)
    if status and missing:
        print("ansible-test could not download get-pip.py; using the pip that comes with Python.", flush=True)
        Path(missing.group(1)).write_text(BOOTSTRAP, encoding="utf-8")
        status, said = run_sanity(arguments)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
