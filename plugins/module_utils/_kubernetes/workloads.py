# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments of the extension and of v1 web services, and the extension's health report: reading only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import WorkloadFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.deployments import replicas
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import CONFIG_MAPS, DEPLOYMENTS

#: The extension's health check writes its findings here before it lets Helm go on
#: (https://github.com/Azure/AML-Kubernetes/blob/master/docs/troubleshooting.md).
HEALTH_REPORT = "arcml-healthcheck"
#: v2 workloads carry labels with this prefix; v1 web services do not.
_V2_LABEL_PREFIX = "ml.azure.com/"


def read_extension(cluster: ClusterConnection) -> list[WorkloadFacts]:
    """Return the Deployments in the extension's namespace."""
    return _facts(cluster.list(DEPLOYMENTS, EXTENSION_NAMESPACE))


def read_v1_services(cluster: ClusterConnection, namespaces: Iterable[str]) -> list[WorkloadFacts]:
    """Return the Deployments of v1 web services in namespaces where v1 puts them (`azureml-<workspace>`)."""
    found = []
    for namespace in namespaces:
        found += [each for each in cluster.list(DEPLOYMENTS, namespace) if not _is_v2(each)]
    return _facts(found)


def read_health_report(cluster: ClusterConnection) -> str | None:
    """Return the extension's health report as one text, or None when there is none."""
    found = cluster.get(CONFIG_MAPS, HEALTH_REPORT, EXTENSION_NAMESPACE)
    if found is None:
        return None
    data = found.get("data") or {}
    return "\n".join(f"{name}: {data[name]}" for name in sorted(data)) or None


def _facts(deployments: Iterable[Mapping[str, Any]]) -> list[WorkloadFacts]:
    """Return the facts of Deployments, ordered by namespace and name."""
    found = []
    for deployment in deployments:
        wanted, ready = replicas(deployment)
        metadata = deployment["metadata"]
        found.append(
            WorkloadFacts(
                namespace=metadata["namespace"],
                name=metadata["name"],
                wanted_replicas=wanted,
                ready_replicas=ready,
            )
        )
    return sorted(found, key=lambda each: (each["namespace"], each["name"]))


def _is_v2(deployment: Mapping[str, Any]) -> bool:
    """Tell whether a Deployment belongs to the extension or to a v2 endpoint."""
    metadata = deployment.get("metadata") or {}
    template = ((deployment.get("spec") or {}).get("template") or {}).get("metadata") or {}
    keys = (*(metadata.get("labels") or {}), *(template.get("labels") or {}))
    return any(key.startswith(_V2_LABEL_PREFIX) for key in keys)
