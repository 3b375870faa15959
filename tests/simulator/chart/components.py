# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chart holds for its values: workloads and Services.

Source: github.com/VijayRod/demo, container-storage/logs/az-machinelearning(azureml).md (names and labels of a real
    installation); learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension, "Review Azure Machine
    Learning extension component" (the kind of each, and which belongs to training or inference).
Belief: fluent-bit-installed
Belief: device-plugin-namespace
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.simulator.chart.release import Release

SYSTEM = {"ml.azure.com/amlarc-system": "true"}
BILLING = {"ml.azure.com/billing-category": "azureml-system"}
LOAD_BALANCER = "service.beta.kubernetes.io/azure-load-balancer"
OUTSIDE = "kube-system"
"""Where a component may be that is not in the release's namespace."""


@dataclass(frozen=True)
class Component:
    """One workload: labels of the object and of its pods, number of containers; replicas but for a DaemonSet."""

    name: str
    labels: dict[str, str]
    pod_labels: dict[str, str]
    containers: int = 1
    replicas: int = 1
    kind: Literal["Deployment", "DaemonSet", "StatefulSet"] = "Deployment"
    namespace: str = ""
    """Empty is the release's own."""
    service: str = ""
    """The headless Service of a StatefulSet."""


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
    elsewhere: dict[int, int] = field(default_factory=dict)
    """Ports that have another number in the simulation than the chart's."""


def workloads(release: Release) -> Iterator[Component]:
    """The workloads that the values ask for."""
    yield from _always(release)
    yield from _monitoring(release)
    yield from _on_every_node(release)
    if release.training:
        yield from _training(release)
    if release.inference:
        yield from _inference(release)


def _always(release: Release) -> Iterator[Component]:
    yield Component("gateway", {}, {"app": "gateway", **BILLING}, 2)
    if release.flag("relayserver.enabled"):
        yield Component("relayserver", {"app": "relayserver"}, {"app": "relayserver", **BILLING}, 2)
    if release.flag("nginxIngress.enabled"):
        yield Component("azureml-ingress-nginx-controller", {**_INGRESS, **_INGRESS_CHART}, _INGRESS)


_INGRESS = {
    "app.kubernetes.io/component": "controller",
    "app.kubernetes.io/instance": "azureml-ingress-nginx",
    "app.kubernetes.io/name": "azureml-ingress-nginx",
}
_INGRESS_CHART = {"app.kubernetes.io/version": "1.1.1", "helm.sh/chart": "ingress-nginx-4.0.15"}


def _monitoring(release: Release) -> Iterator[Component]:
    infra = {"ml.azure.com/infra-app": "metrics-controller"}
    name = {"amlarc-controller": "metrics-controller"}
    yield Component("metrics-controller-manager", name, {**name, **BILLING, **infra}, 2)
    state = {"app.kubernetes.io/instance": release.name, "app.kubernetes.io/name": "kube-state-metrics"}
    yield Component(f"{release.name}-kube-state-metrics", {**state, **BILLING}, {**state, **BILLING})
    if release.flag("installPromOp", default=True):
        pods = {**_OPERATOR, **BILLING, "ml.azure.com/infra-app": "prometheus-operator"}
        yield Component(f"{release.name}-prometheus-operator", _OPERATOR, pods)
    # The operator makes it of a Prometheus object of the chart, whose labels and annotations it copies.
    prometheus = {"operator.prometheus.io/name": "prom-prometheus", "operator.prometheus.io/shard": "0"}
    pods = {**prometheus, **_PROMETHEUS}
    labels = {**prometheus, "app": f"{release.name}-prometheus", "release": release.name, "heritage": "Helm"}
    yield Component(
        "prometheus-prom-prometheus", labels, pods | BILLING, 2, kind="StatefulSet", service="prometheus-operated"
    )


_PROMETHEUS = {
    "app": "prometheus",
    "app.kubernetes.io/instance": "prom-prometheus",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "app.kubernetes.io/name": "prometheus",
    "app.kubernetes.io/version": "2.21.0",
    "ml.azure.com/infra-app": "prometheus",
    "prometheus": "prom-prometheus",
}
_OPERATOR = {
    "app.kubernetes.io/component": "controller",
    "app.kubernetes.io/name": "prometheus-operator",
    "app.kubernetes.io/version": "0.50.0",
}


