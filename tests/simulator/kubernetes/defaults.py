# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults of built-in types that the schemas do not declare (the `SetDefaults_…` functions of kube-apiserver).

Each function gets the struct as the client gave it, without nulls, and fills it in place.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.simulator.kubernetes.decoding import Hook

_CORE = "io.k8s.api.core.v1"
_APPS = "io.k8s.api.apps.v1"
_RBAC = "io.k8s.api.rbac.v1"
_RBAC_GROUP = "rbac.authorization.k8s.io"


def _fill(value: dict[str, Any], **defaults: Any) -> None:
    for key, default in defaults.items():
        if value.get(key) in (None, ""):
            value[key] = default


def _container(value: dict[str, Any]) -> None:
    image = str(value.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    newest = "@" not in image and tag in ("", "latest")
    _fill(
        value,
        imagePullPolicy="Always" if newest else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )


def _pod_spec(value: dict[str, Any]) -> None:
    _fill(
        value,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        securityContext={},
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
    )
    if value.get("serviceAccountName"):
        _fill(value, serviceAccount=value["serviceAccountName"])


def _pod(value: dict[str, Any]) -> None:
    spec = value.get("spec")
    if not isinstance(spec, dict):
        return
    _fill(spec, enableServiceLinks=True)
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") if isinstance(container, dict) else None
        if isinstance(resources, dict) and isinstance(resources.get("limits"), dict):
            resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def _probe(value: dict[str, Any]) -> None:
    for key, default in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not value.get(key):
            value[key] = default


def _http_get(value: dict[str, Any]) -> None:
    _fill(value, path="/", scheme="HTTP")


def _volume(value: dict[str, Any]) -> None:
    if not any(key != "name" for key in value):
        value["emptyDir"] = {}


def _volume_with_mode(value: dict[str, Any]) -> None:
    _fill(value, defaultMode=420)


def _field_selector(value: dict[str, Any]) -> None:
    _fill(value, apiVersion="v1")


def _secret(value: dict[str, Any]) -> None:
    """`stringData` is written into `data`, in base64, and never read back."""
    _fill(value, type="Opaque")
    given = value.pop("stringData", None)
    if isinstance(given, dict) and given:
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in given.items()}
        value["data"] = {**(value.get("data") or {}), **encoded}


def _service_spec(value: dict[str, Any]) -> None:
    _fill(value, sessionAffinity="None", type="ClusterIP")
    exposed = value["type"] in ("NodePort", "LoadBalancer")
    for port in value.get("ports") or ():
        _fill(port, protocol="TCP")
        if port.get("targetPort") in (None, "", 0):
            port["targetPort"] = port.get("port")
    if exposed:
        _fill(value, externalTrafficPolicy="Cluster")
    if exposed or value["type"] == "ClusterIP":
        _fill(value, internalTrafficPolicy="Cluster")
    if value["type"] == "LoadBalancer":
        _fill(value, allocateLoadBalancerNodePorts=True)


def _deployment_spec(value: dict[str, Any]) -> None:
    _fill(value, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = value.setdefault("strategy", {})
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        _fill(rolling, maxUnavailable="25%", maxSurge="25%")
        strategy["rollingUpdate"] = rolling


def _replica_set_spec(value: dict[str, Any]) -> None:
    _fill(value, replicas=1)


def _stateful_set_spec(value: dict[str, Any]) -> None:
    _fill(value, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = value.setdefault("updateStrategy", {})
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        _fill(rolling, partition=0)
        strategy["rollingUpdate"] = rolling
    _fill(value, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})


def _daemon_set_spec(value: dict[str, Any]) -> None:
    _fill(value, revisionHistoryLimit=10)
    strategy = value.setdefault("updateStrategy", {})
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        _fill(rolling, maxUnavailable=1, maxSurge=0)
        strategy["rollingUpdate"] = rolling


def _service(value: dict[str, Any]) -> None:
    """Addresses of a load balancer have a mode."""
    spec, balancer = value.get("spec") or {}, (value.get("status") or {}).get("loadBalancer") or {}
    if spec.get("type") == "LoadBalancer":
        for address in balancer.get("ingress") or ():
            if address.get("ip"):
                _fill(address, ipMode="VIP")


def _claim_spec(value: dict[str, Any]) -> None:
    _fill(value, volumeMode="Filesystem")


def _host_path(value: dict[str, Any]) -> None:
    value.setdefault("type", "")


def _volume_spec(value: dict[str, Any]) -> None:
    _fill(value, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")


def _status_pending(value: dict[str, Any]) -> None:
    _fill(value, phase="Pending")


def _namespace(value: dict[str, Any]) -> None:
    status = value.get("status") or {}
    _fill(status, phase="Active")
    value["status"] = status
    name = (value.get("metadata") or {}).get("name")
    if name:
        metadata = value["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": name}


def _subject(value: dict[str, Any]) -> None:
    if value.get("kind") in ("User", "Group"):
        _fill(value, apiGroup=_RBAC_GROUP)


def _role_ref(value: dict[str, Any]) -> None:
    _fill(value, apiGroup=_RBAC_GROUP)


def _definition_spec(value: dict[str, Any]) -> None:
    names = value.get("names")
    if isinstance(names, dict) and names.get("kind"):
        _fill(names, singular=str(names["kind"]).lower(), listKind=f"{names['kind']}List")
    conversion = value.get("conversion") or {}
    _fill(conversion, strategy="None")
    value["conversion"] = conversion


def _autoscaler_spec(value: dict[str, Any]) -> None:
    target = {"type": "Utilization", "averageUtilization": 80}
    _fill(value, minReplicas=1, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}])


