# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counts of `make measure`, on a small tree in which everything is wrong once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scripts import structure

OURS = "ansible_collections.azureml.fleet.plugins.module_utils"
TREE = {
    "_domain/rules.py": f"from {OURS}._azure import client\n",  # up
    "_domain/plain.py": "import json\n",
    "_domain/host/settings.py": f"from {OURS}._domain.plain import thing\nfrom {OURS}._domain.run import plan\n",  # up
    "_domain/run/plan.py": f"from {OURS}._domain.plain import thing\n",
    "_azure/client.py": f"from {OURS}._domain.plain import thing\nfrom {OURS}._kubernetes.api import call\n",  # across
    "_kubernetes/api.py": f"def late():\n    from {OURS}._domain import rules\n",
    "_core/module.py": f"import {OURS}._azure.client\nfrom {OURS}._core.other import x\n",
    "_core/other.py": f"from {OURS}._core import module\n",
    "_stray.py": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with the files of TREE."""
    for name, text in TREE.items():
        path = tmp_path / "plugins" / "module_utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def short(name: str) -> str:
    return name.removeprefix("plugins/module_utils/")


def test_imports_are_found_however_they_are_written(tree: Path) -> None:
    found = {(short(each.origin), short(each.target)) for each in structure.imports(tree, ["plugins"])}
    assert found == {
        ("_domain/rules.py", "_azure/client.py"),
        ("_domain/host/settings.py", "_domain/plain.py"),
        ("_domain/host/settings.py", "_domain/run/plan.py"),
        ("_domain/run/plan.py", "_domain/plain.py"),
        ("_azure/client.py", "_domain/plain.py"),
        ("_azure/client.py", "_kubernetes/api.py"),
        ("_kubernetes/api.py", "_domain/rules.py"),
        ("_core/module.py", "_azure/client.py"),
        ("_core/module.py", "_core/other.py"),
        ("_core/other.py", "_core/module.py"),
    }


def test_imports_up_and_across_are_told(tree: Path) -> None:
    wrong = structure.upward(structure.imports(tree, ["plugins"]))
    assert [(short(each.origin), each.line, short(each.target)) for each in wrong] == [
        ("_azure/client.py", 2, "_kubernetes/api.py"),
        ("_domain/host/settings.py", 2, "_domain/run/plan.py"),
        ("_domain/rules.py", 1, "_azure/client.py"),
    ]
    assert structure.homeless(tree) == ["plugins/module_utils/_stray.py"]


def test_circles_are_told_once_each(tree: Path) -> None:
    found = structure.imports(tree, ["plugins"])
    files = structure.circles([(each.origin, each.target) for each in found])
    assert [[short(name) for name in circle] for circle in files] == [
        ["_azure/client.py", "_domain/rules.py", "_kubernetes/api.py"],
        ["_core/module.py", "_core/other.py"],
    ]
    rooms = structure.circles({each.rooms for each in found})
    assert [[short(name) for name in circle] for circle in rooms] == [["_azure", "_domain", "_kubernetes"]]


@pytest.mark.parametrize(
    ("signature", "typed"),
    [
        ("def f(a: int, *b: int, **c: int) -> None", True),
        ("def f(self) -> None", True),
        ("def f(a) -> None", False),
        ("def f(a: int)", False),
        ("async def f(*, a) -> None", False),
    ],
)
def test_typed_signatures_are_counted(signature: str, typed: bool) -> None:
    function = ast.parse(f"{signature}: ...").body[0]
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    assert structure.is_typed(function) is typed


def test_any_is_found_at_any_depth() -> None:
    code = "a: Any = 1\ndef f(b: dict[str, list[Any]], c: int) -> tuple[Any, ...]: ...\nd = e = Any\n"
    found = [structure.says_any(each) for each in structure.all_annotations(ast.parse(code))]
    assert sorted(found) == [False, True, True, True]


def test_blocks_of_more_than_ten_lines_are_duplicates(tmp_path: Path) -> None:
    for name, lines in (("long", 11), ("longer", 11), ("short", 10), ("shorter", 10)):
        block = "\n".join(f"value_{name[:4]}_{number} = {number}" for number in range(lines))
        (tmp_path / f"{name}.py").write_text(f"first = '{name}'\n{block}\n", encoding="utf-8")
    found = structure.duplicates(tmp_path, sorted(tmp_path.glob("*.py")))
    assert len(found) == 1
    assert found[0].startswith("11 lines: long.py")


def test_what_is_generated_into_a_file_is_no_duplicate(tmp_path: Path) -> None:
    block = "\n".join(f"    field_{number}: {number}" for number in range(20))
    for name, comment in (("one", "  # generated from Facts"), ("two", "  # generated from Facts"), ("three", "")):
        text = f'name = "{name}"\nwords = """\n  contains:{comment}\n{block}\nlast: {name}\n"""\n'
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    paths = sorted(tmp_path.glob("*.py"))
    assert structure.duplicates(tmp_path, paths) == []
    (tmp_path / "two.py").write_text((tmp_path / "three.py").read_text(encoding="utf-8"), encoding="utf-8")
    assert len(structure.duplicates(tmp_path, paths)) == 1


#: An exemption of a linter or of the type checker with nothing behind it.
BARE = re.compile(r"# (type: ignore(\[[\w, -]*\])?|noqa(: [\w, ]*?\d)?)\s*$", re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("x  # type: ignore[misc]", True),
        ("x  # type: ignore[misc]  # why", False),
        ("x  # noqa: S310", True),
        ("x  # noqa: S310  https only", False),
        ("x  # noqa", True),
    ],
)
def test_an_exemption_without_a_reason_is_found(line: str, *, bare: bool) -> None:
    assert bool(BARE.search(line)) is bare


def test_every_exemption_says_why() -> None:
    paths = [path for folder in ("plugins", "scripts", "tests") for path in (structure.ROOT / folder).rglob("*.py")]
    bare = [
        f"{path.relative_to(structure.ROOT)}: {line.strip()}"
        for path in paths
        if not path.is_relative_to(structure.ROOT / "tests" / "simulator")
        for line in path.read_text(encoding="utf-8").splitlines()
        if BARE.search(line)
    ]
    assert bare == []


def test_the_collection_s_imports_point_downwards() -> None:
    assert structure.upward(structure.imports(structure.ROOT, ["plugins"])) == []


def test_every_file_of_the_collection_stands_on_a_floor() -> None:
    assert structure.homeless(structure.ROOT) == []


@pytest.mark.parametrize("group", structure.GROUPS)
def test_no_room_and_no_file_is_in_a_circle(group: str) -> None:
    found = structure.imports(structure.ROOT, structure.GROUPS[group])
    assert structure.circles({each.rooms for each in found}) == []
    assert structure.circles([(each.origin, each.target) for each in found]) == []


def test_every_room_of_the_domain_has_a_floor_of_its_own() -> None:
    domain = structure.ROOT / "plugins" / "module_utils" / "_domain"
    rooms = {path.parent.relative_to(structure.ROOT / "plugins").as_posix() for path in domain.rglob("*.py")}
    assert rooms == {each for floor in structure.FLOORS for each in floor if "_domain" in each}
