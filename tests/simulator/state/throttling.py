# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request limits: token buckets as Azure documents them.

Source: learn.microsoft.com "Understand how Azure Resource Manager throttles requests" (per region, subscription and
service principal) and "Quotas ... in Azure Kubernetes Service" (limits of the AKS resource provider).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.state.answers import Answer, ArmError, ArmRequest


class ThrottledRoute(Protocol):
    """What decides about the bucket of a request: the service, and the row of the routing table."""

    @property
    def service(self) -> str:
        """The service that answers, such as `containerservice`."""

    @property
    def path(self) -> str:
        """The path of the row, with `{names}`."""


class Limit(NamedTuple):
    """Size of a bucket and tokens added per second."""

    size: int
    per_second: float


READS = Limit(250, 25)
WRITES = Limit(200, 10)
DELETES = Limit(200, 10)
GLOBAL_FACTOR = 15

AKS_GET_CLUSTER = Limit(60, 1)
AKS_LIST_CLUSTERS = Limit(500, 1)
AKS_PUT_POOL = Limit(20, 1 / 60)
AKS_OPERATION = Limit(200, 2)
AKS_OTHER = Limit(60, 1)


@dataclass
class Bucket:
    """A bucket of tokens, in simulated seconds."""

    limit: Limit
    tokens: float
    filled: float

    def take(self, now: float) -> float:
        """Take one token; returns 0, or the simulated seconds until one is there."""
        self.tokens = min(self.limit.size, self.tokens + (now - self.filled) * self.limit.per_second)
        self.filled = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.limit.per_second
        self.tokens -= 1
        return 0.0


class Throttle:
    """All buckets of the simulation."""

    def __init__(self, clock: SimulationClock, enabled: bool) -> None:
        """Start with full buckets; a throttle that is not enabled counts but never refuses."""
        self._clock = clock
        self._enabled = enabled
        self._buckets: dict[str, Bucket] = {}

    def admit(self, request: ArmRequest, route: ThrottledRoute) -> dict[str, str]:
        """Count a request; returns the rate-limit headers of its answer. Raises ArmError with a 429."""
        kind, limit = _subscription_limit(request.method)
        wait = self._take(f"subscription/{kind}", limit)
        if wait:
            raise self._refuse("SubscriptionRequestsThrottled", _subscription_message(request), wait)
        special = _aks_limit(request, route)
        if special:
            wait = self._take(special[0], special[1])
            if wait:
                raise self._refuse("Throttled", "The request was throttled by the AKS resource provider.", wait)
        left = self._buckets[f"subscription/{kind}"].tokens
        return {
            f"x-ms-ratelimit-remaining-subscription-{kind}": str(int(left)),
            f"x-ms-ratelimit-remaining-subscription-global-{kind}": str(
                limit.size * GLOBAL_FACTOR - (limit.size - int(left))
            ),
        }

    def _take(self, name: str, limit: Limit) -> float:
        now = self._clock.elapsed()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(limit, limit.size, now)
        wait = bucket.take(now)
        return wait if self._enabled else 0.0

    def _refuse(self, code: str, message: str, wait: float) -> ArmError:
        seconds = max(1, math.ceil(self._clock.real(wait)))
        body = {"error": {"code": code, "message": f"{message} Please try again after '{seconds}' seconds."}}
        return ArmError(Answer(429, body, {"Retry-After": str(seconds)}))


def _subscription_limit(method: str) -> tuple[str, Limit]:
    if method in ("GET", "HEAD"):
        return "reads", READS
    if method == "DELETE":
        return "deletes", DELETES
    return "writes", WRITES


def _subscription_message(request: ArmRequest) -> str:
    return (
        f"Number of requests for subscription '{request.params.get('subscription', '')}' and operation "
        f"'{request.method}{request.path.upper()}' exceeded the backend storage limit."
    )


def _aks_limit(request: ArmRequest, route: ThrottledRoute) -> tuple[str, Limit] | None:
    if route.service != "containerservice":
        return None
    path = request.path.lower()
    if "/operations/" in path:
        return "aks/operation", AKS_OPERATION
    if request.method == "PUT" and "pool" in request.params:
        return f"aks/put/{path}", AKS_PUT_POOL
    if request.method == "GET" and path.endswith("/managedclusters"):
        return f"aks/list/{path}", AKS_LIST_CLUSTERS if "group" not in request.params else AKS_OTHER
    if request.method == "GET" and route.path.endswith("{cluster}"):
        return f"aks/get/{path}", AKS_GET_CLUSTER
    return "aks/other", AKS_OTHER
