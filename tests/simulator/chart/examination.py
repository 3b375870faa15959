# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the health check sees of a cluster: nodes, the front end of the first generation, the Secret with a certificate.

Source: learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension, "Error Code of
    HealthCheck"; how-to-secure-kubernetes-online-endpoint (the keys cert.pem and key.pem of the Secret).
"""

from __future__ import annotations

import base64
from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart import front_end
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.health import ClusterFacts
from tests.simulator.chart.release import Release


async def examine(cluster: Cluster, release: Release) -> ClusterFacts:
    """Read what the health check judges."""
    found = await cluster.get(front_end.DEPLOYMENT)
    role = await cluster.get(front_end.CLUSTER_ROLE)
    return ClusterFacts(
        schedulable_nodes=await _schedulable(cluster, release),
        front_end="absent" if found is None else _generation(release, found),
        annotated=found is not None and front_end.annotated(found),
        foreign_role=role is not None and not release.owns(role["metadata"]),
        ssl_secret=await secret(cluster, release),
    )


def _generation(release: Release, deployment: dict[str, Any]) -> str:
    if release.owns(deployment["metadata"]):
        return "owned"
    template = deployment["spec"]["template"]["metadata"].get("labels") or {}
    return "v2" if template.get("azuremlappversion") == "v2" else "v1"


async def secret(cluster: Cluster, release: Release) -> dict[str, str] | None:
    """The entries of the Secret with certificate and key; None without one."""
    if not release.ssl_secret:
        return None
    found = await cluster.get(f"{paths.secrets(release.namespace)}/{release.ssl_secret}")
    if found is None:
        return None
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in (found.get("data") or {}).items()}


async def _schedulable(cluster: Cluster, release: Release) -> int:
    """Ready Linux nodes without a taint that keeps pods away, and with the labels of the node selector."""
    nodes = await cluster.items(paths.NODES)
    return sum(1 for node in nodes if _takes_pods(node) and release.node_selector.items() <= _labels(node).items())


def _takes_pods(node: dict[str, Any]) -> bool:
    spec = node.get("spec") or {}
    taints = [taint for taint in spec.get("taints") or [] if taint.get("effect") in ("NoSchedule", "NoExecute")]
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    linux = _labels(node).get("kubernetes.io/os", "linux") == "linux"
    return ready and linux and not taints and not spec.get("unschedulable")


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return dict(found["metadata"].get("labels") or {})
