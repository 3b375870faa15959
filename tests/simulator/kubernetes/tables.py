# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables: what `kubectl get` prints (https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from tests.simulator.kubernetes import builtin
from tests.simulator.kubernetes.resources import PrinterColumn, Resource

Object = Mapping[str, Any]
_UNKNOWN, _NONE = "<unknown>", "<none>"
_STEP = re.compile(
    r"\.?((?:\\.|[A-Za-z0-9_\-/])+)|\[(\d+|\*)\]|\[\?\(@\.([\w.]+)==[\"']([^\"']*)[\"']\)\]|\['([^']+)'\]"
)


class Column(NamedTuple):
    """A column: its title, its type, how a cell is made, and whether only `-o wide` shows it."""

    title: str
    kind: str
    cell: Callable[[Object, datetime], Any]
    wide: bool = False


def table(
    resource: Resource, objects: Sequence[Object], metadata: Mapping[str, Any], now: datetime, include: str
) -> dict[str, Any]:
    """The Table of some objects; `include` is the query's `includeObject`: None, Metadata (default) or Object.

    Columns have no descriptions: no client here shows them.
    """
    columns = columns_of(resource)
    definitions = builtin.columns().get(resource.key) if not resource.custom else None
    rows: list[dict[str, Any]] = []
    for obj in objects:
        row: dict[str, Any] = {"cells": [column.cell(obj, now) for column in columns]}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = partial_metadata(obj)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "columnDefinitions": [{**item, "description": ""} for item in definitions or map(_definition, columns)],
        "rows": rows,
    }


def partial_metadata(obj: Object) -> dict[str, Any]:
    """An object reduced to its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.title,
        "type": column.kind,
        "format": "name" if column.title == "Name" else "",
        "priority": 1 if column.wide else 0,
    }


def columns_of(resource: Resource) -> Sequence[Column]:
    """The columns of a resource."""
    if resource.custom and resource.columns:
        return (_NAME, *(_printer_column(column) for column in resource.columns))
    if resource.custom:
        return (_NAME, _AGE)
    found = _COLUMNS.get(resource.key, (_NAME, _CREATED))
    listed = builtin.columns().get(resource.key)
    return _in_order(found, [item["name"] for item in listed]) if listed else found


def _in_order(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The columns that the API server lists; a cell that this simulation does not know is empty."""
    known = {column.title: column for column in columns} | {"Age": _AGE, "Created At": _CREATED}
    return [known.get(name, Column(name, "string", lambda _obj, _now: _NONE)) for name in names]


def _printer_column(column: PrinterColumn) -> Column:
    def cell(obj: Object, now: datetime) -> Any:
        found = json_path(obj, column.json_path)
        if not found:
            return None
        if column.type == "date":
            return human_age(str(found[0]), now)
        if column.type == "string":
            return ",".join(item if isinstance(item, str) else json.dumps(item) for item in found)
        return found[0]

    return Column(column.name, column.type, cell, column.priority > 0)


def json_path(value: Any, path: str) -> list[Any]:
    """The values at a simple JSONPath: members, indexes, `[*]` and `[?(@.a=="b")]`."""
    found = [value]
    for step in _STEP.finditer(path):
        name, index, member, wanted, quoted = step.groups()
        found = [child for item in found for child in _descend(item, name or quoted, index, member, wanted)]
    return [item for item in found if item is not None]


def _descend(value: Any, name: str | None, index: str | None, member: str | None, wanted: str | None) -> list[Any]:
    if name is not None:
        key = name.replace("\\.", ".")
        return [value[key]] if isinstance(value, dict) and key in value else []
    if not isinstance(value, list):
        return []
    if member is not None:
        return [item for item in value if isinstance(item, dict) and str(item.get(member)) == wanted]
    if index == "*":
        return value
    return value[int(index or 0) : int(index or 0) + 1]