def _on_every_node(release: Release) -> Iterator[Component]:
    if release.beliefs.answer("fluent-bit-installed") == "installed":
        labels = {"app": "fluent-bit"}
        yield Component("fluent-bit", labels, {**labels, **BILLING}, kind="DaemonSet")
    if release.flag("installDcgmExporter"):
        labels = {"app.kubernetes.io/instance": release.name, "app.kubernetes.io/name": "dcgm-exporter"}
        yield Component(f"{release.name}-dcgm-exporter", labels, {**labels, **BILLING}, kind="DaemonSet")
    if release.flag("installNvidiaDevicePlugin"):
        labels = {"name": "nvidia-device-plugin-ds"}
        outside = release.beliefs.answer("device-plugin-namespace") == OUTSIDE
        yield Component(
            "nvidia-device-plugin-daemonset",
            labels,
            labels,
            kind="DaemonSet",
            namespace=OUTSIDE if outside else "",
        )


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
    labels = {"azuremlappname": "azureml-fe"}
    yield Component(release.front_end_name, labels, pods, 4, release.router_replicas)


def services(release: Release) -> Iterator[ServiceSpec]:
    """The Services that the values ask for."""
    yield ServiceSpec("amlarc-headless-svc", ports=(8080,), headless=True)
    yield ServiceSpec("gateway", {"app": "gateway"}, (5004,), selector={"app": "gateway"})
    yield from _services_of_monitoring(release)
    if release.flag("nginxIngress.enabled"):
        labels = {**_INGRESS, **_INGRESS_CHART}
        yield ServiceSpec("azureml-ingress-nginx-controller", labels, (80, 443), selector=dict(_INGRESS))
        yield ServiceSpec("azureml-ingress-nginx-controller-admission", labels, (443,), selector=dict(_INGRESS))
    if release.training and release.flag("installVolcano", default=True):
        yield ServiceSpec("volcano-admission-service", {"app": "volcano-admission"})
        yield ServiceSpec("volcano-scheduler-service", ports=(8080,))
    if not release.inference:
        return
    yield from _services_of_inference(release)


def _services_of_monitoring(release: Release) -> Iterator[ServiceSpec]:
    state = {"app.kubernetes.io/instance": release.name, "app.kubernetes.io/name": "kube-state-metrics"}
    yield ServiceSpec(f"{release.name}-kube-state-metrics", {**BILLING, **state}, (8080,), selector=state)
    labels = {"app": f"{release.name}-prometheus", "release": release.name, "heritage": "Helm", "self-monitor": "true"}
    yield ServiceSpec("prom-prometheus", labels, (9090,), selector={"prometheus": "prom-prometheus"})
    if release.flag("installPromOp", default=True):
        yield ServiceSpec("prometheus-operator", dict(_OPERATOR), (8080,), selector=dict(_OPERATOR))


def _services_of_inference(release: Release) -> Iterator[ServiceSpec]:
    identity = {"amlarc-component": "identity"}
    yield ServiceSpec("amlarc-identity-proxy-service", identity)
    yield ServiceSpec("amlarc-identity-webhook-service", identity)
    front_end = {"azuremlappname": "azureml-fe"}
    yield ServiceSpec(
        "azureml-fe",
        front_end,
        (80, 443),
        release.service_type,
        selector=front_end,
        annotations=_load_balancer(release),
        elsewhere={443: release.router.port} if release.router and release.router.port else {},
    )
    yield ServiceSpec("azureml-fe-int-http", front_end, (9001,), selector=front_end)


def _load_balancer(release: Release) -> dict[str, str]:
    """What asks a cloud for the router's address; the real chart asks for an internal one, and for none by number.

    Source: cloud-provider-azure.sigs.k8s.io/topics/loadbalancer (both annotations).
    """
    if release.service_type != "LoadBalancer":
        return {}
    internal = {f"{LOAD_BALANCER}-internal": "true"} if release.internal_load_balancer else {}
    if release.router is None:
        return internal
    return {**internal, f"{LOAD_BALANCER}-ipv4": release.router.inside if internal else release.router.address}
