# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from tests.unit.plugins.module_utils._kubernetes.scripted_api import ScriptedApi


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ScriptedApi]:
    """A scripted API server."""
    server = ScriptedApi(tmp_path)
    yield server
    server.close()


@pytest.fixture
def cluster(api: ScriptedApi) -> Iterator[ClusterConnection]:
    """A connection to the scripted API server."""
    with ClusterConnection.from_params({"kubeconfig": api.kubeconfig}, name="aks-west") as connection:
        yield connection


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are a thousandth of what they are."""
    from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import conflicts, transport

    class Time:
        def __init__(self) -> None:
            self.now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Time()
    monkeypatch.setattr(transport, "time", clock)
    monkeypatch.setattr(conflicts, "time", clock)
