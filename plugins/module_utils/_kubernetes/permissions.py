# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the collection does to a cluster, as permissions: the one list that preflight asks about.

docs/permissions/cluster-role.yml grants exactly these; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Permission
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import resources
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import (
    ClusterConnection,
    Request,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import Resource

Kind = Literal["aks", "arc"]
#: Stands for a namespace that only the inventory knows (`azureml-<workspace>`): a ClusterRole grants it everywhere.
ANY_NAMESPACE = "*"


@dataclass(frozen=True)
class Need:
    """One thing the collection does: verb, kind of object, where, and what for."""

    verb: str
    resource: Resource
    purpose: str
    namespace: str | None = None
    name: str | None = None
    kinds: tuple[Kind, ...] = ("aks", "arc")

    @property
    def is_write(self) -> bool:
        """It changes the cluster."""
        return self.verb not in ("get", "list")


NEEDS: tuple[Need, ...] = (
    Need("list", resources.NODES, "see which nodes and GPUs there are"),
    Need("list", resources.NAMESPACES, "see whether the compute's namespace exists"),
    Need("get", resources.DEPLOYMENTS, "read azureml-fe", front_end.NAMESPACE, front_end.NAME),
    Need("list", resources.PODS, "see which version of azureml-fe is running", front_end.NAMESPACE),
    Need("get", resources.SERVICES, "read the address of azureml-fe", front_end.NAMESPACE, front_end.NAME),
    Need("list", resources.DEPLOYMENTS, "see the extension's components", front_end.EXTENSION_NAMESPACE),
    Need("get", resources.CONFIG_MAPS, "read the extension's health report", front_end.EXTENSION_NAMESPACE),
    Need("list", resources.DEPLOYMENTS, "see v1 web services", ANY_NAMESPACE),
    Need("list", resources.INSTANCE_TYPES, "read the instance types"),
    Need("patch", resources.DEPLOYMENTS, "annotate azureml-fe", front_end.NAMESPACE, front_end.NAME),
    Need("create", resources.NAMESPACES, "create the compute's namespace"),
    Need("get", resources.NAMESPACES, "read the compute's namespace"),
    Need("create", resources.INSTANCE_TYPES, "create instance types"),
    Need("patch", resources.INSTANCE_TYPES, "change instance types"),
    Need("update", resources.INSTANCE_TYPES, "replace instance types"),
    Need("delete", resources.INSTANCE_TYPES, "remove instance types"),
    Need("patch", resources.NODES, "label GPU nodes", kinds=("arc",)),
)


def needs_of(kind: Kind | None) -> list[Need]:
    """Return what the collection does to a cluster of one kind; None is every kind."""
    return [need for need in NEEDS if kind is None or kind in need.kinds]


def as_fact(need: Need, *, allowed: bool) -> Permission:
    """Return a permission with the API server's decision."""
    return Permission(
        verb=need.verb,
        group=need.resource.group,
        resource=need.resource.plural,
        namespace=need.namespace,
        name=need.name,
        allowed=allowed,
        purpose=need.purpose,
    )


def ask(cluster: ClusterConnection, need: Need) -> Permission:
    """Ask the API server whether our credentials may do one thing (SelfSubjectAccessReview; everybody may ask)."""
    attributes = {
        "verb": need.verb,
        "group": need.resource.group,
        "resource": need.resource.plural,
        "namespace": "" if need.namespace in (None, ANY_NAMESPACE) else need.namespace,
        "name": need.name or "",
    }
    body = {
        "apiVersion": resources.ACCESS_REVIEWS.api_version,
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.send(Request("POST", "create", resources.ACCESS_REVIEWS, body=body))
    return as_fact(need, allowed=bool((answer.get("status") or {}).get("allowed")))


def ask_all(cluster: ClusterConnection, needs: Iterable[Need], proven: Sequence[Need] = ()) -> list[Permission]:
    """Return the decision on each of `needs`; a read that was done (`proven`) is its own proof and costs no request."""
    return [as_fact(need, allowed=True) if need in proven else ask(cluster, need) for need in needs]


def in_words(permission: Permission) -> str:
    """Return a permission for a sentence: `patch deployments.apps "azureml-fe" in namespace default`."""
    kind = f"{permission['resource']}.{permission['group']}" if permission["group"] else permission["resource"]
    name = f' "{permission["name"]}"' if permission["name"] else ""
    namespace = permission["namespace"]
    if namespace == ANY_NAMESPACE:
        return f"{permission['verb']} {kind}{name} in every namespace"
    return f"{permission['verb']} {kind}{name}" + (f" in namespace {namespace}" if namespace else "")
