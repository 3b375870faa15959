# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a cluster with what the scenario says: nodes, namespaces, what AksCompute made, the extension.

Source: public scripts that select the pods of online deployments by isazuremlapp, ml.azure.com/endpoint-name and
    ml.azure.com/deployment-name (their labels); legacy.py for what AksCompute made, nodes.py for nodes.

Everything goes through the cluster's API, so that a real control plane can be filled in the same way.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.simulator.chart import EXTENSION_TYPE, Release, present_release
from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.contents import legacy
from tests.simulator.contents.nodes import create_node, nodes
from tests.simulator.contents.storage_classes import create_storage_classes
from tests.simulator.contents.trusted_access import grant
from tests.simulator.state import scenario as plan

if TYPE_CHECKING:
    from tests.simulator.foundation.cluster_api import ClusterApi
    from tests.simulator.state.fleet import ClusterResource, Fleet, KubernetesCluster

FIRST_POLL, LAST_POLL = 0.02, 0.5
"""Real seconds between two looks at the pods of a cluster that has just been filled."""
SETTLE_REAL_SECONDS = 20.0
ARC = "azure-arc"


async def seed(fleet: Fleet, cluster: KubernetesCluster, api: ClusterApi) -> None:
    """Fill `cluster`; returns when the pods of its Deployments are as they should be."""
    target, spec = Cluster(api, "azureml-v1"), cluster.spec
    # A real cluster keeps the nodes it has; one without any gets the scenario's, which KWOK brings to life.
    if spec.kubernetes is None or not await target.items(paths.NODES):
        for node in nodes(cluster):
            await create_node(target, node)
    if spec.kind == "aks":
        await grant(api, cluster.bindings.values(), cluster.beliefs)
    if spec.kind == "aks" and spec.kubernetes is None:  # a real control plane has no drivers
        await create_storage_classes(target)
    await _arc_agents(fleet, target, cluster)
    for name in spec.namespaces:
        await target.ensure_namespace(name)
    await legacy.seed(target, spec, cluster.beliefs)
    await _online_deployments(target, spec)
    for resource in fleet.resources.values():
        if resource.cluster is cluster:
            await _extensions(fleet, target, resource)
    await _settle(fleet, target, spec)


async def _arc_agents(fleet: Fleet, target: Cluster, cluster: KubernetesCluster) -> None:
    """The ConfigMap in which the agents of Azure Arc keep for which resource they were installed.

    Source: Azure/azure-cli-extensions, src/connectedk8s/azext_connectedk8s/custom.py, which reads these three keys.
    """
    for resource in fleet.resources.values():
        if resource.cluster is cluster and not resource.managed:
            data = {
                "AZURE_SUBSCRIPTION_ID": fleet.scenario.subscription_id,
                "AZURE_RESOURCE_GROUP": cluster.spec.resource_group,
                "AZURE_RESOURCE_NAME": resource.name,
            }
            await target.ensure_namespace(ARC)
            body = manifest("v1", "ConfigMap", "azure-clusterconfig", namespace=ARC)
            await target.ensure(paths.config_maps(ARC), {**body, "data": data})


async def _online_deployments(target: Cluster, spec: plan.Cluster) -> None:
    for deployment in spec.online_deployments:
        await target.ensure_namespace(deployment.namespace)
        await target.create(paths.deployments(deployment.namespace), _online_deployment(deployment))


def _online_deployment(deployment: plan.OnlineDeployment) -> dict[str, Any]:
    """The Deployment of an online deployment. Its pods carry `isazuremlapp=true`, as those of web services do."""
    labels = {
        "isazuremlapp": "true",
        "ml.azure.com/endpoint-name": deployment.endpoint,
        "ml.azure.com/deployment-name": deployment.name,
    }
    name = f"{deployment.name}-{deployment.endpoint}"
    container = {"name": "inference-server", "image": "example.azurecr.io/azureml/online:1"}
    found = manifest("apps/v1", "Deployment", name, namespace=deployment.namespace, labels=labels)
    found["spec"] = {
        "replicas": deployment.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return found


async def _extensions(fleet: Fleet, target: Cluster, resource: ClusterResource) -> None:
    for extension in resource.extensions.values():
        if extension.extension_type != EXTENSION_TYPE:
            continue  # only this chart is simulated; a client may have created others before the cluster was first used
        spec = resource.cluster.spec.extension
        codes = spec.health_codes if spec else []
        if extension.installed or codes:
            release = Release(
                extension.name,
                extension.scope["cluster"]["releaseNamespace"],
                {**extension.settings, **extension.protected},
                resource.managed,
                beliefs=resource.cluster.beliefs,
                load_balancer=resource.cluster.spec.load_balancer,
                router=resource.cluster.router,
            )
            await present_release(target.api, release, codes, extension.installed)


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
