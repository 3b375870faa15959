# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InstanceType objects of a cluster (amlarc.azureml.com/v1alpha1, cluster-scoped)."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain import instance_types
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import InstanceTypeFacts
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import INSTANCE_TYPES


def read_objects(cluster: ClusterConnection) -> dict[str, dict[str, Any]] | None:
    """Return the InstanceType objects by name, or None when the API does not serve the kind (no extension yet)."""
    try:
        found = cluster.list(INSTANCE_TYPES)
    except ConnectionFailedError:
        raise
    except KubernetesError as error:
        if error.is_missing:
            return None
        raise
    return {each["metadata"]["name"]: each for each in found}


def read(cluster: ClusterConnection) -> list[InstanceTypeFacts] | None:
    """Return the InstanceTypes ordered by name, or None when the API does not serve the kind."""
    found = read_objects(cluster)
    if found is None:
        return None
    return [instance_types.from_object(found[name]) for name in sorted(found)]
