# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole upgrade under every answer to what nobody could check of a cluster (docs/beliefs.md).

One fleet has a cluster for each answer that is not the default, and each cluster is such that the answer matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.real_fleet import SYSTEM_POOL, cluster, inventory, scenario
from tests.integration.harness import Ansible, AnsibleRun, Simulator
from tests.simulator.foundation.beliefs import every_belief, other_answers

pytestmark = pytest.mark.slow

#: The clusters by their names: belief and answer.
ANSWERS = {
    f"{belief}-{answer}": (belief, answer)
    for belief, answer in other_answers()
    if every_belief()[belief].of == "cluster"
}
#: What a cluster must be like for the belief to matter.
CLUSTERS: dict[str, dict[str, Any]] = {
    "attach-without-local-accounts": {"entra": True, "local_accounts": False},
    "front-end-gone": {"front_end": "absent", "v1_services": [], "legacy_computes": []},
    "front-end-of-version-1": {"front_end": "v1"},
}
#: What a host must ask for.
HOSTS: dict[str, dict[str, Any]] = {
    "device-plugin-namespace": {"aml_install_nvidia_device_plugin": True},
    "service-type-setting": {"aml_inference_router_service_type": "NodePort"},
}
INFERENCE = ("aml_enable_inference", "aml_inference_router_service_type", "aml_allow_insecure_connections")
#: Where the answer makes the upgrade impossible: a part of the message that says so.
IMPOSSIBLE = {
    "attach-without-local-accounts-admin-credential": "set to disable local accounts",
    "front-end-of-version-1-taken-over": "[front-end-outdated]",
    "front-end-takeover-setting-namespace": "Helm installation failed",
    # An installation for training leaves azureml-fe alone; the message names the variable that asks for the annotation.
    "front-end-without-inference-checked": "aml_enable_upgrade: true",
}
POSSIBLE = [name for name in ANSWERS if name not in IMPOSSIBLE]


@dataclass(frozen=True)
class Runs:
    """The upgrade, and the upgrade again."""

    first: AnsibleRun
    second: AnsibleRun


def failures(run: AnsibleRun, host: str) -> list[str]:
    return [str(each.result.get("msg")) for each in run.tasks if each.host == host and each.status == "failed"]


def changed(run: AnsibleRun, host: str) -> list[str]:
    return [each.task for each in run.tasks if each.host == host and each.result.get("changed")]


@pytest.fixture(scope="module")
def runs(module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    clusters = [
        {**cluster(name, pools=[SYSTEM_POOL]), **CLUSTERS.get(belief, {}), "beliefs": {belief: answer}}
        for name, (belief, answer) in ANSWERS.items()
    ]
    reports = tmp_path_factory.mktemp("reports")
    with Simulator(scenario(*clusters)) as simulator:
        found = inventory(simulator, aml_instance_types=[], aml_report_directory=str(reports))
        shared, hosts = found["all"]["vars"], found["all"]["hosts"]
        for number, (name, (belief, _unused)) in enumerate(ANSWERS.items()):
            hosts[name] |= {"aml_compute_name": f"k8s{number}", **HOSTS.get(belief, {})}
        # A host cannot take back what its group says: so these are said host by host.
        inference = {variable: shared.pop(variable) for variable in INFERENCE}
        for name, variables in hosts.items():
            training_only = name.startswith("front-end-without-inference")
            hosts[name] = variables if training_only else {**inference, **variables}
        first, second = (
            module_ansible("azureml.fleet.upgrade", inventory=found, environment=simulator.environment)
            for _unused in "12"
        )
        yield Runs(first, second)


def test_every_answer_has_a_cluster() -> None:
    assert set(IMPOSSIBLE) <= set(ANSWERS)
    assert len(ANSWERS) >= 15


@pytest.mark.parametrize("name", POSSIBLE)
def test_the_upgrade_survives_the_answer_and_is_done_after_one_run(runs: Runs, name: str) -> None:
    assert failures(runs.first, name) == []
    assert changed(runs.first, name)
    assert failures(runs.second, name) == []
    assert changed(runs.second, name) == []


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_where_the_answer_makes_it_impossible_the_message_says_so(runs: Runs, name: str) -> None:
    assert any(IMPOSSIBLE[name] in message for message in failures(runs.first, name))
