# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes and how strictly, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulator.kubernetes.store import Object


@dataclass(frozen=True)
class WriteOptions:
    """The options of a write: who, and how strict. `manager_given` tells `fieldManager` from a guess by the user
    agent.
    """

    manager: str = "unknown"
    manager_given: bool = False
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False


@dataclass(frozen=True)
class Patch:
    """The body of a PATCH, and which type of patch it is: text for apply patches, JSON otherwise."""

    media_type: str
    sent: Any


@dataclass
class Written:
    """The outcome of a write; `obj` is what is stored, or would be."""

    obj: Object
    created: bool = False
    warnings: list[str] = field(default_factory=list)
