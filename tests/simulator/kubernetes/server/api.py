# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API of one simulated cluster, directly and over HTTP."""

from __future__ import annotations

import asyncio
import copy
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.cluster_api import ApiAnswer
from tests.simulator.foundation.tokens import AKS_SERVER_APPLICATION, TokenStore
from tests.simulator.kubernetes import errors, patches, reads
from tests.simulator.kubernetes.access.authorizer import Denial
from tests.simulator.kubernetes.access.impersonation import acting_user
from tests.simulator.kubernetes.access.users import ADMINISTRATOR, PLATFORM, User
from tests.simulator.kubernetes.controllers.context import Timing
from tests.simulator.kubernetes.decoding import go_json_error, parse_json
from tests.simulator.kubernetes.errors import ApiError, UnknownPathError
from tests.simulator.kubernetes.server.cluster import Answer, Cluster, Request, WatchPlan

MOUNTED = re.compile(r"^/kubernetes/[^/]+(/.*)?$", re.IGNORECASE)
PROTOBUF = "application/vnd.kubernetes.protobuf"
_BODIES_OF_CUSTOM_RESOURCES = ("application/json", "application/yaml")
_PATCHES_READ = (
    patches.JSON_PATCH,
    patches.MERGE_PATCH,
    patches.STRATEGIC_PATCH,
    patches.APPLY_PATCH,
)


class SimulatedKubernetesApi:
    """One cluster in memory. It costs next to nothing until its first request."""

    def __init__(
        self,
        name: str,
        *,
        version: str,
        clock: SimulationClock,
        tokens: Mapping[str, User] | None,
        token_store: TokenStore | None = None,
        audience: str = AKS_SERVER_APPLICATION,
        denied: Iterable[Mapping[str, str]] = (),
        timing: Timing | None = None,
        load_balancers: bool = True,
    ) -> None:
        """`version` is Kubernetes' (`1.35.4`); `tokens` are bearer tokens and whose they are; others are accepted
        from `token_store`, for `audience`. With neither, everybody is the administrator. `denied` are the scenario's
        refused requests: they bind those who come over HTTP, not the callers of `request`. `load_balancers`: services
        get an address.
        """
        self.name = name
        self._tokens = tokens
        self._token_store = token_store
        self._audience = audience
        denials = [Denial.from_mapping(entry) for entry in denied]
        self._cluster = Cluster(version, clock, timing or Timing(), denials, load_balancers=load_balancers)
        self._watches: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def lacks_cloud(self) -> bool:
        """Load balancers get their addresses here by themselves."""
        return False

    # -- direct dispatch ----------------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> ApiAnswer:
        """A request of the cluster's own administrator; errors are answers. Watches are for HTTP only."""
        sent = body
        if content_type == patches.APPLY_PATCH and not isinstance(body, (str, bytes)):
            sent = json.dumps(body)
        request = Request(
            method.upper(), path, dict(query or {}), sent, content_type, user_agent="simulator", user=PLATFORM
        )
        try:
            answer = self._cluster.answer(request)
        except ApiError as error:
            return ApiAnswer(error.code, error.status)
        if isinstance(answer, WatchPlan):
            raise ValueError("a watch needs a connection: use HTTP")
        return ApiAnswer(answer.status, copy.deepcopy(answer.body))

    def control_plane_upgraded(self, version: str) -> None:
        """Answer `/version` with another version from now on."""
        self._cluster.version = version

    async def close(self) -> None:
        """End watches and background work."""
        self._closed = True
        self._cluster.close()
        for task in tuple(self._watches):
            task.cancel()

    def expire_history(self) -> None:
        """Forget past changes, so that older watches are answered 410, as after a compaction of etcd."""
        self._cluster.store.expire_history()

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request, at the API's own path or below `/kubernetes/<key>`."""
        mounted = MOUNTED.match(request.path)
        path = (mounted.group(1) or "/") if mounted else request.path
        try:
            user = acting_user(self._authenticated(request), list(request.headers.items()), self._cluster.authorizer)
            answer = self._cluster.answer(await self._decoded(request, path, user))
            if isinstance(answer, WatchPlan):
                return await self._stream(request, answer)
        except UnknownPathError:
            return web.Response(status=404, text="404 page not found\n", headers=_headers())
        except ApiError as error:
            return _json_response(error.code, error.status, error.headers)
        return _response(answer)

    def _authenticated(self, request: web.Request) -> User:
        scheme, _unused, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            if self._tokens is not None and token in self._tokens:
                return self._tokens[token]
            issued = self._token_store.find(token, self._audience) if self._token_store is not None else None
            if issued is not None:
                return User(issued.client_id)
        if self._tokens is None and self._token_store is None:
            return ADMINISTRATOR
        raise errors.unauthorized()

    async def _decoded(self, request: web.Request, path: str, user: User) -> Request:
        content_type = request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
        raw = await request.read()
        body: Any = None
        if request.method == "PATCH":
            body = _patch_body(raw, content_type)
        elif raw:
            body = _object_body(raw, content_type, self._cluster.kind_at(request.method, path))
        return Request(
            request.method,
            path,
            dict(request.query),
            body,
            content_type,
            request.headers.get("Accept", ""),
            request.headers.get("User-Agent", ""),
            user,
        )

    async def _stream(self, request: web.Request, plan: WatchPlan) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_headers(), "Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        task = asyncio.current_task()
        if task is not None:
            self._watches.add(task)
        first = True
        try:
            async for kind, obj in reads.watch(self._cluster.store, plan.wanted, plan.query, lambda: self._closed):
                event = plan.presenter.event(kind, obj, first=first)
                first = first and kind == "BOOKMARK"
                await response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
            await response.write_eof()
        except ConnectionError:
            return response  # the client went away, as clients of watches do
        except asyncio.CancelledError:
            if not self._closed:
                raise
        finally:
            if task is not None:
                self._watches.discard(task)
        return response


def _patch_body(raw: bytes, content_type: str) -> Any:
    if content_type == patches.APPLY_PATCH or content_type not in _PATCHES_READ:
        return raw
    try:
        return json.loads(raw)
    except ValueError as error:
        raise errors.bad_request(f"error decoding patch: {go_json_error(raw, error)}") from error


def _object_body(raw: bytes, content_type: str, kind: str) -> Any:
    if content_type == PROTOBUF:
        # As for custom resources, which no API server takes in protobuf either.
        raise errors.unsupported_media_type(*_BODIES_OF_CUSTOM_RESOURCES)
    if content_type != "application/json":
        raise errors.unsupported_media_type(*_BODIES_OF_CUSTOM_RESOURCES, PROTOBUF)
    return parse_json(raw, kind)


def _headers() -> dict[str, str]:
    return {"Audit-Id": str(uuid.uuid4()), "Cache-Control": "no-cache, private"}


def _json_response(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> web.Response:
    content = json.dumps(body, separators=(",", ":")).encode()
    return web.Response(
        status=status, body=content, headers={**_headers(), **headers, "Content-Type": "application/json"}
    )


def _response(answer: Answer) -> web.Response:
    headers = _headers()
    if answer.text is not None:
        return web.Response(
            status=answer.status,
            body=answer.text.encode(),
            headers={**headers, "Content-Type": answer.content_type},
        )
    response = _json_response(answer.status, answer.body, headers)
    if answer.body.get("kind") == "APIGroupDiscoveryList":
        response.headers["Content-Type"] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    for warning in answer.warnings:
        response.headers.add("Warning", f"299 - {json.dumps(warning)}")
    return response
