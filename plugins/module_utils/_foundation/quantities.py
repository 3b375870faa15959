# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities: amounts of CPU, memory and devices as the API writes them (`500m`, `2Gi`, `1e3`).

The grammar is the API's own: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

try:
    from kubernetes.utils.quantity import parse_quantity
except ImportError:  # the modules that need it say how to install it
    parse_quantity = None

#: The client library also takes what the API refuses (an upper-case K, spaces, NaN), so the grammar is checked first.
_GRAMMAR = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})?")


class QuantityError(InputError):
    """A text that the Kubernetes API would not take as a quantity."""


def amount(text: str | int | float) -> Decimal:
    """Return a quantity as a number: cores for CPU, bytes for memory, pieces for devices.

    Raises QuantityError when `text` is not a quantity.
    """
    written = str(text)
    if isinstance(text, bool) or not _GRAMMAR.fullmatch(written):
        raise QuantityError(f"'{text}' is not a Kubernetes quantity such as 500m, 2 or 8Gi")
    parsed: Decimal = parse_quantity(written)
    return parsed


def equal(one: str | int | float | None, other: str | int | float | None) -> bool:
    """Tell whether two quantities are the same amount, however they are written: 1 is 1000m, 1Gi is 1024Mi."""
    if one is None or other is None:
        return one is other
    try:
        return amount(one) == amount(other)
    except QuantityError:
        return str(one) == str(other)


def all_equal(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two resource lists name the same resources with the same amounts."""
    return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
