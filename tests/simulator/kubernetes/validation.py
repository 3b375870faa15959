# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of what every object has (names, labels, annotations, finalizers) and of the built-in types used here.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/#syntax-and-character-set
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulator.kubernetes import errors, quantities, selectors
from tests.simulator.kubernetes.errors import FieldError
from tests.simulator.kubernetes.resources import Resource

ANNOTATIONS_LIMIT = 256 * 1024
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_SERVICE_NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
_QUALIFIED_NAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
_CONFIG_KEY = re.compile(r"^[-._a-zA-Z0-9]+$")
_SUBDOMAIN_HELP = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_HELP = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
    "or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_HELP = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end "
    "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_HELP = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_LABEL_VALUE_HELP = (
    "a valid label must be an empty string or consist of alphanumeric characters, "
    "'-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_CONFIG_KEY_HELP = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_LABEL_NAMED = frozenset({"namespaces"})
_SERVICE_NAMED = frozenset({"services"})
_PATH_NAMED = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})

Validator = Callable[[Mapping[str, Any], Mapping[str, Any] | None], list[FieldError]]


def validate_metadata(resource: Resource, obj: Mapping[str, Any]) -> list[FieldError]:
    """Findings about the metadata of an object."""
    metadata = obj["metadata"]
    findings = _name(resource, metadata.get("name", ""))
    findings += labels(metadata.get("labels") or {}, "metadata.labels")
    annotations = metadata.get("annotations") or {}
    size = 0
    for key, value in annotations.items():
        findings += qualified_name(key.lower(), "metadata.annotations", shown=key)
        size += len(key.encode()) + len(str(value).encode())
    if size > ANNOTATIONS_LIMIT:
        findings.append(errors.too_long("metadata.annotations", ANNOTATIONS_LIMIT))
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        findings += _finalizer(
            finalizer,
            f"metadata.finalizers[{index}]",
            custom=resource.custom or resource.group == "apiextensions.k8s.io",
        )
    return findings


def _name(resource: Resource, name: str) -> list[FieldError]:
    if not name:
        return [errors.required("metadata.name", "name or generateName is required")]
    if resource.plural in _PATH_NAMED:
        wrong = name in (".", "..") or "/" in name or "%" in name
        return [errors.invalid_value("metadata.name", name, "may not contain '/' or '%'")] if wrong else []
    if resource.key in _LABEL_NAMED:
        if "." in name:
            return [errors.invalid_value("metadata.name", name, "must not contain dots")]
        return _matched(name, _LABEL, 63, _LABEL_HELP)
    if resource.key in _SERVICE_NAMED:
        return _matched(name, _SERVICE_NAME, 63, _SERVICE_HELP)
    return _matched(name, _SUBDOMAIN, 253, _SUBDOMAIN_HELP)


def _matched(name: str, pattern: re.Pattern[str], limit: int, explanation: str) -> list[FieldError]:
    findings: list[FieldError] = []
    if len(name) > limit:
        findings.append(errors.invalid_value("metadata.name", name, f"must be no more than {limit} characters"))
    if not pattern.match(name):
        findings.append(errors.invalid_value("metadata.name", name, explanation))
    return findings


def qualified_name(key: str, field: str, *, shown: str = "") -> list[FieldError]:
    """Findings about the key of a label or annotation: an optional DNS prefix with a slash, and a name."""
    prefix, slash, name = key.rpartition("/")
    printed = shown or key
    findings: list[FieldError] = []
    if key.count("/") > 1:
        detail = (
            "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
            "prefix and '/' (e.g. 'example.com/MyName')"
        )
        return [errors.invalid_value(field, printed, detail)]
    if slash and not prefix:
        findings.append(errors.invalid_value(field, printed, "prefix part must be non-empty"))
    elif slash and not _SUBDOMAIN.match(prefix):
        findings.append(errors.invalid_value(field, printed, f"prefix part {_SUBDOMAIN_HELP}"))
    if not name:
        findings.append(errors.invalid_value(field, printed, "name part must be non-empty"))
    elif len(name) > 63:
        findings.append(errors.invalid_value(field, printed, "name part must be no more than 63 characters"))
    if not _QUALIFIED_NAME.match(name):
        findings.append(errors.invalid_value(field, printed, _QUALIFIED_HELP))
    return findings


