# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusted access: what lets a workspace into an AKS cluster without a credential of the cluster.

Source: https://learn.microsoft.com/azure/aks/trusted-access-feature; the rules of the role are those of the recorded
answer
`managedclusters_cli_trusted_access_roles`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.foundation.beliefs import Beliefs
from tests.simulator.foundation.cluster_api import ClusterApi
from tests.simulator.state.role_bindings import ROLE

_RBAC = "rbac.authorization.k8s.io"
_ROLES, _BINDINGS = f"/apis/{_RBAC}/v1/clusterroles", f"/apis/{_RBAC}/v1/clusterrolebindings"
_PREFIX = "aks:trusted-access"
_VERBS = ("create", "get", "list", "patch", "update", "delete")


async def grant(api: ClusterApi, bindings: Iterable[dict[str, Any]], beliefs: Beliefs) -> None:
    """Make the objects in the cluster that stand for role bindings.

    Belief: trusted-access-objects
    """
    if beliefs.answer("trusted-access-objects") == "none":
        return
    target = Cluster(api, "aks")
    for binding in bindings:
        role = manifest(f"{_RBAC}/v1", "ClusterRole", f"{_PREFIX}:{ROLE.rpartition('/')[2]}")
        role["rules"] = [{"verbs": list(_VERBS), "apiGroups": [""], "resources": ["services", "services/proxy"]}]
        await target.create(_ROLES, role)
        bound = manifest(f"{_RBAC}/v1", "ClusterRoleBinding", f"{_PREFIX}:{binding['name']}")
        bound["roleRef"] = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role["metadata"]["name"]}
        source = binding["properties"]["sourceResourceId"]
        bound["subjects"] = [{"apiGroup": _RBAC, "kind": "User", "name": source}]
        await target.create(_BINDINGS, bound)
