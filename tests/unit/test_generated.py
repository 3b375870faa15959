# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is generated from the schema and the rules is current, and the roles keep to the schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import BY_ID as MODES
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import secret_options
from scripts.generate import ROOT, generated
from scripts.generate_roles import ROLES

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
PLAYBOOK_TASKS = sorted((ROOT / "playbooks" / "tasks").glob("*.yml"))
ROLE_FILES = sorted((ROOT / "roles").rglob("*.yml"))


def test_generated_files_are_current() -> None:
    differing = [str(path) for path, text in generated().items() if path.read_text(encoding="utf-8") != text]
    assert differing == [], "run `python -m scripts.generate`"


def test_every_role_is_public_with_main_alone() -> None:
    assert {path.name for path in (ROOT / "roles").iterdir()} == set(ROLES)
    for name in ROLES:
        folder = ROOT / "roles" / name
        specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        assert set(specs["argument_specs"]) == {"main"}, name
        tasks = {path.stem for path in (folder / "tasks").glob("*.yml")}
        assert "main" in tasks, name
        assert all(each == "main" or each.startswith("_") for each in tasks), name


def test_nobody_switches_the_validation_of_a_role_off() -> None:
    users = [
        str(path) for path in (*ROLE_FILES, *PLAYBOOKS, *PLAYBOOK_TASKS) if "rolespec_validate" in path.read_text()
    ]
    assert users == []


def test_the_playbooks_name_modes_of_the_table() -> None:
    named = set()
    for path in (*PLAYBOOKS, *PLAYBOOK_TASKS):
        for expression in re.findall(r"_aml_mode(?: in|:| ==)(.*)", path.read_text(encoding="utf-8")):
            named |= set(re.findall(r"\b(?:[a-z]+)\b", expression)) & {*MODES, "rollback", "onboard", "dry", "plan"}
    assert named == set(MODES)


def _variables_in(path: Path) -> set[str]:
    # A name that follows a dot is an attribute (settings.aml_x) and counts as well; module and role names do not.
    text = re.sub(r"azureml\.fleet\.\w+", "", path.read_text(encoding="utf-8"))
    return set(re.findall(r"(?<![\w])aml_\w+", text))


def test_roles_and_playbooks_use_only_variables_of_the_schema() -> None:
    for path in (*ROLE_FILES, *PLAYBOOKS, *PLAYBOOK_TASKS):
        if path.name != "argument_specs.yml" and "meta" not in path.parts:
            assert _variables_in(path) <= set(BY_NAME), path
    for path in ROLE_FILES:
        assert _variables_in(path) <= set(BY_NAME), path


def test_each_role_declares_the_variables_that_it_uses() -> None:
    for name in ROLES:
        folder = ROOT / "roles" / name
        specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        declared = set(specs["argument_specs"]["main"]["options"])
        for path in (folder / "tasks").glob("*.yml"):
            assert _variables_in(path) <= declared, path


def _connecting() -> list[tuple[str, dict[str, Any]]]:
    """Every play, and every block of a role's head, in which modules connect."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in (*PLAYBOOKS, *ROLE_FILES):
        if path.parent.name not in ("playbooks", "tasks") or path.stem in INNER:
            continue
        for part in yaml.safe_load(path.read_text(encoding="utf-8")):
            if re.search(r"'_judge(\.yml)?'|tasks/stages\.yml|azureml\.fleet\.aml_verify'.*'read'", str(part)):
                found.append((f"{path.relative_to(ROOT)}: {part['name']}", part))
    return found


#: Entry points that others import: the connections are stated around them.
INNER = ("_judge", "_planned", "_wait", "_as_read", "_after_stages")


def test_connections_come_from_the_variables_wherever_something_connects() -> None:
    assert len(_connecting()) == 5
    for where, part in _connecting():
        groups = {name.rpartition(".")[2]: text for name, text in part["module_defaults"].items()}
        assert groups.keys() == {"all", "kubernetes"}, where
        assert all("azureml.fleet.connection_options" in text for text in groups.values()), where


def test_the_schema_has_every_connection_option_of_the_modules() -> None:
    options = {*AZURE.argument_spec, *KUBERNETES.argument_spec}
    assert {f"aml_{option}" for option in options} <= set(BY_NAME)
    secret = {f"aml_{name}" for group in (AZURE, KUBERNETES) for (name,) in secret_options(group.argument_spec)}
    assert secret <= {name for name, variable in BY_NAME.items() if variable.secret}


def test_what_may_be_unset_is_omitted() -> None:
    # Before ansible-core 2.19 a template makes an empty text of null, which no module takes for a boolean.
    for path in ROLE_FILES:
        for name in re.findall(r"settings\.(aml_\w+) \}\}", path.read_text(encoding="utf-8")):
            assert BY_NAME[name].default is not None, f"{path}: {name}"
