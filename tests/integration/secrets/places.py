# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a run of Ansible leaves or shows, gathered into texts by place."""

from __future__ import annotations

import contextlib
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.integration.harness import AnsibleRun
from tests.integration.secrets.planted import Plantation

#: What the test itself writes for Ansible to read: the secrets are planted there.
INPUTS = frozenset({"playbook.yml", "inventory.yml", "variables.json"})
#: Ansible keeps a module's own file where ANSIBLE_KEEP_REMOTE_FILES is set: its options are in it, for its owner only.
MODULE_FILE = re.compile(r"^AnsiballZ_.*\.py$")
#: A JSON Web Token, whoever issued it.
TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")
#: In the place of `syslog.syslog`, for every Python process of a run; Python imports a module of this name at its start
#: (https://docs.python.org/3/library/site.html#module-sitecustomize).
SITECUSTOMIZE = """
import os
import syslog


def _record(*words):
    with open(os.environ["FLEET_TEST_SYSLOG"], "a", encoding="utf-8", errors="replace") as log:
        log.write(" ".join(map(str, words)) + "\\n")


syslog.syslog = _record
"""


@dataclass
class Places:
    """Folders of one run for everything that Ansible and its modules write, and what was seen beside them."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    commands: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)

    def environment(self, **more: str) -> dict[str, str]:
        """Make the folders; return the variables that lead into them."""
        for name in ("home", "tmp", "cache", "junit", "tree", "python"):
            (self.root / name).mkdir(parents=True)
        (self.root / "python" / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        return {
            "HOME": str(self.root / "home"),
            # Ansible asks the shell for the folder of the user (`~root`), which may differ from HOME.
            "ANSIBLE_REMOTE_TMP": str(self.root / "home" / ".ansible" / "tmp"),
            "ANSIBLE_ASYNC_DIR": str(self.root / "home" / ".ansible_async"),
            "TMPDIR": str(self.root / "tmp"),
            "PYTHONPATH": str(self.root / "python"),
            "FLEET_TEST_SYSLOG": str(self.root / "syslog"),
            "ANSIBLE_LOG_PATH": str(self.root / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.root / "cache"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results,junit,tree",
            "JUNIT_OUTPUT_DIR": str(self.root / "junit"),
            "ANSIBLE_CALLBACK_TREE_DIR": str(self.root / "tree"),
            **more,
        }

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look at command lines and environments of every process that this one starts, as long as the block runs."""
        ended = threading.Event()

        def watch() -> None:
            own = psutil.Process()
            while not ended.wait(0.2):
                for process in own.children(recursive=True):
                    with contextlib.suppress(psutil.Error, OSError):
                        self.commands.add(" ".join(process.cmdline()))
                        self.environments.add(repr(process.environ()))

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def gather(self, run: AnsibleRun, folder: Path) -> None:
        """Read everything that a run left: its words, its files under `folder` and in the folders of this object."""
        self.texts["standard output"] = run.stdout
        self.texts["standard error"] = run.stderr
        self.texts["artifacts"] = repr(run.artifacts)
        self.texts["command lines"] = "\n".join(sorted(self.commands))
        self.texts["environments"] = "\n".join(sorted(self.environments))
        for base in (self.root, folder):
            for path in sorted(base.rglob("*")):
                if path.is_file() and path.name not in INPUTS and not MODULE_FILE.match(path.name):
                    text = path.read_text(encoding="utf-8", errors="replace")
                    self.texts[str(path.relative_to(base.parent))] = f"{path.name}\n{text}"

    def kept_module_files(self) -> list[Path]:
        """Return the module files that Ansible kept."""
        return [path for path in self.root.rglob("AnsiballZ_*.py") if path.is_file()]

    def found(self, plantation: Plantation) -> list[str]:
        """Return what was found: which secret, in which form, where; a token of anybody too."""
        finds = []
        needles = plantation.needles()
        for place, text in self.texts.items():
            finds += [f"{each.where} as {form} in {place}" for each, form, needle in needles if needle in text]
            finds += [f"a token in {place}: {found[:20]}..." for found in TOKEN.findall(text)]
        return finds


def readable_by_others(path: Path, root: Path) -> bool:
    """Tell whether others than its owner can read a file below `root`: its own mode and those of the folders above."""
    inside = [path, *(folder for folder in path.parents if folder.is_relative_to(root) and folder != root)]
    return stat.S_IMODE(path.stat().st_mode) & 0o044 != 0 and all(
        stat.S_IMODE(folder.stat().st_mode) & 0o011 for folder in inside[1:]
    )


def numbers(places: Mapping[str, Places], plantation: Plantation, finds: list[str]) -> str:
    """Return the line that sums the search up."""
    texts = [text for each in places.values() for text in each.texts.values()]
    return (
        f"secrets: {len(plantation.all)}, forms: {len(plantation.needles())}, places: {len(texts)} "
        f"({sum(map(len, texts)) / 1e6:.1f} MB), runs: {len(places)}, finds: {len(finds)}"
    )
