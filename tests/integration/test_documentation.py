# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows can be used: examples are valid, files and commands that it names exist."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.harness import COLLECTIONS, ROOT, Ansible, clean_environment

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the page's code blocks in `language`."""
    return [text for name, text in BLOCK.findall(page.read_text(encoding="utf-8")) if name == language]


def examples(module: str) -> list[dict[str, Any]]:
    """Return the tasks that a module's documentation shows."""
    found = importlib.import_module(f"ansible_collections.azureml.fleet.plugins.modules.{module}").EXAMPLES
    return list(yaml.safe_load(found))


def test_examples_of_every_module_are_valid(ansible: Ansible) -> None:
    plays = [{"name": module, "hosts": "localhost", "tasks": examples(module)} for module in MODULES]
    ansible(plays, arguments=["--syntax-check"]).check()


@pytest.mark.parametrize("module", MODULES)
def test_options_in_examples_exist(module: str) -> None:
    """A syntax check does not look at options; the spec does."""
    spec = importlib.import_module(f"ansible_collections.azureml.fleet.plugins.module_utils._core.{module}").SPEC
    known = set(spec.argument_spec) | {
        alias for each in spec.argument_spec.values() for alias in each.get("aliases", ())
    }
    for task in examples(module):
        arguments = task.get(f"azureml.fleet.{module}")
        assert set(arguments or {}) <= known, task["name"]


def test_every_plugin_can_be_read_by_ansible_doc() -> None:
    answer = subprocess.run(
        ["ansible-doc", "--json", *(f"azureml.fleet.{module}" for module in MODULES)],
        env=clean_environment(ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS)),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    documented: dict[str, Any] = json.loads(answer.stdout)
    assert sorted(documented) == sorted(f"azureml.fleet.{module}" for module in MODULES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_playbooks_and_inventories_on_a_page_are_valid(page: Path, ansible: Ansible, tmp_path: Path) -> None:
    for number, text in enumerate(blocks(page, "yaml")):
        data = yaml.safe_load(text)
        if isinstance(data, list) and all({"hosts", "ansible.builtin.import_playbook"} & set(play) for play in data):
            ansible(data, arguments=["--syntax-check"]).check()
        elif isinstance(data, dict) and "hosts" in str(data):
            inventory = tmp_path / f"inventory-{number}.yml"
            inventory.write_text(text, encoding="utf-8")
            answer = subprocess.run(
                ["ansible-inventory", "-i", str(inventory), "--list"],
                env=clean_environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert json.loads(answer.stdout)["_meta"]["hostvars"], text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_a_page_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for text in blocks(page, "console") + blocks(page, "sh"):
        assert set(re.findall(r"^\$? ?make ([a-z]+)", text, re.MULTILINE)) <= targets
        for name in re.findall(r"azureml\.fleet\.([a-z_]+)", text):
            assert (ROOT / "playbooks" / f"{name}.yml").exists() or name in MODULES, name
        for module in re.findall(r"python -m ((?:tests|scripts)[\w.]*)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    base = "https://github.com/azureml-fleet/azureml.fleet/blob/main/"
    for target in re.findall(re.escape(base) + r"([\w./-]+)", text):
        assert (ROOT / target).exists(), target
