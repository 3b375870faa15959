# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is generated from the schema and the rules is current, and the roles keep to the schema."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import secret_options
from scripts.generate import ROLES, ROOT, generated

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
ROLE_FILES = sorted((ROOT / "roles").rglob("*.yml"))


def test_generated_files_are_current() -> None:
    differing = [str(path) for path, text in generated().items() if path.read_text(encoding="utf-8") != text]
    assert differing == [], "run `python -m scripts.generate`"


def test_every_role_has_an_interface() -> None:
    assert {path.name for path in (ROOT / "roles").iterdir()} == set(ROLES)
    for name, role in ROLES.items():
        tasks = {path.stem for path in (ROOT / "roles" / name / "tasks").glob("*.yml")}
        assert tasks == set(role.entry_points), name


def _variables_in(path: Path) -> set[str]:
    # A name that follows a dot is an attribute (settings.aml_x) and counts as well; module and role names do not.
    text = re.sub(r"azureml\.fleet\.\w+|aml_fleet_\w*", "", path.read_text(encoding="utf-8"))
    return set(re.findall(r"(?<![\w])aml_\w+", text))


def test_roles_and_playbooks_use_only_variables_of_the_schema() -> None:
    for path in (*ROLE_FILES, *PLAYBOOKS):
        assert _variables_in(path) <= set(BY_NAME), path


def test_each_role_declares_the_variables_that_it_uses() -> None:
    for name in ROLES:
        folder = ROOT / "roles" / name
        specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        declared = set(specs["argument_specs"]["main"]["options"])
        for path in (folder / "tasks").glob("*.yml"):
            assert _variables_in(path) <= declared, path


def test_connections_come_from_the_variables_in_every_play_that_connects() -> None:
    for path in PLAYBOOKS:
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            if "aml_cluster_info" in str(play) or any(name in str(play) for name in ("aml_preflight", "aml_compute")):
                groups = {name.rpartition(".")[2]: text for name, text in play["module_defaults"].items()}
                assert groups.keys() == {"all", "kubernetes"}, path
                assert all("azureml.fleet.connection_options" in text for text in groups.values()), path


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
