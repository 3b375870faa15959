# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What faults do to requests and answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.simulator.control.faults import FaultRequest, SlowBody

BLANKS = b" " * 65536
_PAGE = "continue"
_OWN_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")


def planned_answer(fault: FaultRequest) -> web.Response | None:
    """The answer that a fault gives in place of the service."""
    if fault.throttle is not None:
        after = fault.throttle.retry_after
        headers = {} if after is None else {"Retry-After": f"{after:g}"}
        body = {"error": {"code": "TooManyRequests", "message": "The request was throttled."}}
        return web.json_response(body, status=429, headers=headers)
    if fault.answer is None:
        return None
    planned = fault.answer
    if isinstance(planned.body, str):
        return web.Response(status=planned.status, text=planned.body, headers=planned.headers)
    if planned.body is None:
        return web.Response(status=planned.status, headers=planned.headers)
    named = {name.lower() for name in planned.headers}
    content_type = {} if "content-type" in named else {"Content-Type": "application/json"}
    content = json.dumps(planned.body).encode()
    return web.Response(status=planned.status, body=content, headers={**content_type, **planned.headers})


def cut_connection(request: web.Request) -> web.Response:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def first_page(request: web.Request) -> web.Request:
    """The request for the first page of the same list of Kubernetes."""
    query = [(name, value) for name, value in request.query.items() if name != _PAGE]
    return request.clone(rel_url=request.rel_url.with_query(query))


def with_another_page(response: web.StreamResponse, url: str) -> web.StreamResponse:
    """A list with a page after it, whose address or token leads to the same list; anything else as it is."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    try:
        body = json.loads(response.body)
    except ValueError:
        return response
    if not isinstance(body, dict):
        return response
    if "value" in body:
        body["nextLink"] = url
    elif "items" in body or "rows" in body:
        body["metadata"] = {**body.get("metadata", {}), _PAGE: "simulated-without-end"}
        body["metadata"].pop("remainingItemCount", None)
    response.body = json.dumps(body).encode()
    return response


async def sent_slowly(request: web.Request, response: web.StreamResponse, how: SlowBody) -> web.StreamResponse:
    """Send an answer piece by piece; a watch is sent as it is."""
    if not isinstance(response, web.Response):
        return response
    content = response.body if isinstance(response.body, bytes) else b""
    headers: dict[str, Any] = {name: value for name, value in response.headers.items() if name not in _OWN_HEADERS}
    stream = web.StreamResponse(status=response.status, headers=headers)
    stream.headers["Content-Type"] = response.headers.get("Content-Type", "application/json")
    stream.enable_chunked_encoding()
    await stream.prepare(request)
    last = content[-1:] if how.endless else b""
    content = content.removesuffix(last) if how.endless else content
    try:
        for begin in range(0, len(content), how.piece):
            await asyncio.sleep(how.pause)
            await stream.write(content[begin : begin + how.piece])
        while how.endless:
            await asyncio.sleep(how.pause)
            await stream.write(BLANKS[: how.piece])
        await stream.write_eof()
    except ConnectionError:
        return stream  # the client had enough
    return stream
