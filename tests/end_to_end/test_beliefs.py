# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole upgrade under every answer to what nobody could check (docs/beliefs.md), and the upgrade again.

One fleet has a cluster for each answer about a cluster that is not the default, and each cluster is such that the
answer matters. What is believed of the whole fleet is answered otherwise in two more fleets. The defaults hold in every
other test. An answer that is in none of the three stands in `NOT_IN_AN_UPGRADE`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import trustme

from tests.end_to_end.real_fleet import GPU_POOL, SYSTEM_POOL, cluster, inventory, scenario
from tests.integration.harness import Ansible, AnsibleRun, Simulator, is_writing
from tests.simulator.foundation.beliefs import every_belief

pytestmark = pytest.mark.slow

#: Beliefs that no upgrade depends on, whatever the answer, and why.
NOT_IN_AN_UPGRADE = {
    "busy-extension-delete": "No playbook deletes an extension; tests/integration/targets/aml_extension does.",
    "detach-of-a-used-compute": "No playbook detaches a compute; tests/…/simulator/test_beliefs_of_services.py does.",
    "front-end-with-the-extension-deleted": "No playbook deletes an extension; tests/…/_core/test_deletion.py.",
    "installation-without-agents": "Preflight blocks such a cluster before anything is written: test_remedies.py.",
}
#: Beliefs whose default answer needs a cluster such as no other test upgrades.
BOTH_WAYS = ("compute-cleared-by-omission",)
#: The clusters by their names: belief and answer.
ANSWERS = {
    f"{name}-{answer}": (name, answer)
    for name, belief in every_belief().items()
    for answer in belief.answers
    if belief.of == "cluster" and name not in NOT_IN_AN_UPGRADE and (answer != belief.default or name in BOTH_WAYS)
}
#: The answers that hold for the clusters of a fleet, by the name of the fleet.
WIDE: dict[str, dict[str, str]] = {
    "wide": {
        "api-versions-in-sovereign-clouds": "older",
        "legacy-compute-body": "bare",
        "missing-compute": "text",
        "next-link-host": "relative",
    },
    "regional": {"next-link-host": "regional"},
}
#: More computes than one page of the list has.
MANY = [{"workspace": "ml-west", "name": f"other{number}", "namespace": "default"} for number in range(60)]
INSTALLED = {"name": "azureml"}
#: An installation that an older client made.
OLDER = dict.fromkeys(("nginxIngress.enabled", "relayserver.enabled", "servicebus.enabled"))
CNAME = "ml.example.com"
PEM = {"pem_files_for": CNAME}


def pool(**changes: Any) -> list[dict[str, Any]]:
    """The pools of a cluster, of which one is to be labelled."""
    return [SYSTEM_POOL, {**GPU_POOL, **changes}]


