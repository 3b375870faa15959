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
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulator import scenario as plan
from tests.simulator.arm.bodies import NODE_IMAGE
from tests.simulator.chart import Release, present_release
from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.fleet import stable_guid
from tests.simulator.vm_sizes import vm_size

if TYPE_CHECKING:
    from tests.simulator.cluster_api import ClusterApi
    from tests.simulator.fleet import ClusterResource, Fleet, KubernetesCluster

FRONT_END = {"azuremlappname": "azureml-fe"}
RESERVED_MEMORY_MIB = 1638
FIRST_POLL, LAST_POLL = 0.02, 0.5
"""Real seconds between two looks at the pods of a cluster that has just been filled."""
SETTLE_REAL_SECONDS = 20.0


async def seed(fleet: Fleet, cluster: KubernetesCluster, api: ClusterApi) -> None:
    """Fill `cluster`; returns when the pods of its Deployments are as they should be."""
    target, spec = Cluster(api, "azureml-v1"), cluster.spec
    # A real cluster keeps the nodes it has; one without any gets the scenario's, which KWOK brings to life.
    if spec.kubernetes is None or not await target.items(paths.NODES):
        for node in nodes(cluster):
            await target.create(paths.NODES, node)
            await _set_status(target, f"{paths.NODES}/{node['metadata']['name']}", node)
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


async def relabel_nodes(api: ClusterApi, pool: str, before: dict[str, str], after: dict[str, str]) -> None:
    """Give the nodes of a pool the labels `after` in place of `before`, as AKS does when the pool is updated."""
    changes: dict[str, str | None] = {key: None for key in before if key not in after}
    changes |= {key: value for key, value in after.items() if before.get(key) != value}
    target = Cluster(api, "aks")
    for node in await target.items(paths.NODES, f"agentpool={pool}"):
        name = node["metadata"]["name"]
        await target.merge(f"{paths.NODES}/{name}", {"metadata": {"labels": changes}})


def nodes(cluster: KubernetesCluster) -> Iterator[dict[str, Any]]:
    """The Node objects of a cluster, with status; a pool may have got other labels since the simulation began."""
    for pool in cluster.spec.node_pools:
        labels = cluster.pools[pool.name.lower()].properties.get("nodeLabels") or {}
        for number in range(pool.count):
            yield _node(cluster.spec, pool, number, labels)


def _node(spec: plan.Cluster, pool: plan.NodePool, number: int, labels: dict[str, str]) -> dict[str, Any]:
    name = _node_name(spec, pool, number)
    node: dict[str, Any] = manifest("v1", "Node", name, labels=_node_labels(spec, pool, name) | labels)
    node["spec"] = {"providerID": f"simulated:///{spec.resource_group}/{spec.name}/{name}"}
    if pool.taints:
        node["spec"]["taints"] = [_taint(text) for text in pool.taints]
    node["status"] = _node_status(spec, pool, name)
    return node


def _node_name(spec: plan.Cluster, pool: plan.NodePool, number: int) -> str:
    if spec.kind == "arc":
        return f"{spec.name.lower()}-{pool.name}-{number}"
    return f"aks-{pool.name}-{int(stable_guid(spec.name, pool.name)[:8], 16) % 10**8:08d}-vmss{number:06d}"


def _node_labels(spec: plan.Cluster, pool: plan.NodePool, name: str) -> dict[str, str]:
    system = pool.os_type.lower()
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": system,
        "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": system,
        "beta.kubernetes.io/arch": "amd64",
    }
    if spec.kind == "aks":
        labels |= {
            "agentpool": pool.name,
            "kubernetes.azure.com/agentpool": pool.name,
            "kubernetes.azure.com/cluster": spec.group_of_nodes[:63],
            "kubernetes.azure.com/mode": pool.mode.lower(),
            "kubernetes.azure.com/role": "agent",
            "kubernetes.azure.com/node-image-version": NODE_IMAGE,
            "node.kubernetes.io/instance-type": pool.vm_size,
            "topology.kubernetes.io/region": spec.location,
            "topology.kubernetes.io/zone": "0",
        }
        if pool.gpus_per_node():
            labels |= {"accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia"}
    return labels


def _taint(text: str) -> dict[str, str]:
    """`key=value:Effect`, or `key:Effect`."""
    key, _unused, effect = text.rpartition(":")
    name, _unused, value = key.partition("=")
    return {"key": name, "effect": effect, **({"value": value} if value else {})}


def _node_status(spec: plan.Cluster, pool: plan.NodePool, name: str) -> dict[str, Any]:
    size = vm_size(pool.vm_size)
    capacity = {
        "cpu": str(size.cpus),
        "memory": f"{size.memory_gib * 1024 * 1024}Ki",
        "pods": "110",
        "ephemeral-storage": "129886128Ki",
    }
    allocatable = {
        **capacity,
        "cpu": f"{size.cpus * 1000 - 140}m",
        "memory": f"{(size.memory_gib * 1024 - RESERVED_MEMORY_MIB) * 1024}Ki",
    }
    if pool.gpus_per_node():
        capacity["nvidia.com/gpu"] = allocatable["nvidia.com/gpu"] = str(pool.gpus_per_node())
    windows = pool.os_type == "Windows"
    return {
        "capacity": capacity,
        "allocatable": allocatable,
        "conditions": [
            {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
            {"type": "DiskPressure", "status": "False", "reason": "KubeletHasNoDiskPressure"},
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
        ],
        "addresses": [{"type": "InternalIP", "address": "10.224.0.4"}, {"type": "Hostname", "address": name}],
        "nodeInfo": {
            "architecture": "amd64",
            "operatingSystem": pool.os_type.lower(),
            "osImage": "Windows Server 2022 Datacenter" if windows else "Ubuntu 22.04.5 LTS",
            "kernelVersion": "10.0.20348.2700" if windows else "5.15.0-1092-azure",
            "kubeletVersion": f"v{spec.kubernetes_version}",
            "kubeProxyVersion": f"v{spec.kubernetes_version}",
            "containerRuntimeVersion": "containerd://1.7.27-1",
            "machineID": stable_guid(name, "machine").replace("-", ""),
            "systemUUID": stable_guid(name, "system"),
            "bootID": stable_guid(name, "boot"),
        },
    }


async def _set_status(target: Cluster, path: str, node: dict[str, Any]) -> None:
    await target.merge(f"{path}/status", {"status": node["status"]})


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
