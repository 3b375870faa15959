# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the in-process shell that need no Ansible run; tests/integration/test_in_process.py has the rest."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from ansible_collections.azureml.fleet.plugins.plugin_utils import _in_process


def test_keys_that_ansible_trusts_are_dropped() -> None:
    given = {"_ansible_facts": 1, "_ansible_no_log": False, "invocation": {}, "ansible_facts": {}, "changed": True}
    assert _in_process._without_internal_keys(given) == {"ansible_facts": {}, "changed": True}


def test_warnings_and_deprecations_have_the_form_of_a_module() -> None:
    messages = _in_process._Messages()
    assert messages.to_result() == {}
    messages.warnings.append("careful")
    messages.add_deprecation("goes away")
    assert messages.to_result() == {
        "warnings": ["careful"],
        "deprecations": [{"msg": "goes away", "version": "2.0.0", "collection_name": "azureml.fleet"}],
    }


def test_interpreter_is_the_same_under_its_other_names_in_its_folder(tmp_path: Path) -> None:
    real, alias, elsewhere = tmp_path / "a" / "python3", tmp_path / "a" / "python", tmp_path / "b" / "python3"
    for folder in (real.parent, elsewhere.parent):
        folder.mkdir()
    real.touch()
    alias.symlink_to(real)
    elsewhere.symlink_to(real)
    assert _in_process._same_interpreter(str(alias), str(real))
    assert not _in_process._same_interpreter(str(elsewhere), str(real)), "another virtual environment"


def test_collector_of_a_worker_does_not_walk_the_objects_of_its_parent() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(gc.get_freeze_count()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert int(pipe.read()) > 10_000
    assert gc.get_freeze_count() == 0
