# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Node objects of node pools, and what a change of a pool does to them.

Source: learn.microsoft.com "Use labels in an AKS cluster", "Use node taints", "Scale the node count": a pool's labels
and taints are put on its nodes without replacing them, its count is the number of its nodes, an upgrade gives them
another kubelet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.state import scenario as plan
from tests.simulator.state.fleet import NODE_IMAGE, NodePoolState, stable_guid
from tests.simulator.state.vm_sizes import vm_size

if TYPE_CHECKING:
    from tests.simulator.foundation.cluster_api import ClusterApi
    from tests.simulator.state.fleet import KubernetesCluster

RESERVED_MEMORY_MIB = 1638


def nodes(cluster: KubernetesCluster) -> Iterator[dict[str, Any]]:
    """The Node objects of a cluster, with status; none on a cluster or in a pool that is stopped."""
    for pool in cluster.pools.values():
        yield from pool_nodes(cluster, pool)
    for number in range(cluster.spec.virtual_nodes):
        yield _virtual_node(cluster.spec, number)


def pool_nodes(cluster: KubernetesCluster, pool: NodePoolState) -> Iterator[dict[str, Any]]:
    """The Node objects of one pool, with status."""
    for number in range(pool.count):
        yield _node(cluster, pool, number)


async def create_node(target: Cluster, node: dict[str, Any]) -> None:
    """Create a Node and say what its kubelet would report."""
    await target.create(paths.NODES, node)
    await target.merge(f"{paths.NODES}/{node['metadata']['name']}/status", {"status": node["status"]})


async def bring_nodes(api: ClusterApi, cluster: KubernetesCluster, pool: NodePoolState, before: NodePoolState) -> None:
    """Make the nodes of `pool` what it says, as AKS does after a change from `before`.

    What others wrote on the nodes stays. Only a change of the count adds or removes nodes, so that a real cluster with
    nodes of its own keeps them.
    """
    target = Cluster(api, "aks")
    present = {node["metadata"]["name"]: node for node in await target.items(paths.NODES, f"agentpool={pool.name}")}
    if pool.count != before.count:
        surplus = sorted(present)[pool.count :]
        await _remove_nodes(target, surplus)
        present = {name: node for name, node in present.items() if name not in surplus}
        wanted = [node for node in pool_nodes(cluster, pool) if node["metadata"]["name"] not in present]
        for node in wanted[: pool.count - len(present)]:
            await create_node(target, node)
    for name, node in present.items():
        await _bring_node(target, name, node, pool, before)


async def remove_nodes(api: ClusterApi, pool: str) -> None:
    """Remove all nodes of a pool that was deleted."""
    target = Cluster(api, "aks")
    found = await target.items(paths.NODES, f"agentpool={pool}")
    await _remove_nodes(target, [node["metadata"]["name"] for node in found])


async def _remove_nodes(target: Cluster, names: Sequence[str]) -> None:
    """Cordon nodes, take the pods on them away (their controllers make new ones elsewhere), and remove them.

    Source: learn.microsoft.com "Scale the node count in an AKS cluster": nodes are cordoned and drained.
    """
    for name in names:
        await target.merge(f"{paths.NODES}/{name}", {"spec": {"unschedulable": True}})
    for pod in await target.items("/api/v1/pods") if names else []:
        if (pod.get("spec") or {}).get("nodeName") in names:
            metadata = pod["metadata"]
            path = f"{paths.pods(metadata['namespace'])}/{metadata['name']}"
            await target.api.request("DELETE", path, query={"gracePeriodSeconds": "0"})
    for name in names:
        await target.delete(f"{paths.NODES}/{name}")


async def _bring_node(
    target: Cluster, name: str, node: dict[str, Any], pool: NodePoolState, before: NodePoolState
) -> None:
    patch: dict[str, Any] = {}
    labels = changed_labels(_pool_labels(before), _pool_labels(pool))
    if labels:
        patch["metadata"] = {"labels": labels}
    if before.taints != pool.taints:
        old = [taint_object(text) for text in before.taints]
        kept = [taint for taint in (node.get("spec") or {}).get("taints") or [] if _bare(taint) not in old]
        patch["spec"] = {"taints": [*kept, *(taint_object(text) for text in pool.taints)]}
    if patch:
        await target.merge(f"{paths.NODES}/{name}", patch)
    if before.version != pool.version:
        info = {"kubeletVersion": f"v{pool.version}", "kubeProxyVersion": f"v{pool.version}"}
        await target.merge(f"{paths.NODES}/{name}/status", {"status": {"nodeInfo": info}})


