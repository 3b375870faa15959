# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be lost with the extension: v1 services behind its router, deployments and jobs; and azureml-fe itself."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.workloads import is_of_v2
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import workloads
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import PODS, Resource

_RBAC = "rbac.authorization.k8s.io"
#: Everything of azureml-fe that AksCompute has made, with the kind of each, in the order in which it can be made again
#: (learn.microsoft.com/azure/machine-learning/v1/how-to-create-attach-kubernetes, "Delete azureml-fe related
#: resources").
FRONT_END_OBJECTS: tuple[tuple[Resource, str, str], ...] = (
    (Resource("", "v1", "serviceaccounts"), "ServiceAccount", "azureml-fe"),
    (Resource(_RBAC, "v1", "clusterroles", namespaced=False), "ClusterRole", "azureml-fe-role"),
    (Resource(_RBAC, "v1", "clusterrolebindings", namespaced=False), "ClusterRoleBinding", "azureml-fe-binding"),
    (Resource("", "v1", "configmaps"), "ConfigMap", "azuremlfeconfig"),
    (Resource("", "v1", "secrets"), "Secret", "azuremlfessl"),
    (Resource("", "v1", "services"), "Service", "azureml-fe"),
    (Resource("", "v1", "services"), "Service", "azureml-fe-int-http"),
    (Resource("apps", "v1", "deployments"), "Deployment", "azureml-fe"),
)


def read_uses(cluster: ClusterConnection) -> list[str]:
    """Return what runs on the cluster by way of the extension, in words: v1 services, v2 deployments and jobs."""
    found = [
        f"v1 service {each['namespace']}/{each['name']}"
        for each in workloads.read_v1_services(cluster, ())
        if each["wanted_replicas"] or each["ready_replicas"]
    ]
    for pod in cluster.list(PODS):
        metadata = pod["metadata"]
        active = (pod.get("status") or {}).get("phase") in ("Pending", "Running")
        if active and metadata["namespace"] != EXTENSION_NAMESPACE and is_of_v2(pod) and not _is_of_system(pod):
            found.append(f"pod {metadata['namespace']}/{metadata['name']} of a deployment or job")
    return found


def read_front_end_objects(cluster: ClusterConnection) -> list[dict[str, Any]]:
    """Return the objects of azureml-fe that there are, each with its apiVersion and kind. Secrets are among them."""
    found: list[dict[str, Any]] = []
    for resource, kind, name in FRONT_END_OBJECTS:
        document = cluster.get(resource, name, front_end.NAMESPACE if resource.namespaced else None)
        if document is not None:
            found.append({**document, "apiVersion": resource.api_version, "kind": kind})
    return found


def _is_of_system(pod: dict[str, Any]) -> bool:
    """Tell whether a pod is the extension's own, such as an azureml-fe in namespace default that it has taken over."""
    labels = pod["metadata"].get("labels") or {}
    return labels.get(front_end.NAME_LABEL) == front_end.NAME or "ml.azure.com/amlarc-system" in labels
