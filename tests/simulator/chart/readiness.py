# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting as `helm --wait` does: for the replicas of workloads, and for the addresses of load balancers.

Source: helm.sh/docs/helm/helm_install (--wait).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart import health, manifests
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import Release
from tests.simulator.foundation.clock import SimulationClock

WAIT_SECONDS = 120.0
"""Simulated seconds that Helm waits for the workloads after the usual duration, once pods find no node."""
STUCK_REAL_SECONDS = 3.0
"""But at least this many real seconds, however fast the simulated clock runs."""
WAIT_REAL_SECONDS = 120.0
"""Real seconds that Helm waits for pods that do have a node: on a busy machine they start late."""
FIRST_POLL = 0.05
LAST_POLL = 1.0
"""Real seconds between two looks: few at first, then more, so that a large fleet does not spend its time looking."""


async def wait(cluster: Cluster, release: Release, clock: SimulationClock) -> bool:
    """Wait until the release is ready; returns False when Helm would give up."""
    if health.missing_values(release):  # the answer `timeout` of the belief code-of-missing-settings
        await clock.sleep(WAIT_SECONDS)
        return False
    began, pause = clock.elapsed(), FIRST_POLL
    while not await _ready(cluster, release):
        if clock.elapsed() - began > await _patience(cluster, release, clock):
            return False
        await clock.sleep(max(1.0, pause * clock.scale))
        pause = min(pause * 1.5, LAST_POLL)
    return True


async def _ready(cluster: Cluster, release: Release) -> bool:
    for _kind, collection, names in manifests.collections(release):
        found = await cluster.items(collection) if names else []
        if not names <= {item["metadata"]["name"] for item in found if _complete(item)}:
            return False
    return await _has_address(cluster, release)


async def _has_address(cluster: Cluster, release: Release) -> bool:
    if not release.inference or release.service_type != "LoadBalancer":
        return True
    service = await cluster.get(f"{paths.services(release.namespace)}/azureml-fe")
    return bool(((service or {}).get("status") or {}).get("loadBalancer", {}).get("ingress"))


async def _patience(cluster: Cluster, release: Release, clock: SimulationClock) -> float:
    """Simulated seconds to wait in all: few when the scheduler says that a pod finds no node."""
    pods = await cluster.items(paths.pods(release.namespace))
    if any(_unschedulable(pod) for pod in pods):
        return max(WAIT_SECONDS, STUCK_REAL_SECONDS * clock.scale)
    return max(WAIT_SECONDS, WAIT_REAL_SECONDS * clock.scale)


def _unschedulable(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "PodScheduled" and c.get("status") == "False" for c in conditions)


def _complete(workload: Mapping[str, Any]) -> bool:
    """Whether a workload has all its pods ready; a DaemonSet that nobody has looked at yet has no status."""
    status = workload.get("status") or {}
    if "replicas" not in workload["spec"]:
        wanted = status.get("desiredNumberScheduled")
        return wanted is not None and int(status.get("numberReady") or 0) >= int(wanted)
    return int(status.get("readyReplicas") or 0) >= int(workload["spec"]["replicas"])