#: What a cluster must be like for the belief to matter.
CLUSTERS: dict[str, dict[str, Any]] = {
    "attach-private-cluster-without-public-name": {"private": True, "public_name": False},
    "attach-without-local-accounts": {"entra": True, "local_accounts": False},
    "busy-extension-put": {"extension": {**INSTALLED, "state": "Failed"}},
    "compute-cleared-by-omission": {"extension": INSTALLED, "computes": "tagged"},
    "compute-update-supported": {"extension": INSTALLED, "computes": "plain"},
    "empty-protected-settings-on-patch": {"extension": {**INSTALLED, **PEM}},
    "extension-state-after-patch": {"extension": INSTALLED},
    "extension-while-aks-operates": {"node_pools": pool()},
    "failed-extension-put": {"extension": {**INSTALLED, "state": "Failed"}},
    "front-end-gone": {"front_end": "absent", "v1_services": [], "legacy_computes": []},
    "front-end-of-version-1": {"front_end": "v1"},
    "labels-under-a-lock-among-nodes": {"lock_among_nodes": "CanNotDelete", "node_pools": pool()},
    "omitted-protected-settings-on-put": {"extension": {**INSTALLED, **PEM, "state": "Failed"}},
    "pool-update-while-extension-installs": {"node_pools": pool()},
    "settings-of-an-older-installation": {"extension": {**INSTALLED, "changed_settings": OLDER}},
    "spot-labels-returned": {"node_pools": pool(spot=True)},
    "stale-count-of-autoscaled-pool": {"node_pools": pool(autoscale=[1, 3])},
    "stopped-pool-update": {"node_pools": pool(power_state="Stopped")},
}
ANOTHER_SETTING = {"aml_install_volcano": False, "aml_allow_disruption": True}
#: What a host must ask for.
HOSTS: dict[str, dict[str, Any]] = {
    "busy-extension-put": {"aml_retry_failed_extension": True},
    "compute-cleared-by-omission": {"aml_compute_identity": "None", "aml_compute_tags": {}, **ANOTHER_SETTING},
    "compute-update-supported": {"aml_compute_description": "changed"},
    "device-plugin-namespace": {"aml_install_nvidia_device_plugin": True},
    "empty-protected-settings-on-patch": ANOTHER_SETTING,
    "extension-state-after-patch": ANOTHER_SETTING,
    "failed-extension-put": {"aml_retry_failed_extension": True},
    "front-end-of-version-1": {"aml_accepted_findings": ["front-end-outdated"]},
    "labels-under-a-lock-among-nodes": {"aml_accepted_findings": ["lock-on-nodes"]},
    "omitted-protected-settings-on-put": {"aml_retry_failed_extension": True},
    "service-type-setting": {"aml_inference_router_service_type": "NodePort"},
    "settings-of-an-older-installation": {**ANOTHER_SETTING, "aml_retry_failed_extension": True},
}
#: Those whose router has a certificate.
SECURE = ("empty-protected-settings-on-patch", "omitted-protected-settings-on-put")
LINE = re.compile(r"^(\S+) +(?:BLOCKED|CURRENT|FAILED|UPGRADED) .*$", re.MULTILINE)
INFERENCE = ("aml_enable_inference", "aml_inference_router_service_type", "aml_allow_insecure_connections")
#: Where the answer makes the upgrade impossible: a part of the message that says so.
IMPOSSIBLE = {
    # Whatever attaching does, the cluster's own API cannot be reached from where the tests run.
    "attach-private-cluster-without-public-name-attached": "The cluster is private and its API has no route from here",
    "attach-without-local-accounts-admin-credential": "set to disable local accounts",
    "compute-update-supported-refused": "Detach the compute and attach it again",
    "failed-extension-put-fails": "another operation (install/upgrade/rollback) is in progress",
    "front-end-takeover-setting-namespace": "Helm installation failed",
    # An installation for training leaves azureml-fe alone; the message names the variable that asks for the annotation.
    "front-end-without-inference-checked": "aml_enable_upgrade: true",
}
#: Where the first run fails and the second is the one that does it: a part of the first one's message.
IN_TWO_RUNS = {"settings-of-an-older-installation-demanded": "Missing required values: relayserver.enabled"}
POSSIBLE = [name for name in ANSWERS if name not in {**IMPOSSIBLE, **IN_TWO_RUNS}]


@dataclass(frozen=True)
class Runs:
    """The upgrade, and the upgrade again with what it wrote."""

    first: AnsibleRun
    second: AnsibleRun
    written: list[dict[str, Any]]


def failures(run: AnsibleRun, host: str) -> list[str]:
    return [str(each.result.get("msg")) for each in run.tasks if each.host == host and each.status == "failed"]


def changed(run: AnsibleRun, host: str) -> list[str]:
    return [each.task for each in run.tasks if each.host == host and each.result.get("changed")]


def lines(run: AnsibleRun) -> dict[str, str]:
    """The report's lines by host."""
    return {found[1]: found[0] for found in LINE.finditer(run.stdout)}


def upgraded_twice(simulator: Simulator, ansible: Ansible, hosts: dict[str, Any]) -> Runs:
    first = ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)
    began = simulator.position()
    second = ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)
    return Runs(first, second, [each for each in simulator.request_log(since=began) if is_writing(each)])


def described(number: int, name: str, belief: str, answer: str) -> dict[str, Any]:
    """The cluster for one answer."""
    found = {**cluster(name, pools=[SYSTEM_POOL]), **CLUSTERS.get(belief, {}), "beliefs": {belief: answer}}
    if found.get("computes"):
        more = {"tags": {"team": "x"}, "identity": True} if found["computes"] == "tagged" else {}
        there = {"workspace": "ml-west", "name": f"k8s{number}", "namespace": "azureml-workloads", **more}
        found |= {"computes": [there], "namespaces": [*found["namespaces"], "azureml-workloads"]}
    return found


def variables(number: int, belief: str, inference: dict[str, Any]) -> dict[str, Any]:
    """What the host of one answer asks for."""
    if belief == "front-end-without-inference":
        inference = {}
    elif belief in SECURE:
        pair = trustme.CA().issue_cert(CNAME, common_name=CNAME)
        inference = {
            **{name: value for name, value in inference.items() if name != "aml_allow_insecure_connections"},
            "aml_ssl_cname": CNAME,
            "aml_ssl_certificate": pair.cert_chain_pems[0].bytes().decode(),
            "aml_ssl_key": pair.private_key_pem.bytes().decode(),
        }
    return {"aml_compute_name": f"k8s{number}", **inference, **HOSTS.get(belief, {})}


