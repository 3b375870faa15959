# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's parts agree with each other."""

from __future__ import annotations

import ast
import fnmatch
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    CertificateFacts,
    ComputeFacts,
    ExtensionFacts,
    Facts,
    FrontEndFacts,
    InstanceTypeFacts,
    RouterTlsFacts,
    WorkspaceFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.findings import CheckReport, FindingReport
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.plan import PlanData

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())
PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))
PACKAGE = "ansible_collections.azureml.fleet.plugins"


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _constants(module: str) -> dict[str, str]:
    """Return the texts that a module file assigns to names: DOCUMENTATION, EXAMPLES, RETURN."""
    tree = ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def test_version_is_the_same_everywhere() -> None:
    version = importlib.import_module(f"{PACKAGE}.module_utils._foundation.version").VERSION
    assert _load(ROOT / "galaxy.yml")["version"] == version


#: Action group -> an option that exactly its modules take.
ACTION_GROUPS = {"all": "auth_source", "kubernetes": "kubeconfig"}


def test_action_groups_name_every_module_that_takes_their_options() -> None:
    specs = {name: importlib.import_module(f"{PACKAGE}.module_utils._core.{name}").SPEC for name in MODULES}
    groups = _load(ROOT / "meta" / "runtime.yml")["action_groups"]
    assert groups == {
        group: [name for name, spec in specs.items() if option in spec.argument_spec]
        for group, option in ACTION_GROUPS.items()
    }


#: A module, the one that only reads the same, and the value that both return.
TWINS = (
    ("aml_extension", "aml_extension_info", "extension"),
    ("aml_compute_attach", "aml_compute_info", "computes"),
    ("aml_instance_type", "aml_instance_type_info", "instance_types"),
    ("aml_preflight", "aml_cluster_info", "facts"),
)


def test_every_module_that_reads_has_its_twin() -> None:
    assert {info for _unused, info, _unused_2 in TWINS} == {name for name in MODULES if name.endswith("_info")}


@pytest.mark.parametrize(("module", "info", "value"), TWINS)
def test_twins_document_what_they_both_return_in_the_same_words(module: str, info: str, value: str) -> None:
    one, other = (yaml.safe_load(_constants(name)["RETURN"])[value] for name in (module, info))
    if "contains" in one:
        assert one["contains"] == other["contains"]
    else:
        assert info in one["description"], "it refers to the twin instead"


#: What modules return whose fields are declared: the module, the path of the value in RETURN, the declaration.
RETURNED: tuple[tuple[str, str, type[Any]], ...] = (
    ("aml_cluster_info", "facts", Facts),
    ("aml_compute_attach", "computes", ComputeFacts),
    ("aml_compute_info", "computes", ComputeFacts),
    ("aml_compute_info", "workspaces", WorkspaceFacts),
    ("aml_compute_info", "workspaces computes", ComputeFacts),
    ("aml_extension", "extension", ExtensionFacts),
    ("aml_extension_info", "extension", ExtensionFacts),
    ("aml_instance_type", "instance_types", InstanceTypeFacts),
    ("aml_instance_type_info", "instance_types", InstanceTypeFacts),
    ("aml_preflight", "findings", FindingReport),
    ("aml_preflight", "plan", PlanData),
    ("aml_router_certificate", "certificate", CertificateFacts),
    ("aml_router_certificate", "served_before", RouterTlsFacts),
    ("aml_verify", "checks", CheckReport),
    ("azureml_fe_check", "front_end", FrontEndFacts),
)
#: Fields that the modules leave out: who set the fields of an instance type is for the plan.
UNSAID = {InstanceTypeFacts: {"owners"}}


@pytest.mark.parametrize(("module", "path", "declared"), RETURNED)
def test_what_a_module_says_that_it_returns_is_what_it_returns(module: str, path: str, declared: type[Any]) -> None:
    said: dict[str, Any] = {"contains": yaml.safe_load(_constants(module)["RETURN"])}
    for name in path.split():
        said = said["contains"][name]
    assert set(said["contains"]) == set(declared.__annotations__) - UNSAID.get(declared, set())


