# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-process shell under real `ansible-playbook` processes: where it runs a core, and that nobody can tell."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import COLLECTIONS, Ansible, AnsibleRun, TaskResult
from tests.integration.probe import write_probe_collection

PROBE = "fleet_test.probe.probe"
SECRET = "kubeconfig-token-42"  # a made-up secret that must not appear anywhere
#: A secret that the core learns at run time; the probe is given it backwards, so that no argument holds it.
FETCHED = "server-token-77"


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Return a runner that finds the throw-away collection beside ours."""
    tree = write_probe_collection(tmp_path_factory.mktemp("probe"))
    return Ansible(tmp_path_factory.mktemp("ansible"), collections=(COLLECTIONS, tree))


def play(*tasks: Mapping[str, Any], **keywords: Any) -> list[dict[str, Any]]:
    """Return one play on localhost that runs as the collection's own plays do."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    variables |= keywords.pop("vars", {})
    return [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": list(tasks), **keywords}]


def task(name: str, arguments: Mapping[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    """Return a task that runs the probe."""
    return {"name": name, PROBE: {"name": "x", **(arguments or {})}, **keywords}


def process_of(run: AnsibleRun, name: str) -> str:
    """Return where the task ran: in the worker, or as a module."""
    return str(run.of(name).result["process"])


def test_ordinary_tasks_run_in_the_worker(probe: Ansible) -> None:
    run = probe(
        play(
            task("plain"),
            task("delegated", delegate_to="localhost"),
            task("empty environment", environment="{{ {} }}"),
            task("asked for", vars={"aml_in_process": True}),
            task("automatic interpreter", vars={"ansible_python_interpreter": "auto_silent"}),
        )
    ).check()
    assert {each.result["process"] for each in run.tasks} == {"worker"}


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        ({"async": 60, "poll": 1}, "asynchronous"),
        ({"connection": "fleet_test.probe.elsewhere"}, "does not run on the controller"),
        ({"become": True, "become_user": getpass.getuser()}, "becomes another user"),
        ({"environment": {"SOMETHING": "else"}}, "environment of its own"),
        ({"vars": {"aml_in_process": False}}, "aml_in_process is false"),
        ({"vars": {"aml_in_process": "{{ 1 > 2 }}"}}, "aml_in_process is false"),
    ],
    ids=["async", "elsewhere", "become", "environment", "switched-off", "switched-off-by-template"],
)
def test_task_that_needs_a_process_runs_as_a_module(probe: Ansible, keywords: dict[str, Any], reason: str) -> None:
    variables = {"ansible_connection": keywords.pop("connection")} if "connection" in keywords else {}
    keywords["vars"] = keywords.get("vars", {}) | variables
    run = probe(play(task("probe", **keywords)), arguments=["-vvv"]).check()
    finished = [each for each in run.tasks if "process" in each.result]
    assert [each.result["process"] for each in finished] == ["module"]
    assert reason in run.stdout


def test_other_interpreter_runs_as_a_module(probe: Ansible, tmp_path: Path) -> None:
    other = tmp_path / "python-of-another-name"
    other.symlink_to(sys.executable)
    run = probe(
        play(
            task("own", vars={"ansible_python_interpreter": sys.executable}),
            task("other", vars={"ansible_python_interpreter": str(other)}),
        )
    ).check()
    assert process_of(run, "own") == "worker"
    assert process_of(run, "other") == "module"


def test_loop_decides_for_each_delegated_item(probe: Ansible, tmp_path: Path) -> None:
    other = tmp_path / "python-of-another-name"
    other.symlink_to(sys.executable)
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    there = {"ansible_connection": "local", "ansible_python_interpreter": str(other)}
    inventory = {"all": {"hosts": {"origin": here, "near": here, "far": there}}}
    plays = [
        {
            "hosts": "origin",
            "gather_facts": False,
            "tasks": [task("delegated", delegate_to="{{ item }}", loop=["near", "far", "near"])],
        }
    ]
    run = probe(plays, inventory=inventory).check()
    items = [each.result["process"] for each in run.tasks if each.item]
    assert items == ["worker", "module", "worker"]


def test_kept_remote_files_need_a_module(probe: Ansible) -> None:
    run = probe(play(task("probe")), environment={"ANSIBLE_KEEP_REMOTE_FILES": "1"}, arguments=["-vvv"])
    assert process_of(run.check(), "probe") == "module"
    assert "remote files are to be kept" in run.stdout


@pytest.mark.parametrize("in_process", [True, False], ids=["worker", "module"])
def test_relative_path_begins_where_the_run_was_started(probe: Ansible, tmp_path: Path, in_process: bool) -> None:
    elsewhere = tmp_path / "playbook.yml"
    writes = task("probe", {"counter": "written", "behave": "fail_twice"}, ignore_errors=True)
    elsewhere.write_text(json.dumps(play(writes)), encoding="utf-8")
    run = probe(elsewhere, variables={"aml_in_process": in_process}).check()
    assert process_of(run, "probe") == ("worker" if in_process else "module")
    started_in = Path(run.command[-1].removeprefix("@")).parent
    assert (started_in / "written").exists()
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize("by", ["option", "variable"])
@pytest.mark.parametrize("in_process", [True, False], ids=["worker", "module"])
def test_relative_kubeconfig_begins_where_the_run_was_started(tmp_path: Path, in_process: bool, by: str) -> None:
    """Also behind the second kubeconfig of a list; the server in it cannot be reached, and is named."""
    run_from, elsewhere = tmp_path / "from", tmp_path / "project"
    run_from.mkdir()
    elsewhere.mkdir()
    asks = {
        "azureml.fleet.aml_namespace": {
            "name": "x",
            **({"kubeconfig": "../first.config:../kube.config"} if by == "option" else {}),
        },
        "ignore_errors": True,
        "name": "asks",
    }
    (elsewhere / "playbook.yml").write_text(json.dumps(play(asks)), encoding="utf-8")
    ansible = Ansible(run_from)
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://unreachable.invalid"}}],
    }
    for folder, content in ((run_from, config), (elsewhere.parent, {**config, "current-context": "of-the-project"})):
        (folder / "kube.config").write_text(json.dumps(content), encoding="utf-8")
        (folder / "first.config").write_text("{kind: Config}", encoding="utf-8")
    environment = {"K8S_AUTH_KUBECONFIG": "../kube.config"} if by == "variable" else {}
    variables = {"aml_in_process": in_process}
    run = ansible(elsewhere / "playbook.yml", variables=variables, environment=environment).check()
    assert "unreachable.invalid" in run.of("asks").result["msg"]


