# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong in Azure, in one exception, whatever the SDK or the service made of it.

Error bodies come in several shapes: `{"error": {"code", "message"}}` (ARM's common error, docs page
'Azure REST API guidelines: error condition responses'), the same without `error` (seen from
Microsoft.ContainerService), an empty body (404 of a compute), and HTML from a gateway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import DocumentError, load_json
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.network import cause_of
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import blanked

try:
    from azure.core.exceptions import AzureError as SdkError
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
except ImportError:  # the module then says which package is missing
    SdkError = ClientAuthenticationError = HttpResponseError = OSError  # type: ignore[misc,assignment]  # a stand-in

#: HTTP statuses after which the same request may succeed later (azure.core.pipeline.policies.RetryPolicy).
_RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
#: Codes of conflicts that end by themselves, when the operation that is in the way has ended.
_BUSY_CODES = frozenset(
    {
        "aksoperationpreempted",
        "anotheroperationinprogress",
        "conflict",
        "etagmismatch",
        "extensionpatchfailed",
        "updatefailed",
    }
)
#: A refusal that is permanent (a stopped pool, a feature that is off) or temporary; only the words tell.
_NOT_ALLOWED = "operationnotallowed"
#: Entries of additionalInfo that are read.
_MOST_POLICIES = 10
#: What Azure Policy says to a request that an assignment with the effect Deny forbids.
_POLICY = "requestdisallowedbypolicy"
#: Words of operations in the way, from recorded answers and issues: "Another operation (Updating) is in progress",
#: "there's an in-progress update managed cluster operation", "This operation has been preempted by another operation.
#: Please retry later", "There is a conflicting operation in progress for this extension".
_IN_THE_WAY = re.compile(
    r"in[- ]progress|another operation|conflicting operation|preempted|retry later|try again later", re.IGNORECASE
)
#: What a long operation that was accepted fails with when another one took its turn: it may be sent again.
_PREEMPTED = re.compile(r"AKSOperationPreempted|preempted by another|conflicting operation in progress", re.IGNORECASE)
_LONGEST_TEXT = 2000
#: Characters of a message after which no more details are added to it: each is looked for in all before it.
_ENOUGH = 20_000


class AzureError(FleetError):
    """A failure of Azure in words for people: what was tried, on which object, what came back."""

    @property
    def busy(self) -> bool:
        """Tell whether another operation on the same object was in the way, at the request or while it went on."""
        return self.retryable and is_busy(self.status, self.code, self.message)


class RefusedAnswerError(AzureError):
    """An answer that is not believed or not followed; its message is the end of a sentence that begins with a task."""


def read_error(body: Any) -> tuple[str, str]:
    """Return code and message of an error body in any of the shapes that Azure answers, or two empty strings.

    Messages of nested details follow the outer message where they say more.
    """
    if not isinstance(body, Mapping):
        return "", ""
    error = body.get("error") if isinstance(body.get("error"), Mapping) else body
    if not isinstance(error, Mapping):
        return "", ""
    code, message = str(error.get("code") or ""), str(error.get("message") or "").strip()
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        text = str(detail.get("message") or "").strip() if isinstance(detail, Mapping) else ""
        if len(message) > _ENOUGH:
            break
        if text and text not in message:
            message = f"{message} {text}".strip()
    return code, _shortened(message)


def translate(error: Exception, doing: str) -> AzureError:
    """Return `error` of any Azure SDK as an AzureError that begins with `doing`, such as "Reading cluster x"."""
    if isinstance(error, AzureError):
        return error
    response = getattr(error, "response", None)
    if isinstance(error, HttpResponseError) and response is not None:
        return _from_response(error, response, doing)
    if isinstance(error, ClientAuthenticationError):
        return AzureError(
            f"{doing}: Azure did not accept the credentials: {_first_line(error)} "
            "Check auth_source, tenant, client_id and the secret or certificate.",
            code="AuthenticationFailed",
            status=401,
        )
    return AzureError(f"{doing}: no usable answer from Azure: {cause_of(error)}.", code="NoAnswer", retryable=True)


@contextmanager
def azure_errors(doing: str, subject: str = "") -> Iterator[None]:
    """Turn what an Azure SDK raises inside the block into an AzureError that begins with `doing`.

    `subject` is the id of what it is about, where there is one.
    """
    try:
        yield
    except RefusedAnswerError as error:
        code = error.code or "ForeignHost"
        raise AzureError(f"{doing}: {error.message}", code=code, status=error.status, subject=subject) from error
    except SdkError as error:
        translated = translate(error, doing)
        translated.subject = translated.subject or subject
        raise translated from error


