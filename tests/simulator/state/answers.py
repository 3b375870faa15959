# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Azure Resource Manager and the requests they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_UTF8 = "application/json; charset=utf-8"
JSON_PLAIN = "application/json"


@dataclass
class Answer:
    """One HTTP answer; `body` None means no body at all (content-length 0, no content-type)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_UTF8


@dataclass(frozen=True)
class ArmRequest:
    """One request that was matched to a route: names in the path, query with lower-case keys, decoded body."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]

    @property
    def api_version(self) -> str:
        """The version of the interface that the caller asked for."""
        return self.query.get("api-version", "")


class ArmError(Exception):
    """An error answer, raised anywhere while a request is handled."""

    def __init__(self, answer: Answer) -> None:
        """Carry `answer`."""
        super().__init__(f"{answer.status}")
        self.answer = answer


def error(status: int, code: str, message: str, **headers: str) -> ArmError:
    """An error in the usual envelope; keyword names become header names with dashes."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ArmError(Answer(status, {"error": {"code": code, "message": message}}, names))


def gateway_error(status: int, code: str, message: str) -> ArmError:
    """An error that ARM's gateway gives before any resource provider is asked."""
    return error(status, code, message, x_ms_failure_cause="gateway")


def resource_not_found(resource: str, group: str) -> ArmError:
    """The gateway's answer for a resource (`Provider/type/name`) that does not exist."""
    message = (
        f"The Resource '{resource}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return gateway_error(404, "ResourceNotFound", message)


def flat_error(status: int, code: str, message: str, **more: Any) -> ArmError:
    """An error of Microsoft.ContainerService, which comes without the `error` envelope."""
    return ArmError(Answer(status, {"code": code, "message": message, **more}, content_type=JSON_PLAIN))
