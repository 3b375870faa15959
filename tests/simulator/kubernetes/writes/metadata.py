# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata as the API server keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes.store import Object

_MAPS = ("labels", "annotations")


def order_metadata(obj: Object) -> None:
    """Metadata in the order of the Go struct, without empty maps."""
    metadata = obj["metadata"]
    for name in (*_MAPS, "ownerReferences", "finalizers"):
        if name in metadata and not metadata[name]:
            del metadata[name]
    order = ("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")
    later = ("deletionTimestamp", "deletionGracePeriodSeconds", *_MAPS, "ownerReferences", "finalizers")
    known = (*order, *later, "managedFields")
    obj["metadata"] = {name: metadata[name] for name in known if name in metadata}


def without(obj: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    """The mapping without some keys."""
    return {key: value for key, value in obj.items() if key not in keys}
