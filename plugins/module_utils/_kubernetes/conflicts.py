# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others at work: a write that is based on what was read, and read again when somebody was faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError

Found = TypeVar("Found")
Written = TypeVar("Written")
#: Tries before we say that somebody keeps changing the object.
ATTEMPTS = 6


def write_on_current(
    found: Found, write: Callable[[Found], Written], read_again: Callable[[], Found], subject: str
) -> Written:
    """Return what `write` makes of `found`; when somebody changed or deleted that, of what `read_again` finds.

    Raises KubernetesError in one sentence when every try met a conflict.
    """
    pause = 0.1
    for _unused in range(ATTEMPTS):
        try:
            return write(found)
        except KubernetesError as error:
            deleted = error.missing and found is not None
            if not error.conflict and not deleted:
                raise
        time.sleep(pause)
        pause *= 2
        found = read_again()
    raise KubernetesError(
        f"{subject} was changed by somebody else each of the {ATTEMPTS} times that it was about to be written; "
        "nothing of theirs was overwritten. Find out who changes it, then run again.",
        status=409,
        code="Conflict",
    )
