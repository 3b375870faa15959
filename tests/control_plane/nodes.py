# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes that KWOK plays: groups of equal ones, as AKS would label them.

Labels: https://learn.microsoft.com/azure/aks/use-labels; GPU nodes' extended resource and label:
https://learn.microsoft.com/azure/aks/use-nvidia-gpu.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.control_plane.errors import ControlPlaneError


@dataclass(frozen=True)
class NodeGroup:
    """``count`` equal nodes. ``cpu`` and ``memory`` are what pods can have (allocatable), as quantities."""

    name: str
    count: int = 1
    cpu: str = "3860m"
    memory: str = "12880Mi"
    gpus: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    instance_type: str = "Standard_D4s_v5"
    pool: bool = True  # an AKS node pool; false: nodes of some other cluster, without AKS's labels


DEFAULT_NODES = (
    NodeGroup("system", count=3),
    NodeGroup("gpu", cpu="5840m", memory="105Gi", gpus=1, instance_type="Standard_NC6s_v3"),
    NodeGroup("gpu4", cpu="23770m", memory="420Gi", gpus=4, instance_type="Standard_NC24s_v3"),
)


def read_nodes(file: Path) -> list[NodeGroup]:
    """Read a YAML list of node groups. Raises ControlPlaneError when it is none."""
    try:
        groups = yaml.safe_load(file.read_text("utf-8"))
        return [NodeGroup(**group) for group in groups]
    except (OSError, yaml.YAMLError, TypeError) as error:
        raise ControlPlaneError(f"{file} is no list of node groups: {error}") from error


def node_objects(groups: Sequence[NodeGroup], kubelet_version: str) -> list[dict[str, Any]]:
    """The Node objects of these groups, offering what they have from the first moment."""
    return [_node(group, index, kubelet_version) for group in groups for index in range(group.count)]


def _node(group: NodeGroup, index: int, kubelet_version: str) -> dict[str, Any]:
    name = f"aks-{group.name}-10000000-vmss{index:06d}" if group.pool else f"{group.name}-{index}"
    offer = {"cpu": group.cpu, "memory": group.memory, "pods": "110", "ephemeral-storage": "119703055367"}
    if group.gpus:
        offer["nvidia.com/gpu"] = str(group.gpus)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {**_standard_labels(name, group), **group.labels},
        },
        "spec": {"taints": group.taints} if group.taints else {},
        "status": {
            "capacity": offer,
            "allocatable": offer,
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": f"v{kubelet_version}",
                "osImage": "Ubuntu 24.04.3 LTS",
            },
        },
    }


def _standard_labels(name: str, group: NodeGroup) -> dict[str, str]:
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": group.instance_type,
    }
    if not group.pool:
        return labels
    labels |= {
        "agentpool": group.name,
        "kubernetes.azure.com/agentpool": group.name,
        "kubernetes.azure.com/mode": "system" if group.name == "system" else "user",
    }
    if group.gpus:
        labels |= {"accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia"}
    return labels