def test_every_documented_field_is_compared_with_a_declaration() -> None:
    compared = {(module, path.partition(" ")[0]) for module, path, _unused in RETURNED}
    documented = {
        (module, name)
        for module in MODULES
        for name, said in yaml.safe_load(_constants(module)["RETURN"]).items()
        if "contains" in said
    }
    assert documented - compared == {("aml_namespace", "namespace")}, "which is made where it is returned"


@pytest.mark.parametrize("module", MODULES)
def test_a_difference_names_its_object_as_the_plan_does(module: str) -> None:
    """`--diff` and report speak of one object in one way: by `change.described`."""
    tree = ast.parse((PLUGINS / "module_utils" / "_core" / f"{module}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    named = {
        target.id: ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "Difference":
            subject = call.args[0] if call.args else call.keywords[0].value
            words = ast.unparse(subject)
            assert named.get(words, words).startswith("described("), words


def _texts_of(path: Path) -> list[str]:
    """Return every text that the code of a file has, documentation left out; `…` stands for a value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: list[str] = []
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts]
        if isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in documentation:
            found.append(" ".join("".join(texts).split()))
    return found


def _said_by_code() -> list[str]:
    """Return every text that the code of the collection can say."""
    paths = sorted((PLUGINS / "module_utils").rglob("*.py")) + sorted((PLUGINS / "plugin_utils").glob("*.py"))
    return [text for path in paths for text in _texts_of(path)]


def _says(text: str, quote: str) -> bool:
    """Tell whether one text holds the parts of a quotation between the `…`, in their order."""
    parts = (re.escape(part.strip(" .")) for part in quote.split("…"))
    return re.search(".*".join(parts), text) is not None


def _quoted_in_troubleshooting() -> list[str]:
    """Return the messages that the guide quotes: code in the first column of its table; `…` stands for anything."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
    return [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]


def test_the_troubleshooting_guide_quotes_what_code_prints() -> None:
    said = _said_by_code()
    quoted = _quoted_in_troubleshooting()
    assert len(quoted) >= 5
    unsaid = [quote for quote in quoted if not any(_says(text, quote) for text in said)]
    assert unsaid == [], "no code prints this"


@pytest.mark.parametrize("module", MODULES)
def test_module_action_and_core_are_three_shells_of_one_thing(module: str) -> None:
    core = importlib.import_module(f"{PACKAGE}.module_utils._core.{module}")
    action = importlib.import_module(f"{PACKAGE}.action.{module}").ActionModule
    assert action.spec is core.SPEC
    assert action.core is core.run
    shell = ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    functions = [node for node in shell.body if isinstance(node, ast.FunctionDef)]
    assert [function.name for function in functions] == ["main"]
    assert len(functions[0].body) <= 2, "a module file holds documentation and one line of code"


@pytest.mark.parametrize("module", MODULES)
def test_module_documents_itself(module: str) -> None:
    texts = _constants(module)
    documentation = yaml.safe_load(texts["DOCUMENTATION"])
    assert documentation["module"] == module
    fragments = documentation.get("extends_documentation_fragment", [])
    assert "attributes" in documentation or any("attributes" in fragment for fragment in fragments)
    examples = yaml.safe_load(texts["EXAMPLES"])
    assert any(f"azureml.fleet.{module}" in task for task in examples), "no example uses the module by its full name"
    assert yaml.safe_load(texts["RETURN"])


@pytest.mark.parametrize("module", MODULES)
def test_documented_options_are_the_spec(module: str) -> None:
    spec = importlib.import_module(f"{PACKAGE}.module_utils._core.{module}").SPEC
    documentation = yaml.safe_load(_constants(module)["DOCUMENTATION"])
    options = set(documentation.get("options") or {})
    for name in documentation.get("extends_documentation_fragment", []):
        _namespace, _collection, file, *variant = name.split(".")
        fragment = importlib.import_module(f"{PACKAGE}.doc_fragments.{file}").ModuleDocFragment
        text = getattr(fragment, variant[0].upper() if variant else "DOCUMENTATION")
        options |= set((yaml.safe_load(text) or {}).get("options") or {})
    assert options == set(spec.argument_spec)


def test_only_one_file_knows_the_insides_of_ansible() -> None:
    pattern = re.compile(r"_no_log_values|_compute_environment_string|get_module_encoder|_execute_module")
    users = {path.name for path in PLUGINS.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))}
    assert users == {"_in_process.py"}


