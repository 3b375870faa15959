# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each `az` command that a preflight rule prints helps: the unmodified Azure CLI runs it, and the finding is gone."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import every_rule
from tests.integration.azure_cli_runner import AzureCli
from tests.integration.harness import Ansible, Simulator, clean_environment

pytestmark = pytest.mark.slow

#: How many terminals there are.
SIDE_BY_SIDE = 6
PRINTED = re.compile(r"`(az [^`]+)`")
WORKSPACE = "ml-west"
FLEET: dict[str, Any] = {
    "time_scale": 600,
    "providers": {"Microsoft.KubernetesConfiguration": "NotRegistered"},
    "workspaces": [{"name": WORKSPACE, "resource_group": "rg-ml"}],
    "clusters": [
        {"name": "stopped", "resource_group": "rg", "power_state": "Stopped"},
        {"name": "failed", "resource_group": "rg", "state": "Failed"},
        {"name": "principal", "resource_group": "rg", "identity": "service_principal"},
        {"name": "pod-identity", "resource_group": "rg", "pod_identity": True},
        {"name": "on-arc", "resource_group": "rg", "arc_connected": True, "front_end": "v2"},
        {"name": "hidden", "resource_group": "rg", "private": True, "public_name": False},
        {"name": "sealed", "resource_group": "rg", "lock": "ReadOnly"},
        {"name": "locked", "resource_group": "rg", "entra": True, "local_accounts": False},
        {
            "name": "created",
            "resource_group": "rg",
            "legacy_computes": [{"workspace": WORKSPACE, "name": "created-v1", "attached": False}],
        },
    ],
}


@dataclass
class Scene:
    """The simulated fleet and the tools that change it."""

    simulator: Simulator
    az: AzureCli
    printed: dict[str, str] = field(default_factory=dict)

    def run_printed(self, rule: str, *more: str) -> Any:
        """Run the command that the rule prints, with the names that a person adds to it."""
        return self.az(*shlex.split(self.printed[rule])[1:], *more)

    def show(self, cluster: str, query: str) -> Any:
        return self.az("aks", "show", "-g", "rg", "-n", cluster, "--query", query)


def start(scene: Scene) -> None:
    scene.run_printed("cluster-stopped", "-g", "rg", "-n", "stopped")
    assert scene.show("stopped", "powerState.code") == "Running"


def reconcile(scene: Scene) -> None:
    # Without arguments the command asks whether to reconcile; --yes is what a person answers.
    scene.run_printed("cluster-failed", "-g", "rg", "-n", "failed", "--yes")
    assert scene.show("failed", "provisioningState") == "Succeeded"


def convert(scene: Scene) -> None:
    scene.run_printed("cluster-service-principal", "-g", "rg", "-n", "principal", "--yes")
    assert scene.show("principal", "identity.type") == "SystemAssigned"
    pool = ("aks", "nodepool")
    on = ("-g", "rg", "--cluster-name", "principal")
    # Without --no-wait the CLI looks every 30 seconds.
    often = ("--interval", "1", "--timeout", "60")
    scene.az(*pool, "add", *on, "-n", "fresh", "--mode", "System", "--node-count", "3", "--no-wait")
    scene.az(*pool, "wait", *on, "-n", "fresh", "--created", *often)
    scene.az(*pool, "delete", *on, "-n", "system", "--no-wait")
    scene.az(*pool, "wait", *on, "-n", "system", "--deleted", *often)


def disable_pod_identity(scene: Scene) -> None:
    """The option belongs to the CLI extension aks-preview, which sends the whole cluster with this one change.

    Source: recorded requests of `az aks update --disable-pod-identity` (azure-cli-extensions, test_aks_pod_identity).
    """
    command = shlex.split(scene.printed["cluster-pod-identity"])[1:]
    refused = scene.az.run(*command, "-g", "rg", "-n", "pod-identity")
    assert refused.returncode == 2
    url = f"{scene.simulator.clusters['pod-identity']['id']}?api-version=2025-10-02-preview"
    body = scene.az("rest", "--method", "get", "--url", url)
    body["properties"]["podIdentityProfile"] = {"enabled": False}
    scene.az("rest", "--method", "put", "--url", url, "--body", json.dumps(body))
    scene.az("aks", "wait", "-g", "rg", "-n", "pod-identity", "--updated", "--interval", "1", "--timeout", "60")
    assert scene.show("pod-identity", "podIdentityProfile.enabled") in (None, False)


def disconnect(scene: Scene) -> None:
    """`az connectedk8s` is a CLI extension: it removes the agents' namespace and sends this request.

    Source: learn.microsoft.com/azure/azure-arc/kubernetes/quickstart-connect-cluster, "Clean up resources".
    """
    kubeconfig = scene.simulator.clusters["on-arc"]["kubeconfig"]
    command = ["kubectl", "--kubeconfig", kubeconfig, "delete", "namespace", "azure-arc"]
    subprocess.run(command, env=clean_environment(), check=True, capture_output=True, timeout=60)
    identifier = scene.simulator.clusters["on-arc"]["id"].replace(
        "Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters"
    )
    scene.az("rest", "--method", "delete", "--url", f"{identifier}?api-version=2024-01-01")
    assert scene.show("on-arc", "provisioningState") == "Succeeded"


