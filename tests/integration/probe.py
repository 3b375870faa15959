# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away collection `fleet_test.probe` whose one module shows how it was run: tests of the in-process shell."""

from __future__ import annotations

from pathlib import Path

CORE = """
import os
import sys
import time

from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "name": {"type": "str", "required": True, "aliases": ["label"]},
        "count": {"type": "int", "default": 1},
        "settings": {"type": "dict"},
        "token": {"type": "str", "no_log": True},
        "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "fleet_test.probe"},
        "found": {"type": "str"},
        "counter": {"type": "path"},
        "left": {"type": "str"},
        "right": {"type": "str"},
        "behave": {"type": "str", "default": "well"},
    },
    required_together=(("left", "right"),),
)


def _attempt(path):
    with open(path, "a+") as counter:
        counter.write("x")
        return counter.tell()


def run(call):
    behave = call.params["behave"]
    process = "worker" if "ansible-playbook" in os.path.basename(sys.argv[0]) else "module"
    if call.params["found"]:
        call.hide(call.params["found"][::-1])
    found = (call.params["found"] or "")[::-1]
    if behave == "fail":
        raise ModuleFailure("could not, with " + found, process=process, reason="asked")
    if behave == "fail_twice" and _attempt(call.params["counter"]) < 3:
        raise ModuleFailure("not yet", process=process)
    if behave == "exit":
        sys.exit(7)
    if behave == "raise":
        raise ValueError("unexpected " + found)
    if behave == "sleep":
        time.sleep(60)
    if behave == "print":
        print("chatter of a library")
    if behave == "warn":
        call.warn("be careful with " + found)
        call.deprecate("this goes away")
    before = {"name": "old", "found": found}
    after = {"name": call.params["name"], "found": found}
    return Outcome(
        changed=before != after,
        result={
            "process": process,
            "seen": {name: type(value).__name__ for name, value in call.params.items()},
            "name": call.params["name"],
            "settings": call.params["settings"],
            "text": "found " + found,
            "check_mode": call.check_mode,
            "template": "{{ 40 + 2 }}",
            **({"_ansible_verbose_always": True} if behave == "trust" else {}),
            "nothing": None,
            "attempt": 1,
        },
        differences=[Difference("probe", before, after)],
    )
"""

MODULE = '''
#!/usr/bin/python
DOCUMENTATION = """
module: probe
short_description: Shows how it was run
description: [Shows how it was run.]
author: [azureml.fleet contributors]
options: {}
"""
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module
from ansible_collections.fleet_test.probe.plugins.module_utils._core import SPEC, run


def main():
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
'''

ACTION = """
from ansible_collections.azureml.fleet.plugins.plugin_utils._in_process import InProcessAction
from ansible_collections.fleet_test.probe.plugins.module_utils._core import SPEC, run


class ActionModule(InProcessAction):
    spec = SPEC
    core = staticmethod(run)
    missing_library = {missing!r}
"""

#: A connection that works like `local` but is not `local`, as one to another machine would be.
CONNECTION = '''
from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: elsewhere
short_description: Another machine
description: [Another machine.]
author: [azureml.fleet contributors]
"""


class Connection(LocalConnection):
    transport = "fleet_test.probe.elsewhere"
'''


def write_probe_collection(tree: Path) -> Path:
    """Write the collection under `tree`/ansible_collections and return `tree`."""
    plugins = tree / "ansible_collections" / "fleet_test" / "probe" / "plugins"
    files = {
        "module_utils/_core.py": CORE,
        "modules/probe.py": MODULE,
        "modules/probe_without_library.py": MODULE,
        "action/probe.py": ACTION.format(missing=None),
        "action/probe_without_library.py": ACTION.format(missing="an-sdk"),
        "connection/elsewhere.py": CONNECTION,
    }
    for name, text in files.items():
        path = plugins / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    (plugins.parent / "galaxy.yml").write_text("namespace: fleet_test\nname: probe\nversion: 1.0.0\n", encoding="utf-8")
    return tree
