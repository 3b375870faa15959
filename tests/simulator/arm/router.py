# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that ignores letter case, as Azure Resource Manager does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulator.state.answers import Answer, ArmRequest

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

SCOPE = "{scope}"
Handler = Callable[["Fleet", ArmRequest], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One row of the routing table: method, path with `{names}`, what answers, which service it belongs to.

    A path that begins with `{scope}` belongs to every scope: the subscription, a resource group, any resource.
    """

    method: str
    path: str
    handler: Handler
    service: str = "gateway"


@dataclass(frozen=True)
class Match:
    """A route and the names found in the path."""

    route: Route
    params: dict[str, str]


class Router:
    """Finds the route of a path; the number of segments narrows the search."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Compile the routing table."""
        self._routes: dict[int, list[tuple[re.Pattern[str], Route]]] = defaultdict(list)
        self._anywhere: list[tuple[re.Pattern[str], Route]] = []
        for route in routes:
            rows = self._anywhere if route.path.startswith(SCOPE) else self._routes[route.path.count("/")]
            rows.append((_compile(route.path), route))

    def find(self, method: str, path: str) -> Match | None:
        """The route of `method` and `path`, or None."""
        for pattern, route in self._candidates(path):
            found = pattern.fullmatch(path)
            if found and route.method == method:
                return Match(route, found.groupdict())
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that exist for `path`."""
        return [route.method for pattern, route in self._candidates(path) if pattern.fullmatch(path)]

    def _candidates(self, path: str) -> list[tuple[re.Pattern[str], Route]]:
        return [*self._anywhere, *self._routes.get(path.count("/"), [])]


def _compile(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    pattern = "".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
    if path.startswith(SCOPE):
        pattern = pattern.replace("(?P<scope>[^/]+)", "(?P<scope>/subscriptions/[^/]+(?:/.+)?)", 1)
    return re.compile(pattern, re.IGNORECASE)
