# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""azureml-fe in a cluster: reading its objects, and setting the one annotation that lets it be upgraded."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import FrontEndFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end, serving
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import DEPLOYMENTS, PODS, SERVICES
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.selectors import selector


def read(cluster: ClusterConnection) -> FrontEndFacts:
    """Return the facts of the front end: three requests, or two when there is none."""
    return read_with(cluster, read_deployment(cluster))


def read_with(cluster: ClusterConnection, deployment: dict[str, Any] | None) -> FrontEndFacts:
    """Return the facts of the front end whose Deployment was read before."""
    pods = [] if deployment is None else read_pods(cluster)
    return front_end.judge(deployment, pods, read_service(cluster))


def read_deployment(cluster: ClusterConnection) -> dict[str, Any] | None:
    """Return the Deployment, or None when there is none."""
    return cluster.get(DEPLOYMENTS, front_end.NAME, front_end.NAMESPACE)


def read_pods(cluster: ClusterConnection, namespace: str = front_end.NAMESPACE) -> list[dict[str, Any]]:
    """Return the front end's pods of every version: which version label they carry is the question."""
    labels = {front_end.NAME_LABEL: front_end.NAME}
    return cluster.list(PODS, namespace, label_selector=selector(labels))


def read_service(cluster: ClusterConnection, namespace: str = front_end.NAMESPACE) -> dict[str, Any] | None:
    """Return the Service, or None when there is none."""
    return cluster.get(SERVICES, serving.SERVICE, namespace)


def set_annotation(cluster: ClusterConnection, deployment: dict[str, Any], value: str | None) -> dict[str, Any]:
    """Set the annotation of the Deployment that was read, or remove it (None), and nothing else.

    Raises KubernetesError with `conflict` when somebody changed the Deployment since it was read.
    """
    return cluster.merge(DEPLOYMENTS, deployment, {"annotations": {front_end.ANNOTATION: value}})
