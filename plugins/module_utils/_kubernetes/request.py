# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to a cluster's API and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import Resource


@dataclass(frozen=True)
class Request:
    """One request, with the words that an RBAC rule would need to allow it."""

    method: str
    verb: str
    resource: Resource
    name: str | None = None
    namespace: str | None = None
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"

    @property
    def subject(self) -> str:
        """The object in words, for example `deployments.apps "azureml-fe" in namespace default`."""
        text = self.resource.title
        if self.name:
            text += f' "{self.name}"'
        if self.namespace:
            text += f" in namespace {self.namespace}"
        return text


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the decoded body, the seconds to wait that were asked for, where else to go."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None
    location: str | None = None
    #: Whether the body was a JSON object (or empty, which counts as an empty one).
    is_json: bool = True

    @property
    def message(self) -> str:
        """Return what the API said, without a full stop."""
        return str(self.body.get("message") or f"HTTP status {self.status}").strip().rstrip(".")

    @property
    def reason(self) -> str:
        """Return the API's own word for a failure, such as NotFound or Conflict."""
        return str(self.body.get("reason") or "")

    @property
    def causes(self) -> tuple[Mapping[str, Any], ...]:
        """Return the causes that the API gives for a failure, and nothing of another shape."""
        found = nested(self.body, "details").get("causes")
        return tuple(each for each in found if isinstance(each, Mapping)) if isinstance(found, list) else ()
