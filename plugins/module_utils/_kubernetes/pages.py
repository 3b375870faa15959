# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of a cluster's API, read page by page: whole, or not at all.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError

#: Objects that we ask for in one page.
PAGE = 500
#: Pages and objects after which something is wrong with the API server, not with the user's cluster: Kubernetes is made
#: for 5000 nodes and 150 000 pods (https://kubernetes.io/docs/setup/best-practices/cluster-large/), and what is listed
#: here is a part of them. An object takes a server that lies two bytes (`{}`), and this machine a hundred.
MOST_PAGES = 200
MOST_OBJECTS = PAGE * MOST_PAGES
#: Seconds after which no further page is asked for: each may take its time, as an answer of its own.
LONGEST_LIST = 1800.0
_EXPIRED = 410

Page = Mapping[str, Any]


def read_pages(send: Callable[[Mapping[str, str]], Page], what: str) -> list[dict[str, Any]]:
    """Return the objects of all pages; `send` asks for a page with a query, `what` is listed, in words.

    A list whose snapshot expires between two pages (410) is begun again, once, without pages. Raises KubernetesError
    for that, for a list without end, and for an answer that is no list: a part is never returned as the whole.
    """
    began = time.monotonic()
    try:
        return _collect(send, {"limit": str(PAGE)}, what, began)
    except _ExpiredError:
        return _collect(send, {}, what, began)


class _ExpiredError(Exception):
    """The snapshot that the pages were read from is gone."""


def _collect(
    send: Callable[[Mapping[str, str]], Page], query: Mapping[str, str], what: str, began: float
) -> list[dict[str, Any]]:
    """Return the objects of all pages; `began` is when the first was asked for.

    Raises _ExpiredError when the list must be begun again.
    """
    found: list[dict[str, Any]] = []
    following = ""
    for _page in range(MOST_PAGES):
        try:
            page = send({**query, "continue": following} if following else query)
        except KubernetesError as error:
            if error.status == _EXPIRED and following and query:
                raise _ExpiredError from error
            raise
        items = page.get("items")
        if not isinstance(items, list) and not (items is None and str(page.get("kind", "")).endswith("List")):
            raise KubernetesError(f"The list of {what} cannot be read: the answer is no list.", code="InvalidAnswer")
        if not all(isinstance(each, dict) for each in items or ()):
            raise KubernetesError(f"The list of {what} cannot be read: it holds no objects.", code="InvalidAnswer")
        found += items or []
        if len(found) > MOST_OBJECTS:
            raise KubernetesError(
                f"The list of {what} has more than {MOST_OBJECTS} objects. Nothing was changed; check what answers at "
                "the address of the cluster.",
                code="TooManyObjects",
            )
        before, following = following, str(nested(page, "metadata").get("continue") or "")
        if not following:
            return found
        if following == before or time.monotonic() - began > LONGEST_LIST:
            break
    raise KubernetesError(
        f"The list of {what} has no end: after {len(found)} objects the API server still names a next page. Nothing "
        "was changed; check what answers at the address of the cluster.",
        code="TooManyPages",
    )
