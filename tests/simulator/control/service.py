# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side of the control interface, under `/_simulator/`."""

from __future__ import annotations

import json
from typing import Any, Protocol

from aiohttp import web
from pydantic import ValidationError

from tests.simulator.control.faults import FaultBook, FaultRequest
from tests.simulator.control.log import RequestLog
from tests.simulator.control.state import fleet_state
from tests.simulator.state.fleet import Fleet

PREFIX = "/_simulator"


class Controlled(Protocol):
    """What the control interface shows and changes."""

    fleet: Fleet
    log: RequestLog
    faults: FaultBook

    async def reset(self) -> None:
        """Return to the initial state."""


async def handle(simulator: Controlled, request: web.Request, path: str) -> web.Response:
    """Answer a request to the control interface."""
    handlers = {
        ("GET", "/requests"): _requests,
        ("GET", "/state"): _state,
        ("POST", "/faults"): _add_fault,
        ("GET", "/faults"): _faults,
        ("DELETE", "/faults"): _clear_faults,
        ("POST", "/reset"): _reset,
    }
    what = path.removeprefix(PREFIX).rstrip("/")
    if what.startswith("/faults/") and request.method == "DELETE":
        found = what.rpartition("/")[2]
        return _json({}, 200 if found.isdigit() and simulator.faults.remove(int(found)) else 404)
    handler = handlers.get((request.method, what))
    if handler is None:
        known = sorted(f"{method} {PREFIX}{name}" for method, name in handlers)
        return _json({"error": f"{request.method} {path} does not exist", "known": known}, 404)
    return await handler(simulator, request)


async def _requests(simulator: Controlled, request: web.Request) -> web.Response:
    query = request.query
    since = query.get("since", "0")
    if not since.isdigit():
        return _json({"error": "since must be a number"}, 400)
    found = simulator.log.select(int(since), query.get("service"), query.get("cluster"))
    return _json({"requests": found})


async def _state(simulator: Controlled, request: web.Request) -> web.Response:
    return _json(fleet_state(simulator.fleet))


async def _add_fault(simulator: Controlled, request: web.Request) -> web.Response:
    try:
        fault = FaultRequest.model_validate_json(await request.read())
    except ValidationError as error:
        return _json({"error": [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]}, 400)
    return _json({"id": simulator.faults.add(fault)}, 201)


async def _faults(simulator: Controlled, request: web.Request) -> web.Response:
    return _json({"faults": simulator.faults.as_data()})


async def _clear_faults(simulator: Controlled, request: web.Request) -> web.Response:
    simulator.faults.clear()
    return _json({})


async def _reset(simulator: Controlled, request: web.Request) -> web.Response:
    await simulator.reset()
    return _json({})


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, text=json.dumps(body, default=str), content_type="application/json")
