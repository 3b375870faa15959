# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is generated from the schema and the rules is current, and the roles keep to the schema."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import nodes

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import AzureOptions, KubernetesOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.variables import BY_NAME
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import BY_ID as MODES
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import Mode
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import options_of
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec
from scripts import generate_picture, structure
from scripts.generate import ROOT, generated
from scripts.generate_roles import ROLES

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
PLAYBOOK_TASKS = sorted((ROOT / "playbooks" / "tasks").glob("*.yml"))
ROLE_FILES = sorted((ROOT / "roles").rglob("*.yml"))


def test_generated_files_are_current() -> None:
    differing = [str(path) for path, text in generated().items() if path.read_text(encoding="utf-8") != text]
    assert differing == [], "run `python -m scripts.generate`"


def test_the_picture_has_words_for_every_room_and_no_other() -> None:
    rooms = {room for floor in structure.FLOORS for room in floor}
    assert set(generate_picture.WORDS) == rooms | {"playbooks", "roles"}


def test_each_role_lists_all_variables_but_those_that_only_the_playbooks_read() -> None:
    """docs/roles.md says why: a role judges the whole cluster before it acts."""
    for name in ROLES:
        path = ROOT / "roles" / name / "meta" / "argument_specs.yml"
        options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        unread = (
            {"aml_report_directory"} if name == "aml_preflight" else {"aml_report_directory", "aml_fail_when_blocked"}
        )
        assert set(BY_NAME) - set(options) == unread, name


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