def labels(found: Mapping[str, Any], field: str) -> list[FieldError]:
    """Findings about a map of labels."""
    findings: list[FieldError] = []
    for key, value in found.items():
        findings += qualified_name(key, field)
        if len(str(value)) > 63:
            findings.append(errors.invalid_value(field, value, "must be no more than 63 characters"))
        if not _LABEL_VALUE.match(str(value)):
            findings.append(errors.invalid_value(field, value, _LABEL_VALUE_HELP))
    return findings


def _finalizer(name: str, field: str, *, custom: bool) -> list[FieldError]:
    findings = qualified_name(name, field)
    known = name in ("orphan", "foregroundDeletion", "kubernetes")
    if not findings and "/" not in name and not known and not custom:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        findings.append(errors.invalid_value(field, name, detail))
    return findings


def validate_metadata_update(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[FieldError]:
    """Findings about a change of metadata."""
    findings: list[FieldError] = []
    for key in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        before, after = old["metadata"].get(key), new["metadata"].get(key)
        if before != after:
            findings.append(errors.invalid_value(f"metadata.{key}", after, "field is immutable"))
    if old["metadata"].get("deletionTimestamp"):
        before_finalizers = old["metadata"].get("finalizers") or []
        added = [item for item in new["metadata"].get("finalizers") or [] if item not in before_finalizers]
        if added:
            listing = ", ".join(f'"{item}"' for item in added)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listing}}}"
            )
            findings.append(errors.forbidden_field("metadata.finalizers", detail))
    return findings


