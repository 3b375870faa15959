# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that the conversations create, shaped as the collection, Azure ML's extension and its users make them."""

from __future__ import annotations

from typing import Any

from tests.contract.recording.recorder import Conversation

INSTANCE_TYPE_GROUP = "contract.azureml.example"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TYPES = f"/apis/{INSTANCE_TYPE_GROUP}/v1alpha1/instancetypes"


def instance_type_definition(group: str = INSTANCE_TYPE_GROUP) -> dict[str, Any]:
    """A CRD with a structural schema, cluster-scoped, as InstanceType is; in a group of the tests' own."""
    quantities = {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",  # noqa: E501  # Kubernetes' own pattern
            "x-kubernetes-int-or-string": True,
        },
    }
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {
                "type": "object",
                "required": ["resources"],
                "properties": {
                    "nodeSelector": {"type": "object", "additionalProperties": {"type": "string"}},
                    "resources": {"type": "object", "properties": {"limits": quantities, "requests": quantities}},
                    "priority": {"type": "integer", "default": 5, "minimum": 0},
                },
            },
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"instancetypes.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {
                "kind": "InstanceType",
                "listKind": "InstanceTypeList",
                "plural": "instancetypes",
                "singular": "instancetype",
                "shortNames": ["it"],
            },
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "additionalPrinterColumns": [
                        {"name": "CPU", "type": "string", "jsonPath": ".spec.resources.limits.cpu"},
                        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                    ],
                }
            ],
        },
    }


def conditions_of(body: dict[str, Any]) -> dict[str, str]:
    """The conditions of an object's status: type to status."""
    return {each["type"]: each["status"] for each in body.get("status", {}).get("conditions") or []}


def define_instance_types(talk: Conversation) -> None:
    """Make sure that the tests' instance types are served and that there are none."""
    talk.quietly("POST", DEFINITIONS, body=instance_type_definition())
    path = f"{DEFINITIONS}/instancetypes.{INSTANCE_TYPE_GROUP}"
    talk.until(path, lambda answer: conditions_of(answer.body).get("Established") == "True", "the definition")
    talk.until(TYPES, lambda answer: answer.status == 200, "the resource")
    for each in talk.quietly("GET", TYPES).body["items"]:
        talk.quietly("DELETE", f"{TYPES}/{each['metadata']['name']}")


def instance_type(name: str, **spec: Any) -> dict[str, Any]:
    """An instance type of the tests' own group, for a GPU unless `spec` says otherwise."""
    content = {
        "nodeSelector": {"accelerator": "nvidia"},
        "resources": {
            "limits": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": 1},
            "requests": {"cpu": "700m", "memory": "1500Mi"},
        },
    }
    return {
        "apiVersion": f"{INSTANCE_TYPE_GROUP}/v1alpha1",
        "kind": "InstanceType",
        "metadata": {"name": name},
        "spec": {**content, **spec},
    }


def deployment(name: str, *, replicas: int = 1, labels: dict[str, str] | None = None, **pod: Any) -> dict[str, Any]:
    """A Deployment like azureml-fe's: labelled pods with one container."""
    labels = labels or {"app": name}
    container = {
        "name": "main",
        "image": "mcr.microsoft.com/azureml/amlarc/docker/fe:1.0",
        "ports": [{"containerPort": 5001}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
        },
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def node(name: str, *, gpus: int = 0, **labels: str) -> dict[str, Any]:
    """A node of an AKS pool."""
    offer = {"cpu": "4", "memory": "16Gi", "pods": "110"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "status": {"capacity": offer, "allocatable": offer},
    }
