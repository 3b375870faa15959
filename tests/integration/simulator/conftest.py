# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One small simulated fleet for the simulator's own tests, and ways to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient

FLEET: dict[str, Any] = {
    "timing": {
        "extension_install": 40,
        "extension_update": 20,
        "extension_delete": 10,
        "node_pool_update": 10,
        "compute_attach": 10,
        "compute_detach": 10,
        "pod_start": 2,
    },
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {
            "name": "aks",
            "resource_group": "rg",
            "front_end": "v2",
            "node_pools": [{"name": "system"}, {"name": "gpu", "vm_size": "Standard_NC4as_T4_v3", "mode": "User"}],
            "legacy_computes": [{"workspace": "ml", "name": "old"}],
            "v1_services": [{"name": "score", "namespace": "azureml-ml"}],
        },
        {"name": "plain", "resource_group": "rg", "namespaces": ["models"]},
        {"name": "installed", "resource_group": "rg", "extension": {"name": "azureml"}},
        {"name": "entra", "resource_group": "rg", "entra": True, "local_accounts": False},
        {"name": "principal", "resource_group": "rg", "identity": "service_principal"},
        {"name": "stopped", "resource_group": "rg", "power_state": "Stopped"},
        {
            "name": "made",
            "resource_group": "rg",
            "legacy_computes": [{"workspace": "ml", "name": "made-by-ml", "attached": False}],
        },
        {"name": "edge", "kind": "arc", "resource_group": "rg", "distribution": "k3s"},
    ],
}
AKS = "resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters"
ARC = "resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters"
EXTENSIONS = "providers/Microsoft.KubernetesConfiguration/extensions"
WORKSPACE = "resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"

KubernetesOf = Callable[[str], kubernetes_client.ApiClient]


@pytest.fixture(scope="module")
def fleet(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator of its own for each test module: of the module's FLEET, or of the usual one."""
    with Simulator(getattr(request.module, "FLEET", FLEET), time_scale=100) as simulator:
        yield simulator


@pytest.fixture
def fresh(fleet: Simulator) -> Simulator:
    """The module's simulator in its initial state."""
    fleet.reset()
    return fleet


@pytest.fixture
def arm(fresh: Simulator) -> ArmClient:
    """A plain client of the fleet's ARM."""
    return ArmClient(fresh.ready)


@pytest.fixture
def kubernetes_of(fresh: Simulator) -> KubernetesOf:
    """The unmodified Kubernetes client of the cluster with a name."""

    return partial(connect, fresh)


def connect(simulator: Simulator, name: str) -> kubernetes_client.ApiClient:
    """The unmodified Kubernetes client of a cluster."""
    with open(simulator.clusters[name]["kubeconfig"], encoding="utf-8") as stream:
        return kubernetes_config.new_client_from_config_dict(yaml.safe_load(stream))


def extension_settings(cluster_id: str, **more: str) -> dict[str, str]:
    """Settings with which the chart installs: training and inference without TLS."""
    return {
        "enableTraining": "True",
        "enableInference": "True",
        "inferenceRouterServiceType": "LoadBalancer",
        "allowInsecureConnections": "True",
        "cluster_name": cluster_id,
        "clusterId": cluster_id,
        "domain": "westeurope.cloudapp.azure.com",
        "location": "westeurope",
        "jobSchedulerLocation": "westeurope",
        "servicebus.enabled": "false",
        "relayserver.enabled": "false",
        "nginxIngress.enabled": "true",
        **more,
    }


def extension_body(settings: dict[str, str], **properties: Any) -> dict[str, Any]:
    """The body of a PUT of the Azure Machine Learning extension."""
    return {
        "properties": {
            "extensionType": "Microsoft.AzureML.Kubernetes",
            "scope": {"cluster": {"releaseNamespace": "azureml"}},
            "configurationSettings": settings,
            **properties,
        }
    }


def install(fleet: Simulator, arm: ArmClient, cluster: str, settings: dict[str, str] | None = None) -> dict[str, Any]:
    """Install the extension as `ml`; returns the last answer of its status URL."""
    wanted = extension_settings(fleet.clusters[cluster]["id"]) if settings is None else settings
    created = arm.send("PUT", f"{AKS}/{cluster}/{EXTENSIONS}/ml", extension_body(wanted))
    assert created.status_code in (200, 201)
    return dict(arm.wait(created).json())


def deployments(api: kubernetes_client.ApiClient, namespace: str = "azureml") -> dict[str, Any]:
    found = kubernetes_client.AppsV1Api(api).list_namespaced_deployment(namespace)
    return {item.metadata.name: item for item in found.items}
