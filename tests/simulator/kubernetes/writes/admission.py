# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server adds to or refuses of writes before they are validated: the built-in admission plugins that
matter here.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulator.kubernetes import errors
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Key, Object, ObjectStore

PROTECTED_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
PROTECTION = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}
"""Finalizers that keep storage while it is used (admission plugin StorageObjectInUseProtection)."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_JOB_PREFIXES = ("", "batch.kubernetes.io/")
_NOT_READY_KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_FIRST_NODE_PORT = 30000
_SERVICE_NETWORK = "10.96"


class Admission:
    """NamespaceLifecycle, Priority, DefaultTolerationSeconds, and the allocation of service addresses."""

    def __init__(self, store: ObjectStore) -> None:
        """Look at the objects of `store`."""
        self._store = store
        self._addresses = 0
        self._ports = 0

    def check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        """Raise ApiError: 404 where the namespace does not exist, 403 where it is being terminated."""
        if not resource.namespaced:
            return
        found = self._store.get(Key("namespaces", "", namespace))
        if found is None:
            raise errors.not_found("namespaces", "", namespace)
        if found["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise errors.forbidden(resource.plural, resource.group, name, why, [cause])

    def check_deletion(self, resource: Resource, name: str) -> None:
        """Raise ApiError 403 for the namespaces that cannot be deleted."""
        if resource.key == "namespaces" and name in PROTECTED_NAMESPACES:
            raise errors.forbidden("namespaces", "", name, "this namespace may not be deleted")

    def on_create(self, resource: Resource, obj: Object) -> None:
        """Fill what admission and the storage strategies fill at creation."""
        if resource.key == "pods":
            _complete_pod(obj)
        elif resource.key == "services":
            self._allocate(obj)
        elif resource.key == "jobs.batch":
            _complete_job(obj)
        elif resource.key in PROTECTION:
            self._complete_storage(resource, obj)
            metadata = obj["metadata"]
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), PROTECTION[resource.key]]
        elif resource.key == "namespaces":
            spec = obj.setdefault("spec", {})
            if "kubernetes" not in (spec.get("finalizers") or ()):
                spec["finalizers"] = [*(spec.get("finalizers") or ()), "kubernetes"]

    def _complete_storage(self, resource: Resource, obj: Object) -> None:
        """Class and time of a new claim or volume."""
        if resource.key == "persistentvolumes":
            obj["status"] |= {"lastPhaseTransitionTime": obj["metadata"]["creationTimestamp"]}
        elif "storageClassName" not in obj["spec"]:
            default = default_storage_class(self._store)
            if default:
                obj["spec"]["storageClassName"] = default

    def on_update(self, resource: Resource, obj: Object, live: Object) -> None:
        """Fill what updates may leave out."""
        if resource.key == "services":
            spec, before = obj.setdefault("spec", {}), live.get("spec") or {}
            if spec.get("type") != "ExternalName":
                for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                    if not spec.get(key) and before.get(key):
                        spec[key] = before[key]
                self._allocate(obj, before)

    def _allocate(self, obj: Object, before: dict[str, Any] | None = None) -> None:
        spec: dict[str, Any] = obj["spec"]
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            self._addresses += 1
            spec["clusterIP"] = f"{_SERVICE_NETWORK}.{self._addresses // 250}.{self._addresses % 250 + 1}"
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec.get("type") in ("NodePort", "LoadBalancer") and spec.get("allocateLoadBalancerNodePorts", True):
            self._allocate_ports(spec, before or {})

    def _allocate_ports(self, spec: dict[str, Any], before: dict[str, Any]) -> None:
        known = {(port["port"], port.get("protocol")): port.get("nodePort") for port in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort"):
                continue
            port["nodePort"] = known.get((port["port"], port.get("protocol"))) or self._next_port()

    def _next_port(self) -> int:
        self._ports += 1
        return _FIRST_NODE_PORT + self._ports


def default_storage_class(store: ObjectStore) -> str:
    """The class of claims that name none: the newest of those that are marked as default, or the empty string.

    Source: https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass
    """
    found = [
        item["metadata"]
        for item in store.items("storageclasses.storage.k8s.io")
        if (item["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    ]
    newest = max(found, key=lambda metadata: metadata["creationTimestamp"], default=None)
    return newest["name"] if newest else ""


def _complete_job(job: Object) -> None:
    """Labels by which a job finds its pods.

    Source: k8s.io/kubernetes/pkg/registry/batch/job/strategy.go, generateSelector
    """
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec["template"].setdefault("metadata", {})
    uid, name = metadata["uid"], metadata["name"]
    own = {f"{prefix}{key}": value for prefix in _JOB_PREFIXES for key, value in _job_labels(uid, name)}
    template["labels"] = {**(template.get("labels") or {}), **own}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    if not metadata.get("labels"):
        metadata["labels"] = dict(template["labels"])


def _job_labels(uid: str, name: str) -> tuple[tuple[str, str], ...]:
    return ("controller-uid", uid), ("job-name", name)


def _complete_pod(pod: Object) -> None:
    spec = pod["spec"]
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = list(spec.get("tolerations") or ())
    for key in _NOT_READY_KEYS:
        if not any(_tolerates_absence(item, key) for item in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec["tolerations"] = tolerations
    pod["status"] = {"phase": "Pending", "qosClass": quality_of_service(spec)}


def _tolerates_absence(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def quality_of_service(spec: dict[str, Any]) -> str:
    """BestEffort, Burstable or Guaranteed (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/)."""
    resources = list(_container_resources(spec))
    if not any(requests or limits for requests, limits in resources):
        return "BestEffort"
    guaranteed = all(
        name in limits and limits[name] == requests.get(name, limits[name])
        for requests, limits in resources
        for name in ("cpu", "memory")
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _container_resources(spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for kind in ("containers", "initContainers"):
        for container in spec.get(kind) or ():
            resources = container.get("resources") or {}
            yield (
                {name: value for name, value in (resources.get("requests") or {}).items() if name in ("cpu", "memory")},
                {name: value for name, value in (resources.get("limits") or {}).items() if name in ("cpu", "memory")},
            )
