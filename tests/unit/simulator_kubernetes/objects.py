# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cluster without a socket, and the objects that the tests put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.simulator.foundation.cluster_api import ApiAnswer
from tests.simulator.kubernetes.server.api import SimulatedKubernetesApi

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


class Client:
    """Short forms of requests to one cluster."""

    def __init__(self, api: SimulatedKubernetesApi) -> None:
        self.api = api

    async def get(self, path: str, **query: str) -> ApiAnswer:
        return await self.api.request("GET", path, query=query)

    async def post(self, path: str, body: Any, **query: str) -> ApiAnswer:
        return await self.api.request("POST", path, body=body, query=query)

    async def put(self, path: str, body: Any, **query: str) -> ApiAnswer:
        return await self.api.request("PUT", path, body=body, query=query)

    async def delete(self, path: str, body: Any = None, **query: str) -> ApiAnswer:
        return await self.api.request("DELETE", path, body=body, query=query)

    async def merge(self, path: str, body: Any, **query: str) -> ApiAnswer:
        return await self._patch(path, body, "application/merge-patch+json", query)

    async def strategic(self, path: str, body: Any, **query: str) -> ApiAnswer:
        return await self._patch(path, body, "application/strategic-merge-patch+json", query)

    async def json_patch(self, path: str, body: Any, **query: str) -> ApiAnswer:
        return await self._patch(path, body, "application/json-patch+json", query)

    async def apply(self, path: str, body: Any, manager: str, **query: str) -> ApiAnswer:
        return await self._patch(path, body, "application/apply-patch+yaml", {"fieldManager": manager, **query})

    async def _patch(self, path: str, body: Any, content_type: str, query: dict[str, str]) -> ApiAnswer:
        return await self.api.request("PATCH", path, body=body, content_type=content_type, query=query)

    async def until(self, path: str, accept: Callable[[ApiAnswer], bool]) -> ApiAnswer:
        """The first answer that is accepted; fails after five real seconds."""
        for _unused in range(500):
            answer = await self.get(path)
            if accept(answer):
                return answer
            await asyncio.sleep(0.01)
        raise AssertionError(f"{path} never became as wanted; last: {answer}")


def node(name: str, *, cpu: str = "4", memory: str = "16Gi", gpus: int = 0, **labels: str) -> dict[str, Any]:
    capacity = {"cpu": cpu, "memory": memory, "pods": "110"}
    if gpus:
        capacity["nvidia.com/gpu"] = str(gpus)
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": capacity},
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": data}


def pod_spec(**resources: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": "image:1", "resources": resources}]}


def deployment(name: str, replicas: int = 1, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**pod_spec(requests={"cpu": "100m"}), **spec}},
        },
    }


def instance_type_definition() -> dict[str, Any]:
    quantity = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    quantities = {"type": "object", "additionalProperties": quantity}
    spec = {
        "type": "object",
        "required": ["resources"],
        "properties": {
            "nodeSelector": {"type": "object", "additionalProperties": {"type": "string"}},
            "priority": {"type": "integer", "default": 5, "minimum": 0},
            "resources": {"type": "object", "properties": {"limits": quantities, "requests": quantities}},
        },
    }
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        "additionalPrinterColumns": [{"name": "CPU", "type": "string", "jsonPath": ".spec.resources.limits.cpu"}],
    }
    names = {"kind": "InstanceType", "plural": "instancetypes", "singular": "instancetype", "shortNames": ["it"]}
    return {
        "kind": "CustomResourceDefinition",
        "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": "instancetypes.amlarc.azureml.com"},
        "spec": {"group": "amlarc.azureml.com", "scope": "Cluster", "names": names, "versions": [version]},
    }


def instance_type(name: str, **limits: Any) -> dict[str, Any]:
    return {
        "kind": "InstanceType",
        "apiVersion": "amlarc.azureml.com/v1alpha1",
        "metadata": {"name": name},
        "spec": {"resources": {"limits": limits, "requests": {"cpu": "1", "memory": "1Gi"}}},
    }
