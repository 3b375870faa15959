# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the extension's own health check says, for the message of an operation that failed."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._core._access import MISSING_LIBRARY, connect_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain import failures
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.health_report import explained
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import workloads
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call


def health(call: Call, azure: AzureConnection) -> str:
    """Return what the health check found, as sentences; where its report cannot be read, where it is and why not.

    Never raises for the cluster's API: the failure that is being told matters more.
    """
    if MISSING_LIBRARY is not None:
        return f"{failures.HEALTH_REPORT} It was not read here, because {MISSING_LIBRARY} is not installed."
    try:
        with connect_cluster(call, azure) as cluster:
            report = workloads.read_health_report(cluster)
    except (AzureError, KubernetesError) as error:
        return f"{failures.HEALTH_REPORT} It could not be read from here: {error.message}"
    if report is None:
        return "The extension's health check has left no report in the cluster."
    return " ".join(explained(report)) or "The extension's health check found nothing wrong."