def _network_policy_spec(value: dict[str, Any]) -> None:
    _fill(value, policyTypes=["Ingress", *(["Egress"] if value.get("egress") else [])])


def _daemon_set(value: dict[str, Any]) -> None:
    metadata = value.setdefault("metadata", {})
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {"deprecated.daemonset.template.generation": "1", **annotations}


def _storage_class(value: dict[str, Any]) -> None:
    _fill(value, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _priority_class(value: dict[str, Any]) -> None:
    _fill(value, preemptionPolicy="PreemptLowerPriority")


def _job_spec(value: dict[str, Any]) -> None:
    if value.get("completions") is None and value.get("parallelism") is None:
        value["completions"] = 1
    _fill(value, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    _fill(value, podReplacementPolicy="TerminatingOrFailed", manualSelector=False)


HOOKS: Mapping[str, Hook] = {
    f"{_CORE}.Container": _container,
    f"{_CORE}.PodSpec": _pod_spec,
    f"{_CORE}.Pod": _pod,
    f"{_CORE}.Probe": _probe,
    f"{_CORE}.HTTPGetAction": _http_get,
    f"{_CORE}.Volume": _volume,
    f"{_CORE}.SecretVolumeSource": _volume_with_mode,
    f"{_CORE}.ConfigMapVolumeSource": _volume_with_mode,
    f"{_CORE}.DownwardAPIVolumeSource": _volume_with_mode,
    f"{_CORE}.ProjectedVolumeSource": _volume_with_mode,
    f"{_CORE}.ObjectFieldSelector": _field_selector,
    f"{_CORE}.Secret": _secret,
    f"{_CORE}.Service": _service,
    f"{_CORE}.ServiceSpec": _service_spec,
    f"{_CORE}.PersistentVolumeClaimSpec": _claim_spec,
    f"{_CORE}.PersistentVolumeClaimStatus": _status_pending,
    f"{_CORE}.HostPathVolumeSource": _host_path,
    f"{_CORE}.PersistentVolumeSpec": _volume_spec,
    f"{_CORE}.PersistentVolumeStatus": _status_pending,
    f"{_CORE}.Namespace": _namespace,
    f"{_APPS}.DeploymentSpec": _deployment_spec,
    f"{_APPS}.ReplicaSetSpec": _replica_set_spec,
    f"{_APPS}.StatefulSetSpec": _stateful_set_spec,
    f"{_APPS}.DaemonSet": _daemon_set,
    f"{_APPS}.DaemonSetSpec": _daemon_set_spec,
    "io.k8s.api.networking.v1.NetworkPolicySpec": _network_policy_spec,
    f"{_RBAC}.Subject": _subject,
    f"{_RBAC}.RoleRef": _role_ref,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec": _definition_spec,
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler_spec,
    "io.k8s.api.storage.v1.StorageClass": _storage_class,
    "io.k8s.api.scheduling.v1.PriorityClass": _priority_class,
    "io.k8s.api.batch.v1.JobSpec": _job_spec,
}
