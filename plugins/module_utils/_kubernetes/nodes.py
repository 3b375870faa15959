# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: reading them, and labelling those of clusters that have no node pools of their own in Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import NodeFacts, Taint
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import quantities
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import NODES

_POOL_LABELS = ("kubernetes.azure.com/agentpool", "agentpool")
_SIZE_LABEL = "node.kubernetes.io/instance-type"
_DEVICE_PREFIXES = ("nvidia.com/gpu", "nvidia.com/mig-", "amd.com/gpu")


def read(cluster: ClusterConnection) -> list[NodeFacts]:
    """Return the nodes of a cluster, ordered by name."""
    return sorted((from_object(node) for node in cluster.list(NODES)), key=lambda node: node["name"])


def from_object(node: Mapping[str, Any]) -> NodeFacts:
    """Return the facts of a Node object."""
    metadata, spec, status = (node.get(part) or {} for part in ("metadata", "spec", "status"))
    labels: dict[str, str] = metadata.get("labels") or {}
    info = status.get("nodeInfo") or {}
    allocatable = status.get("allocatable") or {}
    return NodeFacts(
        name=str(metadata.get("name")),
        ready=_is_ready(status),
        schedulable=not spec.get("unschedulable"),
        pool=next((labels[label] for label in _POOL_LABELS if labels.get(label)), None),
        vm_size=labels.get(_SIZE_LABEL),
        architecture=info.get("architecture") or labels.get("kubernetes.io/arch"),
        operating_system=info.get("operatingSystem") or labels.get("kubernetes.io/os"),
        kubelet_version=info.get("kubeletVersion"),
        cpu=float(quantities.amount(allocatable.get("cpu", "0"))),
        memory=int(quantities.amount(allocatable.get("memory", "0"))),
        gpus={
            name: int(quantities.amount(value))
            for name, value in sorted(allocatable.items())
            if name.startswith(_DEVICE_PREFIXES)
        },
        taints=[
            Taint(key=str(taint.get("key") or ""), value=taint.get("value"), effect=str(taint.get("effect") or ""))
            for taint in spec.get("taints") or []
        ],
        labels=dict(labels),
    )


def set_labels(cluster: ClusterConnection, node: Mapping[str, Any], labels: Mapping[str, str | None]) -> dict[str, Any]:
    """Set labels of the Node that was read (None removes one) and return it; others' labels stay as they are."""
    return cluster.merge(NODES, node, {"labels": dict(labels)})


def _is_ready(status: Mapping[str, Any]) -> bool:
    """Tell whether the kubelet reported the node ready."""
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in status.get("conditions") or []
    )
