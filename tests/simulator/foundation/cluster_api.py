# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seam between the simulated Azure and the Kubernetes API of one cluster.

Azure (chart installation, seeding, attaching) only ever speaks to a cluster through `ClusterApi`. Behind it stands
either the simulated API of this package or a client of a real API server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from aiohttp import web


class ApiAnswer(NamedTuple):
    """What an API server answered: the HTTP status and the decoded JSON body (`{}` when there was none)."""

    status: int
    body: dict[str, Any]


class ClusterApi(Protocol):
    """A Kubernetes API that takes requests as an administrator of the cluster.

    Paths are API paths such as `/api/v1/namespaces/default/pods`. Errors of the API are answers with a `Status`
    body, never exceptions; only a connection that fails raises (`OSError` or `aiohttp.ClientError`).
    """

    @property
    def lacks_cloud(self) -> bool:
        """Whether nobody gives a load balancer its address there unless the simulator does."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> ApiAnswer:
        """Send one request and return the whole answer."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request that a client sent to the simulator for this cluster."""

    def control_plane_upgraded(self, version: str) -> None:
        """Learn that AKS has given the control plane another version; nodes keep theirs."""

    async def close(self) -> None:
        """Release connections and background tasks."""
