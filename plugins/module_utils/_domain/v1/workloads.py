# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Deployment, a DaemonSet or a StatefulSet says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import WorkloadFacts

WorkloadKind = Literal["Deployment", "DaemonSet", "StatefulSet"]
#: v2 workloads carry labels with this prefix, on themselves or on their pods; v1 web services do not
#: (https://learn.microsoft.com/azure/machine-learning/reference-kubernetes: labels of pods).
_V2_LABEL_PREFIX = "ml.azure.com/"


def facts_of(workload: Mapping[str, Any], kind: WorkloadKind) -> WorkloadFacts:
    """Return the facts of a workload; a list's items do not say their kind themselves."""
    wanted, ready = replicas(workload, kind)
    metadata = workload["metadata"]
    pod = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return WorkloadFacts(
        kind=kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        wanted_replicas=wanted,
        ready_replicas=ready,
        images=[str(each.get("image") or "") for each in pod.get("containers") or ()],
    )


def replicas(workload: Mapping[str, Any], kind: WorkloadKind = "Deployment") -> tuple[int, int]:
    """Return how many replicas a workload wants (1 when it does not say, as the API defaults it) and has ready.

    A DaemonSet wants one on each node that it selects, which only its status knows.
    """
    status = workload.get("status") or {}
    if kind == "DaemonSet":
        return int(status.get("desiredNumberScheduled") or 0), int(status.get("numberReady") or 0)
    wanted = (workload.get("spec") or {}).get("replicas")
    return (1 if wanted is None else int(wanted)), int(status.get("readyReplicas") or 0)


def is_of_v2(workload: Mapping[str, Any]) -> bool:
    """Tell whether a workload belongs to the extension or to a v2 endpoint or job."""
    metadata = workload.get("metadata") or {}
    template = ((workload.get("spec") or {}).get("template") or {}).get("metadata") or {}
    keys = (*(metadata.get("labels") or {}), *(template.get("labels") or {}))
    return any(key.startswith(_V2_LABEL_PREFIX) for key in keys)


def helm_owner(resource: Mapping[str, Any]) -> dict[str, str] | None:
    """Return name and namespace of the Helm release that owns an object, or None.

    Helm 3 marks what it owns with the label `app.kubernetes.io/managed-by=Helm` and two annotations
    (https://helm.sh/docs/chart_best_practices/labels/ and the 'invalid ownership metadata' check of helm install).
    """
    metadata = resource.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    name = annotations.get("meta.helm.sh/release-name")
    if not name:
        return None
    return {"name": name, "namespace": annotations.get("meta.helm.sh/release-namespace") or ""}
