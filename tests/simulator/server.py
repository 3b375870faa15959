# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a simulator: socket, certificate, ready file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.simulator.app import Simulator
from tests.simulator.tls import Tls, make_tls

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 2.0


class Server:
    """A simulator that listens on loopback."""

    def __init__(self, simulator: Simulator, folder: Path, port: int = 0) -> None:
        """Prepare to serve `simulator` on `port` (0: any free one); `folder` takes certificate and kubeconfigs."""
        self.simulator = simulator
        self.folder = folder
        self._wanted_port = port
        self._runner: web.AppRunner | None = None
        self._tls: Tls | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._tls = make_tls(self.folder)
        self._runner = web.AppRunner(self.simulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port, ssl_context=self._tls.context, backlog=1024)
        await site.start()
        port = self._runner.addresses[0][1]
        self.simulator.at(f"https://{HOST}:{port}", self._tls.ca_pem)
        await self.simulator.fill_real_clusters()

    async def stop(self) -> None:
        """Stop listening and end everything that is under way."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def ready_document(self) -> dict[str, Any]:
        """What the ready file says; writes the kubeconfigs."""
        if self._tls is None:
            raise RuntimeError("the server has not been started")
        simulator, scenario = self.simulator, self.simulator.scenario
        return {
            "arm": simulator.base_url,
            "authority": simulator.base_url,
            "metadata": f"{simulator.base_url}/metadata/endpoints?api-version=2022-09-01",
            "tenant_id": scenario.tenant_id,
            "client_id": scenario.client_id,
            "client_secret": simulator.client_secret,
            "subscription_id": scenario.subscription_id,
            "ca_file": str(self._tls.ca_file),
            "control": f"{simulator.base_url}/_simulator",
            "pid": os.getpid(),
            "clusters": self._clusters(),
        }

    def _clusters(self) -> list[dict[str, str]]:
        folder = self.folder / "kubeconfig"
        folder.mkdir(mode=0o700, exist_ok=True)
        paths = {}
        for key, content in self.simulator.kubeconfigs().items():
            paths[key] = folder / f"{key}.yml"
            write_private(paths[key], content)
        return [
            {
                "id": resource.identifier,
                "name": resource.name,
                "kind": "aks" if resource.managed else "arc",
                "kubeconfig": str(paths[resource.cluster.key]),
            }
            for resource in self.simulator.fleet.resources.values()
            if resource.managed == (resource.cluster.spec.kind == "aks")
        ]


def write_private(path: Path, content: str) -> None:
    """Write `path` at once and readable by the owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    temporary.replace(path)


def write_ready_file(path: Path, document: dict[str, Any]) -> None:
    """Write the ready file at once, so that nobody reads half of it."""
    write_private(path, json.dumps(document, indent=2) + "\n")
