# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that become part of a URL, checked in one place."""

from __future__ import annotations

import re

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: Letters, digits and what Azure and Kubernetes allow beside them in the names that this collection uses
#: (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules: a resource group may have letters
#: of every alphabet, and parentheses; kubernetes.io, "Object Names and IDs": RFC 1123).
_SEGMENT = re.compile(r"[\w.()-]{1,253}")


def is_segment(name: str) -> bool:
    """Tell whether `name` is one segment of a path and stays one, whatever a server or a library makes of it.

    A segment of dots is removed by every HTTP library (RFC 3986, 5.2.4), so `..` is none.
    """
    return _SEGMENT.fullmatch(name) is not None and bool(name.strip("."))


def checked_segment(name: str, what: str) -> str:
    """Return `name`, which is to be `what` (such as "an extension") and a segment of a URL.

    Raises InputError when it could name anything else.
    """
    if not is_segment(name):
        shown = name if len(name) <= 80 else f"{name[:80]}..."
        raise InputError(
            f"{shown!r} cannot be the name of {what}: use letters, digits, '-', '_', '.' and parentheses, at most 253."
        )
    return name
