# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small helpers to read and write a cluster through its API."""

from __future__ import annotations

from typing import Any

from tests.simulator.foundation.cluster_api import ApiAnswer, ClusterApi

MERGE_PATCH = "application/merge-patch+json"
NODES = "/api/v1/nodes"
NAMESPACES = "/api/v1/namespaces"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WORKLOADS = {
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
}
"""The collections of workloads by their kind."""
INSTANCE_TYPES = "/apis/amlarc.azureml.com/v1alpha1/instancetypes"


class UnexpectedAnswerError(Exception):
    """The Kubernetes API answered with an error that the caller did not expect."""


def namespaced(group: str, namespace: str, plural: str) -> str:
    """The path of a collection, such as `/apis/apps/v1/namespaces/default/deployments`."""
    root = "/api/v1" if not group else f"/apis/{group}"
    return f"{root}/namespaces/{namespace}/{plural}"


def workloads(kind: str, namespace: str) -> str:
    """The path of the workloads of a kind in a namespace."""
    return WORKLOADS[kind].format(namespace=namespace)


def deployments(namespace: str) -> str:
    """The path of the Deployments of a namespace."""
    return workloads("Deployment", namespace)


def pods(namespace: str) -> str:
    """The path of the pods of a namespace."""
    return namespaced("", namespace, "pods")


def services(namespace: str) -> str:
    """The path of the Services of a namespace."""
    return namespaced("", namespace, "services")


def secrets(namespace: str) -> str:
    """The path of the Secrets of a namespace."""
    return namespaced("", namespace, "secrets")


def config_maps(namespace: str) -> str:
    """The path of the ConfigMaps of a namespace."""
    return namespaced("", namespace, "configmaps")


class Cluster:
    """A cluster seen through `api`: reads give None for what is missing, anything unexpected raises."""

    def __init__(self, api: ClusterApi, manager: str = "helm") -> None:
        """Speak through `api`; `manager` owns the fields that are written."""
        self.api = api
        self._owner = {"fieldManager": manager}

    async def get(self, path: str) -> dict[str, Any] | None:
        """The object at `path`, or None."""
        answer = await self.api.request("GET", path)
        return None if answer.status == 404 else _good(answer, "GET", path)

    async def items(self, path: str, label_selector: str = "") -> list[dict[str, Any]]:
        """The objects of a collection; empty when the collection does not exist."""
        query = {"labelSelector": label_selector} if label_selector else None
        answer = await self.api.request("GET", path, query=query)
        if answer.status == 404:
            return []
        return list(_good(answer, "GET", path).get("items") or [])

    async def create(self, path: str, manifest: dict[str, Any]) -> bool:
        """Create an object in the collection `path`; False when it exists."""
        answer = await self.api.request("POST", path, query=self._owner, body=manifest)
        if answer.status == 409:
            return False
        _good(answer, "POST", path)
        return True

    async def merge(self, path: str, patch: dict[str, Any]) -> dict[str, Any] | None:
        """Apply a JSON merge patch; None when the object is missing."""
        answer = await self.api.request("PATCH", path, query=self._owner, body=patch, content_type=MERGE_PATCH)
        return None if answer.status == 404 else _good(answer, "PATCH", path)

    async def ensure(self, path: str, manifest: dict[str, Any]) -> None:
        """Create an object, or bring an existing one to `manifest` by a merge patch."""
        if not await self.create(path, manifest):
            await self.merge(f"{path}/{manifest['metadata']['name']}", manifest)

    async def replace(self, path: str, manifest: dict[str, Any]) -> None:
        """Replace an object by `manifest`, or create it when it is missing."""
        answer = await self.api.request("PUT", path, query=self._owner, body=manifest)
        if answer.status == 404:
            answer = await self.api.request("POST", path.rpartition("/")[0], query=self._owner, body=manifest)
        _good(answer, "PUT", path)

    async def delete(self, path: str) -> None:
        """Delete an object; nothing happens when it is missing."""
        answer = await self.api.request("DELETE", path)
        if answer.status != 404:
            _good(answer, "DELETE", path)

    async def ensure_namespace(self, name: str, labels: dict[str, str] | None = None) -> None:
        """Create a namespace unless it exists."""
        await self.create(NAMESPACES, manifest("v1", "Namespace", name, labels=labels))


def manifest(
    version: str, kind: str, name: str, *, namespace: str = "", labels: dict[str, str] | None = None, **rest: Any
) -> dict[str, Any]:
    """A manifest with the usual metadata and `rest` beside it."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _good(answer: ApiAnswer, method: str, path: str) -> dict[str, Any]:
    if answer.status >= 300:
        text = answer.body.get("message") or answer.body
        raise UnexpectedAnswerError(f"{method} {path}: HTTP {answer.status}: {text}")
    return answer.body
