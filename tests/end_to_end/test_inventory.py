# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the whole inventory shows: two hosts that want the same thing, and no hosts at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.real_fleet import SYSTEM_POOL, cluster, scenario
from tests.integration.harness import Ansible, Simulator

pytestmark = pytest.mark.slow

NAMES = ("first", "second", "twice", "alone")


def hosts(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {
            "aml_cluster_id": simulator.clusters[name]["id"],
            "aml_compute_name": f"{{{{ 'k8s-{name}' }}}}",
            "aml_secret": "{{ lookup('file', '/nowhere') }}",
        }
        for name in NAMES
    }
    found["first"]["aml_compute_name"] = "same"
    found["second"]["aml_compute_name"] = "SAME"
    found["twin"] = {**found["twice"], "aml_compute_name": "other"}
    found["wrong"] = {"aml_cluster_id": "{{ nothing }}", "aml_compute_name": "same"}
    for name in ("first", "alone", "twice"):
        del found[name]["aml_secret"]
    return found


def test_hosts_that_want_the_same_are_refused_before_any_write(ansible: Ansible, tmp_path: Path) -> None:
    with Simulator(scenario(*(cluster(name, pools=[SYSTEM_POOL]) for name in NAMES))) as simulator:
        shared = {
            "aml_workspace": "ml-west",
            "aml_workspace_resource_group": "rg-ml",
            "aml_poll_interval": 0.2,
            "aml_report_directory": str(tmp_path),
        }
        ansible(
            "azureml.fleet.upgrade",
            inventory={"all": {"hosts": hosts(simulator), "vars": shared}},
            environment=simulator.environment,
            arguments=["--limit", "first,twice,alone"],
        ).check(rc=2)
        written = {entry["cluster"] for entry in simulator.writes()}
    reports = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "clusters").iterdir()}
    assert {name: report["outcome"] for name, report in reports.items()} == {
        "first": "failed", "twice": "failed", "alone": "upgraded",
    }  # fmt: skip
    assert "compute same of workspace ml-west is also that of second; only one" in reports["first"]["reason"]
    assert "cluster twice is also that of twin; only one host may have it" in reports["twice"]["reason"]
    assert "nothing was asked of Azure or the cluster" in reports["twice"]["reason"]
    assert written <= {"alone", None}


@pytest.mark.parametrize("playbook", ["preflight", "upgrade", "verify", "renew_certificate"])
def test_an_inventory_without_clusters_ends_with_an_error(ansible: Ansible, tmp_path: Path, playbook: str) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text("all:\n  hosts: {aks: [}\n", encoding="utf-8")
    run = ansible(f"azureml.fleet.{playbook}", inventory=path).check(rc=2)
    assert "The inventory has no hosts, so nothing was looked at" in run.stdout


def test_a_report_that_cannot_be_written_is_shown_all_the_same(ansible: Ansible, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    hosts = {name: {"aml_cluster_id": "wrong", "aml_report_directory": str(tmp_path / "file")} for name in ("a", "b")}
    run = ansible("azureml.fleet.preflight", inventory={"all": {"hosts": hosts}}).check(rc=2)
    assert "2 clusters: 2 failed" in run.stdout
    assert "The report's files were not written" in run.stdout
    assert [run.stats[name]["failures"] for name in ("a", "b")] == [1, 1]


def test_the_report_comes_whatever_the_first_host_says(ansible: Ansible, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    with Simulator(scenario(cluster("good", pools=[SYSTEM_POOL]), cluster("wrong", pools=[SYSTEM_POOL]))) as simulator:
        shared = {"aml_workspace": "ml-west", "aml_workspace_resource_group": "rg-ml", "aml_poll_interval": 0.2}
        wrong = {
            "aml_cluster_id": "{{ nothing }}",
            "aml_fail_when_blocked": "maybe",
            "aml_report_directory": "{{ no }}",
        }
        unread = {"aml_cluster_id": simulator.clusters["wrong"]["id"], "aml_fail_when_blocked": "perhaps"}
        good = {"aml_cluster_id": simulator.clusters["good"]["id"], "aml_report_directory": str(reports)}
        run = ansible(
            "azureml.fleet.upgrade",
            inventory={
                "all": {
                    "hosts": {
                        "a-wrong": wrong,
                        "b-unread": {**unread, "aml_compute_name": "k8s-b"},
                        "c-good": {**good, "aml_compute_name": "k8s-c"},
                    },
                    "vars": shared,
                }
            },
            environment={**simulator.environment, "ANSIBLE_STRATEGY": "free"},
        ).check(rc=2)
    fleet = json.loads((reports / "fleet.json").read_text(encoding="utf-8"))
    assert {line["host"]: line["outcome"] for line in fleet["clusters"]} == {
        "a-wrong": "failed", "b-unread": "failed", "c-good": "upgraded",
    }  # fmt: skip
    assert "3 clusters: 2 failed, 1 upgraded" in run.stdout
    assert run.stdout.count("aml_fail_when_blocked: true or false is needed, not 'perhaps'") >= 1
