# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Microsoft.AzureML.Kubernetes extension of a cluster (Microsoft.KubernetesConfiguration): reading it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, names_resource, read_error
from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import parse_cluster_id
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

EXTENSION_TYPE = "Microsoft.AzureML.Kubernetes"
#: The version that azure-mgmt-kubernetesconfiguration speaks by default: reads and writes use the same.
API_VERSION = "2023-05-01"


def list_extension(connection: AzureConnection, cluster_id: str, free_name: str | None = None) -> ExtensionFacts | None:
    """Return the cluster's Azure Machine Learning extension, whatever its name, with one request; None without one.

    Raises AzureError, also when the cluster does not exist, and when there is none and `free_name` is the name of an
    extension of another type.
    """
    cluster = parse_cluster_id(cluster_id)
    bodies = arm.list_all(
        connection,
        names.extensions_of(str(cluster)),
        API_VERSION,
        f"Listing the extensions of cluster {cluster.name}",
    )
    found = [body for body in bodies if is_azureml(body)]
    if found:
        return extension_facts(found[0])
    for body in bodies:
        if free_name and str(body.get("name") or "").lower() == free_name.lower():
            other = nested(body, "properties").get("extensionType")
            raise AzureError(
                f"Cluster {cluster.name} has an extension {free_name} of type {other}; choose another name. "
                "Nothing was changed.",
                code="NameTaken",
            )
    return None


def read_extension(connection: AzureConnection, cluster_id: str, name: str) -> ExtensionFacts | None:
    """Return the extension called `name`, of whatever type, or None when there is none.

    Raises AzureError, also when the cluster does not exist.
    """
    body = read_body(connection, cluster_id, name)
    return extension_facts(body) if body is not None else None


def read_body(connection: AzureConnection, cluster_id: str, name: str) -> dict[str, Any] | None:
    """Return the resource called `name` as the service sent it, or None when there is none. Raises AzureError."""
    cluster = parse_cluster_id(cluster_id)
    checked_segment(name, "an extension")
    try:
        return arm.get(
            connection,
            names.extension_id(str(cluster), name),
            API_VERSION,
            f"Reading extension {name} of cluster {cluster.name}",
        )
    except AzureError as error:
        # Both a missing extension and a missing cluster are ResourceNotFound; only the words tell them apart.
        holder = "under resource group" in error.message or "ResourceGroup" in error.code
        if error.missing and (names_resource(error, "extensions", name) or not holder):
            return None
        raise


def is_azureml(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is that of the extension we are about; its type comes back in any letter case."""
    return str(nested(body, "properties").get("extensionType") or "").lower() == EXTENSION_TYPE.lower()


def extension_facts(body: Mapping[str, Any]) -> ExtensionFacts:
    """Return the facts in the body of an extension, every field of which may be absent or null."""
    properties = nested(body, "properties")
    automatic = properties.get("autoUpgradeMinorVersion")
    version = properties.get("version") or None
    namespace = nested(properties, "scope", "cluster").get("releaseNamespace")
    settings = nested(properties, "configurationSettings")
    return ExtensionFacts(
        id=str(body.get("id") or ""),
        name=str(body.get("name") or ""),
        provisioning_state=str(properties.get("provisioningState") or "Unknown"),
        version=properties.get("currentVersion") or version,
        pinned_version=version if automatic is False else None,
        release_train=properties.get("releaseTrain"),
        auto_upgrade_minor_version=automatic if isinstance(automatic, bool) else None,
        release_namespace=namespace or nested(properties, "scope", "namespace").get("targetNamespace"),
        settings={str(key): _text(value) for key, value in settings.items()},
        protected_settings=sorted(nested(properties, "configurationProtectedSettings")),
        error=_error(properties),
    )


def _text(value: Any) -> str:
    """Return a setting as the text that the service stores."""
    return "" if value is None else str(value)


def _error(properties: Mapping[str, Any]) -> str | None:
    """Return what went wrong, from errorInfo and from statuses, whose `level` is null in real answers."""
    texts: list[str] = []
    code, message = read_error(nested(properties, "errorInfo"))
    if code or message:
        texts.append(": ".join(part for part in (code, message) if part))
    for status in properties.get("statuses") or ():
        if not isinstance(status, Mapping):
            continue
        code, message = str(status.get("code") or ""), str(status.get("message") or "").strip()
        if "failed" in code.lower() or str(status.get("level") or "").lower() == "error":
            texts.append(": ".join(part for part in (code, message) if part))
    return "; ".join(dict.fromkeys(texts)) or None
