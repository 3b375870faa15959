# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of the extension and of v1 web services, and the extension's health report: reading only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import components
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import WorkloadFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.workloads import facts_of, is_of_v2
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    STATEFUL_SETS,
)

#: The extension's health check writes its findings here before it lets Helm go on
#: (https://github.com/Azure/AML-Kubernetes/blob/master/docs/troubleshooting.md).
HEALTH_REPORT = "arcml-healthcheck"
#: What marks the Deployment of a v1 web service, wherever it was deployed to: the first is documented
#: (learn.microsoft.com/azure/machine-learning/v1/how-to-use-azure-ad-identity); the second is the name of the service
#: that azureml-fe routes to, and of azureml-fe itself on its own (AML-Kubernetes
#: docs/attach-compute-on-aks-v1-cluster.md).
V1_SELECTORS = ("isazuremlapp=true", "azuremlappname,azuremlappname!=azureml-fe")


def read_deployments(cluster: ClusterConnection) -> list[WorkloadFacts]:
    """Return the Deployments in the extension's namespace."""
    return _sorted(facts_of(each, "Deployment") for each in cluster.list(DEPLOYMENTS, EXTENSION_NAMESPACE))


def read_daemon_sets(cluster: ClusterConnection) -> list[WorkloadFacts]:
    """Return the DaemonSets in the extension's namespace."""
    return _sorted(facts_of(each, "DaemonSet") for each in cluster.list(DAEMON_SETS, EXTENSION_NAMESPACE))


def read_stateful_sets(cluster: ClusterConnection) -> list[WorkloadFacts]:
    """Return the StatefulSets in the extension's namespace."""
    return _sorted(facts_of(each, "StatefulSet") for each in cluster.list(STATEFUL_SETS, EXTENSION_NAMESPACE))


def read_device_plugin(cluster: ClusterConnection) -> list[WorkloadFacts]:
    """Return the GPU device plug-in where it is outside of the extension's namespace."""
    found = cluster.get(DAEMON_SETS, components.DEVICE_PLUGIN, components.DEVICE_PLUGIN_NAMESPACE)
    return [] if found is None else [facts_of(found, "DaemonSet")]


def read_v1_services(cluster: ClusterConnection, namespaces: Iterable[str]) -> list[WorkloadFacts]:
    """Return the Deployments of v1 web services: marked ones of every namespace, and all of `namespaces`.

    v1 deploys into `azureml-<workspace>` or into a namespace of the user's own
    (AksWebservice.deploy_configuration(namespace=...) of azureml-core), for workspaces that nobody here has named, too.
    """
    listed = [cluster.list(DEPLOYMENTS, label_selector=each) for each in V1_SELECTORS]
    listed += [cluster.list(DEPLOYMENTS, each) for each in namespaces]
    found = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each
        for deployments in listed
        for each in deployments
        if _is_v1(each)
    }
    return _sorted(facts_of(each, "Deployment") for each in found.values())


def read_health_report(cluster: ClusterConnection) -> str | None:
    """Return the extension's health report as one text, or None when there is none."""
    found = cluster.get(CONFIG_MAPS, HEALTH_REPORT, EXTENSION_NAMESPACE)
    if found is None:
        return None
    data = found.get("data") or {}
    return "\n".join(f"{name}: {data[name]}" for name in sorted(data)) or None


def _is_v1(deployment: Mapping[str, Any]) -> bool:
    """Tell whether a Deployment that was found is one of v1: not the extension's own, and no v2 endpoint's."""
    return deployment["metadata"]["namespace"] != EXTENSION_NAMESPACE and not is_of_v2(deployment)


def _sorted(found: Iterable[WorkloadFacts]) -> list[WorkloadFacts]:
    """Return workloads ordered by namespace and name."""
    return sorted(found, key=lambda each: (each["namespace"], each["name"]))
