# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulator is built: no circles, an ARM half without Kubernetes, nothing that looks through the seam."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SIMULATOR = ROOT / "tests" / "simulator"
LONGEST_FUNCTION = 50


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


TREES = {_name(path): ast.parse(path.read_text("utf-8")) for path in SIMULATOR.rglob("*.py")}


def _imports(tree: ast.Module) -> Iterator[str]:
    """The simulator's modules that a module imports anywhere, for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in TREES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in TREES or node.module in TREES:
                    yield inner if inner in TREES else node.module


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_imports_make_no_circle() -> None:
    graph = {name: set(_imports(tree)) - {name} for name, tree in TREES.items()}
    assert circle(graph) == []


def test_a_circle_is_seen() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


def test_the_arm_half_knows_nothing_of_kubernetes() -> None:
    rooms = ("arm", "identity", "control", "chart")
    offences = [
        f"{name}: {imported}"
        for name, tree in TREES.items()
        if name.split(".")[2:3] and name.split(".")[2] in rooms
        for imported in _imports(tree)
        if imported.startswith("tests.simulator.kubernetes")
    ]
    assert offences == []


def _stands_before_the_seam(name: str) -> bool:
    """Whether a module sees a cluster through `ClusterApi` only; behind it, `getattr` asks libraries."""
    return not name.startswith("tests.simulator.kubernetes")


def _asks_with_default(call: ast.Call) -> bool:
    """Whether a call is `getattr(thing, name, default)`, which asks what the thing is."""
    return isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) == 3


def test_nothing_looks_through_the_seam() -> None:
    asked = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "hasattr" or (_stands_before_the_seam(name) and _asks_with_default(node))
    ]
    assert asked == []


@pytest.mark.parametrize("room", ["kubernetes", "control"])
def test_functions_are_short(room: str) -> None:
    long = [
        f"{name}.{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for name, tree in TREES.items()
        if name.startswith(f"tests.simulator.{room}")
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None
        if node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []
