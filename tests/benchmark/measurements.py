# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements. CPU-seconds are those of `ansible-playbook` and of every process that it started."""

from __future__ import annotations

from typing import Any

from tests.benchmark.calls import counted, fleet_wide
from tests.integration.harness import Ansible, AnsibleRun, Simulator

Numbers = dict[str, float]
#: Clusters in one workspace: a list of computes grows with them.
SHARING = 10


def workspace(number: int) -> str:
    """Return the name of the workspace of cluster `number`, counted from 1."""
    return f"ml-{(number - 1) // SHARING + 1:02}"


def fleet_scenario(clusters: int) -> dict[str, Any]:
    """Return a scenario of healthy clusters, each with GPU nodes and a legacy compute; ten share a workspace."""
    pools = [
        {"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "count": 3},
        {"name": "gpu", "mode": "User", "vm_size": "Standard_NC4as_T4_v3", "count": 1},
    ]
    return {
        "time_scale": 100,
        "workspaces": [
            {"name": workspace(number), "resource_group": "rg-ml"} for number in range(1, clusters + 1, SHARING)
        ],
        "clusters": [
            {
                "name": f"aks-{number:03}",
                "resource_group": "rg-aks",
                "front_end": "v2",
                "node_pools": pools,
                "namespaces": [f"azureml-{workspace(number)}"],
                "legacy_computes": [{"workspace": workspace(number), "name": f"v1-{number:03}"}],
            }
            for number in range(1, clusters + 1)
        ],
    }


def inventory(fleet: Simulator) -> dict[str, Any]:
    """Return the fleet as an inventory, as a user writes it: three lines a cluster and one instance type for all."""
    group = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg-ml"
    workspaces = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    gpu = {
        "name": "one-gpu",
        "node_selector": {"agentpool": "gpu"},
        "requests": {"cpu": "1", "memory": "4Gi"},
        "limits": {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"},
    }
    hosts = {
        name: {
            "aml_cluster_id": cluster["id"],
            "aml_workspace": f"{workspaces}/{workspace(int(name.removeprefix('aks-')))}",
            "aml_compute_name": f"k8s-{name.removeprefix('aks-')}",
        }
        for name, cluster in fleet.clusters.items()
    }
    return {"all": {"hosts": hosts, "vars": {"aml_poll_interval": 0.5, "aml_instance_types": [gpu]}}}


def _play(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return [{"name": "Read", "hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}]


def measure_host_task(ansible: Ansible, hosts: int, forks: int) -> Numbers:
    """Compare one reading task on every host inside Ansible's worker with the same task as modules."""
    read = {
        "name": "Read the extension",
        "azureml.fleet.aml_extension_info": {"cluster_id": "{{ aml_cluster_id }}"},
    }
    nothing = {"name": "Nothing", "ansible.builtin.meta": "noop"}
    arguments = ["--forks", str(forks)]
    with Simulator(fleet_scenario(hosts)) as fleet:
        seconds = {}
        for name, tasks, in_process in (("empty", [nothing], True), ("here", [read], True), ("module", [read], False)):
            run = ansible(
                _play(tasks),
                inventory=inventory(fleet),
                variables={"aml_in_process": in_process},
                environment=fleet.environment,
                arguments=arguments,
                timeout=1200,
            ).check()
            seconds[name] = run.cpu_seconds
    here = (seconds["here"] - seconds["empty"]) / hosts
    module = (seconds["module"] - seconds["empty"]) / hosts
    return {
        "hosts": hosts,
        "cpu_seconds_per_host_task_in_process": round(here, 3),
        "cpu_seconds_per_host_task_as_module": round(module, 3),
        "times_cheaper_in_process": round(module / here, 1),
    }


def _host_tasks(run: AnsibleRun) -> int:
    return sum(not each.item and each.status != "retry" for each in run.tasks)


def measure_calls(ansible: Ansible) -> Numbers:
    """Upgrade one cluster twice and count its calls: the log of a single cluster tells a poll from a read."""
    numbers: Numbers = {}
    with Simulator(fleet_scenario(1)) as fleet:
        for name in ("full", "nothing"):
            position = fleet.position()
            _upgrade(ansible, fleet, ["--forks", "1"])
            requests = fleet.request_log(since=position)
            numbers |= {
                f"{name}_azure_calls": counted(requests, "arm").total(),
                f"{name}_azure_calls_for_all_clusters": fleet_wide(requests),
                f"{name}_kubernetes_calls": counted(requests, "kubernetes").total(),
                f"{name}_tokens": sum(
                    request["service"] == "identity" and request["method"] == "POST" for request in requests
                ),
            }
    return numbers


def _upgrade(ansible: Ansible, fleet: Simulator, arguments: list[str]) -> AnsibleRun:
    return ansible(
        "azureml.fleet.upgrade",
        inventory=inventory(fleet),
        environment=fleet.environment,
        arguments=arguments,
        timeout=1800,
    ).check()


def measure_fleet(ansible: Ansible, clusters: int, forks: int) -> Numbers:
    """Upgrade a fleet twice: the full upgrade, and the run that has nothing to do."""
    numbers: Numbers = {"clusters": clusters}
    with Simulator(fleet_scenario(clusters)) as fleet:
        for name in ("full", "nothing"):
            position = fleet.position()
            run = _upgrade(ansible, fleet, ["--forks", str(forks)])
            numbers |= {
                f"{name}_cpu_seconds_per_cluster": round(run.cpu_seconds / clusters, 3),
                f"{name}_seconds": round(run.seconds, 1),
                f"{name}_host_tasks_per_cluster": round(_host_tasks(run) / clusters, 1),
                f"{name}_changed_tasks": sum(run.changed().values()),
                f"{name}_writing_requests": len(fleet.writes(since=position)),
            }
    return numbers
