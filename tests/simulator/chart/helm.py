# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing, upgrading and deleting a release as Helm does with `--atomic`.

Before anything is written Helm looks for objects that exist and are not its own; then the hook runs the health check;
then the objects are created and waited for. A failure removes (or puts back) everything but the health check's report.

The front end of the first generation lives in namespace `default`. With `scoringFe.enableUpgrade=true` and the
annotation `azureml-fe-enable-upgrade: "true"` on its Deployment the release adopts it; without, Helm's ownership check
stops the installation.
"""

from __future__ import annotations

from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart import components, health
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import HELM_LABEL, RELEASE_NAME, RELEASE_NAMESPACE, ChartError, Release
from tests.simulator.clock import SimulationClock
from tests.simulator.cluster_api import ClusterApi

UPGRADE_ANNOTATION = "azureml-fe-enable-upgrade"
FRONT_END = f"{paths.deployments('default')}/azureml-fe"
FRONT_END_SERVICE = f"{paths.services('default')}/azureml-fe"
V2_PODS = "azuremlappname=azureml-fe,azuremlappversion=v2"
REPORT = "arcml-healthcheck"
WAIT_SECONDS = 120.0
"""Simulated seconds that Helm waits for the Deployments after the usual duration, once pods find no node."""
STUCK_REAL_SECONDS = 3.0
"""But at least this many real seconds, however fast the simulated clock runs."""
WAIT_REAL_SECONDS = 120.0
"""Real seconds that Helm waits for pods that do have a node: on a busy machine they start late."""
FIRST_POLL = 0.05
LAST_POLL = 1.0
"""Real seconds between two looks: few at first, then more, so that a large fleet does not spend its time looking."""
LOAD_BALANCER = {"status": {"loadBalancer": {"ingress": [{"ip": "20.50.0.5"}]}}}
"""What a cloud would do where none is: a control plane on loopback has no cloud controller."""


async def install_release(api: ClusterApi, release: Release, clock: SimulationClock, seconds: float) -> None:
    """Install `release`; takes about `seconds` of simulated time. Raises ChartError; then nothing is left behind.

    Source: helm.sh/docs/helm/helm_install (--atomic); AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md.
    Belief: front-end-after-installation
    Belief: front-end-takeover-setting
    Belief: front-end-without-inference
    """
    cluster = Cluster(api)
    await clock.sleep(seconds * 0.2)
    await _check_ownership(cluster, release)
    await cluster.ensure_namespace(release.namespace)
    failed = await _health_check(cluster, release, clock, "pre-install")
    if failed:
        raise ChartError(
            f"release {release.name} failed, and has been uninstalled due to atomic being set: "
            "failed pre-install: pod healthcheck failed"
        )
    await clock.sleep(seconds * 0.3)
    await _create(cluster, release)
    await clock.sleep(seconds * 0.5)
    if not await _ready(cluster, release, clock):
        await delete_release(api, release)
        raise ChartError(
            f"release {release.name} failed, and has been uninstalled due to atomic being set: "
            "timed out waiting for the condition"
        )


async def update_release(api: ClusterApi, release: Release, clock: SimulationClock, seconds: float) -> None:
    """Upgrade `release` to its values. Raises ChartError; then the objects stay as they were.

    Source: helm.sh/docs/helm/helm_upgrade (--atomic); github.com/Azure/AML-Kubernetes/issues/293 (the message).
    """
    cluster = Cluster(api)
    await clock.sleep(seconds * 0.3)
    await _check_ownership(cluster, release)
    if await _health_check(cluster, release, clock, "pre-upgrade"):
        raise ChartError(
            f"Helm Upgrade Failed : : InnerError [release {release.name} failed, and has been rolled back due to "
            "atomic being set: pre-upgrade hooks failed: pod healthcheck failed]"
        )
    await _create(cluster, release)
    await _remove_unwanted(cluster, release)
    await clock.sleep(seconds * 0.7)
    if not await _ready(cluster, release, clock):
        raise ChartError(
            f"Helm Upgrade Failed : : InnerError [release {release.name} failed, and has been rolled back due to "
            "atomic being set: timed out waiting for the condition]"
        )


async def delete_release(api: ClusterApi, release: Release) -> None:
    """Delete all objects of `release`, what it has adopted too; the namespace and the report stay.

    Source: helm.sh/docs/helm/helm_uninstall.
    Belief: front-end-with-the-extension-deleted
    """
    cluster = Cluster(api)
    for collection in (paths.deployments(release.namespace), paths.services(release.namespace)):
        for name in await _owned(cluster, release, collection):
            await cluster.delete(f"{collection}/{name}")
    await cluster.delete(f"{paths.pods(release.namespace)}/healthcheck")
    if await _belongs(cluster, release, f"{paths.CRDS}/{components.CRD_NAME}"):
        await cluster.delete(f"{paths.CRDS}/{components.CRD_NAME}")
    await _delete_adopted(cluster, release)


async def present_release(api: ClusterApi, release: Release) -> None:
    """Put all objects of `release` into a cluster at once, for a release that existed before the simulation.

    Source: as for install_release.
    """
    cluster = Cluster(api)
    await cluster.ensure_namespace(release.namespace)
    findings = health.examine(release, health.ClusterFacts(schedulable_nodes=health.ROUTER_NODES))
    await _store_report(cluster, release, findings, "pre-install", "")
    await _create(cluster, release)


async def _check_ownership(cluster: Cluster, release: Release) -> None:
    """Raise Helm's error for the first object that exists and belongs to nobody or to another release."""
    crd = await cluster.get(f"{paths.CRDS}/{components.CRD_NAME}")
    if crd is not None and not release.owns(crd["metadata"]):
        raise _conflict(release, "CustomResourceDefinition", components.CRD_NAME, "", crd)
    if not release.inference:
        return
    found = await cluster.get(FRONT_END)
    if found is None or release.owns(found["metadata"]):
        return
    annotations = found["metadata"].get("annotations") or {}
    permitted = annotations.get(UPGRADE_ANNOTATION) == "true" and HELM_LABEL not in _labels(found)
    if not (permitted and release.flag("scoringFe.enableUpgrade")):
        raise _conflict(release, "Deployment", "azureml-fe", "default", found)


