# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value that a user wrote, in the type that is declared for it, by the same rules as a module's options."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_float,
    check_type_int,
    check_type_list,
)


def converted(kind: str, value: Any) -> Any:
    """Return `value` as `kind` (one of Ansible's option types). Raises TypeError or ValueError when it cannot be."""
    return _CONVERT[kind](value)


def _text(value: Any) -> str:
    """Return a text; numbers are taken as they are written, anything else is refused."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError("not a text")
    return str(value)


def _dictionary(value: Any) -> dict[str, Any]:
    """Return a dictionary, also from JSON or key=value text."""
    if not isinstance(value, (dict, str)):
        raise TypeError("not a dictionary")
    converted: dict[str, Any] = check_type_dict(value)
    return converted


def _list(value: Any) -> list[Any]:
    """Return a list; a text is taken as JSON, or as names with commas between them."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = json.loads(value)
    if isinstance(value, dict):
        raise TypeError("not a list")
    converted: list[Any] = check_type_list(value)
    return converted


_CONVERT: dict[str, Any] = {
    "bool": check_type_bool,
    "int": check_type_int,
    "float": check_type_float,
    "str": _text,
    "path": _text,
    "dict": _dictionary,
    "list": _list,
    "raw": lambda value: value,
}
