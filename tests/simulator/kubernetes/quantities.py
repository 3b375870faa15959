# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities: the canonical form in which the API server returns them.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, InvalidOperation

_PATTERN = re.compile(r"^([+-]?(?:\d+(?:\.\d*)?|\.\d+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_BINARY_NAMES = {power: name for name, power in _BINARY.items()} | {0: ""}
_DECIMAL_NAMES = {power: name for name, power in _DECIMAL.items()}
_SMALLEST = Decimal("1e-9")


class QuantityError(ValueError):
    """The text is not a quantity."""


def parse(text: str | int | float) -> Decimal:
    """The exact value, rounded up to nano scale as the API server does. Raises QuantityError."""
    return _parts(text)[0]


def _parts(text: str | int | float) -> tuple[Decimal, str]:
    match = _PATTERN.match(str(text)) if not isinstance(text, bool) else None
    if match is None:
        raise QuantityError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix = match.group(1), match.group(2) or ""
    try:
        value = Decimal(number)
    except InvalidOperation as error:
        raise QuantityError(f"{text!r} is not a number") from error
    if suffix in _BINARY:
        value *= Decimal(1024) ** _BINARY[suffix]
    elif suffix in _DECIMAL:
        value *= Decimal(1000) ** _DECIMAL[suffix]
    else:
        value = value.scaleb(int(suffix[1:]))
    rounded = value.quantize(_SMALLEST, rounding=ROUND_UP) if value % _SMALLEST else value
    return rounded, suffix


def canonical(text: str | int | float) -> str:
    """The canonical text of a quantity: `1000m` is `1`, `1024Mi` is `1Gi`, `0.5` is `500m`. Raises QuantityError."""
    value, suffix = _parts(text)
    if not value:
        return "0"
    if suffix in _BINARY and value == value.to_integral_value() and abs(value) >= 1024:
        return _largest_unit(int(value), 1024, _BINARY_NAMES, 6)
    if suffix in _BINARY and value == value.to_integral_value():
        return str(int(value))
    nano = int(value / _SMALLEST)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _exponent_form(nano)
    return _largest_unit(nano, 1000, {power + 3: name for power, name in _DECIMAL_NAMES.items()}, 9)


def _largest_unit(value: int, base: int, names: dict[int, str], limit: int) -> str:
    power = 0
    while power < limit and value % base == 0:
        value //= base
        power += 1
    return f"{value}{names[power]}"


def _exponent_form(nano: int) -> str:
    power = -9
    while nano % 1000 == 0:
        nano //= 1000
        power += 3
    return f"{nano}e{power}" if power else str(nano)
