# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening the Kubernetes API of a cluster: the simulated one, or a client of a real one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.simulator.contents.seeding import seed
from tests.simulator.foundation.cluster_api import ClusterApi
from tests.simulator.foundation.real_cluster import RealClusterApi
from tests.simulator.kubernetes.access.users import ADMINISTRATOR
from tests.simulator.kubernetes.controllers.context import Timing
from tests.simulator.kubernetes.server.api import SimulatedKubernetesApi

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet, KubernetesCluster

LOG = logging.getLogger(__name__)


async def open_cluster(fleet: Fleet, cluster: KubernetesCluster) -> ClusterApi:
    """Start the API of `cluster` and fill it as the scenario says."""
    api = await _open(fleet, cluster)
    try:
        await seed(fleet, cluster, api)
    except BaseException:
        await api.close()
        raise
    LOG.info("cluster %s started", cluster.spec.name)
    return api


async def _open(fleet: Fleet, cluster: KubernetesCluster) -> ClusterApi:
    spec = cluster.spec
    if spec.kubernetes is not None:
        return RealClusterApi.from_kubeconfig(spec.kubernetes.kubeconfig, spec.kubernetes.context)
    return SimulatedKubernetesApi(
        spec.name,
        version=spec.kubernetes_version,
        clock=fleet.clock,
        tokens={cluster.static_token: ADMINISTRATOR},
        token_store=fleet.tokens,
        denied=[entry.model_dump() for entry in spec.denied],
        load_balancers=spec.load_balancer,
        timing=Timing(pod_start=fleet.scenario.timing.pod_start),
    )