#: What the floors of scripts/structure.py import from outside: the lowest two know neither SDKs nor Ansible.
NO_ANSIBLE = ("_foundation", "_domain", "_azure", "_kubernetes")
NO_SDK = {"_foundation": ("azure", "msal"), "_domain": ("azure", "kubernetes", "msal", "requests", "urllib3")}


def _imports(path: Path) -> list[str]:
    """Return the full names of everything that a file imports, wherever the import stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _files_of(room: str) -> list[Path]:
    return sorted((PLUGINS / "module_utils" / room).rglob("*.py"))


def _types_made(node: ast.stmt) -> list[str]:
    """Return the type that a statement makes: a class, or the name of another type (`Kind = Literal[...]`)."""
    if isinstance(node, ast.ClassDef):
        return [node.name.lstrip("_")]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in names if re.fullmatch(r"[A-Z][a-z]\w*", name)]


def test_one_name_stands_for_one_thing() -> None:
    homes: dict[str, set[str]] = {}
    for path in sorted((PLUGINS / "module_utils").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for name in _types_made(node):
                homes.setdefault(name, set()).add(str(path.relative_to(PLUGINS)))
    assert {"OptionKind", "ModeId"} <= homes.keys()
    assert {name: sorted(files) for name, files in homes.items() if len(files) > 1} == {}


#: What one file decides or builds for all the others: a part of a text -> that file.
SAID_ONCE = {
    r"^(succeeded|canceled|deleting|stopped)$": "_foundation/states.py",
    r"Microsoft\.KubernetesConfiguration/extensions": "_domain/names.py",
}


@pytest.mark.parametrize(("pattern", "home"), SAID_ONCE.items())
def test_what_is_decided_once_is_written_once(pattern: str, home: str) -> None:
    homes = {
        path.relative_to(PLUGINS / "module_utils").as_posix()
        for path in (PLUGINS / "module_utils").rglob("*.py")
        for text in _texts_of(path)
        if re.search(pattern, text)
    }
    assert homes == {home}


def test_a_core_imports_no_other_core() -> None:
    cores = {f"{PACKAGE}.module_utils._core.{name}" for name in MODULES}
    offences = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in _files_of("_core")
        for name in _imports(path)
        if any(name == core or name.startswith(f"{core}.") for core in cores)
    ]
    assert offences == []


def test_the_floors_below_the_modules_know_no_ansible_and_the_domain_no_sdk() -> None:
    offences = [
        f"{path.relative_to(ROOT)}: {name}"
        for room in NO_ANSIBLE
        for path in _files_of(room)
        for name in _imports(path)
        if name.split(".")[0] in ("ansible", *NO_SDK.get(room, ()))
    ]
    assert offences == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_its_argument_specs(role: str) -> None:
    specs = _load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    assert specs["main"]["short_description"]
    assert (ROOT / "roles" / role / "tasks" / "main.yml").exists()


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_composes_roles(playbook: str) -> None:
    for play in _load(ROOT / "playbooks" / playbook):
        assert play["name"], "every play says what it does"
        assert "any_errors_fatal" not in play, "a failing cluster must not stop the others"


def test_requirements_have_lower_bounds_only() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needs = [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]
    assert needs
    assert [need for need in needs if not re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", need)] == []


def test_no_ignore_file_hides_findings() -> None:
    assert list((ROOT / "tests").glob("sanity/ignore*")) == []
    assert not (ROOT / ".ansible-lint-ignore").exists()


def test_the_archive_holds_nothing_that_only_a_checkout_can_use() -> None:
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    tests = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if path.name != "__pycache__"}
    kept = {path for path in tests if not any(fnmatch.fnmatch(path, pattern) for pattern in ignored)}
    assert kept == {"tests/config.yml"}
    assert {"scripts", "extensions", "aml-report", "Makefile", "pyproject.toml"} <= set(ignored)
