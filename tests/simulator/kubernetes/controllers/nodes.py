# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: what a kubelet would report of a node that somebody created."""

from __future__ import annotations

from typing import Any

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key
from tests.simulator.kubernetes.writes import WriteOptions

KUBELET = WriteOptions(manager="kubelet", manager_given=True, validation="Ignore")
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def reconcile(context: ControllerContext, key: Key) -> None:
    """Complete the status of a node that has no condition Ready."""
    node = context.store.get(key)
    if node is None or node["metadata"].get("deletionTimestamp"):
        return
    status: dict[str, Any] = dict(node.get("status") or {})
    if any(item.get("type") == "Ready" for item in status.get("conditions") or ()):
        return
    now = context.clock.timestamp()
    status["conditions"] = [
        {
            "type": kind,
            "status": value,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        for kind, value, reason, message in _CONDITIONS
    ]
    labels = node["metadata"].get("labels") or {}
    info = dict(status.get("nodeInfo") or {})
    defaults = {
        "kubeletVersion": f"v{context.kubelet_version}",
        "kubeProxyVersion": "",
        "architecture": labels.get("kubernetes.io/arch", "amd64"),
        "operatingSystem": labels.get("kubernetes.io/os", "linux"),
        "osImage": "Ubuntu 24.04.3 LTS",
        "kernelVersion": "6.8.0-1041-azure",
        "containerRuntimeVersion": "containerd://2.1.4",
    }
    status["nodeInfo"] = {**dict.fromkeys(("machineID", "systemUUID", "bootID"), ""), **info}
    for name, value in defaults.items():
        status["nodeInfo"][name] = info.get(name) or value
    if "allocatable" not in status and "capacity" in status:
        status["allocatable"] = dict(status["capacity"])
    context.set_status(node, status, KUBELET)