def test_missing_library_is_left_to_the_module(probe: Ansible) -> None:
    without = {"name": "probe", "fleet_test.probe.probe_without_library": {"name": "x"}}
    run = probe(play(without), arguments=["-vvv"]).check()
    assert process_of(run, "probe") == "module"
    assert "an-sdk cannot be imported here" in run.stdout


PARITY: dict[str, dict[str, Any]] = {
    "well": {"name": "new", "count": "3", "settings": {"a": 1, "day": "2026-01-01"}},
    "nothing to do": {"name": "old", "found": "", "behave": "well"},
    "alias": {"name": None, "label": "new"},
    "unsupported option": {"name": "new", "nmae": "typo"},
    "missing option": {"name": None},
    "wrong type": {"name": "new", "count": "many"},
    "failure": {"behave": "fail", "found": SECRET},
    "warnings": {"behave": "warn", "found": SECRET},
    "half of a pair": {"left": "glove"},
    "deprecated option": {"old": "value"},
    "secret argument": {"token": SECRET, "name": f"name-{SECRET}"},
}


def _comparable(result: TaskResult) -> dict[str, Any]:
    """Return what a playbook can see, without the three differences that are meant."""
    meant = {"process", "invocation", "exception", "ansible_facts"}
    kept = {key: value for key, value in result.result.items() if key not in meant}
    if "deprecations" in kept:
        kept["deprecations"] = [
            {key: value for key, value in dict(each).items() if value is not None} for each in kept["deprecations"]
        ]
    return {"status": result.status, **kept}


@pytest.mark.parametrize("mode", ["real", "check"])
def test_results_are_the_same_both_ways(probe: Ansible, mode: str) -> None:
    tasks = []
    for name, arguments in PARITY.items():
        given = {key: value for key, value in {"name": "x", **arguments}.items() if value is not None}
        tasks.append({"name": name, PROBE: given, "ignore_errors": True})
    runs = [
        probe(play(*tasks), variables={"aml_in_process": choice}, check=mode == "check", diff=True).check()
        for choice in (True, False)
    ]
    for name in PARITY:
        here, module = (_comparable(run.of(name)) for run in runs)
        assert here == module, name
    assert process_of(runs[0], "well") == "worker"
    assert process_of(runs[1], "well") == "module"


