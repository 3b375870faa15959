# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: takes a request, logs it, lets faults strike, and gives it to the service that it is meant for."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from urllib.parse import parse_qsl

from aiohttp import web

from tests.simulator.arm import kubeconfig
from tests.simulator.arm import service as arm
from tests.simulator.clusters import open_cluster
from tests.simulator.control import effects
from tests.simulator.control import service as control
from tests.simulator.control.faults import FaultBook, Struck
from tests.simulator.control.log import RequestLog, clean_body, clean_headers, clean_query
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.tokens import TokenStore
from tests.simulator.identity import entra, metadata
from tests.simulator.state.answers import Answer, ArmRequest
from tests.simulator.state.fleet import Fleet
from tests.simulator.state.scenario import Scenario

CLUSTER_IN_PATH = re.compile(r"/(?:managedClusters|connectedClusters)/([^/]+)", re.IGNORECASE)
KUBERNETES = re.compile(r"/kubernetes/([^/]+)(/.*)?", re.IGNORECASE)
MAXIMUM_BODY = 16 * 1024 * 1024
SERVER = "simulated"


class Simulator:
    """The simulated cloud behind one port."""

    def __init__(self, scenario: Scenario, scale: float | None = None) -> None:
        """Set up the initial state of `scenario`; `scale` overrides the scenario's time scale."""
        self.scenario = scenario
        self.scale = scale or scenario.time_scale
        self.client_secret = secrets.token_urlsafe(24)
        self.tokens = TokenStore()
        self.log = RequestLog()
        self.faults = FaultBook()
        self.base_url = ""
        self.ca_pem = b""
        self._static_tokens: dict[str, str] = {}
        self.fleet = self._new_fleet()

    def at(self, base_url: str, ca_pem: bytes) -> None:
        """Tell where the simulation can be reached; kubeconfigs and status URLs are made from it."""
        self.base_url, self.ca_pem = base_url, ca_pem
        self.fleet.base_url, self.fleet.ca_pem = base_url, ca_pem

    async def fill_real_clusters(self) -> None:
        """Fill real API servers now: their clients need not ask the simulator before they use them."""
        real = [cluster for cluster in self.fleet.clusters.values() if cluster.spec.kubernetes is not None]
        await asyncio.gather(*(cluster.api(self.fleet) for cluster in real))

    def application(self) -> web.Application:
        """The web application."""
        application = web.Application(client_max_size=MAXIMUM_BODY)
        application.router.add_route("*", "/{path:.*}", self.handle)
        application.on_cleanup.append(self._cleanup)
        return application

    async def reset(self) -> None:
        """Return to the scenario's initial state; the log and the faults are forgotten, tokens stay valid."""
        old, self.fleet = self.fleet, self._new_fleet()
        self.log.clear()
        self.faults.clear()
        await old.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        path = re.sub(r"^/+", "/", request.path)
        if path.startswith(control.PREFIX):
            return await control.handle(self, request, path)
        service, cluster = self._classify(path)
        began = time.monotonic()
        entry = self.log.begin(service, cluster, request.method, path, time.time())
        content = await request.read()
        entry["query"] = clean_query(request.query)
        entry["headers"] = clean_headers(request.headers)
        entry["body"] = clean_body(content, request.headers.get("Content-Type", ""))
        try:
            struck = Struck(service, request.method, path, cluster, request.query)
            response = await self._with_faults(request, struck, content)
            entry["status"] = response.status
            return response
        finally:
            entry["seconds"] = round(time.monotonic() - began, 6)

    async def _with_faults(self, request: web.Request, struck: Struck, content: bytes) -> web.StreamResponse:
        faults = self.faults.strike(struck)
        planned: web.StreamResponse | None = None
        for fault in faults:
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.cut:
                return effects.cut_connection(request)
            planned = effects.planned_answer(fault)
            if planned is not None:
                break
        endless = any(fault.endless_list for fault in faults)
        asked = effects.first_page(request) if endless and struck.service == "kubernetes" else request
        response = planned or await self._served(asked, struck, content)
        if endless:
            response = effects.with_another_page(response, str(request.url))
        slow = next((fault.body for fault in faults if fault.body is not None), None)
        return response if slow is None else await effects.sent_slowly(request, response, slow)

    async def _served(self, request: web.Request, struck: Struck, content: bytes) -> web.StreamResponse:
        if struck.service == "kubernetes":
            return await self._kubernetes(request, struck.path)
        if struck.service == "identity":
            return _response(self._identity(request, struck.path, content))
        return _response(await self._arm(request, struck.path, content))

    def _classify(self, path: str) -> tuple[str, str | None]:
        found = KUBERNETES.fullmatch(path)
        if found:
            cluster = self.fleet.clusters.get(found[1].lower())
            return "kubernetes", cluster.spec.name if cluster else found[1]
        if path.lower().startswith(("/subscriptions", "/providers", "/tenants")):
            named = CLUSTER_IN_PATH.search(path)
            return "arm", named[1] if named else None
        return "identity", None

    async def _kubernetes(self, request: web.Request, path: str) -> web.StreamResponse:
        found = KUBERNETES.fullmatch(path)
        cluster = self.fleet.clusters.get(found[1].lower()) if found else None
        if cluster is None:
            return web.Response(status=404, text="no such cluster")
        if cluster.spec.power_state == "Stopped":
            return effects.cut_connection(request)
        return await (await cluster.api(self.fleet)).handle(request)

    def _identity(self, request: web.Request, path: str, content: bytes) -> Answer:
        if path.lower().rstrip("/") == metadata.PATH:
            return metadata.answer(self.fleet, request.query)
        form = dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers.items()}
        wanted = entra.IdentityRequest(request.method, path, request.query, form, headers)
        found = entra.answer(self.fleet, self.client_secret, wanted)
        return found or Answer(404, {"error": f"the simulation does not serve {path}"})

    async def _arm(self, request: web.Request, path: str, content: bytes) -> Answer:
        try:
            body = json.loads(content) if content else None
        except ValueError:
            message = "The request content was invalid and could not be deserialized."
            return Answer(400, {"error": {"code": "InvalidRequestContent", "message": message}})
        query = {name.lower(): value for name, value in request.query.items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        wanted = ArmRequest(request.method, path.rstrip("/") or "/", {}, query, body, headers)
        return await arm.answer(self.fleet, wanted)

    def _new_fleet(self) -> Fleet:
        clock = SimulationClock(self.scale)
        fleet = Fleet(self.scenario, clock, self.tokens, open_cluster, self._static_tokens)
        fleet.base_url, fleet.ca_pem = self.base_url, self.ca_pem
        return fleet

    async def _cleanup(self, _unused: web.Application) -> None:
        await self.fleet.close()

    def kubeconfigs(self) -> dict[str, str]:
        """The kubeconfig of every cluster, by the cluster's key."""
        return {key: kubeconfig.for_file(self.fleet, cluster) for key, cluster in self.fleet.clusters.items()}


def _response(answer: Answer) -> web.Response:
    headers = {"Server": SERVER, **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    content = json.dumps(answer.body, separators=(",", ":")).encode()
    return web.Response(status=answer.status, body=content, headers={**headers, "Content-Type": answer.content_type})
