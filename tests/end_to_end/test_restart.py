# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server of a cluster restarts in the middle of its upgrade: the run goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.control_plane.fixtures import Starter
from tests.end_to_end import real_fleet
from tests.integration.control_plane.interposer import Interposer
from tests.integration.harness import Ansible, Simulator

pytestmark = [pytest.mark.control_plane, pytest.mark.slow]


def test_the_upgrade_goes_on(start_control_planes: Starter, ansible: Ansible, tmp_path: Path) -> None:
    planes = start_control_planes(["restarting"], nodes=())
    cluster = planes.clusters[0]
    restarts: list[threading.Thread] = []

    def restart() -> None:
        thread = threading.Thread(target=planes.restart_api_server, args=("restarting",), kwargs={"pause": 1.0})
        thread.start()
        restarts.append(thread)
        thread.join(0.5)

    with Interposer(cluster, tmp_path) as between:
        described = real_fleet.cluster(
            "restarting",
            version=cluster.version,
            kubeconfig=cluster.kubeconfig(),
            user_kubeconfig=between.kubeconfig,
        )
        with Simulator(real_fleet.scenario(described)) as simulator:
            hosts = real_fleet.inventory(simulator)
            between.before("PATCH", "/instancetypes/small$", restart)
            ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment).check()
            assert len(restarts) == 1
            restarts[0].join()
            assert any(status in (0, 503) for _unused, _unused_2, status in between.requests)
            again = ansible("azureml.fleet.upgrade", inventory=hosts, environment=simulator.environment)
            assert again.check().changed()["restarting"] == 0
