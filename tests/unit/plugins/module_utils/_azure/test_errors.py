# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors in every shape in which Azure and its SDKs have them, as one sentence."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import (
    AzureError,
    RefusedAnswerError,
    azure_errors,
    read_error,
    translate,
)


class Response:
    """The part of an SDK's response that an error has."""

    reason = "reason"
    headers: dict[str, str] = {}

    def __init__(self, status: int, text: str) -> None:
        self.status_code = status
        self._text = text

    def text(self) -> str:
        return self._text


def failed(status: int, text: str) -> HttpResponseError:
    return HttpResponseError(response=Response(status, text))  # type: ignore[arg-type]  # the part that is used


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "A", "message": "m"}}, "A", "m"),
        ({"code": "A", "message": "m", "subcode": "", "details": None}, "A", "m"),
        ({"error": {"code": "A", "message": "m", "details": [{"code": "B", "message": "inner"}]}}, "A", "m inner"),
        ({"error": {"code": "A", "message": "m", "details": [{"message": "m"}, None, "x"]}}, "A", "m"),
        ({"error": {"code": "A", "message": "m", "details": 5}}, "A", "m"),
        ({"error": {"code": "A", "message": "m", "details": "text"}}, "A", "m"),
        ({"error": {"code": "A", "message": None}}, "A", ""),
        ({"error": None}, "", ""),
        ({}, "", ""),
        ("text", "", ""),
        (None, "", ""),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: Any, code: str, message: str) -> None:
    assert read_error(body) == (code, message)


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (404, "", "it does not exist"),
        (500, "<html><head><title>500 Internal Server Error</title></head></html>", "500 Internal Server Error"),
        (502, "", "no message"),
        (400, "[" * 200_000, "no message"),
        (400, '{"code": "InvalidParameter", "message": "flat"}', "Azure answered 400 (InvalidParameter): flat"),
        (200, '{"status": "Failed", "error": {"code": "X", "message": "long"}}', "the operation failed (X): long"),
    ],
)
def test_an_answer_becomes_a_sentence(status: int, text: str, words: str) -> None:
    error = translate(failed(status, text), "Reading cluster a")
    assert error.message.startswith("Reading cluster a: ")
    assert words in error.message
    assert error.status == status
    assert error.missing is (status == 404)


@pytest.mark.parametrize(
    ("status", "code", "retryable", "busy"),
    [
        (429, "Throttled", True, False),
        (503, "", True, False),
        (400, "BadRequest", False, False),
        (403, "AuthorizationFailed", False, False),
        (409, "ExtensionPatchFailed", True, True),
        (409, "OperationNotAllowed", False, False),
        (200, "AKSOperationPreempted", True, True),
        (200, "InternalServerError", False, False),
        (409, "RoleAssignmentExists", False, False),
    ],
)
def test_what_can_succeed_later_is_known(status: int, code: str, *, retryable: bool, busy: bool) -> None:
    error = translate(failed(status, f'{{"error": {{"code": "{code}", "message": "m"}}}}'), "Doing")
    assert (error.retryable, error.busy) == (retryable, busy)


@pytest.mark.parametrize(
    ("status", "code", "message", "busy"),
    [
        (409, "OperationNotAllowed", "Operation is not allowed: Another operation (Updating) is in progress", True),
        (409, "OperationNotAllowed", "there's an in-progress update managed cluster operation", True),
        (
            409,
            "OperationNotAllowed",
            "The agent pool gpu is stopped. Please start it before any other operation.",
            False,
        ),
        (409, "OperationNotAllowed", "The feature is not enabled for this subscription.", False),
        (
            200,
            "OperationFailed",
            "(AKSOperationPreempted) This operation has been preempted by another operation.",
            True,
        ),
        (
            200,
            "CreateOrUpdateExtensionFailed",
            "There is a conflicting operation in progress for this extension.",
            True,
        ),
        (200, "OperationFailed", "The nodes are not ready; an upgrade was in progress.", False),
        (400, "InvalidParameter", "Another operation is in progress", False),
    ],
)
def test_only_an_operation_in_the_way_is_waited_for(status: int, code: str, message: str, *, busy: bool) -> None:
    body = json.dumps({"error": {"code": code, "message": message}})
    assert translate(failed(status, body), "Doing").busy is busy


