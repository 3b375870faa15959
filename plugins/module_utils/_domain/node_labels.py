# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of node pools: what may be set, and how wanted labels meet those that are there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Prefixes that AKS keeps for itself and refuses (learn.microsoft.com/azure/aks/use-labels, "Reserved prefixes").
RESERVED_PREFIXES = ("kubernetes.azure.com/", "kubernetes.io/")
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")
_PREFIX = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")


class LabelError(Exception):
    """A label that AKS or Kubernetes would refuse, in one sentence."""


def checked_labels(pool: str, labels: Mapping[str, Any], *, removing: bool = False) -> dict[str, str]:
    """Return labels with their values as texts (true becomes `true`, as Kubernetes writes it).

    Raises LabelError for a key or value outside the rules of kubernetes.io/docs/concepts/overview/working-with-objects/
    labels ("Syntax and character set") or with a prefix that AKS reserves. `removing`: values do not matter.
    """
    checked: dict[str, str] = {}
    for key, value in labels.items():
        _check_key(pool, str(key))
        text = "" if removing else _as_text(pool, str(key), value)
        if text and not _NAME.match(text):
            raise LabelError(
                f"Label {key}={text} of node pool {pool}: a value has at most 63 letters, digits, '-', '_' and '.', "
                "and begins and ends with a letter or digit."
            )
        checked[str(key)] = text
    return checked


def merged(existing: Mapping[str, str], wanted: Mapping[str, str], *, remove: bool) -> dict[str, str]:
    """Return the labels as they are to be: the wanted ones over the existing, or the existing without them."""
    if remove:
        return {key: value for key, value in existing.items() if key not in wanted}
    return {**existing, **wanted}


def _check_key(pool: str, key: str) -> None:
    """Raise LabelError unless `key` is a label's name, with or without a DNS prefix that is free to use."""
    reserved = next((prefix for prefix in RESERVED_PREFIXES if key.startswith(prefix)), None)
    if reserved:
        raise LabelError(f"Label {key} of node pool {pool}: AKS keeps the prefix {reserved} for itself.")
    prefix, slash, name = key.rpartition("/")
    if not _NAME.match(name) or (slash and (len(prefix) > 253 or not _PREFIX.match(prefix))):
        raise LabelError(f"'{key}' of node pool {pool} is not a label: write name or dns.prefix/name.")


def _as_text(pool: str, key: str, value: Any) -> str:
    """Return a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise LabelError(f"Label {key} of node pool {pool} needs a text, a number or a boolean as its value.")