def changed_labels(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """A merge patch of labels: what is new or different, and None for what is gone."""
    gone: dict[str, str | None] = {key: None for key in before if key not in after}
    return gone | {key: value for key, value in after.items() if before.get(key) != value}


def _pool_labels(pool: NodePoolState) -> dict[str, str]:
    return {"kubernetes.azure.com/mode": str(pool.properties.get("mode", "User")).lower(), **pool.labels}


def taint_object(text: str) -> dict[str, str]:
    """The taint that `key=value:Effect` or `key:Effect` means."""
    key, _unused, effect = text.rpartition(":")
    name, _unused, value = key.partition("=")
    return {"key": name, "effect": effect, **({"value": value} if value else {})}


def _bare(taint: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in taint.items() if name in ("key", "value", "effect")}


def _node(cluster: KubernetesCluster, pool: NodePoolState, number: int) -> dict[str, Any]:
    spec = cluster.spec
    name = _node_name(spec, pool.name, number)
    node: dict[str, Any] = manifest("v1", "Node", name, labels=_node_labels(spec, pool, name) | pool.labels)
    node["spec"] = {"providerID": f"simulated:///{spec.resource_group}/{spec.name}/{name}"}
    if pool.taints:
        node["spec"]["taints"] = [taint_object(text) for text in pool.taints]
    position = list(cluster.pools).index(pool.name.lower())
    node["status"] = _node_status(pool, name, f"10.224.{position}.{number % 250 + 4}")
    return node


def _virtual_node(spec: plan.Cluster, number: int) -> dict[str, Any]:
    """A node of Azure Container Instances: no machine, in no pool, with a taint that keeps off what does not know it.

    Source: learn.microsoft.com/azure/aks/virtual-nodes-cli.
    """
    name = f"virtual-node-aci-linux{f'-{number}' if number else ''}"
    labels = {
        "beta.kubernetes.io/os": "linux",
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/role": "agent",
        "type": "virtual-kubelet",
    }
    node: dict[str, Any] = manifest("v1", "Node", name, labels=labels)
    taint = {"key": "virtual-kubelet.io/provider", "value": "azure", "effect": "NoSchedule"}
    node["spec"] = {"providerID": f"simulated:///{spec.name}/{name}", "taints": [taint]}
    pool = NodePoolState("aci", {"vmSize": "Standard_E8s_v5"}, gpus=0, version=spec.kubernetes_version)
    node["status"] = _node_status(pool, name, f"10.240.0.{number + 4}")
    return node


def _node_name(spec: plan.Cluster, pool: str, number: int) -> str:
    if spec.kind == "arc":
        return f"{spec.name.lower()}-{pool}-{number}"
    return f"aks-{pool}-{int(stable_guid(spec.name, pool)[:8], 16) % 10**8:08d}-vmss{number:06d}"


def _node_labels(spec: plan.Cluster, pool: NodePoolState, name: str) -> dict[str, str]:
    system = str(pool.properties.get("osType", "Linux")).lower()
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
            "kubernetes.azure.com/cluster": label_of_group(spec.group_of_nodes),
            "kubernetes.azure.com/mode": str(pool.properties.get("mode", "User")).lower(),
            "kubernetes.azure.com/role": "agent",
            "kubernetes.azure.com/node-image-version": NODE_IMAGE,
            "node.kubernetes.io/instance-type": pool.vm_size,
            "topology.kubernetes.io/region": spec.location,
            "topology.kubernetes.io/zone": "0",
        }
        if pool.gpus:
            labels |= {"accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia"}
    return labels


def label_of_group(group: str) -> str:
    """Return the name of the nodes' resource group as AKS makes a label of it.

    Source: the ARM expression that Azure/AgentBaker quotes in pkg/agent/baker.go: take(replace(replace(
    resourceGroup().name, '(', '-'), ')', '-'), 63), and where that ends in '-', '_' or '.', concat(take(…, 62), 'z').
    """
    cut = group.replace("(", "-").replace(")", "-")[:63]
    return cut[:62] + "z" if cut[-1:] in {"-", "_", "."} else cut


def _node_status(pool: NodePoolState, name: str, address: str) -> dict[str, Any]:
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
    if pool.gpus:
        capacity["nvidia.com/gpu"] = allocatable["nvidia.com/gpu"] = str(pool.gpus)
    return {
        "capacity": capacity,
        "allocatable": allocatable,
        "conditions": [
            {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
            {"type": "DiskPressure", "status": "False", "reason": "KubeletHasNoDiskPressure"},
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
        ],
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "nodeInfo": _node_info(pool, name),
    }


def _node_info(pool: NodePoolState, name: str) -> dict[str, str]:
    system = str(pool.properties.get("osType", "Linux"))
    windows = system == "Windows"
    return {
        "architecture": "amd64",
        "operatingSystem": system.lower(),
        "osImage": "Windows Server 2022 Datacenter" if windows else "Ubuntu 22.04.5 LTS",
        "kernelVersion": "10.0.20348.2700" if windows else "5.15.0-1092-azure",
        "kubeletVersion": f"v{pool.version}",
        "kubeProxyVersion": f"v{pool.version}",
        "containerRuntimeVersion": "containerd://1.7.27-1",
        "machineID": stable_guid(name, "machine").replace("-", ""),
        "systemUUID": stable_guid(name, "system"),
        "bootID": stable_guid(name, "boot"),
    }
