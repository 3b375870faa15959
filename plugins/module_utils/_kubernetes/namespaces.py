# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: reading them and creating one."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.labels import MANAGED_BY, MANAGED_BY_LABEL
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import NAMESPACES

ACTIVE, TERMINATING = "Active", "Terminating"


def read(cluster: ClusterConnection) -> dict[str, str]:
    """Return the phase of every namespace by its name."""
    return {each["metadata"]["name"]: phase(each) for each in cluster.list(NAMESPACES)}


def phase(namespace: dict[str, Any]) -> str:
    """Return the phase of a Namespace object: Active or Terminating."""
    return str((namespace.get("status") or {}).get("phase") or ACTIVE)


def to_object(name: str) -> dict[str, Any]:
    """Return a Namespace with our label, so that people see where it comes from."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {MANAGED_BY_LABEL: MANAGED_BY}},
    }
