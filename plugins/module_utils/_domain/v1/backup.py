# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of azureml-fe as they have to be written down, so that `kubectl apply -f` makes them again.

Helm deletes what its release contains (https://helm.sh/docs/helm/helm_uninstall), and that is what an installation with
inference may make of azureml-fe (docs/beliefs.md, `front-end-with-the-extension-deleted`). The objects are those of
learn.microsoft.com/azure/machine-learning/v1/how-to-create-attach-kubernetes ("Delete azureml-fe related resources").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: What an API server or a controller writes, and what belongs to the release that will be gone.
_METADATA_OF_THE_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_HELM_PREFIX = "meta.helm.sh/"
_HELM_LABEL = "app.kubernetes.io/managed-by"
#: Fields of a Service that are given out anew.
_ASSIGNED = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def as_list(objects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return objects as one document for `kubectl apply -f`."""
    return {"apiVersion": "v1", "kind": "List", "items": [restorable(each) for each in objects]}


def restorable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without status, without the server's own fields, and without the marks of a Helm release."""
    kept = {key: value for key, value in document.items() if key not in ("status", "metadata")}
    metadata = {k: v for k, v in document["metadata"].items() if k not in _METADATA_OF_THE_SERVER}
    metadata["annotations"] = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(_HELM_PREFIX) and not key.startswith("deployment.kubernetes.io/")
    }
    labels = metadata.get("labels") or {}
    metadata["labels"] = {k: v for k, v in labels.items() if (k, v) != (_HELM_LABEL, "Helm")}
    kept["metadata"] = {key: value for key, value in metadata.items() if value not in ({}, None)}
    if document.get("kind") == "Service":
        kept["spec"] = {key: value for key, value in document["spec"].items() if key not in _ASSIGNED}
    if document.get("kind") == "ServiceAccount":
        kept.pop("secrets", None)
    return kept
