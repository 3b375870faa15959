# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where v1 lives on a cluster: no namespace of it may become a Kubernetes compute's."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id


def reserved_namespaces(workspace_ids: Iterable[str], facts: Facts) -> set[str]:
    """Return the namespaces that are v1's by their names: of the wanted workspaces, and of those that were read."""
    ids = [*workspace_ids, *(each["id"] for each in facts["workspaces"])]
    return {names.v1_namespace(parse_workspace_id(each).name) for each in ids}


def v1_namespaces(workspace_ids: Iterable[str], facts: Facts) -> set[str]:
    """Return every namespace that belongs to v1: reserved by its name, or because a v1 web service runs in it."""
    services = facts["kubernetes"]["v1_services"] if facts["kubernetes"] else []
    return reserved_namespaces(workspace_ids, facts) | {each["namespace"] for each in services}
