# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role by itself, in the plays of docs/roles.md: no playbook of the collection around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.end_to_end.real_fleet import GPU_POOL, SYSTEM_POOL, cluster, scenario
from tests.integration.harness import ROOT, Ansible, AnsibleRun, Simulator

pytestmark = pytest.mark.slow

TYPE = {
    "name": "small",
    "requests": {"cpu": "500m", "memory": "1Gi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}
#: Roles, in the order of an upgrade, and what only they can have written.
WRITES = {
    "aml_front_end": r"PATCH .*/deployments/azureml-fe",
    "aml_gpu_nodes": r"PUT .*/agentPools/gpu",
    "aml_extension": r"PUT .*/extensions/azureml",
    "aml_instance_types": r"PATCH .*/instancetypes/small",
    "aml_compute": r"(PUT .*/computes/k8s|(POST|PATCH) .*/namespaces)",
}


def plays() -> list[list[dict[str, Any]]]:
    """The plays of the page."""
    page = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]


def play(*roles: str) -> list[dict[str, Any]]:
    """A play of the page with other roles."""
    return [{**plays()[0][0], "roles": [f"azureml.fleet.{role}" for role in roles]}]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    """One cluster that can be upgraded, and one that is blocked."""
    blocked = {**cluster("blocked", pools=[SYSTEM_POOL]), "location": "antarctica"}
    with Simulator(scenario(cluster("good", pools=[SYSTEM_POOL, GPU_POOL]), blocked)) as simulator:
        yield simulator


@pytest.fixture
def use(fleet: Simulator, ansible: Ansible) -> Any:
    """Run plays on one cluster, whose host has documented variables only."""

    def run(data: list[dict[str, Any]], host: str = "good", **how: Any) -> AnsibleRun:
        variables = {
            "aml_cluster_id": fleet.clusters[host]["id"],
            "aml_workspace": "ml-west",
            "aml_workspace_resource_group": "rg-ml",
            "aml_compute_name": "k8s",
            "aml_enable_inference": True,
            "aml_allow_insecure_connections": True,
            "aml_inference_router_service_type": "LoadBalancer",
            "aml_instance_types": [TYPE],
            "aml_poll_interval": 0.3,
            "aml_secret": fleet.ready["client_secret"],
        }
        environment = {name: value for name, value in fleet.environment.items() if name != "AZURE_SECRET"}
        return ansible(data, inventory={"all": {"hosts": {host: variables}}}, environment=environment, **how)

    return run


def written(fleet: Simulator, since: int) -> list[str]:
    """What was written since then."""
    return [f"{each['method']} {each['path']}" for each in fleet.writes(since=since)]


def test_the_stages_by_roles_alone_then_again(fleet: Simulator, use: Any) -> None:
    first = use(plays()[0], diff=True).check()
    found = written(fleet, 0)
    for role, pattern in WRITES.items():
        assert any(re.match(pattern, each, re.IGNORECASE) for each in found), (role, found)
    validated = [each for each in first.tasks if each.action.endswith("validate_argument_spec")]
    assert len(validated) == len(WRITES) + 1
    began = fleet.position()
    second = use(plays()[0]).check()
    assert second.changed() == {"good": 0}
    assert written(fleet, began) == []
    assert fleet.ready["client_secret"] not in first.stdout + second.stdout


def test_a_variable_at_the_include_is_honoured(fleet: Simulator, use: Any) -> None:
    use(play("aml_preflight")).check()
    began = fleet.position()
    use([*play("aml_preflight"), *plays()[1]]).check()
    (put,) = [each for each in fleet.writes(since=began) if each["service"] == "arm"]
    assert put["body"]["properties"]["configurationSettings"]["installVolcano"] == "False"
    again = use([{**plays()[1][0], "tasks": [], "roles": [{**_included(), "name": "azureml.fleet.aml_extension"}]}])
    assert again.check().changed() == {"good": 0}


def _included() -> dict[str, Any]:
    """The variables of the page's include, as a role of a play takes them."""
    return {"vars": plays()[1][0]["tasks"][0]["vars"]}


def test_a_wrong_type_is_refused_by_ansible_before_anything_is_asked(fleet: Simulator, use: Any) -> None:
    began = fleet.position()
    task = {
        "ansible.builtin.import_role": {"name": "azureml.fleet.aml_compute"},
        "vars": {"aml_compute_timeout": "soon"},
    }
    run = use([{**plays()[1][0], "tasks": [task]}]).check(rc=2)
    assert "aml_compute_timeout" in run.stdout
    assert fleet.request_log(since=began) == []


@pytest.mark.parametrize("role", ["aml_preflight", "aml_front_end"])
def test_a_blocked_cluster_fails_the_role_with_the_remedy(fleet: Simulator, use: Any, role: str) -> None:
    began = fleet.position()
    run = use(play(role), host="blocked").check(rc=2)
    assert "Cluster blocked is blocked; nothing of it was changed." in run.stdout
    assert "[cluster-region-unsupported]" in run.stdout
    assert written(fleet, began) == []
