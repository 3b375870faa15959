# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences about what ended badly in Azure: an extension, a compute."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, ExtensionFacts

HEALTH_REPORT = (
    "The health check of the extension writes its report to ConfigMap arcml-healthcheck in namespace azureml of the "
    "cluster; remedy what it names and run again."
)


def extension_failure(facts: ExtensionFacts, cluster: str, health: str = HEALTH_REPORT) -> str:
    """Return sentences about an extension whose last operation did not succeed.

    `health` is what its health check says: it comes first, because Azure's own text is long and names no cause.
    """
    reason = (facts["error"] or "Azure names no reason").rstrip(".")
    state = facts["provisioning_state"]
    return f"Extension {facts['name']} of cluster {cluster} is {state}. {health} Azure says: {reason}."


def compute_failure(facts: ComputeFacts, workspace: str) -> str:
    """Return a sentence about a compute whose last operation did not succeed."""
    reason = "; ".join(facts["errors"]) or "Azure names no reason"
    return (
        f"Compute {facts['name']} of workspace {workspace} is {facts['provisioning_state']}: {reason}. Check that the "
        "extension of the cluster is healthy, that the namespace exists, and that a user-assigned identity of the "
        "workspace is Kubernetes Extension Contributor and Azure Kubernetes Service Cluster Admin on the cluster; then "
        "run again."
    )
