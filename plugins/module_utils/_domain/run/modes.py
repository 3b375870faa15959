# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run goes: one value that the playbooks hand on and the report judges by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModeId = Literal["preflight", "check", "upgrade", "verify"]


@dataclass(frozen=True)
class Mode:
    """One kind of run. Every one of them judges each cluster first and reports at the end."""

    id: ModeId
    #: The stages run, with or without Ansible's check mode, where the plan has changes.
    stages: bool = False
    #: A cluster whose plan has changes ends as predicted: nothing was changed that could be verified.
    predicts: bool = False
    #: Every cluster must have been verified, or it counts as failed.
    verifies: bool = False


#: `python -m scripts.generate` writes into playbooks/_fleet.yml which plays run in which mode.
MODES: tuple[Mode, ...] = (
    # Judges every cluster and says what an upgrade would do.
    Mode("preflight"),
    # An upgrade in Ansible's check mode: predicts every change.
    Mode("check", stages=True, predicts=True, verifies=True),
    # Changes what differs, waits, verifies.
    Mode("upgrade", stages=True, verifies=True),
    # Judges every cluster as an upgrade leaves it.
    Mode("verify", verifies=True),
)
BY_ID: dict[str, Mode] = {mode.id: mode for mode in MODES}
