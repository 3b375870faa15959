# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes of a workspace: those of type Kubernetes, and the legacy AksCompute (type AKS) beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, names_resource, read_error
from ansible_collections.azureml.fleet.plugins.module_utils._domain.computes.plan import identity_name
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, WorkspaceFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_workspace_id, same_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

#: Types of computes that live on a cluster, in lower case -> the spelling of the API.
_CLUSTER_TYPES = {"aks": "AKS", "kubernetes": "Kubernetes"}
_API = arm.API_VERSIONS["microsoft.machinelearningservices"]


def list_computes(connection: AzureConnection, workspace_id: str, cluster_id: str | None = None) -> WorkspaceFacts:
    """Return a workspace's computes that live on `cluster_id`, or on any cluster when it is None.

    A workspace that cannot be read is a fact, not a failure: `exists` and `error` say so. Raises AzureError only when
    `workspace_id` is not the id of a workspace, or when Azure cannot be reached at all.
    """
    workspace = parse_workspace_id(workspace_id)
    try:
        bodies = arm.list_all(
            connection, f"{workspace}/computes", _API, f"Listing the computes of workspace {workspace.name}"
        )
    except AzureError as error:
        if error.status is None or error.status == 401:
            raise
        return WorkspaceFacts(id=str(workspace), exists=not error.missing, error=error.message, computes=[])
    every = [compute_facts(body, str(workspace)) for body in bodies]
    wanted = [
        each
        for each in every
        if each["type"] in _CLUSTER_TYPES.values() and (cluster_id is None or same_id(each["resource_id"], cluster_id))
    ]
    return WorkspaceFacts(id=str(workspace), exists=True, error=None, computes=wanted)


def read_compute(connection: AzureConnection, workspace_id: str, name: str) -> dict[str, Any] | None:
    """Return the body of one compute, or None when there is none. Raises AzureError."""
    workspace = parse_workspace_id(workspace_id)
    checked_segment(name, "a compute")
    doing = f"Reading compute {name} of workspace {workspace.name}"
    try:
        return arm.get(connection, f"{workspace}/computes/{name}", _API, doing)
    except AzureError as error:
        if error.missing and (names_resource(error, "computes", name) or not _names_what_holds_it(error)):
            return None
        raise


def _names_what_holds_it(error: AzureError) -> bool:
    """Tell whether the workspace, or what it is in, is missing: it has a code or words; a compute may have neither."""
    held = ("resourcegroup", "subscription", "workspace", "parentresource")
    return error.code.lower().startswith(held) or "/workspaces/" in error.message.lower()


def compute_facts(body: Mapping[str, Any], workspace_id: str) -> ComputeFacts:
    """Return the facts in the body of a compute of any type; the legacy type may come without inner properties."""
    properties = nested(body, "properties")
    inner = nested(properties, "properties")
    identity = nested(body, "identity")
    kind = str(properties.get("computeType") or "")
    attached = properties.get("isAttachedCompute")
    return ComputeFacts(
        workspace_id=workspace_id,
        name=str(body.get("name") or ""),
        type=_CLUSTER_TYPES.get(kind.lower(), kind),
        provisioning_state=str(properties.get("provisioningState") or "Unknown"),
        attached=attached if isinstance(attached, bool) else None,
        namespace=inner.get("namespace"),
        default_instance_type=inner.get("defaultInstanceType"),
        identity_type=identity_name(identity.get("type")),
        user_assigned_identities=sorted(nested(identity, "userAssignedIdentities")),
        resource_id=str(properties.get("resourceId") or ""),
        cluster_purpose=inner.get("clusterPurpose"),
        ssl_status=nested(inner, "sslConfiguration").get("status"),
        ssl_cname=nested(inner, "sslConfiguration").get("cname"),
        load_balancer_type=inner.get("loadBalancerType"),
        description=properties.get("description") or None,
        tags={str(key): str(value) for key, value in nested(body, "tags").items()},
        errors=_errors(properties),
    )


def _errors(properties: Mapping[str, Any]) -> list[str]:
    """Return what provisioning failed with, as 'code: message'; `error` of an entry may be null."""
    found: list[str] = []
    for entry in properties.get("provisioningErrors") or ():
        code, message = read_error(entry)
        text = ": ".join(part for part in (code, message) if part)
        if text:
            found.append(text)
    return found
