# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: what a kubelet would report of a node that somebody created.

Source: https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import WriteOptions

KUBELET = WriteOptions(manager="kubelet", manager_given=True, validation="Ignore")
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def reconcile(context: ControllerContext, key: Key) -> None:
    """Complete the status of a node: conditions with their times, an address of its own, what runs on it."""
    node = context.store.get(key)
    if node is None or node["metadata"].get("deletionTimestamp"):
        return
    status: dict[str, Any] = dict(node.get("status") or {})
    status["conditions"] = _conditions(status.get("conditions") or (), context.clock.timestamp())
    status["addresses"] = _addresses(context, key, status.get("addresses") or ())
    status["nodeInfo"] = _node_info(context, node)
    if "allocatable" not in status and "capacity" in status:
        status["allocatable"] = dict(status["capacity"])
    context.set_status(node, status, KUBELET)


def internal_address(node: Object) -> str:
    """The InternalIP of a node, or the empty string."""
    addresses = (node.get("status") or {}).get("addresses") or ()
    return next((str(item["address"]) for item in addresses if item["type"] == "InternalIP"), "")


def _conditions(given: Sequence[Object], now: str) -> list[Object]:
    """The conditions of a healthy node, unless there is one of type Ready; each with the times of its last changes."""
    found = [dict(item) for item in given]
    if not any(item.get("type") == "Ready" for item in found):
        found = [
            {"type": kind, "status": value, "reason": reason, "message": message}
            for kind, value, reason, message in _CONDITIONS
        ]
    for item in found:
        for name in ("lastHeartbeatTime", "lastTransitionTime"):
            item[name] = item.get(name) or now
    return found


def _addresses(context: ControllerContext, key: Key, given: Sequence[Object]) -> list[Object]:
    """What is given, with an InternalIP that no other node has."""
    taken = {internal_address(node) for node in context.store.items("nodes") if node["metadata"]["name"] != key.name}
    own = next((item["address"] for item in given if item["type"] == "InternalIP"), "")
    if not own or own in taken:
        own = next(address for address in _free_addresses() if address not in taken)
    others = [dict(item) for item in given if item["type"] != "InternalIP"]
    return [{"type": "InternalIP", "address": own}, *(others or [{"type": "Hostname", "address": key.name}])]


def _free_addresses() -> Iterator[str]:
    """The addresses of a virtual network of AKS, beginning where it does."""
    return (f"10.224.{number // 256}.{number % 256}" for number in range(4, 65535) if 0 < number % 256 < 255)


def _node_info(context: ControllerContext, node: Object) -> dict[str, str]:
    labels = node["metadata"].get("labels") or {}
    info = dict((node.get("status") or {}).get("nodeInfo") or {})
    defaults = {
        "kubeletVersion": f"v{context.kubelet_version}",
        "kubeProxyVersion": "",
        "architecture": labels.get("kubernetes.io/arch", "amd64"),
        "operatingSystem": labels.get("kubernetes.io/os", "linux"),
        "osImage": "Ubuntu 24.04.3 LTS",
        "kernelVersion": "6.8.0-1041-azure",
        "containerRuntimeVersion": "containerd://2.1.4",
    }
    found = {**dict.fromkeys(("machineID", "systemUUID", "bootID"), ""), **info}
    return found | {name: info.get(name) or value for name, value in defaults.items()}
