# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's answers agree with the recorded ones, or the difference is listed with its reason."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.recorded import Exchange, compare, read_recordings

FOLDER = os.environ.get("AZUREML_FLEET_RECORDINGS", "")
KNOWN = Path(__file__).resolve().parents[2] / "simulator" / "known_differences.yml"
pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not Path(FOLDER).is_dir() or not FOLDER, reason="AZUREML_FLEET_RECORDINGS names no folder of recordings"
    ),
]

SCENARIO = {
    "providers": {"Microsoft.Relay": "NotRegistered"},
    "timing": {
        "extension_install": 60,
        "extension_delete": 60,
        "node_pool_update": 60,
        "compute_attach": 60,
        "compute_detach": 60,
        "pod_start": 10,
    },
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {
            "name": "aks",
            "resource_group": "rg",
            "extension": {"name": "azureml"},
            "node_pools": [{"name": "pool", "labels": {"a": "b"}}],
        },
        {"name": "plain", "resource_group": "rg"},
        {"name": "arc", "kind": "arc", "resource_group": "rg"},
        {"name": "gone", "kind": "arc", "resource_group": "rg"},
        {"name": "user", "resource_group": "rg", "identity": "user_assigned", "entra": True, "local_accounts": False},
        {"name": "principal", "resource_group": "rg", "identity": "service_principal"},
        {"name": "private", "resource_group": "rg", "private": True, "entra": True},
        {
            "name": "stopped",
            "resource_group": "rg",
            "power_state": "Stopped",
            "node_pools": [
                {"name": "pool", "vm_size": "Standard_NC4as_T4_v3"},
                {"name": "t", "taints": ["a=b:NoSchedule"]},
            ],
        },
    ],
}
AKS = "resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters"
ARC = "resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters"
WORKSPACES = "resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces"
EXTENSIONS = "providers/Microsoft.KubernetesConfiguration/extensions"
FLUX = {
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "extensionType": "microsoft.flux",
        "autoUpgradeMinorVersion": True,
        "scope": {"cluster": {"releaseNamespace": "kube-system"}},
        "configurationProtectedSettings": {"password": "p"},
    },
}
#: What is compared with the simulator's computes of type Kubernetes: their own kind was never recorded.
OTHER_COMPUTES = re.compile(r"(compute \d+ )(AmlCompute|VirtualMachine|ComputeInstance) ")


class Answers:
    """Collects the simulator's answers by situation; one situation may have several, of different clusters."""

    def __init__(self, client: ArmClient) -> None:
        self.client = client
        self.found: dict[str, list[Exchange]] = defaultdict(list)

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        answer = self.client.send(method, path, body, **query)
        self.take(answer)
        return answer

    def take(self, answer: requests.Response) -> None:
        body = answer.json() if answer.content else None
        exchange = Exchange(
            "simulator", str(answer.request.method), str(answer.url), answer.status_code, answer.headers, body
        )
        situation = exchange.situation()
        assert situation, f"the simulator's own router does not know {answer.url}"
        self.found[situation].append(exchange)

    def follow(self, answer: requests.Response) -> None:
        self.take(self.client.send("GET", answer.headers["Azure-AsyncOperation"]))
        self.take(self.client.wait(answer))


def _extensions(answers: Answers, cluster: str) -> None:
    path = f"{cluster}/{EXTENSIONS}"
    answers.ask("GET", path)
    answers.ask("GET", f"{path}/flux")
    created = answers.ask("PUT", f"{path}/flux", FLUX)
    answers.ask("GET", f"{path}/flux")
    answers.ask("GET", path)
    answers.ask("PATCH", f"{path}/flux", {"properties": {"configurationSettings": {"a": "b"}}})
    time.sleep(0.4)
    answers.ask("GET", f"{path}/flux")
    answers.ask("GET", path)
    answers.follow(created)
    for version in ("2022-03-01", "2023-05-01"):
        answers.ask("GET", f"{path}/flux", version=version)
        answers.ask("GET", path, version=version)
    deleted = answers.ask("DELETE", f"{path}/flux")
    answers.follow(deleted)
    pinned = {"extensionType": "microsoft.dapr", "autoUpgradeMinorVersion": False, "version": "1.6.0"}
    pinned_created = answers.ask("PUT", f"{path}/flux", {"properties": pinned})
    time.sleep(0.4)
    answers.ask("GET", f"{path}/flux")
    answers.follow(pinned_created)
    answers.ask("GET", f"{path}/flux")
    answers.ask("DELETE", f"{path}/flux", forceDelete="true")
    answers.ask("PUT", f"{path}/flux", FLUX, version="2022-03-01")
    answers.ask("DELETE", f"{path}/flux", forceDelete="true")


