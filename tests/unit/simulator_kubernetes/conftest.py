# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cluster without a socket, 200 times as fast as the wall clock."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes.access.users import ADMINISTRATOR
from tests.simulator.kubernetes.server.api import SimulatedKubernetesApi
from tests.unit.simulator_kubernetes.objects import Client


@pytest.fixture
async def cluster() -> AsyncIterator[Client]:
    api = SimulatedKubernetesApi("test", version="1.35.4", clock=SimulationClock(200), tokens={"secret": ADMINISTRATOR})
    yield Client(api)
    await api.close()
