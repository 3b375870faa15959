# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a question of verification is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Said(NamedTuple):
    """The problems, what is worth knowing all the same, and what could not be looked at."""

    problems: Sequence[str] = ()
    remarks: Sequence[str] = ()
    unseen: Sequence[str] = ()