def _kinds(answers: Answers) -> None:
    for name in ("plain", "user", "principal", "private", "stopped"):
        answers.ask("GET", f"{AKS}/{name}", version="2025-08-01")
        for pool in answers.ask("GET", f"{AKS}/{name}/agentPools", version="2025-08-01").json()["value"]:
            answers.ask("GET", f"{AKS}/{name}/agentPools/{pool['name']}", version="2025-08-01")
    answers.ask("POST", f"{AKS}/user/listClusterUserCredential", version="2025-08-01")


def _clusters(answers: Answers) -> None:
    answers.ask("GET", AKS, version="2025-08-01")
    answers.ask("GET", AKS, version="2025-08-01", **{"$skiptoken": "1"})
    answers.ask("GET", f"{AKS}/aks", version="2025-08-01")
    answers.ask("GET", f"{AKS}/nobody", version="2025-08-01")
    answers.ask("GET", f"{AKS}/aks/agentPools", version="2025-10-02-preview")
    answers.ask("GET", f"{AKS}/aks/agentPools", version="2025-10-02-preview", **{"$skiptoken": "1"})
    pool = answers.ask("GET", f"{AKS}/aks/agentPools/pool", version="2025-08-01").json()
    answers.ask("GET", f"{AKS}/aks/agentPools/nobody", version="2025-08-01")
    reserved = {"properties": {"nodeLabels": {"kubernetes.azure.com/x": "y"}}}
    answers.ask("PUT", f"{AKS}/aks/agentPools/pool", reserved, version="2025-08-01")
    pool["properties"]["nodeLabels"] = {"mylabel": "label"}
    changed = answers.ask("PUT", f"{AKS}/aks/agentPools/pool", pool, version="2025-08-01")
    answers.ask("GET", f"{AKS}/aks", version="2025-08-01")
    answers.follow(changed)
    answers.ask("POST", f"{AKS}/aks/listClusterUserCredential", version="2025-08-01")
    answers.ask("POST", f"{AKS}/aks/listClusterAdminCredential", version="2025-08-01")
    answers.ask("GET", f"{ARC}/arc", version="2024-01-01")
    answers.ask("GET", f"{ARC}/nobody", version="2024-01-01")


def _operations(answers: Answers) -> None:
    """What changes pools and whole clusters."""
    pool = f"{AKS}/aks/agentPools/extra"
    body = {"properties": {"count": 1, "vmSize": "Standard_DS2_v2", "mode": "User", "orchestratorVersion": "1.35"}}
    answers.follow(answers.ask("PUT", pool, body, version="2025-08-01"))
    for change in ({"count": 2}, {"powerState": {"code": "Stopped"}}, {"powerState": {"code": "Running"}}):
        answers.follow(answers.ask("PUT", pool, {"properties": change}, version="2025-08-01"))
    answers.follow(answers.ask("DELETE", pool, version="2025-08-01"))
    answers.follow(answers.ask("DELETE", f"{ARC}/gone", version="2024-01-01"))
    for action in ("stop", "start"):
        accepted = answers.ask("POST", f"{AKS}/plain/{action}", version="2025-08-01")
        answers.follow(accepted)
        answers.take(answers.client.send("GET", accepted.headers["Location"]))
    cluster = answers.ask("GET", f"{AKS}/principal", version="2025-08-01").json()
    cluster["identity"] = {"type": "SystemAssigned"}
    answers.follow(answers.ask("PUT", f"{AKS}/principal", cluster, version="2025-08-01"))
    command = answers.ask("POST", f"{AKS}/plain/runCommand", {"command": "kubectl get pods"}, version="2025-08-01")
    answers.take(answers.client.send("GET", command.headers["Location"]))
    time.sleep(0.2)
    answers.take(answers.client.send("GET", command.headers["Location"]))
    answers.ask(
        "GET", "providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions", version="2025-08-01"
    )


def _computes(answers: Answers) -> None:
    version = "2024-04-01"
    workspace = f"{WORKSPACES}/ml"
    answers.ask("GET", WORKSPACES, version=version)
    answers.ask("GET", workspace, version=version)
    answers.ask("GET", f"{WORKSPACES}/nobody", version=version)
    answers.ask("GET", f"{workspace}/computes/nobody", version=version)
    answers.ask("GET", f"{AKS}/aks/trustedAccessRoleBindings", version="2024-05-01")
    answers.ask("GET", f"{AKS}/aks/trustedAccessRoleBindings/nobody", version="2024-05-01")
    body = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "computeType": "Kubernetes",
            "resourceId": f"{answers.client.subscription}/{AKS}/aks",
            "properties": {"namespace": "default"},
        },
    }
    created = answers.ask("PUT", f"{workspace}/computes/k8s", body, version=version)
    answers.follow(created)
    answers.ask("GET", f"{workspace}/computes/k8s", version=version)
    answers.ask("GET", f"{workspace}/computes", version=version)
    bindings = answers.ask("GET", f"{AKS}/aks/trustedAccessRoleBindings", version="2024-05-01").json()["value"]
    answers.ask("GET", f"{AKS}/aks/trustedAccessRoleBindings/{bindings[0]['name']}", version="2024-05-01")
    deleted = answers.ask("DELETE", f"{workspace}/computes/k8s", version=version, underlyingResourceAction="Detach")
    answers.follow(deleted)