def is_busy(status: int | None, code: str, message: str) -> bool:
    """Tell whether an answer means that another operation is in progress and will end by itself.

    A 409 says so when the request is sent; a long operation that failed says so in a body of status 200.
    """
    if status == 409:
        return code.lower() in _BUSY_CODES or (code.lower() == _NOT_ALLOWED and _IN_THE_WAY.search(message) is not None)
    accepted = status is not None and status < 400
    return accepted and _PREEMPTED.search(f"{code} {message}") is not None


def names_resource(error: AzureError, kind: str, name: str) -> bool:
    """Tell whether what Azure said names the child `kind`/`name` itself, and not only what it is in.

    ARM's ordinary words are "The Resource '<provider>/<type>/<parent>/<kind>/<name>' under resource group '<group>' was
    not found"; letter case is anything.
    """
    wanted = re.escape(f"/{kind}/{name}".lower())
    return re.search(rf"{wanted}(?![\w.()-])", error.message.lower()) is not None


def _from_response(error: Any, response: Any, doing: str) -> AzureError:
    """Return the AzureError of an HTTP answer; a failed long operation arrives with status 200."""
    status = int(response.status_code)
    code, message = read_error(_body_of(response))
    if not message:
        model = getattr(error, "error", None)
        code = code or str(getattr(model, "code", "") or "")
        message = _shortened(str(getattr(model, "message", "") or "")) or _without_body(status, response)
    verdict = "the operation failed" if status < 400 else f"Azure answered {status}"
    named = f"{verdict} ({code})" if code else verdict
    return AzureError(
        f"{doing}: {named}: {message}{_asked_to_wait(status, response)}{_next_step(code, _body_of(response))}",
        code=code,
        status=status,
        retryable=status in _RETRYABLE_STATUSES or is_busy(status, code, message),
    )


def _next_step(code: str, body: Any) -> str:
    """Return what to do about a refusal that is the organization's own, and no fault: a policy, a lock.

    Source: learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy
    (the names stand in additionalInfo); /azure/azure-resource-manager/management/lock-resources.
    """
    if code.lower() == "scopelocked":
        return " Ask the lock's owner, and take it off for the run (az lock list, az lock delete)."
    if code.lower() != _POLICY:
        return ""
    policies = ", ".join(_policies(body))
    denied = f" The policy is {policies}." if policies else ""
    return (
        f"{denied} Ask its owner for an exemption (az policy exemption create), or change what it asks for, and run "
        "again."
    )


def _policies(body: Any) -> list[str]:
    """Return the names for people of the policies that an error body blames, with what assigned them."""
    error = body.get("error") if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping) else body
    infos = error.get("additionalInfo") if isinstance(error, Mapping) else None
    found: list[str] = []
    for each in infos[:_MOST_POLICIES] if isinstance(infos, list) else ():
        info = each.get("info") if isinstance(each, Mapping) and each.get("type") == "PolicyViolation" else None
        if not isinstance(info, Mapping):
            continue
        policy = info.get("policyDefinitionDisplayName") or info.get("policyDefinitionName")
        assignment = info.get("policyAssignmentDisplayName") or info.get("policyAssignmentName")
        if policy:
            found.append(_shortened(f"'{policy}' (assigned as '{assignment}')" if assignment else f"'{policy}'"))
    return found


def _asked_to_wait(status: int, response: Any) -> str:
    """Return what to say of the time that a busy service names, when it was longer than a request waits."""
    wanted = str((getattr(response, "headers", None) or {}).get("Retry-After") or "")
    return f" It asks to be left alone for {wanted} s." if status in (429, 503) and wanted.isdigit() else ""


def _body_of(response: Any) -> Any:
    """Return the JSON body of an answer, or None when it has none."""
    try:
        return load_json(response.text())
    except (DocumentError, ValueError, AttributeError, TypeError, LookupError):  # LookupError: an unknown charset
        return None


def _without_body(status: int, response: Any) -> str:
    """Return words for an answer whose body says nothing that can be used: none, or a gateway's HTML."""
    try:
        text = str(response.text())
    except (ValueError, AttributeError, TypeError, LookupError):
        text = ""
    if status == 404:
        return "it does not exist (the answer had no message)."
    title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    if title:
        return f"a gateway answered with a page titled '{title.group(1).strip()}'."
    return "the answer had no message."


def _first_line(error: Exception) -> str:
    """Return the first sentence-like line of an exception's text."""
    lines = [line.strip() for line in blanked(str(error)).splitlines() if line.strip()]
    return _shortened(lines[0] if lines else type(error).__name__)


def _shortened(text: str) -> str:
    """Return `text`, cut where it is longer than a person would read; half a secret could no longer be recognised."""
    text = blanked(text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
