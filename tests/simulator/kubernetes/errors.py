# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of a Kubernetes API server: `Status` objects with the wording of k8s.io/apimachinery/pkg/api/errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LATEST_VERSION_HINT = "the object has been modified; please apply your changes to the latest version and try again"


class ApiError(Exception):
    """An answer that is not a success; `status` is the Status object that the client gets."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`reason` may be empty, as it is for errors that the API server does not classify."""
        super().__init__(message)
        self.code = code
        self.headers = headers or {}
        self.status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
        }
        if reason:
            self.status["reason"] = reason
        if details is not None:
            self.status["details"] = details
        self.status["code"] = code


class UnknownPathError(ApiError):
    """No handler serves the path; over HTTP the API server says so in plain text where it knows not even the group."""

    def __init__(self) -> None:
        super().__init__(404, "NotFound", "the server could not find the requested resource", {})


@dataclass(frozen=True)
class FieldError:
    """One finding of a validation (k8s.io/apimachinery/pkg/util/validation/field.Error)."""

    kind: str
    field: str
    body: str

    def cause(self) -> dict[str, str]:
        """As an item of `details.causes`."""
        return {"reason": self.kind, "message": self.body, "field": self.field}

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def required(field: str, detail: str = "") -> FieldError:
    """A value that must be there is not."""
    return FieldError("FieldValueRequired", field, _with_detail("Required value", detail))


def forbidden_field(field: str, detail: str) -> FieldError:
    """A value that must not be there, or must not change."""
    return FieldError("FieldValueForbidden", field, _with_detail("Forbidden", detail))


def invalid_value(field: str, value: Any, detail: str) -> FieldError:
    """A value that is malformed."""
    return FieldError("FieldValueInvalid", field, _with_detail(f"Invalid value: {printed(value)}", detail))


def wrong_type(field: str, value: Any, detail: str) -> FieldError:
    """A value of another JSON type than the schema wants."""
    return FieldError("FieldValueTypeInvalid", field, _with_detail(f"Invalid value: {printed(value)}", detail))


def unsupported_value(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    """A value that is not one of the enumerated ones."""
    names = ", ".join(json.dumps(item) for item in supported)
    return FieldError(
        "FieldValueNotSupported", field, f"Unsupported value: {printed(value)}: supported values: {names}"
    )


def duplicate_value(field: str, value: Any) -> FieldError:
    """A value that must be unique and is not."""
    return FieldError("FieldValueDuplicate", field, f"Duplicate value: {printed(value)}")


def too_long(field: str, limit: int) -> FieldError:
    """A value longer than the limit, in bytes."""
    return FieldError("FieldValueTooLong", field, f"Too long: may not be more than {limit} bytes")


def _with_detail(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head


def printed(value: Any) -> str:
    """A value as field errors print it."""
    if value is None:
        return "null"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def qualified(resource: str, group: str) -> str:
    """`deployments.apps`, or `pods` in the core group."""
    return f"{resource}.{group}" if group else resource


def _details(group: str, kind: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return details


def not_found(resource: str, group: str, name: str) -> ApiError:
    """404 for one object."""
    return ApiError(
        404, "NotFound", f'{qualified(resource, group)} "{name}" not found', _details(group, resource, name)
    )


def already_exists(resource: str, group: str, name: str, *, being_deleted: bool = False) -> ApiError:
    """409 for a create."""
    message = f'{qualified(resource, group)} "{name}" already exists'
    if being_deleted:
        message = f"object is being deleted: {message}"
    return ApiError(409, "AlreadyExists", message, _details(group, resource, name))


def conflict(resource: str, group: str, name: str, why: str = LATEST_VERSION_HINT) -> ApiError:
    """409 for a write that lost the race."""
    message = f'Operation cannot be fulfilled on {qualified(resource, group)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(group, resource, name))


def apply_conflict(causes: list[dict[str, str]], message: str) -> ApiError:
    """409 of a server-side apply that would take fields from others."""
    return ApiError(409, "Conflict", message, {"causes": causes})


def invalid(kind: str, group: str, name: str, findings: Sequence[FieldError]) -> ApiError:
    """422 with one cause for each finding."""
    texts = list(dict.fromkeys(str(finding) for finding in findings))
    listing = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _details(group, kind, name)
    details["causes"] = [finding.cause() for finding in findings]
    return ApiError(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {listing}', details)


def unprocessable_patch() -> ApiError:
    """422 of a JSON patch that cannot be applied to the object, a failed `test` included."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def forbidden(resource: str, group: str, name: str, why: str, causes: list[dict[str, str]] | None = None) -> ApiError:
    """403 for a resource, with or without a name."""
    subject = qualified(resource, group)
    subject = f'{subject} "{name}"' if name else subject
    details = _details(group, resource, name)
    if causes:
        details["causes"] = causes
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def unauthorized() -> ApiError:
    """401."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """405 for a verb that the resource does not offer."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def unsupported_media_type(*accepted: str) -> ApiError:
    """415 for a body of a type that the endpoint does not take."""
    listing = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listing}"
    return ApiError(415, "UnsupportedMediaType", message)


def not_acceptable(message: str) -> ApiError:
    """406 for an Accept header that cannot be satisfied."""
    return ApiError(406, "NotAcceptable", message, {})


def expired(message: str) -> ApiError:
    """410 for a resourceVersion or continue token that is too old."""
    return ApiError(410, "Expired", message)


def unclassified(message: str) -> ApiError:
    """500 without a reason: what becomes of a plain Go error."""
    return ApiError(500, "", message)
