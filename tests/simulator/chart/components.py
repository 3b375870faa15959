# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chart renders: Deployments, Services, the CRD of instance types.

Source: github.com/VijayRod/demo, container-storage/logs/az-machinelearning(azureml).md (names and labels of a real
    installation); learn.microsoft.com/azure/machine-learning/reference-kubernetes, "Azure Machine Learning extension
    components" (which component belongs to training or inference).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.chart.release import Release

SYSTEM = {"ml.azure.com/amlarc-system": "true"}
BILLING = {"ml.azure.com/billing-category": "azureml-system"}
CRD_NAME = "instancetypes.amlarc.azureml.com"
IMAGE = "mcr.microsoft.com/azureml/amlarc/docker"


@dataclass(frozen=True)
class Component:
    """One Deployment: labels of the object and of its pods, number of containers and replicas."""

    name: str
    labels: dict[str, str]
    pod_labels: dict[str, str]
    containers: int = 1
    replicas: int = 1


@dataclass(frozen=True)
class ServiceSpec:
    """One Service."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = (443,)
    type: str = "ClusterIP"
    headless: bool = False
    selector: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


def deployments(release: Release) -> Iterator[Component]:
    """The Deployments that the values ask for."""
    yield from _always(release)
    if release.training:
        yield from _training(release)
    if release.inference:
        yield from _inference(release)


def _always(release: Release) -> Iterator[Component]:
    infra = {"ml.azure.com/infra-app": "metrics-controller"}
    name = {"amlarc-controller": "metrics-controller"}
    yield Component("gateway", {}, {"app": "gateway", **BILLING}, 2)
    yield Component("metrics-controller-manager", name, {**name, **BILLING, **infra}, 2)
    state = {"app.kubernetes.io/instance": release.name, "app.kubernetes.io/name": "kube-state-metrics"}
    yield Component(f"{release.name}-kube-state-metrics", {**state, **BILLING}, {**state, **BILLING})
    if release.flag("installPromOp", default=True):
        operator = {
            "app.kubernetes.io/component": "controller",
            "app.kubernetes.io/name": "prometheus-operator",
            "app.kubernetes.io/version": "0.50.0",
        }
        pods = {**operator, **BILLING, "ml.azure.com/infra-app": "prometheus-operator"}
        yield Component(f"{release.name}-prometheus-operator", operator, pods)
    if release.flag("relayserver.enabled"):
        yield Component("relayserver", {"app": "relayserver"}, {"app": "relayserver", **BILLING}, 2)
    if release.flag("nginxIngress.enabled"):
        labels = {
            "app.kubernetes.io/component": "controller",
            "app.kubernetes.io/instance": "azureml-ingress-nginx",
            "app.kubernetes.io/name": "azureml-ingress-nginx",
        }
        chart = {"app.kubernetes.io/version": "1.1.1", "helm.sh/chart": "ingress-nginx-4.0.15"}
        yield Component("azureml-ingress-nginx-controller", {**labels, **chart}, labels)


def _training(release: Release) -> Iterator[Component]:
    operator = {"app": "aml-operator", "control-plane": "controller-manager"}
    yield Component("aml-operator", operator, {**operator, **BILLING}, 2)
    if release.flag("installVolcano", default=True):
        for name, app in (
            ("volcano-admission", "volcano-admission"),
            ("volcano-controllers", "volcano-controller"),
            ("volcano-scheduler", "volcano-scheduler"),
        ):
            yield Component(name, {"app": app}, {"app": app})


def _inference(release: Release) -> Iterator[Component]:
    for part in ("identity-controller", "identity-proxy"):
        labels = {"amlarc-component": "identity"}
        pods = {**labels, "amlarc-identity-component": part, "ml.azure.com/infra-app": part, **BILLING}
        yield Component(f"amlarc-{part}", labels, pods, 2)
    manager = {"control-plane": "inference-operator-controller-manager"}
    pods = {**manager, "ml.azure.com/infra-app": "inference-operator", **BILLING}
    yield Component("inference-operator-controller-manager", manager, pods, 2)
    pods = {
        "azuremlappname": "azureml-fe",
        "azuremlappversion": "v2",
        "ml.azure.com/infra-app": "azureml-fe",
        **BILLING,
    }
    replicas = 3 if release.high_availability else 1
    yield Component(release.front_end_name, {"azuremlappname": "azureml-fe"}, pods, 4, replicas)


def services(release: Release) -> Iterator[ServiceSpec]:
    """The Services that the values ask for."""
    yield ServiceSpec("amlarc-headless-svc", ports=(8080,), headless=True)
    yield ServiceSpec("gateway", {"app": "gateway"}, (5004,), selector={"app": "gateway"})
    yield ServiceSpec(f"{release.name}-kube-state-metrics", dict(BILLING), (8080,))
    if release.training and release.flag("installVolcano", default=True):
        yield ServiceSpec("volcano-admission-service", {"app": "volcano-admission"})
        yield ServiceSpec("volcano-scheduler-service", ports=(8080,))
    if not release.inference:
        return
    identity = {"amlarc-component": "identity"}
    yield ServiceSpec("amlarc-identity-proxy-service", identity)
    yield ServiceSpec("amlarc-identity-webhook-service", identity)
    front_end = {"azuremlappname": "azureml-fe"}
    internal = release.flag("scoringFe.serviceType.internalLoadBalancer")
    annotation = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"} if internal else {}
    yield ServiceSpec(
        "azureml-fe", front_end, (80, 443), _service_type(release), selector=front_end, annotations=annotation
    )
    yield ServiceSpec("azureml-fe-int-http", front_end, (9001,), selector=front_end)


def _service_type(release: Release) -> str:
    wanted = release.values.get("inferenceRouterServiceType", "ClusterIP").lower()
    return {"loadbalancer": "LoadBalancer", "nodeport": "NodePort"}.get(wanted, "ClusterIP")


def deployment_manifest(release: Release, component: Component) -> dict[str, Any]:
    """The Deployment of a component."""
    selector = {**SYSTEM, **component.pod_labels}
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
    if release.node_selector:
        pod["nodeSelector"] = release.node_selector
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(release, component.name, {**component.labels, **SYSTEM}),
        "spec": {
            "replicas": component.replicas,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": pod},
        },
    }


def service_manifest(release: Release, service: ServiceSpec) -> dict[str, Any]:
    """The Service of a component."""
    metadata = _metadata(release, service.name, dict(service.labels))
    metadata["annotations"] |= service.annotations
    spec: dict[str, Any] = {
        "type": service.type,
        "ports": [{"name": f"port-{port}", "port": port, "protocol": "TCP"} for port in service.ports],
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
