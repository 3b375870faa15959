# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a cluster with what the scenario says: nodes, namespaces, the front end, services of the first generation.

Source: learn.microsoft.com/azure/aks/use-labels (nodes); AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md
    (azureml-fe and its labels).

Everything goes through the cluster's API, so that a real control plane can be filled in the same way.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.simulator import scenario as plan
from tests.simulator.chart import Release, present_release
from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.nodes import create_node, nodes

if TYPE_CHECKING:
    from tests.simulator.cluster_api import ClusterApi
    from tests.simulator.fleet import ClusterResource, Fleet, KubernetesCluster

FRONT_END = {"azuremlappname": "azureml-fe"}
FIRST_POLL, LAST_POLL = 0.02, 0.5
"""Real seconds between two looks at the pods of a cluster that has just been filled."""
SETTLE_REAL_SECONDS = 20.0


async def seed(fleet: Fleet, cluster: KubernetesCluster, api: ClusterApi) -> None:
    """Fill `cluster`; returns when the pods of its Deployments are as they should be."""
    target, spec = Cluster(api, "azureml-v1"), cluster.spec
    # A real cluster keeps the nodes it has; one without any gets the scenario's, which KWOK brings to life.
    if spec.kubernetes is None or not await target.items(paths.NODES):
        for node in nodes(cluster):
            await create_node(target, node)
    for name in [*spec.namespaces, *(service.namespace for service in spec.v1_services)]:
        await target.ensure_namespace(name)
    if spec.front_end != "absent":
        await _front_end(target, spec)
    for service in spec.v1_services:
        await target.create(paths.deployments(service.namespace), _v1_service(service))
    for resource in fleet.resources.values():
        if resource.cluster is cluster:
            await _extensions(fleet, target, resource)
    await _settle(fleet, target, spec)


async def _front_end(target: Cluster, spec: plan.Cluster) -> None:
    """The router of the first generation's services, in namespace `default`."""
    await target.create(paths.deployments("default"), front_end_deployment(spec.front_end, spec.extension))
    service = manifest(
        "v1",
        "Service",
        "azureml-fe",
        namespace="default",
        labels=dict(FRONT_END),
        spec={
            "type": "LoadBalancer",
            "selector": dict(FRONT_END),
            "ports": [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 5001},
                {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 5004},
            ],
        },
    )
    await target.create(paths.services("default"), service)
    address = {"loadBalancer": {"ingress": [{"ip": "20.50.0.4"}]}}
    await target.merge(f"{paths.services('default')}/azureml-fe/status", {"status": address})


def front_end_deployment(kind: plan.FrontEnd, extension: plan.Extension | None = None) -> dict[str, Any]:
    """The Deployment `azureml-fe` of a scenario; the one that is not ready asks for a node that does not exist."""
    labels = dict(FRONT_END)
    pods = {**FRONT_END, "azuremlappversion": "v1" if kind == "v1" else "v2"}
    pod: dict[str, Any] = {
        "containers": [
            {
                "name": "azureml-fe",
                "image": "mcr.microsoft.com/azureml/azureml-fe:2.1.0",
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
            }
        ]
    }
    if kind == "v2_not_ready":
        pod["nodeSelector"] = {"simulated.example.com/absent": "true"}
    found = manifest("apps/v1", "Deployment", "azureml-fe", namespace="default", labels=labels)
    found["spec"] = {
        "replicas": 3 if kind != "v1" else 1,
        "selector": {"matchLabels": dict(FRONT_END)},
        "template": {"metadata": {"labels": pods}, "spec": pod},
    }
    if kind == "owned_by_extension":
        release = Release(extension.name if extension else "azureml", "azureml", {}, managed_cluster=True)
        found["metadata"]["labels"] |= release.labels()
        found["metadata"]["annotations"] = release.annotations()
    return found


def _v1_service(service: plan.V1Service) -> dict[str, Any]:
    labels = {"azuremlappname": service.name, "azuremlappversion": "1", "isazuremlapp": "true"}
    container = {
        "name": service.name,
        "image": "example.azurecr.io/azureml/service:1",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    found = manifest("apps/v1", "Deployment", service.name, namespace=service.namespace, labels=labels)
    found["spec"] = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return found


async def _extensions(fleet: Fleet, target: Cluster, resource: ClusterResource) -> None:
    for extension in resource.extensions.values():
        if extension.installed:
            release = Release(
                extension.name,
                extension.scope["cluster"]["releaseNamespace"],
                extension.settings,
                resource.managed,
                beliefs=fleet.beliefs,
            )
            await present_release(target.api, release)


async def _settle(fleet: Fleet, target: Cluster, spec: plan.Cluster) -> None:
    """Wait until the pods that can start have started: a cluster of the scenario has been running for long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + max(SETTLE_REAL_SECONDS, fleet.clock.real(3 * fleet.scenario.timing.pod_start))
    pause = FIRST_POLL
    while loop.time() < deadline and not await _settled(target, spec):
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LAST_POLL)


async def _settled(target: Cluster, spec: plan.Cluster) -> bool:
    waiting = 0
    for found in await target.items("/apis/apps/v1/deployments"):
        stuck = spec.front_end == "v2_not_ready" and found["metadata"]["name"] == "azureml-fe"
        ready = int((found.get("status") or {}).get("readyReplicas") or 0)
        waiting += 0 if stuck or ready >= found["spec"].get("replicas", 1) else 1
    return waiting == 0