def detach(scene: Scene) -> None:
    """`az ml` is a CLI extension; this is its request."""
    group = f"/subscriptions/{scene.simulator.ready['subscription_id']}/resourceGroups/rg-ml"
    compute = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}/computes/created-v1"
    url = f"{compute}?api-version=2024-10-01&underlyingResourceAction=Detach"
    scene.az("rest", "--method", "delete", "--url", url)
    assert scene.show("created", "provisioningState") == "Succeeded"


def publish(scene: Scene) -> None:
    scene.run_printed("cluster-private-without-public-name", "-g", "rg", "-n", "hidden")
    assert scene.show("hidden", "apiServerAccessProfile.enablePrivateClusterPublicFqdn") is True


def unlock(scene: Scene) -> None:
    scene.run_printed("cluster-trusted-access-unavailable", "-g", "rg", "-n", "locked")
    assert not scene.show("locked", "disableLocalAccounts")


def unseal(scene: Scene) -> None:
    lock = f"{scene.simulator.clusters['sealed']['id']}/providers/Microsoft.Authorization/locks/lock"
    scene.run_printed("lock-read-only", lock)
    assert scene.az("lock", "list", "-g", "rg") == []


def register(scene: Scene) -> None:
    command = scene.printed["provider-unregistered"].replace("<provider>", "Microsoft.KubernetesConfiguration")
    scene.az(*shlex.split(command)[1:], "--wait")
    name = ("-n", "Microsoft.KubernetesConfiguration")
    assert scene.az("provider", "show", *name, "--query", "registrationState") == "Registered"


#: Rules whose printed command removes the finding: what runs it, and the clusters that have the finding.
HELPING: dict[str, tuple[Callable[[Scene], None], tuple[str, ...]]] = {
    "provider-unregistered": (register, ("failed", "pod-identity")),
    "cluster-stopped": (start, ("stopped",)),
    "cluster-failed": (reconcile, ("failed",)),
    "cluster-service-principal": (convert, ("principal",)),
    "cluster-pod-identity": (disable_pod_identity, ("pod-identity",)),
    "lock-read-only": (unseal, ("sealed",)),
    "cluster-also-on-arc": (disconnect, ("on-arc",)),
    "legacy-compute-created": (detach, ("created",)),
    "cluster-private-without-public-name": (publish, ("hidden",)),
    # Only found outside the public cloud: the command's effect is what can be seen here.
    "cluster-trusted-access-unavailable": (unlock, ()),
}
#: Rules whose printed command only reads.
READING = {
    "cluster-busy": ("-g", "rg", "-n", "failed"),
    "cluster-region-unsupported": (),
    "kubernetes-version-old": ("westeurope",),
}


def reading(rule: str) -> Callable[[Scene], None]:
    """What runs the printed command of a rule that only reads."""

    def read(scene: Scene) -> None:
        assert scene.run_printed(rule, *READING[rule])

    return read


def attempts() -> dict[str, Callable[[Scene], None]]:
    """What runs the command of each rule."""
    return {rule: run for rule, (run, _clusters) in HELPING.items()} | {rule: reading(rule) for rule in READING}


def printed() -> dict[str, str]:
    """The first `az` command in each rule's remedy."""
    found = ((rule.id, PRINTED.search(rule.remedy)) for rule in every_rule())
    return {identifier: match[1] for identifier, match in found if match}


def inventory(simulator: Simulator, reports: Path) -> dict[str, Any]:
    hosts = {
        name: {"aml_cluster_id": entry["id"], "aml_compute_name": f"k8s-{name}", "aml_enable_inference": False}
        for name, entry in simulator.clusters.items()
    }
    shared = {
        "aml_workspace": WORKSPACE,
        "aml_workspace_resource_group": "rg-ml",
        "aml_enable_training": True,
        "aml_poll_interval": 0.3,
        "aml_report_directory": str(reports),
    }
    return {"all": {"hosts": hosts, "vars": shared}}


def findings(ansible: Ansible, simulator: Simulator, reports: Path) -> dict[str, set[str]]:
    """Run preflight and return the ids of its findings by host."""
    hosts = inventory(simulator, reports)
    ansible("azureml.fleet.preflight", inventory=hosts, environment=simulator.environment)
    written = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (reports / "clusters").iterdir()}
    return {host: {finding["id"] for finding in report["findings"]} for host, report in written.items()}


def test_every_rule_that_prints_a_command_of_az_is_tried_here() -> None:
    assert set(printed()) == {*HELPING, *READING}


def test_the_printed_commands_remove_the_findings(tmp_path: Path) -> None:
    with Simulator(FLEET) as simulator:
        ansible = Ansible(tmp_path / "ansible")
        before = findings(ansible, simulator, tmp_path / "before")
        for rule, (_run, clusters) in HELPING.items():
            for cluster in clusters:
                assert rule in before[cluster], f"{cluster}: {before[cluster]}"
        az = AzureCli(simulator, tmp_path)
        # Each command looks every 30 seconds whether it is done; no two of them are about the same cluster.
        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
            tried = [
                pool.submit(attempt, Scene(simulator, az.copy(tmp_path / rule), printed()))
                for rule, attempt in attempts().items()
            ]
        for each in tried:
            each.result()
        after = findings(ansible, simulator, tmp_path / "after")
        left = {(cluster, rule) for rule in HELPING for cluster, found in after.items() if rule in found}
        assert left == set()