def _strings(node: object) -> Iterator[str]:
    """Every text of a YAML document that speaks of the mode, as a template; the value of `_aml_mode` is one."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [str(value)] if key == "_aml_mode" else _strings(value)
    elif isinstance(node, list):
        for each in node:
            yield from _strings(each)
    elif isinstance(node, str) and "_aml_mode" in node:
        yield node if "{{" in node else f"{{{{ {node} }}}}"


def _modes_in(text: str) -> Iterator[str]:
    """Every word that a text compares the mode with, or sets it to."""
    tree = jinja2.Environment(autoescape=True).parse(text)
    compared = [node for node in tree.find_all(nodes.Compare) if node.expr == nodes.Name("_aml_mode", "load")]
    if "_aml_mode" in text:
        yield from (str(each.value) for compare in compared for each in compare.find_all(nodes.Const))
    elif "{{" in text:
        yield from (str(each.value) for each in tree.find_all(nodes.Const))
    else:
        yield text


def test_the_playbooks_name_modes_of_the_table() -> None:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (*PLAYBOOKS, *PLAYBOOK_TASKS)]
    texts = [text for document in documents for text in _strings(document)]
    assert {mode for text in texts for mode in _modes_in(text)} == set(MODES)


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda mode: mode.id)
def test_the_plays_run_as_the_table_says_of_each_mode(mode: Mode) -> None:
    first, *plays = yaml.safe_load((ROOT / "playbooks" / "_fleet.yml").read_text(encoding="utf-8"))
    assert first["ansible.builtin.import_playbook"] == "_inventory.yml"
    # Clusters are sorted into these groups where the stages may run.
    groups = {"all": ["aks"]}
    if mode.stages:
        groups |= {"azureml_fleet_change": ["aks"], "azureml_fleet_current": ["aks"]}
    environment = jinja2.Environment(autoescape=True)
    hosts = {
        play["name"]: environment.from_string(play["hosts"]).render(_aml_mode=mode.id, groups=groups) for play in plays
    }
    runs = {name: text != "all:!all" for name, text in hosts.items()}
    assert runs == {
        "Check every cluster": True,
        "Sort the clusters by the verdict": mode.stages,
        "Change what differs": mode.stages,
        "Verify what was as wanted already": mode.verifies,
        "Report": True,
        "End with an error where a cluster needs a person": False,
    }
    verified = hosts["Verify what was as wanted already"]
    assert (verified == "all") is (mode.verifies and not mode.stages), "what the stages changed is verified there"


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


#: What a variable and an option of a module must say alike, and what an argument spec means where it says nothing.
SAID_ALIKE = {"type": "str", "choices": None, "elements": None}
#: A kubeconfig can be a path: the module's option hides the secrets in it and shows the rest, the variable is hidden.
HIDDEN_WHOLE = {"kubeconfig"}


@pytest.mark.parametrize(("declaration", "group"), [(AzureOptions, AZURE), (KubernetesOptions, KUBERNETES)])
def test_the_variables_of_connections_are_the_options_of_the_modules(declaration: type, group: ModuleSpec) -> None:
    variables = options_of(declaration)
    assert variables.keys() == group.argument_spec.keys()
    for name, variable in variables.items():
        said, meant = variable.argument(), group.argument_spec[name]
        for word, silent in SAID_ALIKE.items():
            assert said.get(word, silent) == meant.get(word, silent), f"{name}: {word}"
        assert variable.secret is (bool(meant.get("no_log")) or name in HIDDEN_WHOLE), name


def _handed_on() -> list[tuple[str, str, str]]:
    """Every variable that a task of a role or playbook gives to an option of a module: variable, module, option."""
    found = []
    for path in (*sorted((ROOT / "roles").glob("*/tasks/*.yml")), *PLAYBOOK_TASKS):
        module = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            module = named[1] if (named := re.fullmatch(r" +azureml\.fleet\.(\w+):", line)) else module
            given = re.fullmatch(r' +(\w+): "\{\{ (?:_aml_preflight_result\.settings\.)?(aml_\w+)[ |].*\}\}"', line)
            if given and module:
                found.append((given[2], module, given[1]))
    return found


@pytest.mark.parametrize(("variable", "module", "option"), _handed_on())
def test_a_variable_that_a_module_is_given_means_what_the_option_means(variable: str, module: str, option: str) -> None:
    core = importlib.import_module(f"ansible_collections.azureml.fleet.plugins.module_utils._core.{module}")
    declared, meant = BY_NAME[variable], core.SPEC.argument_spec[option]
    said = declared.argument()
    assert said["type"] == meant["type"]
    assert said.get("choices") == meant.get("choices")
    assert said.get("elements", meant.get("elements")) == meant.get("elements"), "or checked deeper, where it is read"
    if "default" in said and option != "directory":  # where the module is told no directory it writes no report
        assert said["default"] == meant.get("default"), "one number, from the declaration"


def test_variables_are_handed_on_in_many_places() -> None:
    assert len(_handed_on()) > 40
    assert ("aml_compute_timeout", "aml_compute_info", "wait_timeout") in _handed_on()


def test_a_default_that_is_written_again_is_the_declared_one() -> None:
    written = [
        (name, yaml.safe_load(value))
        for path in (*ROLE_FILES, *PLAYBOOKS, *PLAYBOOK_TASKS)
        for name, value in re.findall(r"\b(aml_\w+) \| default\((?!omit)(.*?)\)", path.read_text(encoding="utf-8"))
    ]
    report = (ROOT / "playbooks" / "tasks" / "report.yml").read_text(encoding="utf-8")
    directory = re.findall(r"report_directory'\) \| first\s+\| default\((.*?)\)", report)
    written += [("aml_report_directory", yaml.safe_load(value)) for value in directory]
    assert {name for name, _unused in written} >= {"aml_report_directory", "aml_fail_when_blocked"}
    for name, value in written:
        declared = BY_NAME[name].default
        assert value == ([] if declared is None else declared), name


def test_what_may_be_unset_is_omitted() -> None:
    # Before ansible-core 2.19 a template makes an empty text of null, which no module takes for a boolean.
    for path in ROLE_FILES:
        for name in re.findall(r"settings\.(aml_\w+) \}\}", path.read_text(encoding="utf-8")):
            assert BY_NAME[name].default is not None, f"{path}: {name}"
