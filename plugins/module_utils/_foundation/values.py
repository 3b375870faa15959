# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading nested JSON in which any object may be null or absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def nested(body: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the object at the path `names`, or an empty one where Azure sent null, nothing, or something else."""
    found: Any = body
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
