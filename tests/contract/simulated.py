# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves one simulated Kubernetes API over TLS, on a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from pathlib import Path
from types import TracebackType

import trustme
from aiohttp import web

from tests.control_plane.nodes import DEFAULT_NODES, node_objects
from tests.control_plane.rest import MERGE_PATCH
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes.access.users import ADMINISTRATOR, User
from tests.simulator.kubernetes.controllers.context import Timing
from tests.simulator.kubernetes.server.api import SimulatedKubernetesApi

ADMIN_TOKEN = "contract-administrator"
STRANGER_TOKEN = "contract-stranger"
TOKENS = {ADMIN_TOKEN: ADMINISTRATOR, STRANGER_TOKEN: User("stranger", by_role=True)}
TIMING = Timing(pod_start=0.3, pod_stop=0.05, namespace_deletion=0.3, load_balancer=0.3)


class SimulatedServer:
    """A context in which `url` answers as one simulated cluster with three nodes."""

    def __init__(self, folder: Path, version: str) -> None:
        self.ca_file = folder / "ca.pem"
        self.url = ""
        self._version = version
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)

    def __enter__(self) -> SimulatedServer:
        self._thread.start()
        if not self._ready.wait(20):
            raise RuntimeError("the simulated API did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        api = SimulatedKubernetesApi(
            "contract", version=self._version, clock=SimulationClock(1.0), tokens=TOKENS, timing=TIMING
        )
        await _add_nodes(api, self._version)
        application = web.Application(client_max_size=16 * 1024**2)
        application.router.add_route("*", "/{path:.*}", api.handle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._end.wait()
        await api.close()
        await runner.cleanup()


async def _add_nodes(api: SimulatedKubernetesApi, version: str) -> None:
    for node in node_objects(DEFAULT_NODES, version):
        await api.request("POST", "/api/v1/nodes", body=node)
        status = {**node["status"], "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}
        path = f"/api/v1/nodes/{node['metadata']['name']}/status"
        await api.request("PATCH", path, body={"status": status}, content_type=MERGE_PATCH)
