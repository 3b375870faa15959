# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on a simulated fleet: check, upgrade, upgrade again; blocked clusters; a failure in the middle."""

from __future__ import annotations

import copy
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.benchmark.calls import fleet_wide, is_fleet_wide
from tests.end_to_end.real_fleet import FRONT_END, GPU_POOL, SYSTEM_POOL, cluster, scenario
from tests.integration.harness import ROOT, Ansible, AnsibleRun, Simulator

pytestmark = pytest.mark.slow

SECRET = "Endpoint=sb://relay.example.net/;SharedAccessKey=never-to-be-seen"
GPU_TYPE = {
    "name": "one-gpu",
    "node_selector": {"azureml.fleet/gpu-model": "t4"},
    "requests": {"cpu": "1", "memory": "4Gi"},
    "limits": {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": 1},
}
#: Hosts that an upgrade changes, and hosts that it must leave alone with the id of the rule that says so.
GOOD = ("plain", "gpu", "arc")
BLOCKED = {
    "region": "cluster-region-unsupported",
    "old-front-end": "front-end-outdated",
    "through-arc": "cluster-connected-through-arc",
}
CONTROLLER = {"plain": "extension, compute", "gpu": "gpu_nodes, instance_types", "arc": "gpu_nodes"}
#: Where the state of long operations is asked for.
POLL = re.compile(r"/(operations|operationresults|computeoperationsstatus)/", re.IGNORECASE)


def fleet() -> dict[str, Any]:
    """Six clusters: three fit, three blocked."""
    region = {**cluster("region", pools=[SYSTEM_POOL]), "location": "antarctica"}
    old = {**cluster("old-front-end", pools=[SYSTEM_POOL]), "front_end": "v1"}
    through_arc = {**cluster("through-arc", pools=[SYSTEM_POOL]), "arc_connected": True}
    return scenario(
        {**cluster("plain", pools=[SYSTEM_POOL]), "location": "westeurope"},
        {**cluster("gpu", pools=[SYSTEM_POOL, GPU_POOL]), "location": "westeurope"},
        cluster("arc", kind="arc", pools=[SYSTEM_POOL, GPU_POOL]),
        region,
        old,
        through_arc,
    )


def inventory(simulator: Simulator, reports: Path, **variables: Any) -> dict[str, Any]:
    """Three lines for each cluster, and what is special about some."""
    hosts: dict[str, dict[str, Any]] = {}
    for name, entry in simulator.clusters.items():
        hosts[name] = {"aml_cluster_id": entry["id"], "aml_compute_name": f"k8s-{name}"}
    hosts["plain"] |= {
        "aml_enable_inference": True,
        "aml_inference_router_service_type": "LoadBalancer",
        "aml_allow_insecure_connections": True,
        "aml_compute_identity": "SystemAssigned",
    }
    hosts["gpu"]["aml_instance_types"] = [GPU_TYPE]
    hosts["arc"] |= {
        "aml_kubeconfig": simulator.clusters["arc"]["kubeconfig"],
        "aml_extension_protected_settings": {"relayserver.relayConnectionString": SECRET},
    }
    hosts["through-arc"]["aml_cluster_id"] = hosts["through-arc"]["aml_cluster_id"].replace(
        "Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters"
    )
    hosts["through-arc"]["aml_kubeconfig"] = simulator.clusters["through-arc"]["kubeconfig"]
    shared = {
        "aml_workspace": "ml-west",
        "aml_workspace_resource_group": "rg-ml",
        "aml_poll_interval": 0.3,
        "aml_report_directory": str(reports),
        "aml_secret": simulator.ready["client_secret"],
        **variables,
    }
    # A group carries what clusters share; host variables override it.
    return {"all": {"children": {"fleet": {"hosts": hosts, "vars": shared}}}}


def environment(simulator: Simulator) -> dict[str, str]:
    """The simulated cloud; the credentials' secret comes from the inventory instead."""
    return {name: value for name, value in simulator.environment.items() if name != "AZURE_SECRET"}


@dataclass
class Runs:
    """A check, the upgrade, and the upgrade again, with where each begins in the simulator's log."""

    simulator: Simulator
    reports: Path
    checked: AnsibleRun
    first: AnsibleRun
    second: AnsibleRun
    began: dict[str, int]
    report_of_first: dict[str, Any]

    def requests(self, run: str) -> list[dict[str, Any]]:
        """The requests of one run."""
        names = list(self.began)
        following = names[names.index(run) + 1 :]
        log = self.simulator.request_log(since=self.began[run])
        return [each for each in log if not following or each["index"] < self.began[following[0]]]


@pytest.fixture(scope="module")
def runs(module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Three runs of `azureml.fleet.upgrade` on the fleet."""
    reports = tmp_path_factory.mktemp("reports") / "report"
    with Simulator(fleet()) as simulator:
        hosts, began = inventory(simulator, reports), {}

        def run(name: str, **how: Any) -> AnsibleRun:
            began[name] = simulator.position()
            return module_ansible("azureml.fleet.upgrade", inventory=hosts, environment=environment(simulator), **how)

        checked = run("checked", check=True, diff=True)
        first = run("first", diff=True, arguments=["-vvv"])
        report = json.loads((reports / "fleet.json").read_text(encoding="utf-8"))
        second = run("second")
        began["end"] = simulator.position()
        yield Runs(simulator, reports, checked, first, second, began, report)


def writes(requests: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """The cluster, method and path of every request that could have changed something."""
    from tests.integration.harness import is_writing

    return [(each["cluster"], each["method"], each["path"]) for each in requests if is_writing(each)]


def changes(run: AnsibleRun) -> dict[tuple[str, str], Any]:
    """What changed, or would have: the differences by host and task, items of loops by themselves."""
    return {
        (each.host, f"{each.task} {each.result.get('item', '')}"): each.result.get("diff")
        for each in run.tasks
        if each.result.get("changed") and "results" not in each.result
    }


def test_a_check_predicts_exactly_what_the_run_then_changes(runs: Runs) -> None:
    predicted, made = changes(runs.checked), changes(runs.first)
    assert predicted.keys() == made.keys()
    assert {host for host, _unused in predicted} == set(GOOD)
    for key, difference in predicted.items():
        assert difference == made[key], key


def test_a_check_writes_nothing(runs: Runs) -> None:
    assert writes(runs.requests("checked")) == []
    assert "3 blocked, 3 would change" in runs.checked.stdout


def test_the_fit_clusters_are_upgraded(runs: Runs) -> None:
    outcomes = {each["host"]: each["outcome"] for each in runs.report_of_first["clusters"]}
    assert {host: outcomes[host] for host in GOOD} == dict.fromkeys(GOOD, "upgraded"), runs.first.describe()
    for host in GOOD:
        assert runs.first.stats[host]["failures"] == 0
        reason = next(each["reason"] for each in runs.report_of_first["clusters"] if each["host"] == host)
        assert all(stage in reason for stage in CONTROLLER[host].split(", ")), reason
        assert "10 checks passed" in reason


def test_the_second_run_changes_nothing(runs: Runs) -> None:
    assert set(runs.second.changed().values()) == {0}
    assert writes(runs.requests("second")) == []
    assert "6 clusters: 3 blocked, 3 current" in runs.second.stdout


def test_blocked_clusters_are_untouched_and_end_the_run_with_an_error(runs: Runs) -> None:
    reasons = {each["host"]: each["reason"] for each in runs.report_of_first["clusters"]}
    for host, rule in BLOCKED.items():
        assert f"[{rule}]" in reasons[host]
        assert runs.first.stats[host]["failures"] == 1
        written = [each for each in writes(runs.requests("first")) if host in (each[0] or "") or host in each[2]]
        assert written == []
    assert runs.first.rc == 2
    assert runs.second.rc == 2


def test_each_cluster_has_a_line_and_a_file_for_its_owner_only(runs: Runs) -> None:
    files = {path.name: path for path in (runs.reports / "clusters").iterdir()}
    assert set(files) == {f"{host}.json" for host in (*GOOD, *BLOCKED)}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    for host in (*GOOD, *BLOCKED):
        assert re.search(rf"^{host} +(CURRENT|BLOCKED) ", runs.second.stdout, re.MULTILINE), host
    for name, path in {**files, "fleet.json": runs.reports / "fleet.json"}.items():
        schema = ROOT / "docs" / "schemas" / ("fleet.json" if name == "fleet.json" else "cluster.json")
        jsonschema.validate(json.loads(path.read_text("utf-8")), json.loads(schema.read_text("utf-8")))
    blocked = json.loads(files["region.json"].read_text(encoding="utf-8"))
    blockers = [finding["id"] for finding in blocked["findings"] if finding["severity"] == "blocker"]
    assert blockers == ["cluster-region-unsupported"]
    assert blocked["findings"][0]["remedy"]


def test_a_line_is_left_for_awx(runs: Runs) -> None:
    assert runs.second.artifacts["azureml_fleet_gpu"]["outcome"] == "current"
    assert len(runs.second.artifacts) == 6


def test_no_secret_is_shown_anywhere(runs: Runs) -> None:
    secrets = [SECRET, runs.simulator.ready["client_secret"]]
    texts = [runs.first.stdout, runs.first.stderr, json.dumps([vars(each) for each in runs.first.tasks])]
    texts += [path.read_text(encoding="utf-8") for path in runs.reports.rglob("*.json")]
    for secret in secrets:
        assert not any(secret in text for text in texts)


def test_the_extension_got_the_protected_setting(runs: Runs) -> None:
    put = next(each for each in runs.requests("first") if each["method"] == "PUT" and "/arc/" in each["path"])
    assert "relayserver.relayConnectionString" in json.dumps(put["body"])


def test_every_module_ran_in_process(runs: Runs) -> None:
    assert " runs as a module: " not in runs.first.stdout


def test_preflight_and_verify_change_nothing(runs: Runs, ansible: Ansible) -> None:
    hosts = inventory(runs.simulator, runs.reports, aml_fail_when_blocked=False)
    began = runs.simulator.position()
    how: dict[str, Any] = {"inventory": hosts, "environment": environment(runs.simulator)}
    preflight = ansible("azureml.fleet.preflight", **how).check()
    assert "6 clusters: 3 blocked, 3 checked" in preflight.stdout
    verify = ansible("azureml.fleet.verify", arguments=["--limit", "plain,gpu,arc"], **how).check()
    assert "3 clusters: 3 current" in verify.stdout
    assert runs.simulator.writes(since=began) == []


def test_a_playbook_runs_by_its_path(runs: Runs, ansible: Ansible) -> None:
    path = Path(__file__).parents[2] / "playbooks" / "verify.yml"
    hosts = inventory(runs.simulator, runs.reports)
    run = ansible(path, inventory=hosts, environment=environment(runs.simulator), arguments=["--limit", "plain"])
    assert "1 cluster: 1 current" in run.check().stdout


def test_the_modules_alone_say_the_same(runs: Runs, ansible: Ansible) -> None:
    hosts = inventory(runs.simulator, runs.reports, aml_in_process=False)
    run = ansible(
        "azureml.fleet.upgrade",
        inventory=hosts,
        environment=environment(runs.simulator),
        arguments=["--limit", "gpu", "-vvv"],
    ).check()
    assert "gpu  CURRENT  verify  nothing to change, 10 checks passed" in run.stdout
    assert "runs as a module: aml_in_process is false" in run.stdout


def test_verify_finds_what_somebody_broke(runs: Runs, ansible: Ansible) -> None:
    hosts = copy.deepcopy(inventory(runs.simulator, runs.reports))
    hosts["all"]["children"]["fleet"]["hosts"]["plain"]["aml_install_volcano"] = False
    run = ansible(
        "azureml.fleet.verify",
        inventory=hosts,
        environment=environment(runs.simulator),
        arguments=["--limit", "plain"],
    ).check(rc=2)
    assert re.search(r"(?m)^plain  FAILED  verify  1 of 10 checks .*these differ: installVolcano", run.stdout)


def test_a_misspelt_variable_is_told_before_anything_is_asked(runs: Runs, ansible: Ansible) -> None:
    hosts = inventory(runs.simulator, runs.reports, aml_namespac="x")
    began = runs.simulator.position()
    run = ansible("azureml.fleet.upgrade", inventory=hosts, environment=environment(runs.simulator)).check(rc=2)
    assert "aml_namespac is not a variable of azureml.fleet. Did you mean aml_namespace?" in run.stdout
    assert "6 clusters: 6 failed" in run.stdout
    assert runs.simulator.request_log(since=began) == []


def test_a_failure_in_the_middle_stops_one_cluster_and_a_second_run_finishes_it(
    ansible: Ansible, tmp_path: Path
) -> None:
    clusters = scenario(cluster("good", pools=[SYSTEM_POOL]), cluster("bad", pools=[SYSTEM_POOL]))
    with Simulator(clusters) as simulator:
        hosts = {
            name: {
                "aml_cluster_id": entry["id"],
                "aml_workspace": "ml-west",
                "aml_workspace_resource_group": "rg-ml",
                "aml_compute_name": f"k8s-{name}",
                "aml_poll_interval": 0.3,
                "aml_report_directory": str(tmp_path),
            }
            for name, entry in simulator.clusters.items()
        }

        def upgrade() -> AnsibleRun:
            return ansible(
                "azureml.fleet.upgrade", inventory={"all": {"hosts": hosts}}, environment=simulator.environment
            )

        error = {"error": {"code": "InternalError", "message": "The disk is on fire."}}
        fault = simulator.fault(
            {"service": "arm", "method": "PUT", "path_regex": "computes/k8s-bad"},
            occurrence="every",
            answer={"status": 400, "headers": {}, "body": error},
        )
        broken = upgrade().check(rc=2)
        assert re.search(r"(?m)^bad   FAILED    compute  .*The disk is on fire", broken.stdout), broken.stdout
        assert re.search(r"(?m)^good  UPGRADED  verify ", broken.stdout)
        assert broken.stats["bad"]["failures"] == 1
        assert broken.stats["good"]["failures"] == 0

        assert fault
        simulator.control("DELETE", "faults")
        finished = upgrade().check()
        assert re.search(r"(?m)^bad   UPGRADED  verify  compute changed, 10 checks passed", finished.stdout)
        assert re.search(r"(?m)^good  CURRENT   verify ", finished.stdout)


def test_a_cluster_costs_no_more_tasks_than_promised(runs: Runs) -> None:
    def tasks(run: AnsibleRun) -> list[str]:
        return [each.task for each in run.tasks if each.host == "gpu" and not each.item and each.status != "retry"]

    assert len(tasks(runs.first)) == 12, tasks(runs.first)
    assert len(tasks(runs.second)) == 3, tasks(runs.second)


def test_pools_are_labelled_before_the_extension_is_submitted(runs: Runs) -> None:
    sent = [
        path.lower() for host, method, path in writes(runs.requests("first")) if method == "PUT" and "/gpu/" in path
    ]
    labelled = next(number for number, path in enumerate(sent) if "/agentpools/" in path)
    submitted = next(number for number, path in enumerate(sent) if "/extensions/" in path)
    assert labelled < submitted


def test_a_batch_does_not_start_once_the_budget_of_failures_is_spent(ansible: Ansible, tmp_path: Path) -> None:
    with Simulator(scenario(cluster("bad", pools=[SYSTEM_POOL]), cluster("next", pools=[SYSTEM_POOL]))) as simulator:
        hosts = {
            name: {
                "aml_cluster_id": entry["id"],
                "aml_workspace": "ml-west",
                "aml_workspace_resource_group": "rg-ml",
                "aml_compute_name": f"k8s-{name}",
                "aml_report_directory": str(tmp_path),
            }
            for name, entry in simulator.clusters.items()
        }
        error = {"status": 400, "headers": {}, "body": {"error": {"code": "Broken", "message": "No."}}}
        simulator.fault({"service": "arm", "method": "PUT", "path_regex": "/bad/"}, occurrence="every", answer=error)
        # The batches keep the order of the inventory, whoever comes first into the group of the run.
        groups = {"first": {"hosts": hosts}, "azureml_fleet_change": {"hosts": {"next": {}, "bad": {}}}}
        run = ansible(
            "azureml.fleet.upgrade",
            inventory=groups,
            environment=simulator.environment,
            variables={"_aml_batch": 1, "_aml_failure_budget": 0},
        ).check(rc=2)
        assert re.search(r"(?m)^bad   FAILED  extension ", run.stdout), run.stdout
        assert re.search(r"(?m)^next  FAILED  verify .*\(changed: nothing\)", run.stdout), run.stdout
        assert {name for name, _unused, _unused_2 in writes(simulator.request_log())} <= {"bad", None}


def test_only_the_annotation_was_written_to_v1(runs: Runs) -> None:
    touched = {
        (method, path) for name, method, path in writes(runs.requests("first")) if name and "namespaces/default" in path
    }
    assert {method for method, _unused in touched} == {"PATCH"}
    assert all(path.endswith(FRONT_END) for _unused, path in touched)


def calls(requests: list[dict[str, Any]]) -> list[str]:
    """What was asked of Azure, without what is asked about something that was submitted, until it has ended."""
    counted: list[str] = []
    submitted: list[str] = []
    for each in requests:
        path = each["path"].lower().rstrip("/")
        awaited = each["method"] == "GET" and any(path in (sent, sent.rpartition("/")[0]) for sent in submitted)
        if each["service"] != "arm" or POLL.search(path) or awaited or is_fleet_wide(each):
            continue
        counted.append(f"{each['method']} {path}")
        if each["method"] == "PUT":
            submitted.append(path)
    return counted


def test_azure_is_called_as_rarely_as_promised(ansible: Ansible, tmp_path: Path) -> None:
    with Simulator(scenario(cluster("gpu", pools=[SYSTEM_POOL, GPU_POOL]))) as simulator:
        host = {
            "aml_cluster_id": simulator.clusters["gpu"]["id"],
            "aml_workspace": "ml-west",
            "aml_workspace_resource_group": "rg-ml",
            "aml_compute_name": "k8s",
            "aml_instance_types": [GPU_TYPE],
            "aml_poll_interval": 0.3,
            "aml_report_directory": str(tmp_path),
        }
        hosts = {"all": {"hosts": {"gpu": host}}}
        ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check()
        began = simulator.position()
        ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check()
        full = calls(simulator.request_log()[:began])
        again = calls(simulator.request_log(since=began))
        shared = [fleet_wide(simulator.request_log()[:began]), fleet_wide(simulator.request_log(since=began))]
    assert len(full) <= 14, full
    assert len(again) <= 7, again
    assert shared == [3, 3], "locks, versions and the workspace, once a run"
