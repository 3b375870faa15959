# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Deployment says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def replicas(deployment: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many replicas a Deployment wants (1 when it does not say, as the API defaults it) and has ready."""
    wanted = (deployment.get("spec") or {}).get("replicas")
    ready = (deployment.get("status") or {}).get("readyReplicas")
    return (1 if wanted is None else int(wanted)), int(ready or 0)


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