def test_core_sees_plain_values(probe: Ansible) -> None:
    run = probe(play(task("probe", {"settings": {"when": "2026-01-01", "list": [1, True, None]}}))).check()
    result = run.of("probe").result
    assert result["settings"] == {"when": "2026-01-01", "list": [1, True, None]}
    assert result["seen"]["settings"] == "dict"
    assert result["seen"]["name"] == "str"


def test_secrets_appear_nowhere(probe: Ansible) -> None:
    arguments = {"token": "{{ given }}", "found": "{{ fetched | reverse }}", "settings": {"a": "{{ given }}"}}
    run = probe(
        play(
            task("works", arguments, register="result"),
            {"name": "show", "ansible.builtin.debug": {"var": "result"}},
            task("fails", {**arguments, "behave": "fail"}, ignore_errors=True, register="result"),
            {"name": "show failure", "ansible.builtin.debug": {"var": "result"}},
            task("raises", {**arguments, "behave": "raise"}, ignore_errors=True),
            task("warns", {**arguments, "behave": "warn"}),
            task("unsupported", {**arguments, "nmae": "typo"}, ignore_errors=True),
        ),
        variables={"given": SECRET, "fetched": FETCHED},
        diff=True,
        arguments=["-vvvvv"],
    ).check()
    shown = run.stdout + run.stderr + str([each.result for each in run.tasks])
    assert SECRET not in shown
    assert FETCHED not in shown
    assert "invocation" not in run.of("works").result
    assert run.of("fails").result["reason"] == "asked"


def test_failure_is_retried_by_until(probe: Ansible, tmp_path: Path) -> None:
    arguments = {"behave": "fail_twice", "counter": str(tmp_path / "attempts")}
    run = probe(
        play(task("probe", arguments, register="result", until="result is succeeded", retries=5, delay=0))
    ).check()
    assert run.of("probe").result["attempts"] == 3


def test_failed_when_can_accept_a_failure(probe: Ansible) -> None:
    accepted = task("probe", {"behave": "fail"}, register="result", failed_when="'could not' not in result.msg")
    run = probe(play(accepted)).check()
    assert run.of("probe").status == "ok"


def test_loop_of_three_items_gives_three_results_of_their_own(probe: Ansible) -> None:
    looped = task("probe", {"name": "{{ item }}", "found": "{{ item }}"}, loop=["a1", "b2", "c3"])
    run = probe(play(looped)).check()
    assert [each.result["name"] for each in run.tasks if each.item] == ["a1", "b2", "c3"]


@pytest.mark.parametrize("behave", ["exit", "raise"])
def test_core_that_breaks_its_promise_fails_one_task_only(probe: Ansible, behave: str) -> None:
    run = probe(
        play(task("breaks", {"behave": behave, "found": FETCHED[::-1]}, ignore_errors=True), task("goes on"))
    ).check()
    broken = run.of("breaks")
    assert broken.status == "ignored"
    assert ("exit status 7" if behave == "exit" else "ValueError: unexpected") in broken.result["msg"]
    assert FETCHED not in str(broken.result) + run.stdout
    assert process_of(run, "goes on") == "worker"


def test_task_timeout_ends_a_core(probe: Ansible) -> None:
    run = probe(play(task("slow", {"behave": "sleep"}, timeout=2)), timeout=50).check(rc=2)
    assert "tim" in run.of("slow").result["msg"].lower()


def test_printing_core_does_not_disturb_the_terminal(probe: Ansible) -> None:
    run = probe(play(task("probe", {"behave": "print"}))).check()
    assert "chatter" not in run.stdout + run.stderr


def test_core_cannot_set_keys_that_ansible_trusts(probe: Ansible) -> None:
    run = probe(play(task("probe", {"behave": "trust"}))).check()
    result = run.of("probe").result
    assert "_ansible_verbose_always" not in result
    assert result["template"] == "{{ 40 + 2 }}"
    assert result["nothing"] is None


def test_module_defaults_reach_the_core(probe: Ansible) -> None:
    defaults = {PROBE: {"settings": {"from": "defaults"}}}
    run = probe(play(task("probe"), module_defaults=defaults)).check()
    assert run.of("probe").result["settings"] == {"from": "defaults"}


def test_no_log_of_the_task_is_left_to_ansible(probe: Ansible) -> None:
    run = probe(play(task("probe", no_log=True))).check()
    assert "censored" in run.of("probe").result