@pytest.fixture(scope="module")
def runs(module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    clusters = [described(number, name, *answer) for number, (name, answer) in enumerate(ANSWERS.items())]
    reports = tmp_path_factory.mktemp("reports")
    with Simulator(scenario(*clusters)) as simulator:
        found = inventory(simulator, aml_instance_types=[], aml_report_directory=str(reports))
        shared, hosts = found["all"]["vars"], found["all"]["hosts"]
        # A host cannot take back what its group says: so these are said host by host.
        inference = {variable: shared.pop(variable) for variable in INFERENCE}
        for number, (name, (belief, _unused)) in enumerate(ANSWERS.items()):
            hosts[name] |= variables(number, belief, inference)
        yield upgraded_twice(simulator, module_ansible, found)


def test_every_answer_is_in_an_upgrade_or_has_a_reason_why_not() -> None:
    tried = {*ANSWERS.values(), *(answer for answers in WIDE.values() for answer in answers.items())}
    # The defaults hold wherever nothing else is said: in the other clusters of these fleets.
    tried |= {(name, belief.default) for name, belief in every_belief().items() if name not in NOT_IN_AN_UPGRADE}
    every = {(name, answer) for name, belief in every_belief().items() for answer in belief.answers}
    assert every - tried == {(name, answer) for name, answer in every if name in NOT_IN_AN_UPGRADE}
    assert set(NOT_IN_AN_UPGRADE) <= set(every_belief())
    simulated = {name for name, belief in every_belief().items() if belief.not_simulated is None}
    assert {name for name, _unused in tried} <= simulated
    assert {*IMPOSSIBLE, *IN_TWO_RUNS} <= set(ANSWERS)


def test_every_cluster_and_host_that_is_described_is_of_a_belief() -> None:
    beliefs = {belief for belief, _unused in ANSWERS.values()}
    assert {*CLUSTERS, *HOSTS, *SECURE} <= beliefs


@pytest.mark.parametrize("name", POSSIBLE)
def test_the_upgrade_survives_the_answer_and_is_done_after_one_run(runs: Runs, name: str) -> None:
    assert failures(runs.first, name) == []
    assert changed(runs.first, name)
    assert failures(runs.second, name) == []
    assert changed(runs.second, name) == []
    assert [each["path"] for each in runs.written if each["cluster"] == name] == []
    assert lines(runs.second)[name].split()[1:3] == ["CURRENT", "verify"]


@pytest.mark.parametrize("name", IN_TWO_RUNS)
def test_where_the_first_run_fails_the_second_does_it(runs: Runs, name: str) -> None:
    assert any(IN_TWO_RUNS[name] in message for message in failures(runs.first, name))
    assert failures(runs.second, name) == []
    assert lines(runs.second)[name].split()[1:3] == ["UPGRADED", "verify"]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_where_the_answer_makes_it_impossible_the_message_says_so(runs: Runs, name: str) -> None:
    # A module's own message, or the line of a cluster that preflight blocks.
    assert any(IMPOSSIBLE[name] in message for message in [*failures(runs.first, name), lines(runs.first)[name]])


def crowded(fleet: str) -> dict[str, Any]:
    """One cluster whose compute comes after the first page of the list, and is not there at first."""
    return {**scenario({**cluster("crowded", pools=[SYSTEM_POOL]), "computes": MANY}), "beliefs": WIDE[fleet]}


def test_the_upgrade_survives_what_is_believed_of_the_whole_fleet(ansible: Ansible) -> None:
    with Simulator(crowded("wide")) as simulator:
        found = upgraded_twice(simulator, ansible, inventory(simulator, aml_instance_types=[]))
        requests = simulator.request_log(service="arm")
    assert lines(found.first)["crowded"].split()[1:3] == ["UPGRADED", "verify"], found.first.describe()
    assert lines(found.second)["crowded"].split()[1:3] == ["CURRENT", "verify"], found.second.describe()
    assert found.written == []
    # So the answers did matter.
    assert [each for each in requests if "$skip" in each["query"]]
    assert {"2024-04-01", "2024-09-01"} <= {each["query"].get("api-version") for each in requests}


def test_a_page_on_a_host_that_cannot_be_reached_is_no_end_of_the_list(ansible: Ansible) -> None:
    """The simulated region has no address here: the other answer ends before anything is written, and says why."""
    with Simulator(crowded("regional")) as simulator:
        hosts = inventory(simulator, aml_instance_types=[])
        run = ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)
        assert simulator.writes() == []
    assert any("Listing the computes of workspace ml-west" in said for said in failures(run, "crowded"))
    assert lines(run)["crowded"].split()[1:3] == ["FAILED", "preflight"]