def _gateway(answers: Answers) -> None:
    answers.ask("GET", "resourceGroups/rg", version="2020-06-01")
    answers.ask("HEAD", "resourceGroups/rg", version="2020-06-01")
    answers.ask("GET", "providers/Microsoft.KubernetesConfiguration", version="2022-09-01")
    answers.ask("POST", "providers/Microsoft.Relay/register", version="2022-09-01")
    missing = AKS.replace("/rg/", "/nobody/")
    answers.ask("DELETE", f"{missing}/aks/agentPools/pool", version="2025-08-01")
    answers.ask("DELETE", f"{missing}/aks/{EXTENSIONS}/flux")


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, list[Exchange]]]:
    with Simulator(SCENARIO, time_scale=100) as simulator:
        found = Answers(ArmClient(simulator.ready))
        _gateway(found)
        _kinds(found)
        _clusters(found)
        _extensions(found, f"{AKS}/plain")
        _extensions(found, f"{ARC}/arc")
        _computes(found)
        _operations(found)
        yield found.found


@cache
def known() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    return content


@cache
def recorded() -> tuple[Exchange, ...]:
    return tuple(read_recordings(Path(FOLDER)))


def _matches(pattern: str, text: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[]", "[[]]"))


def _counterparts(answers: dict[str, list[Exchange]], situation: str) -> list[Exchange]:
    return answers.get(situation) or answers.get(OTHER_COMPUTES.sub(r"\1Kubernetes ", situation)) or []


def test_every_recorded_situation_is_simulated_or_listed(answers: dict[str, list[Exchange]]) -> None:
    situations = {situation for exchange in recorded() if (situation := exchange.situation())}
    assert situations, "no recording was recognised"
    listed = [entry["situation"] for entry in known()["situations"]]
    missing = {s for s in situations if not _counterparts(answers, s) and not any(_matches(p, s) for p in listed)}
    assert not missing, "recorded but neither simulated nor listed in known_differences.yml: " + "; ".join(missing)
    stale = [p for p in listed if not any(_matches(p, s) and not _counterparts(answers, s) for s in situations)]
    assert not stale, f"listed situations that are simulated, or were never recorded: {stale}"


def _differences(answers: dict[str, list[Exchange]]) -> Iterator[tuple[str, str, int, str]]:
    """Situation, difference, number of recordings that show it, one of them.

    A recording is put beside the nearest answer that the simulator gives in its situation. What the recordings of one
    situation show in more than one form (a field that is there in one and absent in another, null or a text, a header
    that was introduced later) is no difference, as long as the simulator's form is among them.
    """
    compared: dict[str, int] = defaultdict(int)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for exchange in recorded():
        situation = exchange.situation()
        ours = _counterparts(answers, situation) if situation else []
        if situation and ours:
            compared[situation] += 1
            for difference in min((compare(exchange, candidate) for candidate in ours), key=len):
                found[situation, difference].append(exchange.source)
    for (situation, difference), sources in sorted(found.items()):
        if len(sources) == compared[situation]:
            yield situation, difference, len(sources), sources[0]


def test_answers_agree_with_the_recordings(answers: dict[str, list[Exchange]]) -> None:
    entries = known()["differences"]
    used: set[int] = set()
    unlisted: list[str] = []
    for situation, difference, count, source in _differences(answers):
        listed = [
            number
            for number, entry in enumerate(entries)
            if _matches(entry.get("situation", "*"), situation) and _matches(entry["difference"], difference)
        ]
        used.update(listed)
        if not listed:
            unlisted.append(f"{situation}: {difference}  ({count}x, {source})")
    assert not unlisted, f"{len(unlisted)} differences that are not listed:\n" + "\n".join(unlisted)
    stale = [entry for number, entry in enumerate(entries) if number not in used]
    assert not stale, f"listed differences that do not occur: {stale}"


def test_every_known_difference_has_a_reason() -> None:
    entries = [*known()["situations"], *known()["differences"]]
    assert all(len(entry.get("reason", "")) > 20 for entry in entries)
