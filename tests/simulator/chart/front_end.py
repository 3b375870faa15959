# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front end of the first generation in namespace `default`, and what a release does with it.

With `scoringFe.enableUpgrade=true` and the annotation `azureml-fe-enable-upgrade: "true"` on its Deployment a release
adopts it; without, Helm's ownership check stops the installation. What adopting means is a belief.
"""

from __future__ import annotations

from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import HELM_LABEL, RELEASE_NAME, RELEASE_NAMESPACE, Release

UPGRADE_ANNOTATION = "azureml-fe-enable-upgrade"
DEPLOYMENT = f"{paths.deployments('default')}/azureml-fe"
SERVICE = f"{paths.services('default')}/azureml-fe"
CLUSTER_ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/azureml-fe-role"
_SERVING = (DEPLOYMENT, SERVICE, f"{paths.services('default')}/azureml-fe-int-http")
_ACCOUNT = (
    f"{paths.namespaced('', 'default', 'serviceaccounts')}/azureml-fe",
    CLUSTER_ROLE,
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/azureml-fe-binding",
)
"""Its configuration and certificate (ConfigMap azuremlfeconfig, Secret azuremlfessl) are in no chart."""


async def conflict(cluster: Cluster, release: Release) -> dict[str, Any] | None:
    """The Deployment, when the release may not take it over.

    Source: AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md; helm.sh/docs/helm/helm_install.
    """
    found = await cluster.get(DEPLOYMENT)
    if found is None or not release.inference or release.owns(found["metadata"]):
        return None
    permitted = annotated(found) and HELM_LABEL not in (found["metadata"].get("labels") or {})
    return None if permitted and release.takes_over_front_end else found


def annotated(deployment: dict[str, Any]) -> bool:
    """Whether the Deployment's owner has permitted that it is taken over.

    Source: AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md.
    """
    return (deployment["metadata"].get("annotations") or {}).get(UPGRADE_ANNOTATION) == "true"


async def adopt(cluster: Cluster, release: Release) -> None:
    """Do to the front end what an installation with inference does.

    Source: helm.sh/docs/helm/helm_install (what is adopted gets Helm's label and annotations).
    Belief: front-end-after-installation
    """
    outcome = release.beliefs.answer("front-end-after-installation")
    marks = {"metadata": {"labels": release.labels(), "annotations": release.annotations()}}
    for path in (*_SERVING, *_ACCOUNT):
        await cluster.merge(path, marks)  # what is missing stays missing
    if outcome == "moved":
        for path in _SERVING:
            await cluster.delete(path)
    elif outcome == "resized":
        await cluster.merge(DEPLOYMENT, {"spec": {"replicas": release.router_replicas}})
    elif outcome == "idle":
        await cluster.merge(DEPLOYMENT, {"spec": {"replicas": 0}})
    elif outcome == "relabelled":
        labels = {"azuremlappversion": None, "ml.azure.com/infra-app": "azureml-fe"}
        template = {"metadata": {"labels": labels}}
        own = {"labels": {"azuremlappname": None, "ml.azure.com/infra-app": "azureml-fe"}}
        await cluster.merge(DEPLOYMENT, {"metadata": own, "spec": {"template": template}})


async def abandon(cluster: Cluster, release: Release) -> None:
    """Do to the front end what the end of the release, or of its inference, does.

    Source: helm.sh/docs/helm/helm_uninstall.
    Belief: front-end-with-the-extension-deleted
    """
    kept = release.beliefs.answer("front-end-with-the-extension-deleted") == "kept"
    marks = {
        "metadata": {
            "labels": {HELM_LABEL: None},
            "annotations": {RELEASE_NAME: None, RELEASE_NAMESPACE: None},
        }
    }
    for path in (*_SERVING, *_ACCOUNT):
        found = await cluster.get(path)
        if found is not None and release.owns(found["metadata"]):
            await (cluster.merge(path, marks) if kept else cluster.delete(path))
