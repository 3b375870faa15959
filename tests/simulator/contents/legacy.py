# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AksCompute has put into a cluster: its front end in namespace `default`, and web services.

Source: learn.microsoft.com/azure/machine-learning/v1/how-to-create-attach-kubernetes, "Delete azureml-fe related
    resources" (the objects of the front end); AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md (its labels);
    learn.microsoft.com/azure/machine-learning/v1/how-to-use-azure-ad-identity (`isazuremlapp=true` on the Deployments
    of web services and on their pods, in a namespace that follows the workspace's name).
Belief: v1-web-service-objects
"""

from __future__ import annotations

import base64
from typing import Any

from tests.simulator.chart import Release
from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster, manifest
from tests.simulator.foundation.beliefs import Beliefs
from tests.simulator.state import scenario as plan

FRONT_END = {"azuremlappname": "azureml-fe"}
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "20.50.0.4"}]}}


async def seed(target: Cluster, spec: plan.Cluster, beliefs: Beliefs) -> None:
    """Make the front end and the web services of the scenario."""
    if spec.front_end != "absent":
        await _front_end(target, spec)
    for service in spec.v1_services:
        await target.ensure_namespace(service.place)
        await target.create(paths.deployments(service.place), web_service_deployment(service))
        if beliefs.answer("v1-web-service-objects") == "with-service":
            await target.create(paths.services(service.place), _web_service(service))


async def _front_end(target: Cluster, spec: plan.Cluster) -> None:
    """The router, and all that it needs."""
    marks = _marks(spec.extension) if spec.front_end == "owned_by_extension" else {}
    for path, document in _account():
        await target.create(path, _marked(document, marks))
    await target.create(paths.deployments("default"), front_end_deployment(spec.front_end, spec.extension))
    for service in _services():
        await target.create(paths.services("default"), _marked(service, marks))
    await target.merge(f"{paths.services('default')}/azureml-fe/status", {"status": ADDRESS})


def _account() -> list[tuple[str, dict[str, Any]]]:
    """The front end's account, permissions and configuration, with the collection of each."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "azureml-fe-role"}
    subject = {"kind": "ServiceAccount", "name": "azureml-fe", "namespace": "default"}
    rules = [{"apiGroups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]}]
    kind = "rbac.authorization.k8s.io/v1"
    certificate = {key: base64.b64encode(b"simulated").decode() for key in ("cert.pem", "key.pem")}
    return [
        (paths.namespaced("", "default", "serviceaccounts"), _document("v1", "ServiceAccount", "azureml-fe")),
        (f"{RBAC}/clusterroles", manifest(kind, "ClusterRole", "azureml-fe-role", labels=dict(FRONT_END), rules=rules)),
        (
            f"{RBAC}/clusterrolebindings",
            manifest(kind, "ClusterRoleBinding", "azureml-fe-binding", roleRef=role, subjects=[subject]),
        ),
        (paths.config_maps("default"), _document("v1", "ConfigMap", "azuremlfeconfig", data={"replicas": "3"})),
        (paths.secrets("default"), _document("v1", "Secret", "azuremlfessl", type="Opaque", data=certificate)),
    ]


def _services() -> list[dict[str, Any]]:
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 5001},
        {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 5004},
    ]
    inner = [{"name": "http", "port": 9001, "protocol": "TCP", "targetPort": 9001}]
    public = {"type": "LoadBalancer", "selector": dict(FRONT_END), "ports": ports}
    return [
        _document("v1", "Service", "azureml-fe", spec=public),
        _document("v1", "Service", "azureml-fe-int-http", spec={"selector": dict(FRONT_END), "ports": inner}),
    ]


def _document(version: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return manifest(version, kind, name, namespace="default", labels=dict(FRONT_END), **rest)


def _marks(extension: plan.Extension | None) -> dict[str, Any]:
    """Helm's marks of the extension's release."""
    release = Release(extension.name if extension else "azureml", "azureml", {}, managed_cluster=True)
    return {"labels": release.labels(), "annotations": release.annotations()}


def _marked(document: dict[str, Any], marks: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    for name, values in marks.items():
        metadata[name] = {**metadata.get(name, {}), **values}
    return document


def front_end_deployment(kind: plan.FrontEnd, extension: plan.Extension | None = None) -> dict[str, Any]:
    """The Deployment `azureml-fe` of a scenario; the one that is not ready asks for a node that does not exist."""
    pods = {**FRONT_END, "azuremlappversion": "v1" if kind == "v1" else "v2"}
    pod: dict[str, Any] = {
        "containers": [
            {
                "name": "azureml-fe",
                "image": "mcr.microsoft.com/azureml/azureml-fe:2.1.0",
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
            }
        ]
    }
    if kind == "v2_not_ready":
        pod["nodeSelector"] = {"simulated.example.com/absent": "true"}
    found = _document("apps/v1", "Deployment", "azureml-fe")
    found["spec"] = {
        "replicas": 3 if kind != "v1" else 1,
        "selector": {"matchLabels": dict(FRONT_END)},
        "template": {"metadata": {"labels": pods}, "spec": pod},
    }
    return _marked(found, _marks(extension)) if kind == "owned_by_extension" else found


def web_service_deployment(service: plan.V1Service) -> dict[str, Any]:
    """The Deployment of a web service."""
    container = {
        "name": service.name,
        "image": f"example.azurecr.io/azureml/{service.name}:1",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    labels = _labels(service)
    found = manifest("apps/v1", "Deployment", service.name, namespace=service.place, labels=labels)
    found["spec"] = {
        "replicas": service.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return found


def _web_service(service: plan.V1Service) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 5001}]
    spec = {"selector": {"azuremlappname": service.name}, "ports": ports}
    return manifest("v1", "Service", service.name, namespace=service.place, labels=_labels(service), spec=spec)


def _labels(service: plan.V1Service) -> dict[str, str]:
    return {"azuremlappname": service.name, "azuremlappversion": "1", "isazuremlapp": "true"}
