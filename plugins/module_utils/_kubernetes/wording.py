# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for what a cluster's API refuses, and for an API that does not answer."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.network import cause_of
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.request import Answer, Request


def unreachable(cluster: str, server: str, request: Request, error: Exception) -> ConnectionFailedError:
    """Return the error for a request that got no answer."""
    return ConnectionFailedError(
        f"The Kubernetes API of {cluster} ({server}) did not answer when asked to {request.verb} {request.subject}: "
        f"{cause_of(error)}. Check network, proxy, certificate and credentials, then run again.",
        subject=request.subject,
    )


def refused(cluster: str, server: str, request: Request, answer: Answer) -> KubernetesError:
    """Return the error for an answer that is not what was asked for."""
    if answer.status < 300:
        return ConnectionFailedError(
            f"The Kubernetes API of {cluster} ({server}) answered with HTTP {answer.status} and nothing that such an "
            f"API would say when asked to {request.verb} {request.subject}; check what answers at this address.",
            status=answer.status,
            code="InvalidAnswer",
            subject=request.subject,
        )
    if answer.status < 400:
        return _redirected(cluster, server, request, answer)
    if answer.status == 401:
        return ConnectionFailedError(
            f"The Kubernetes API of {cluster} ({server}) refused the credentials; nothing was changed. Renew the "
            "token, kubeconfig or Azure login, then run again.",
            status=401,
            code=answer.reason,
            subject=request.subject,
        )
    if answer.status == 403:
        return KubernetesError(
            _forbidden(cluster, request, answer.message), status=403, code=answer.reason, subject=request.subject
        )
    return KubernetesError(
        f"The Kubernetes API of {cluster} refused to {request.verb} {request.subject}: {answer.message}"
        f"{_later(answer)}.",
        status=answer.status,
        code=answer.reason,
        subject=request.subject,
        causes=answer.causes,
    )


def _redirected(cluster: str, server: str, request: Request, answer: Answer) -> ConnectionFailedError:
    """Return the error for a redirect, which an API server does not send for what we ask."""
    where = f" to {answer.location}" if answer.location else ""
    return ConnectionFailedError(
        f"The Kubernetes API of {cluster} ({server}) sent the request to {request.verb} {request.subject} on"
        f"{where} (HTTP {answer.status}), which is not followed: credentials go nowhere else. Nothing was changed; "
        "check the server's address and what stands between it and this controller.",
        status=answer.status,
        code="Redirected",
        subject=request.subject,
    )


def _later(answer: Answer) -> str:
    """Return what to say of a wait that the server asked for and that was too long."""
    if answer.retry_after is None or answer.status not in (429, 503):
        return ""
    return f" (it asks to be left alone for {answer.retry_after:.0f} s)"


def _forbidden(cluster: str, request: Request, said: str) -> str:
    """Return the sentence that names the missing permission."""
    verb = request.verb
    if "cannot create resource" in said and verb == "patch":
        verb = "create"  # a server-side apply that creates needs both
    missing = f"{verb} {request.subject}"
    if "cannot" not in said:  # admission, not authorization, said no
        return f"The Kubernetes API of {cluster} forbids to {missing}: {said}."
    where = f"in namespace {request.namespace}" if request.namespace else "at cluster scope"
    return (
        f"The credentials in use may not {missing} on {cluster}; nothing was changed by this step. Grant verb "
        f"'{verb}' on resource '{request.resource.title}' {where}; docs/permissions/cluster-role.yml lists all "
        "that the collection needs."
    )