def _conflict(release: Release, kind: str, name: str, namespace: str, found: dict[str, Any]) -> ChartError:
    faults = "; ".join(release.ownership_faults(found["metadata"]))
    return ChartError(
        "rendered manifests contain a resource that already exists. Unable to continue with install: "
        f'{kind} "{name}" in namespace "{namespace}" exists and cannot be imported into the current release: '
        f"invalid ownership metadata; {faults}"
    )


async def _health_check(cluster: Cluster, release: Release, clock: SimulationClock, hook: str) -> bool:
    """Run the health check and store its report; returns whether it failed."""
    facts = health.ClusterFacts(await _schedulable(cluster, release), await _front_end(cluster, release))
    findings = health.examine(release, facts)
    await _store_report(cluster, release, findings, hook, clock.timestamp())
    return not all(finding.passed for finding in findings)


async def _store_report(
    cluster: Cluster, release: Release, findings: list[health.Finding], hook: str, moment: str
) -> None:
    data = {f"reports-{hook}": health.report(findings, moment)}
    collection = paths.config_maps(release.namespace)
    document = paths.manifest("v1", "ConfigMap", REPORT, namespace=release.namespace, data=data)
    await cluster.ensure(collection, document)


async def _schedulable(cluster: Cluster, release: Release) -> int:
    """Ready Linux nodes without a taint that keeps pods away, and with the labels of the node selector."""
    nodes = await cluster.items(paths.NODES)
    return sum(1 for node in nodes if _takes_pods(node) and release.node_selector.items() <= _labels(node).items())


def _takes_pods(node: dict[str, Any]) -> bool:
    spec = node.get("spec") or {}
    taints = [taint for taint in spec.get("taints") or [] if taint.get("effect") in ("NoSchedule", "NoExecute")]
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    linux = _labels(node).get("kubernetes.io/os", "linux") == "linux"
    return ready and linux and not taints and not spec.get("unschedulable")


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return dict(found["metadata"].get("labels") or {})


async def _front_end(cluster: Cluster, release: Release) -> str:
    """Which front end namespace `default` has: absent, v1, v2 or owned."""
    found = await cluster.get(FRONT_END)
    if found is None:
        return "absent"
    if release.owns(found["metadata"]):
        return "owned"
    template = found["spec"]["template"]["metadata"].get("labels") or {}
    return "v2" if template.get("azuremlappversion") == "v2" else "v1"


