# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the collection does to a cluster, as permissions: the one list that preflight asks about.

docs/permissions/cluster-role.yml grants exactly these; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import components
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Permission
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end, serving
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ClusterKind
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import arc_agents, resources
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.request import Request
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import Resource
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.workloads import HEALTH_REPORT

#: Stands for every namespace: v1 deploys its services wherever it was told to.
ANY_NAMESPACE = "*"


@dataclass(frozen=True)
class Need:
    """One thing the collection does: verb, kind of object, where, and what for."""

    verb: str
    resource: Resource
    purpose: str
    namespace: str | None = None
    name: str | None = None
    kinds: tuple[ClusterKind, ...] = ("aks", "arc")


LIST_NODES = Need("list", resources.NODES, "see which nodes and GPUs there are")
LIST_NAMESPACES = Need("list", resources.NAMESPACES, "see whether the compute's namespace exists")
GET_FRONT_END = Need("get", resources.DEPLOYMENTS, "read azureml-fe", front_end.NAMESPACE, front_end.NAME)
LIST_PODS = Need("list", resources.PODS, "see which version of azureml-fe is running", front_end.NAMESPACE)
GET_SERVICE = Need("get", resources.SERVICES, "read the address of azureml-fe", front_end.NAMESPACE, front_end.NAME)
LIST_COMPONENTS = Need("list", resources.DEPLOYMENTS, "see the extension's components", names.EXTENSION_NAMESPACE)
LIST_DAEMON_SETS = Need("list", resources.DAEMON_SETS, "see the extension's components", names.EXTENSION_NAMESPACE)
LIST_STATEFUL_SETS = Need("list", resources.STATEFUL_SETS, "see the extension's components", names.EXTENSION_NAMESPACE)
GET_DEVICE_PLUGIN = Need(
    "get",
    resources.DAEMON_SETS,
    "see the GPU device plug-in",
    components.DEVICE_PLUGIN_NAMESPACE,
    components.DEVICE_PLUGIN,
)
GET_ROUTER_SERVICE = Need(
    "get", resources.SERVICES, "read the address of the extension's router", names.EXTENSION_NAMESPACE, serving.SERVICE
)
LIST_ROUTER_PODS = Need("list", resources.PODS, "see the pods behind that address", names.EXTENSION_NAMESPACE)
GET_HEALTH_REPORT = Need(
    "get", resources.CONFIG_MAPS, "read the extension's health report", names.EXTENSION_NAMESPACE, HEALTH_REPORT
)
GET_ARC_AGENTS = Need(
    "get",
    resources.CONFIG_MAPS,
    "see whether this is the cluster that is connected to Azure",
    arc_agents.NAMESPACE,
    arc_agents.CONFIGURATION,
    kinds=("arc",),
)
LIST_V1_SERVICES = Need("list", resources.DEPLOYMENTS, "see v1 web services", ANY_NAMESPACE)
LIST_INSTANCE_TYPES = Need("list", resources.INSTANCE_TYPES, "read the instance types")
ANNOTATE_FRONT_END = Need("patch", resources.DEPLOYMENTS, "annotate azureml-fe", front_end.NAMESPACE, front_end.NAME)
GET_NAMESPACE = Need("get", resources.NAMESPACES, "read the compute's namespace")
CREATE_NAMESPACE = Need("create", resources.NAMESPACES, "create the compute's namespace")
GET_INSTANCE_TYPE = Need("get", resources.INSTANCE_TYPES, "read an instance type again after a conflict")
CREATE_INSTANCE_TYPE = Need("create", resources.INSTANCE_TYPES, "create instance types")
PATCH_INSTANCE_TYPE = Need("patch", resources.INSTANCE_TYPES, "change instance types")
UPDATE_INSTANCE_TYPE = Need("update", resources.INSTANCE_TYPES, "replace instance types")
DELETE_INSTANCE_TYPE = Need("delete", resources.INSTANCE_TYPES, "remove instance types")
GET_NODE = Need("get", resources.NODES, "read a node again after a conflict", kinds=("arc",))
PATCH_NODE = Need("patch", resources.NODES, "label GPU nodes", kinds=("arc",))

NEEDS: tuple[Need, ...] = (
    LIST_NODES,
    LIST_NAMESPACES,
    GET_FRONT_END,
    LIST_PODS,
    GET_SERVICE,
    LIST_COMPONENTS,
    LIST_DAEMON_SETS,
    LIST_STATEFUL_SETS,
    GET_DEVICE_PLUGIN,
    GET_ROUTER_SERVICE,
    LIST_ROUTER_PODS,
    GET_HEALTH_REPORT,
    GET_ARC_AGENTS,
    LIST_V1_SERVICES,
    LIST_INSTANCE_TYPES,
    ANNOTATE_FRONT_END,
    GET_NAMESPACE,
    CREATE_NAMESPACE,
    GET_INSTANCE_TYPE,
    CREATE_INSTANCE_TYPE,
    PATCH_INSTANCE_TYPE,
    UPDATE_INSTANCE_TYPE,
    DELETE_INSTANCE_TYPE,
    GET_NODE,
    PATCH_NODE,
)


def needs_of(kind: ClusterKind | None) -> list[Need]:
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


def in_words(permission: Permission) -> str:
    """Return a permission for a sentence: `patch deployments.apps "azureml-fe" in namespace default`."""
    kind = f"{permission['resource']}.{permission['group']}" if permission["group"] else permission["resource"]
    name = f' "{permission["name"]}"' if permission["name"] else ""
    namespace = permission["namespace"]
    if namespace == ANY_NAMESPACE:
        return f"{permission['verb']} {kind}{name} in every namespace"
    return f"{permission['verb']} {kind}{name}" + (f" in namespace {namespace}" if namespace else "")