def human_age(timestamp: str | None, now: datetime) -> str:
    """The time since a timestamp as kubectl prints durations: `5s`, `3m20s`, `5h`, `2d3h`, `400d`."""
    if not timestamp:
        return _UNKNOWN
    seconds = int((now - _moment(timestamp)).total_seconds())
    if seconds < 0:
        return "0s" if seconds > -2 else "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y"


def _name(obj: Object, _now: datetime) -> str:
    return str(obj["metadata"].get("name", ""))


def _age(obj: Object, now: datetime) -> str:
    return human_age(obj["metadata"].get("creationTimestamp"), now)


def _created(obj: Object, _now: datetime) -> str:
    return str(obj["metadata"].get("creationTimestamp", ""))


def _at(*path: str, default: Any = _NONE) -> Callable[[Object, datetime], Any]:
    def cell(obj: Object, _now: datetime) -> Any:
        node: Any = obj
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
        return default if node is None or node == "" else node

    return cell


def _count(key: str) -> Callable[[Object, datetime], Any]:
    return lambda obj, _now: len(obj.get(key) or ())


def _ready_of(obj: Object, _now: datetime) -> str:
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{(obj.get('spec') or {}).get('replicas', 0)}"


def _containers(obj: Object, field: str) -> str:
    spec = obj.get("spec") or {}
    spec = (spec.get("template") or {}).get("spec") or spec
    return ",".join(str(container.get(field, "")) for container in spec.get("containers") or ())


def _selector(obj: Object, _now: datetime) -> str:
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", selector) if isinstance(selector, Mapping) else {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or _NONE


def _pod_ready(obj: Object, _now: datetime) -> str:
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    ready = sum(bool(item.get("ready")) for item in statuses)
    return f"{ready}/{len((obj.get('spec') or {}).get('containers') or ())}"


def _pod_status(obj: Object, _now: datetime) -> str:
    status = obj.get("status") or {}
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for item in status.get("containerStatuses") or ():
        for kind in ("waiting", "terminated"):
            reason = ((item.get("state") or {}).get(kind) or {}).get("reason")
            if reason:
                return str(reason)
    return str(status.get("reason") or status.get("phase") or _UNKNOWN)


def _pod_restarts(obj: Object, _now: datetime) -> str:
    return str(sum(item.get("restartCount", 0) for item in (obj.get("status") or {}).get("containerStatuses") or ()))


def _node_status(obj: Object, _now: datetime) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ready = next((item.get("status") for item in conditions if item.get("type") == "Ready"), None)
    parts = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    if (obj.get("spec") or {}).get("unschedulable"):
        parts.append("SchedulingDisabled")
    return ",".join(parts)


def _node_roles(obj: Object, _now: datetime) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = [key.removeprefix(prefix) for key in obj["metadata"].get("labels") or {} if key.startswith(prefix)]
    return ",".join(sorted(roles)) or _NONE


def _node_address(kind: str) -> Callable[[Object, datetime], str]:
    def cell(obj: Object, _now: datetime) -> str:
        addresses = (obj.get("status") or {}).get("addresses") or ()
        return next((str(item["address"]) for item in addresses if item.get("type") == kind), _NONE)

    return cell


def _service_external(obj: Object, _now: datetime) -> str:
    spec = obj.get("spec") or {}
    if spec.get("type") == "LoadBalancer":
        ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        return ",".join(str(item.get("ip") or item.get("hostname")) for item in ingress) or "<pending>"
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", _NONE))
    return ",".join(spec.get("externalIPs") or ()) or _NONE


def _service_ports(obj: Object, _now: datetime) -> str:
    parts = []
    for port in (obj.get("spec") or {}).get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        parts.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(parts) or _NONE


