# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that a cluster makes up.

Source: k8s.io/apimachinery/pkg/util/rand (the alphabet), k8s.io/apiserver/pkg/storage/names (`generateName`).
"""

from __future__ import annotations

import secrets

NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_BASE = 58


def generated(base: str) -> str:
    """A name for `generateName`: the base, cut to 58 characters, and five random ones."""
    return base[:_LONGEST_BASE] + "".join(secrets.choice(NAME_ALPHABET) for _unused in range(5))
