# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes versions that the Azure Machine Learning extension supports.

https://learn.microsoft.com/azure/machine-learning/reference-kubernetes: the newest minor version that is generally
available in AKS, and the two before it (N-2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

#: Generally available in AKS in November 2026 (https://github.com/Azure/AKS/releases): only where AKS does not say
#: which versions it offers.
SUPPORTED_KUBERNETES_VERSIONS: tuple[str, ...] = ("1.34", "1.35", "1.36")

_SUPPORTED = 3
_VERSION = re.compile(r"v?(\d+)\.(\d+)")

Standing = Literal["supported", "older", "newer", "unknown"]


def minor_version(version: str) -> tuple[int, int] | None:
    """Return (major, minor) of "1.35.4", "v1.35.4+k3s1" or "1.35"; None when the text is no version."""
    found = _VERSION.match(version.strip())
    return (int(found[1]), int(found[2])) if found else None


def window(offered: Sequence[str]) -> list[str]:
    """Return the newest minor version among `offered` and the two before it (N-2), the oldest first.

    Versions are counted among those that are offered: AKS leaves none out.
    """
    minors = sorted({each for each in map(minor_version, offered) if each})
    return [f"{major}.{minor}" for major, minor in minors[-_SUPPORTED:]]


def version_standing(version: str | None, supported: Sequence[str]) -> Standing:
    """Tell how `version` stands to the window of `supported` minor versions; "unknown" when either cannot be read."""
    known = [each for each in map(minor_version, supported) if each]
    actual = minor_version(version or "")
    if not known or actual is None:
        return "unknown"
    if actual in known:
        return "supported"
    return "newer" if actual > max(known) else "older"
