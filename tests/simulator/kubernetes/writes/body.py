# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of a write: read by the schema of its type, with the name and the namespace of the request.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation, and for the wording
k8s.io/apiserver/pkg/endpoints/handlers/{create,rest}.go
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import yaml

from tests.simulator.kubernetes import errors, structural
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.decoding import Decoder, Findings
from tests.simulator.kubernetes.defaults import HOOKS
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes.options import WriteOptions


def decoded(resource: Resource, body: Any, options: WriteOptions, warnings: list[str]) -> Object:
    """The body as the API server reads it: checked type, unknown fields dropped, defaults set."""
    if not isinstance(body, dict):
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {type(body).__name__} is no object")
    _check_type_meta(resource, body)
    findings = Findings(resource.kind, resource.version)
    decoder = Decoder(findings, HOOKS)
    if resource.custom:
        obj = copy.deepcopy(body)
        obj["metadata"] = decoder.decode(body.get("metadata") or {}, {"$ref": schemas.OBJECT_META})
        findings.unknown = [f"metadata.{path}" for path in findings.unknown]
        findings.unknown += structural.prune(obj, resource.schema)
        structural.drop_nulls(obj, resource.schema)
        structural.apply_defaults(obj, resource.schema)
    else:
        typed = copy.deepcopy({**body, "apiVersion": resource.api_version, "kind": resource.kind})
        obj = decoder.decode(typed, resource.schema)
        obj = {"kind": obj.pop("kind"), "apiVersion": obj.pop("apiVersion"), **obj}
    _report_unknown(findings, options, warnings)
    return obj


def _report_unknown(findings: Findings, options: WriteOptions, warnings: list[str]) -> None:
    messages = [f'unknown field "{path}"' for path in findings.unknown]
    if messages and options.validation == "Strict":
        raise findings.failure("strict decoding error: " + ", ".join(messages))
    if options.validation == "Warn":
        warnings.extend(messages)


def _check_type_meta(resource: Resource, body: Mapping[str, Any]) -> None:
    kind, api_version = body.get("kind"), body.get("apiVersion")
    if resource.custom and not kind:
        raise errors.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): "
            f"Object 'Kind' is missing in '{json.dumps(body)}' ({json.dumps(body)[:30]})"
        )
    if api_version and api_version != resource.api_version:
        raise errors.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API "
            f"version ({resource.api_version})"
        )
    if kind and kind != resource.kind and resource.custom:
        finding = errors.invalid_value("kind", kind, f"must be {resource.kind}")
        name = (body.get("metadata") or {}).get("name", "")
        raise errors.invalid(kind, resource.group, name, [finding])
    if kind and kind != resource.kind:
        internal = resource.group.partition(".")[0] or "core"
        raise errors.bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"converting ({resource.version}.{kind}) to ({internal}.{resource.kind}): unknown conversion"
        )


def settle_namespace(resource: Resource, obj: Object, namespace: str) -> None:
    """The namespace of an object, in place: the request's, which the body must not contradict. Raises ApiError 400."""
    metadata = obj.setdefault("metadata", {})
    given = metadata.get("namespace", "")
    wanted = namespace if resource.namespaced else ""
    if given and given != wanted:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata.pop("namespace", None)
    if wanted:
        metadata["namespace"] = wanted


def settle_name(obj: Object, name: str) -> None:
    """The name of an object, in place: the URL's, which the body must not contradict. Raises ApiError 400."""
    given = obj["metadata"].get("name")
    if given and given != name:
        raise errors.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    obj["metadata"]["name"] = name


def decoded_yaml(body: Any) -> dict[str, Any]:
    """The object of an apply patch, which is YAML or JSON. Raises ApiError 400."""
    if isinstance(body, (str, bytes)):
        try:
            body = yaml.load(body, Loader=_NoTimesLoader)  # noqa: S506  it derives from SafeLoader
        except yaml.YAMLError as error:
            raise errors.bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding YAML: the patch is no object")
    return copy.deepcopy(body)


class _NoTimesLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML as JSON has it: times stay text."""


_NoTimesLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _NoTimesLoader.yaml_implicit_resolvers.items()
}