def _event_object(obj: Object, _now: datetime) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _event_age(obj: Object, now: datetime) -> str:
    return human_age(obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp"), now)


def _role_ref(obj: Object, _now: datetime) -> str:
    reference = obj.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _job_duration(job: Object, now: datetime) -> str:
    status = job.get("status") or {}
    if not status.get("startTime"):
        return ""
    ended = status.get("completionTime")
    return human_age(status["startTime"], _moment(ended) if ended else now)


_NAME = Column("Name", "string", _name)
_AGE = Column("Age", "date", _age)
_CREATED = Column("Created At", "date", _created)
_IMAGES = (
    Column("Containers", "string", lambda obj, _now: _containers(obj, "name"), True),
    Column("Images", "string", lambda obj, _now: _containers(obj, "image"), True),
    Column("Selector", "string", _selector, True),
)

_OF_VOLUMES = (
    Column("StorageClass", "string", _at("spec", "storageClassName", default="")),
    Column("VolumeAttributesClass", "string", _at("spec", "volumeAttributesClassName", default="<unset>")),
    _AGE,
    Column("VolumeMode", "string", _at("spec", "volumeMode", default="<unset>"), True),
)

_COLUMNS: Mapping[str, Sequence[Column]] = {
    "pods": (
        _NAME,
        Column("Ready", "string", _pod_ready),
        Column("Status", "string", _pod_status),
        Column("Restarts", "string", _pod_restarts),
        _AGE,
        Column("IP", "string", _at("status", "podIP"), True),
        Column("Node", "string", _at("spec", "nodeName"), True),
        Column("Nominated Node", "string", _at("status", "nominatedNodeName"), True),
        Column("Readiness Gates", "string", lambda _obj, _now: _NONE, True),
    ),
    "deployments.apps": (
        _NAME,
        Column("Ready", "string", _ready_of),
        Column("Up-to-date", "integer", _at("status", "updatedReplicas", default=0)),
        Column("Available", "integer", _at("status", "availableReplicas", default=0)),
        _AGE,
        *_IMAGES,
    ),
    "replicasets.apps": (
        _NAME,
        Column("Desired", "integer", _at("spec", "replicas", default=0)),
        Column("Current", "integer", _at("status", "replicas", default=0)),
        Column("Ready", "integer", _at("status", "readyReplicas", default=0)),
        _AGE,
        *_IMAGES,
    ),
    "statefulsets.apps": (_NAME, Column("Ready", "string", _ready_of), _AGE, *_IMAGES[:2]),
    "daemonsets.apps": (
        _NAME,
        Column("Desired", "integer", _at("status", "desiredNumberScheduled", default=0)),
        Column("Current", "integer", _at("status", "currentNumberScheduled", default=0)),
        Column("Ready", "integer", _at("status", "numberReady", default=0)),
        Column("Up-to-date", "integer", _at("status", "updatedNumberScheduled", default=0)),
        Column("Available", "integer", _at("status", "numberAvailable", default=0)),
        Column("Node Selector", "string", lambda obj, _now: _daemon_selector(obj)),
        _AGE,
        *_IMAGES,
    ),
    "nodes": (
        _NAME,
        Column("Status", "string", _node_status),
        Column("Roles", "string", _node_roles),
        _AGE,
        Column("Version", "string", _at("status", "nodeInfo", "kubeletVersion", default="")),
        Column("Internal-IP", "string", _node_address("InternalIP"), True),
        Column("External-IP", "string", _node_address("ExternalIP"), True),
        Column("OS-Image", "string", _at("status", "nodeInfo", "osImage", default=_UNKNOWN), True),
        Column("Kernel-Version", "string", _at("status", "nodeInfo", "kernelVersion", default=_UNKNOWN), True),
        Column(
            "Container-Runtime", "string", _at("status", "nodeInfo", "containerRuntimeVersion", default=_UNKNOWN), True
        ),
    ),
    "namespaces": (_NAME, Column("Status", "string", _at("status", "phase", default="")), _AGE),
    "services": (
        _NAME,
        Column("Type", "string", _at("spec", "type", default="")),
        Column("Cluster-IP", "string", _at("spec", "clusterIP")),
        Column("External-IP", "string", _service_external),
        Column("Port(s)", "string", _service_ports),
        _AGE,
        Column("Selector", "string", _selector, True),
    ),
    "configmaps": (_NAME, Column("Data", "integer", _count("data")), _AGE),
    "secrets": (
        _NAME,
        Column("Type", "string", _at("type", default="")),
        Column("Data", "integer", _count("data")),
        _AGE,
    ),
    "serviceaccounts": (_NAME, Column("Secrets", "integer", _count("secrets")), _AGE),
    "events": (
        Column("Last Seen", "string", _event_age),
        Column("Type", "string", _at("type", default="")),
        Column("Reason", "string", _at("reason", default="")),
        Column("Object", "string", _event_object),
        Column("Subobject", "string", _at("involvedObject", "fieldPath", default="")),
        Column("Source", "string", _at("source", "component", default="")),
        Column("First Seen", "string", lambda obj, now: human_age(obj.get("firstTimestamp"), now)),
        Column("Count", "integer", _at("count", default=1)),
        Column("Message", "string", _at("message", default="")),
        Column("Name", "string", _name, True),
    ),
    "persistentvolumeclaims": (
        _NAME,
        Column("Status", "string", _at("status", "phase", default="")),
        Column("Volume", "string", _at("spec", "volumeName", default="")),
        Column("Capacity", "string", _at("status", "capacity", "storage", default="")),
        Column("Access Modes", "string", lambda obj, _now: _access_modes(obj.get("status") or {})),
        *_OF_VOLUMES,
    ),
    "persistentvolumes": (
        _NAME,
        Column("Capacity", "string", _at("spec", "capacity", "storage", default="")),
        Column("Access Modes", "string", lambda obj, _now: _access_modes(obj.get("spec") or {})),
        Column("Reclaim Policy", "string", _at("spec", "persistentVolumeReclaimPolicy", default="")),
        Column("Status", "string", _at("status", "phase", default="")),
        Column("Claim", "string", lambda obj, _now: _claim(obj)),
        Column("Reason", "string", _at("status", "reason", default="")),
        *_OF_VOLUMES,
    ),
    "storageclasses.storage.k8s.io": (
        Column("Name", "string", lambda obj, _now: _class_name(obj)),
        Column("Provisioner", "string", _at("provisioner", default="")),
        Column("ReclaimPolicy", "string", _at("reclaimPolicy", default="Delete")),
        Column("VolumeBindingMode", "string", _at("volumeBindingMode", default="Immediate")),
        Column("AllowVolumeExpansion", "string", lambda obj, _now: bool(obj.get("allowVolumeExpansion"))),
        _AGE,
    ),
    "jobs.batch": (
        _NAME,
        Column("Status", "string", lambda obj, _now: _job_status(obj)),
        Column("Completions", "string", lambda obj, _now: _job_completions(obj)),
        Column("Duration", "string", _job_duration),
        _AGE,
        *_IMAGES,
    ),
    "leases.coordination.k8s.io": (_NAME, Column("Holder", "string", _at("spec", "holderIdentity", default="")), _AGE),
    "rolebindings.rbac.authorization.k8s.io": (_NAME, Column("Role", "string", _role_ref), _AGE),
    "clusterrolebindings.rbac.authorization.k8s.io": (_NAME, Column("Role", "string", _role_ref), _AGE),
}


def _daemon_selector(obj: Object) -> str:
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return ",".join(f"{key}={value}" for key, value in sorted((spec.get("nodeSelector") or {}).items())) or _NONE


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _access_modes(part: Object) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in part.get("accessModes") or ())


def _claim(volume: Object) -> str:
    reference = (volume.get("spec") or {}).get("claimRef") or {}
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _class_name(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    return f"{obj['metadata']['name']} (default)" if default else str(obj["metadata"]["name"])


def _job_status(job: Object) -> str:
    found = {item["type"] for item in (job.get("status") or {}).get("conditions") or () if item["status"] == "True"}
    shown = next((kind for kind in ("Complete", "Failed", "Suspended") if kind in found), "Running")
    return "Terminating" if shown == "Running" and job["metadata"].get("deletionTimestamp") else shown


def _job_completions(job: Object) -> str:
    spec, done = job.get("spec") or {}, (job.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _moment(timestamp: str) -> datetime:
    return datetime.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