@pytest.mark.parametrize("kind", [ClientAuthenticationError, CredentialUnavailableError])
def test_refused_credentials_name_the_options(kind: type[ClientAuthenticationError]) -> None:
    error = translate(kind(message="AADSTS7000215: Invalid client secret\ntrace id: 1"), "Reading")
    assert error.status == 401
    assert "AADSTS7000215" in error.message
    assert "auth_source" in error.message
    assert "trace id" not in error.message


def test_a_network_without_an_answer_may_be_tried_again() -> None:
    error = translate(ServiceRequestError("Connection refused"), "Reading")
    assert error.retryable
    assert "Connection refused" in error.message


def test_what_an_error_is_about_is_kept() -> None:
    with pytest.raises(AzureError) as caught, azure_errors("Doing", subject="/subscriptions/s"):
        raise ServiceRequestError("x")
    assert caught.value.subject == "/subscriptions/s"
    with pytest.raises(AzureError, match=r"^Doing: no\.$") as caught, azure_errors("Doing", subject="/subscriptions/s"):
        raise RefusedAnswerError("no.", code="Redirected", status=307)
    assert (caught.value.subject, caught.value.code, caught.value.status) == ("/subscriptions/s", "Redirected", 307)


def test_the_block_turns_only_what_the_sdk_raises() -> None:
    with pytest.raises(AzureError, match="Doing"), azure_errors("Doing"):
        raise ServiceRequestError("x")
    with pytest.raises(KeyError), azure_errors("Doing"):
        raise KeyError("a mistake of ours stays one")
    original = AzureError("as it is")
    assert translate(original, "Doing") is original


class UnknownCharset(Response):
    def text(self) -> str:
        return b"{}".decode("no-such-charset")


def test_an_answer_in_an_unknown_charset_has_no_message() -> None:
    found = translate(HttpResponseError(response=UnknownCharset(400, "")), "Reading x")  # type: ignore[arg-type]  # idem
    assert "the answer had no message" in found.message


def test_a_policy_s_denial_names_the_policy_and_the_next_step() -> None:
    info = {"policyDefinitionDisplayName": "No extensions", "policyAssignmentDisplayName": "Platform"}
    extra = [{"type": "PolicyViolation", "info": info}, {"type": "Other"}, None, {"type": "PolicyViolation"}]
    error = {"code": "RequestDisallowedByPolicy", "message": "It was disallowed.", "additionalInfo": extra}
    said = translate(failed(403, json.dumps({"error": error})), "Installing")
    assert said.message.startswith("Installing: Azure answered 403 (RequestDisallowedByPolicy): It was disallowed.")
    assert "The policy is 'No extensions' (assigned as 'Platform'). Ask its owner for an exemption" in said.message
    assert not said.retryable
    said = translate(failed(403, json.dumps({"code": "RequestDisallowedByPolicy", "message": "m"})), "Installing")
    assert "m Ask its owner for an exemption" in said.message


def test_a_lock_is_told_with_the_next_step_and_nothing_is_repeated() -> None:
    said = translate(failed(409, json.dumps({"error": {"code": "ScopeLocked", "message": "locked."}})), "Installing")
    assert said.message.endswith(
        "locked. Ask the lock's owner, and take it off for the run (az lock list, az lock delete)."
    )
    assert not said.busy


def test_details_without_end_are_not_compared_with_each_other() -> None:
    """Each is looked for in all before it: of 300 000, that took more than an hour."""
    details = [{"message": f"detail {number}"} for number in range(300_000)]
    began = time.process_time()
    code, message = read_error({"error": {"code": "Many", "message": "First.", "details": details}})
    assert time.process_time() - began < 5
    assert code == "Many"
    assert message.startswith("First. detail 0 detail 1 ")
    assert message.endswith("...")