def validate_built_in(resource: Resource, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    """Findings about the spec of a built-in type."""
    validator = _VALIDATORS.get(resource.key)
    return validator(new, old) if validator else []


def _job(new: Mapping[str, Any], _old: Mapping[str, Any] | None) -> list[FieldError]:
    """The pods of a job must be able to end."""
    pod = ((new.get("spec") or {}).get("template") or {}).get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        return []
    return [errors.required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')]


def _workload(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    spec = new.get("spec") or {}
    findings: list[FieldError] = []
    replicas = spec.get("replicas", 0)
    if replicas < 0:
        findings.append(errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0"))
    selector = spec.get("selector")
    template = spec.get("template") or {}
    found = (template.get("metadata") or {}).get("labels") or {}
    if selector is None:
        findings.append(errors.required("spec.selector"))
        detail = "`selector` does not match template `labels`"
        findings.append(errors.invalid_value("spec.template.metadata.labels", found or None, detail))
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        findings.append(errors.invalid_value("spec.selector", selector, "empty selector is invalid for deployment"))
    elif not selectors.from_spec(selector).matches(found):
        detail = "`selector` does not match template `labels`"
        findings.append(errors.invalid_value("spec.template.metadata.labels", found, detail))
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate") is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        findings.append(errors.forbidden_field("spec.strategy.rollingUpdate", detail))
    findings += labels(found, "spec.template.metadata.labels")
    findings += _pod_spec(template.get("spec") or {}, "spec.template.spec")
    if old is not None and selector != (old.get("spec") or {}).get("selector"):
        findings.append(errors.invalid_value("spec.selector", selector, "field is immutable"))
    return findings


def _pod(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    if old is None:
        return _pod_spec(new.get("spec") or {}, "spec")
    if _pod_fixed_part(new) == _pod_fixed_part(old):
        return []
    detail = (
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [errors.forbidden_field("spec", detail)]


def _pod_fixed_part(pod: Mapping[str, Any]) -> dict[str, Any]:
    free = ("containers", "initContainers", "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds")
    spec = {key: value for key, value in (pod.get("spec") or {}).items() if key not in (*free, "nodeName")}
    for kind in ("containers", "initContainers"):
        found = (pod.get("spec") or {}).get(kind) or ()
        spec[kind] = [{key: value for key, value in item.items() if key != "image"} for item in found]
    return spec


def _pod_spec(spec: Mapping[str, Any], path: str) -> list[FieldError]:
    findings: list[FieldError] = []
    if not spec.get("containers"):
        findings.append(errors.required(f"{path}.containers"))
    seen: set[str] = set()
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or ()):
            findings += _container(container, f"{path}.{kind}[{index}]", seen)
    return findings + labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")


def _container(container: Mapping[str, Any], path: str, seen: set[str]) -> list[FieldError]:
    findings: list[FieldError] = []
    name = container.get("name", "")
    if not name:
        findings.append(errors.required(f"{path}.name"))
    elif not _LABEL.match(name) or len(name) > 63:
        findings.append(errors.invalid_value(f"{path}.name", name, _LABEL_HELP))
    elif name in seen:
        findings.append(errors.duplicate_value(f"{path}.name", name))
    seen.add(name)
    if not container.get("image"):
        findings.append(errors.required(f"{path}.image"))
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for resource_name, request in requests.items():
        limit = limits.get(resource_name)
        if limit is not None and quantities.parse(request) > quantities.parse(limit):
            detail = f"must be less than or equal to {resource_name} limit of {limit}"
            findings.append(errors.invalid_value(f"{path}.resources.requests", request, detail))
    return findings


def _config_map(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    findings: list[FieldError] = []
    for kind in ("data", "binaryData"):
        for key in new.get(kind) or {}:
            if not _CONFIG_KEY.match(key):
                findings.append(errors.invalid_value(f"{kind}[{key}]", key, _CONFIG_KEY_HELP))
    if old is not None and old.get("immutable"):
        if not new.get("immutable"):
            findings.append(errors.forbidden_field("immutable", "field is immutable when `immutable` is set"))
        for kind in ("data", "binaryData"):
            if new.get(kind) != old.get(kind):
                findings.append(errors.forbidden_field(kind, "field is immutable when `immutable` is set"))
    return findings


def _secret(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    findings: list[FieldError] = []
    if old is not None and new.get("type") != old.get("type"):
        findings.append(errors.invalid_value("type", new.get("type"), "field is immutable"))
    if new.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in (new.get("data") or {}):
                findings.append(errors.required(f"data[{key}]"))
    return findings + _config_map(new, old)


def _role_reference(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    if old is not None and new.get("roleRef") != old.get("roleRef"):
        reference = new.get("roleRef") or {}
        shown = {"APIGroup": reference.get("apiGroup"), "Kind": reference.get("kind"), "Name": reference.get("name")}
        return [errors.invalid_value("roleRef", shown, "cannot change roleRef")]
    return []


def _service(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[FieldError]:
    spec = new.get("spec") or {}
    findings: list[FieldError] = []
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not headless and spec.get("type") != "ExternalName":
        findings.append(errors.required("spec.ports"))
    before = ((old or {}).get("spec") or {}).get("clusterIP")
    if before and spec.get("type") != "ExternalName" and spec.get("clusterIP") != before:
        detail = "may not change once set"
        findings.append(errors.invalid_value("spec.clusterIPs[0]", [spec.get("clusterIP", "")], detail))
    return findings


def _node(new: Mapping[str, Any], _old: Mapping[str, Any] | None) -> list[FieldError]:
    findings: list[FieldError] = []
    for index, taint in enumerate((new.get("spec") or {}).get("taints") or ()):
        findings += qualified_name(taint.get("key", ""), f"spec.taints[{index}]")
        effect = taint.get("effect", "")
        if effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
            supported = ("NoSchedule", "PreferNoSchedule", "NoExecute")
            findings.append(errors.unsupported_value(f"metadata.taints[{index}].effect", effect, supported))
    return findings


_VALIDATORS: Mapping[str, Validator] = {
    "jobs.batch": _job,
    "deployments.apps": _workload,
    "replicasets.apps": _workload,
    "statefulsets.apps": _workload,
    "daemonsets.apps": _workload,
    "pods": _pod,
    "configmaps": _config_map,
    "secrets": _secret,
    "rolebindings.rbac.authorization.k8s.io": _role_reference,
    "clusterrolebindings.rbac.authorization.k8s.io": _role_reference,
    "services": _service,
    "nodes": _node,
}
