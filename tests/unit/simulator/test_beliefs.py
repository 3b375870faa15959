# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of beliefs, and that every behaviour of the simulator states its source or its belief."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.simulator.arm.router import Route
from tests.simulator.arm.service import ROUTES
from tests.simulator.foundation.beliefs import Belief, Beliefs, UnknownBeliefError, every_belief, other_answers
from tests.simulator.state.scenario import ScenarioError, parse_scenario

TESTS = Path(__file__).resolve().parents[2]
SIMULATOR = TESTS / "simulator"
STATED = re.compile(r"^\s*(?P<kind>Source|Belief): (?P<text>\S.*)$", re.MULTILINE)
SIMULATED = {identifier: belief for identifier, belief in every_belief().items() if belief.not_simulated is None}

#: Modules without a behaviour of the services: they carry, store, route, start or count.
MACHINERY = {
    "__init__.py",
    "__main__.py",
    "app.py",
    "arm/__init__.py",
    "arm/common.py",
    "arm/router.py",
    "chart/__init__.py",
    "chart/cluster.py",
    "clusters.py",
    "contents/__init__.py",
    "control/__init__.py",
    "control/effects.py",
    "control/faults.py",
    "control/log.py",
    "control/service.py",
    "control/state.py",
    "foundation/__init__.py",
    "foundation/beliefs.py",
    "foundation/clock.py",
    "foundation/cluster_api.py",
    "foundation/real_cluster.py",
    "identity/__init__.py",
    "server.py",
    "state/__init__.py",
    "state/answers.py",
    "state/operations.py",
    "state/scenario.py",
    "tls.py",
}
#: Each behaviour of these states its own source; of the other modules the docstring of the module or its package does.
BY_FUNCTION = ("arm/", "chart/", "contents/", "foundation/", "identity/", "state/")


def modules() -> list[str]:
    found = (str(path.relative_to(SIMULATOR)) for path in SIMULATOR.rglob("*.py"))
    return sorted(name for name in found if name not in MACHINERY)


def stated(doc: str | None) -> list[str]:
    return [match["kind"] for match in STATED.finditer(doc or "")]


def docstring(name: str) -> str:
    return ast.get_docstring(ast.parse((SIMULATOR / name).read_text(encoding="utf-8"))) or ""


@cache
def asked() -> list[tuple[str, str, set[str]]]:
    """Every place where code asks for an answer: whom it asks, the id, and all texts that occur in the file."""
    return list(_asked())


@cache
def texts_of_tests() -> list[str]:
    paths = [path for path in (*TESTS.rglob("*.py"), *TESTS.rglob("*.yml")) if path.name != "beliefs.yml"]
    return [path.read_text(encoding="utf-8") for path in paths]


def _asked() -> Iterator[tuple[str, str, set[str]]]:
    for path in SIMULATOR.rglob("*.py"):
        if path.name == "beliefs.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("beliefs.answer"):
                (argument,) = node.args
                assert isinstance(argument, ast.Constant), f"{path}: the id of a belief must be a literal"
                yield ast.unparse(node.func), str(argument.value), texts


def test_what_is_listed_as_machinery_is_there() -> None:
    assert [name for name in sorted(MACHINERY) if not (SIMULATOR / name).is_file()] == []


def test_the_file_has_the_form_of_a_list_of_beliefs() -> None:
    for identifier, belief in every_belief().items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", identifier), identifier
        for answer in belief.answers:
            assert re.fullmatch(r"[a-z][a-z0-9-]*", answer), f"{identifier}: {answer}"
    with pytest.raises(ValidationError, match="the default 'z' is none of the answers a, b"):
        Belief(question="?", command="az", origin="-", collection="-", default="z", answers={"a": "A", "b": "B"})


def test_every_belief_that_code_asks_for_is_in_the_list() -> None:
    assert {each[1] for each in asked()} <= set(every_belief())


def test_code_asks_for_every_belief_that_is_not_marked_as_not_simulated() -> None:
    assert {each[1] for each in asked()} == set(SIMULATED)


def test_code_asks_the_fleet_for_what_is_believed_of_the_fleet() -> None:
    for asks, identifier, _unused in asked():
        assert (asks == "fleet.beliefs.answer") == (every_belief()[identifier].of == "fleet"), identifier


@pytest.mark.parametrize("identifier", list(SIMULATED))
def test_code_tells_every_answer_apart(identifier: str) -> None:
    texts = {text for _unused, name, found in asked() if name == identifier for text in found}
    missing = set(SIMULATED[identifier].answers) - texts
    assert len(missing) <= 1, f"no code depends on {missing}"


@pytest.mark.parametrize(("identifier", "answer"), list(other_answers()))
def test_every_answer_but_the_default_is_the_subject_of_a_test(identifier: str, answer: str) -> None:
    wanted = re.compile(rf"[\"']?{identifier}[\"']?\s*[:,]\s*[\"']?{answer}\b")
    assert any(wanted.search(text) for text in texts_of_tests())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_states_its_source_or_belief(route: Route) -> None:
    assert stated(route.handler.__doc__)


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith(BY_FUNCTION)])
def test_every_public_function_states_its_source_or_belief(name: str) -> None:
    module = importlib.import_module("tests.simulator." + name.removesuffix(".py").replace("/", "."))
    functions = [
        function
        for function_name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not function_name.startswith("_")
    ]
    silent = [function.__name__ for function in functions if not stated(function.__doc__)]
    assert silent == [] or stated(module.__doc__), silent


@pytest.mark.parametrize("name", [name for name in modules() if not name.startswith(BY_FUNCTION)])
def test_every_other_module_or_its_package_states_a_source_or_belief(name: str) -> None:
    packages = [str(folder / "__init__.py") for folder in Path(name).parents]
    assert any(stated(docstring(file)) for file in (name, *packages)), name


def test_beliefs_that_docstrings_state_are_in_the_list() -> None:
    for path in SIMULATOR.rglob("*.py"):
        for match in STATED.finditer(path.read_text(encoding="utf-8")):
            if match["kind"] == "Belief":
                assert match["text"].rstrip('."') in every_belief(), f"{path}: {match['text']}"


def test_a_scenario_chooses_answers_by_name() -> None:
    assert Beliefs().answer("missing-compute") == "empty"
    with pytest.raises(UnknownBeliefError, match="there is no belief 'moon'"):
        Beliefs().answer("moon")


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ({"moon": "cheese"}, "there is no belief 'moon'"),
        ({"installation-without-agents": "refused"}, "no behaviour depends on the belief"),
    ],
)
def test_a_scenario_with_an_unknown_belief_or_answer_is_refused(chosen: dict[str, str], text: str) -> None:
    with pytest.raises(ScenarioError, match=text):
        parse_scenario({"beliefs": chosen}, "fleet.yml")


def test_a_belief_of_the_fleet_cannot_be_chosen_for_a_cluster() -> None:
    cluster = {"name": "aks", "resource_group": "rg"}
    parse_scenario({"clusters": [{**cluster, "beliefs": {"front-end-gone": "refused"}}]})
    wide = next(identifier for identifier, belief in SIMULATED.items() if belief.of == "fleet")
    beliefs = {wide: SIMULATED[wide].default}
    with pytest.raises(ScenarioError, match="is one of the whole fleet"):
        parse_scenario({"clusters": [{**cluster, "beliefs": beliefs}]})
