# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests that the chart renders.

Source: as for components.py; the fields of instance types from AML-Kubernetes docs/instance-type.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart.components import BILLING, OUTSIDE, SYSTEM, Component, ServiceSpec, workloads
from tests.simulator.chart.release import Release

CRD_NAME = "instancetypes.amlarc.azureml.com"
PORT_NAMES = {80: "http", 443: "https"}
IMAGE = "mcr.microsoft.com/azureml/amlarc/docker"


def collections(release: Release) -> Iterator[tuple[str, str, set[str]]]:
    """The kinds of workloads, the collections where the release may have some, and the names wanted in each."""
    wanted = list(workloads(release))
    for kind in paths.WORKLOADS:
        for namespace in (release.namespace, OUTSIDE):
            names = {c.name for c in wanted if (c.kind, c.namespace or release.namespace) == (kind, namespace)}
            yield kind, paths.workloads(kind, namespace), names


def workload_manifest(release: Release, component: Component) -> dict[str, Any]:
    """The Deployment, DaemonSet or StatefulSet of a component."""
    selector = {**SYSTEM, **component.pod_labels}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": selector},
        "template": {"metadata": {"labels": selector}, "spec": _pod(release, component)},
    }
    if component.kind != "DaemonSet":
        spec["replicas"] = component.replicas
    if component.service:
        spec["serviceName"] = component.service
    metadata = _metadata(release, component.name, {**component.labels, **SYSTEM})
    metadata["namespace"] = component.namespace or release.namespace
    return {"apiVersion": "apps/v1", "kind": component.kind, "metadata": metadata, "spec": spec}


def _pod(release: Release, component: Component) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "containers": [
            {
                "name": component.name if number == 0 else f"sidecar-{number}",
                "image": f"{IMAGE}/{component.name}:1.1.84",
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"cpu": "1", "memory": "1Gi"},
                },
            }
            for number in range(component.containers)
        ]
    }
    if component.kind == "DaemonSet":
        # "Deployed to ALL nodes": those with taints too, but no image of them is for Windows.
        pod["tolerations"] = [{"operator": "Exists"}]
        pod["nodeSelector"] = {"kubernetes.io/os": "linux"}
    if release.node_selector:
        pod["nodeSelector"] = pod.get("nodeSelector", {}) | release.node_selector
    return pod


def service_manifest(release: Release, service: ServiceSpec) -> dict[str, Any]:
    """The Service of a component."""
    metadata = _metadata(release, service.name, dict(service.labels))
    metadata["annotations"] |= service.annotations
    spec: dict[str, Any] = {
        "type": service.type,
        "ports": [
            {"name": PORT_NAMES.get(port, f"port-{port}"), "port": service.elsewhere.get(port, port), "protocol": "TCP"}
            for port in service.ports
        ],
    }
    if service.selector:
        spec["selector"] = service.selector
    if service.headless:
        spec["clusterIP"] = "None"
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def health_pod(release: Release) -> dict[str, Any]:
    """The pod of the health check; it stays as Completed."""
    labels = {"app": "healthcheck", **SYSTEM, **BILLING}
    container = {"name": "healthcheck", "image": f"{IMAGE}/healthcheck:1.1.84"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "healthcheck", "namespace": release.namespace, "labels": labels},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }


def crd_manifest(release: Release) -> dict[str, Any]:
    """The CRD of instance types: cluster scope, structural schema of the documented fields."""
    quantities = {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "nullable": True,
        },
    }
    resources = {"type": "object", "properties": {"requests": quantities, "limits": quantities}}
    selector = {"type": "object", "additionalProperties": {"type": "string"}, "nullable": True}
    spec = {"type": "object", "properties": {"nodeSelector": selector, "resources": resources}}
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": spec,
    }
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }
    metadata = _metadata(release, CRD_NAME, {})
    metadata.pop("namespace")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": "amlarc.azureml.com",
            "names": {
                "kind": "InstanceType",
                "listKind": "InstanceTypeList",
                "plural": "instancetypes",
                "singular": "instancetype",
            },
            "scope": "Cluster",
            "versions": [version],
        },
    }


def _metadata(release: Release, name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": release.namespace,
        "labels": {**labels, **release.labels()},
        "annotations": release.annotations(),
    }
