# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running operations: started by a request, finished by the simulation, polled by the client."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Operation:
    """One long-running operation. `status` is what its status URL answers; `verb` names the work in progress."""

    service: str
    resource_id: str
    path: str
    verb: str
    started: str
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = ""
    ended: str | None = None
    error: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Begin in progress."""
        self.status = self.status or self.verb

    @property
    def done(self) -> bool:
        """Whether the operation has come to its end."""
        return self.ended is not None

    def succeed(self, moment: str) -> None:
        """End well at `moment`."""
        self.status, self.ended = "Succeeded", moment

    def fail(self, moment: str, code: str, message: str) -> None:
        """End with an error at `moment`."""
        self.status, self.ended = "Failed", moment
        self.error = {"code": code, "message": message}
