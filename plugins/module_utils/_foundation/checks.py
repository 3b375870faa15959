# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a value must be beside its type: each check is named where its option is declared.

A check yields a path and a sentence for everything that is wrong in a value; the path begins at the option, for example
`[2].limits`, and is empty where the value itself is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Objection = tuple[str, str]
ValueCheck = Callable[[Any], Iterator[Objection]]

#: Versions of extensions have three numbers, and a preview may have more behind them (recorded answers of
#: Microsoft.KubernetesConfiguration/extensions: 1.1.90, 1.12.3-preview).
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}([-+.][0-9A-Za-z.+-]{1,40})?")
#: https://kubernetes.io/releases/version-skew-policy/: a minor version is x.y.
_MINOR_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")


def kind_of(value: Any) -> str:
    """Return what a value is, in a user's words."""
    if isinstance(value, str):
        return f"'{value}'"
    names = {
        "dict": "a dictionary",
        "list": "a list",
        "bool": "true or false",
        "int": "a number",
        "float": "a number",
        "NoneType": "nothing",
    }
    return names.get(type(value).__name__, type(value).__name__)


def seconds(value: Any) -> Iterator[Objection]:
    """Check a time in seconds: finite, and above 0."""
    if not (math.isfinite(value) and value > 0):
        yield "", f"a number of seconds above 0 is needed, not {value}"


def version(value: Any) -> Iterator[Objection]:
    """Check the version of an extension."""
    if not _VERSION.fullmatch(value):
        yield "", f"{kind_of(value)} is no version; one looks like 1.1.90"


def minor_versions(value: Any) -> Iterator[Objection]:
    """Check a list of minor versions of Kubernetes; YAML has already made 1.1 of an unquoted 1.10."""
    for number, item in enumerate(value):
        if not isinstance(item, str):
            yield f"[{number}]", f"{kind_of(item)} is not a text; put it in quotation marks"
        elif not _MINOR_VERSION.fullmatch(item):
            yield f"[{number}]", f"{kind_of(item)} is no minor version of Kubernetes; one looks like '1.33'"


def texts(value: Any) -> Iterator[Objection]:
    """Check that every item of a list is a text with something in it."""
    for number, item in enumerate(value):
        if not isinstance(item, str) or not item.strip():
            yield f"[{number}]", f"a text is needed, not {kind_of(item)}"


def flat(value: Any) -> Iterator[Objection]:
    """Check that no value of a dictionary is itself a dictionary or a list, or is missing."""
    for key, item in value.items():
        if item is None or isinstance(item, (Mapping, list, tuple)):
            yield f".{key}", f"a text is needed, not {kind_of(item)}"