async def _create(cluster: Cluster, release: Release) -> None:
    await cluster.ensure(paths.CRDS, components.crd_manifest(release))
    collection = paths.deployments(release.namespace)
    for component in components.deployments(release):
        await cluster.ensure(collection, components.deployment_manifest(release, component))
    collection = paths.services(release.namespace)
    for service in components.services(release):
        await cluster.ensure(collection, components.service_manifest(release, service))
        if service.type == "LoadBalancer" and cluster.api.lacks_cloud:
            await cluster.merge(f"{collection}/{service.name}/status", LOAD_BALANCER)
    await _run_health_pod(cluster, release)
    if release.inference:
        await _adopt(cluster, release)


async def _run_health_pod(cluster: Cluster, release: Release) -> None:
    collection = paths.pods(release.namespace)
    if await cluster.create(collection, components.health_pod(release)):
        terminated = {"exitCode": 0, "reason": "Completed"}
        state = {"name": "healthcheck", "ready": False, "restartCount": 0, "state": {"terminated": terminated}}
        state |= {"image": "healthcheck", "imageID": ""}
        status = {"phase": "Succeeded", "containerStatuses": [state]}
        await cluster.merge(f"{collection}/healthcheck/status", {"status": status})


async def _adopt(cluster: Cluster, release: Release) -> None:
    """Take over the front end in namespace `default`: only Helm's marks are added."""
    marks = {"metadata": {"labels": release.labels(), "annotations": release.annotations()}}
    if await cluster.get(FRONT_END) is not None:
        await cluster.merge(FRONT_END, marks)
        await cluster.merge(FRONT_END_SERVICE, marks)


async def _delete_adopted(cluster: Cluster, release: Release) -> None:
    """Delete the front end in namespace `default`, or take off Helm's marks."""
    kept = release.beliefs.answer("front-end-with-the-extension-deleted") == "kept"
    marks = {
        "metadata": {
            "labels": {HELM_LABEL: None},
            "annotations": {RELEASE_NAME: None, RELEASE_NAMESPACE: None},
        }
    }
    for path in (FRONT_END, FRONT_END_SERVICE):
        if await _belongs(cluster, release, path):
            await (cluster.merge(path, marks) if kept else cluster.delete(path))


async def _belongs(cluster: Cluster, release: Release, path: str) -> bool:
    found = await cluster.get(path)
    return found is not None and release.owns(found["metadata"])


async def _owned(cluster: Cluster, release: Release, collection: str) -> list[str]:
    found = await cluster.items(collection, f"{HELM_LABEL}=Helm")
    return [item["metadata"]["name"] for item in found if release.owns(item["metadata"])]


async def _remove_unwanted(cluster: Cluster, release: Release) -> None:
    wanted = {
        paths.deployments(release.namespace): {c.name for c in components.deployments(release)},
        paths.services(release.namespace): {s.name for s in components.services(release)},
    }
    for collection, names in wanted.items():
        for name in await _owned(cluster, release, collection):
            if name not in names:
                await cluster.delete(f"{collection}/{name}")


async def _ready(cluster: Cluster, release: Release, clock: SimulationClock) -> bool:
    """Wait until every Deployment of the release has all its replicas ready."""
    names = {component.name for component in components.deployments(release)}
    began, pause = clock.elapsed(), FIRST_POLL
    while True:
        found = await cluster.items(paths.deployments(release.namespace))
        if names <= {item["metadata"]["name"] for item in found if _complete(item)}:
            return True
        if clock.elapsed() - began > await _patience(cluster, release, clock):
            return False
        await clock.sleep(max(1.0, pause * clock.scale))
        pause = min(pause * 1.5, LAST_POLL)


async def _patience(cluster: Cluster, release: Release, clock: SimulationClock) -> float:
    """Simulated seconds to wait in all: few when the scheduler says that a pod finds no node."""
    pods = await cluster.items(paths.pods(release.namespace))
    if any(_unschedulable(pod) for pod in pods):
        return max(WAIT_SECONDS, STUCK_REAL_SECONDS * clock.scale)
    return max(WAIT_SECONDS, WAIT_REAL_SECONDS * clock.scale)


def _unschedulable(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "PodScheduled" and c.get("status") == "False" for c in conditions)


def _complete(deployment: dict[str, Any]) -> bool:
    wanted = int(deployment["spec"].get("replicas", 1))
    return int((deployment.get("status") or {}).get("readyReplicas") or 0) >= wanted
