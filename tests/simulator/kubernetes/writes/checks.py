# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused of an object that could be read."""

from __future__ import annotations

from tests.simulator.kubernetes import custom_resources, errors, structural, validation
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Object

_TIMES_VALIDATED = {"nodes": 4}
"""How often the API server validates the metadata of an update, and so repeats what it finds, where it is not twice."""


def validate(resource: Resource, obj: Object, live: Object | None) -> None:
    """Raise ApiError 422 with all findings about an object that replaces `live`, or is created."""
    findings = validation.validate_metadata(resource, obj)
    if live is not None:
        findings += validation.validate_metadata_update(obj, live)
        findings *= _TIMES_VALIDATED.get(resource.key, 2)
    if resource.custom:
        findings += structural.validate(obj, resource.schema)
    elif resource.key == custom_resources.DEFINITIONS:
        findings += custom_resources.validate_definition(obj, live)
    else:
        findings += validation.validate_built_in(resource, obj, live)
    if findings:
        raise errors.invalid(resource.kind, resource.group, obj["metadata"].get("name", ""), findings)


def check_same_object(resource: Resource, live: Object, obj: Object) -> None:
    """A PUT with a uid replaces that very object."""
    wanted, found = obj["metadata"].get("uid"), live["metadata"]["uid"]
    if wanted and wanted != found:
        name = live["metadata"]["name"]
        key = "/".join(filter(None, ("/registry", resource.plural, live["metadata"].get("namespace"), name)))
        why = (
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        )
        raise errors.conflict(resource.plural, resource.group, name, why)


def check_version(resource: Resource, live: Object, obj: Object) -> None:
    """Raise ApiError 409 for a write that names another resourceVersion than the stored one."""
    version = obj["metadata"].get("resourceVersion")
    if version and not version.isdigit():
        raise errors.unclassified(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version and version != live["metadata"]["resourceVersion"]:
        raise errors.conflict(resource.plural, resource.group, live["metadata"]["name"])
