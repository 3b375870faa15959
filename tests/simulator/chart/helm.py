# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing, upgrading and deleting a release as Helm does with `--atomic`.

Before anything is written Helm looks for objects that exist and are not its own; then the hook runs the health check;
then the objects are created and waited for. A failure removes (or puts back) everything but the health check's report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.simulator.chart import cluster as paths
from tests.simulator.chart import components, examination, front_end, health, manifests, readiness, rollback, routing
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import ChartError, Release
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.cluster_api import ClusterApi

REPORT = "arcml-healthcheck"
CRD = f"{paths.CRDS}/{manifests.CRD_NAME}"


async def install_release(api: ClusterApi, release: Release, clock: SimulationClock, seconds: float) -> None:
    """Install `release`; takes about `seconds` of simulated time. Raises ChartError; then nothing is left behind.

    Source: helm.sh/docs/helm/helm_install (--atomic); github.com/hashicorp/terraform-provider-azurerm/issues/24547 and
        learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension (the messages).
    """
    cluster = Cluster(api)
    await clock.sleep(seconds * 0.2)
    await _check_ownership(cluster, release)
    await cluster.ensure_namespace(release.namespace)
    if not await _health_check(cluster, release, clock, "pre-install"):
        await _health_check(cluster, release, clock, "pre-delete")
        raise ChartError(
            f"release {release.name} failed, and has been uninstalled due to atomic being set: "
            "failed pre-install: pod healthcheck failed"
        )
    await clock.sleep(seconds * 0.3)
    await _create(cluster, release)
    await _adopt(cluster, release)
    await clock.sleep(seconds * 0.5)
    if not await readiness.wait(cluster, release, clock):
        await _delete(cluster, release)  # what was adopted goes with it
        raise ChartError(
            f"release {release.name} failed, and has been uninstalled due to atomic being set: "
            "timed out waiting for the condition"
        )
    await routing.serve(cluster, release)


async def update_release(api: ClusterApi, release: Release, clock: SimulationClock, seconds: float) -> None:
    """Upgrade `release` to its values. Raises ChartError; then the objects stay as they were.

    Source: helm.sh/docs/helm/helm_upgrade (--atomic); github.com/Azure/AML-Kubernetes/issues/293 (the message).
    """
    cluster = Cluster(api)
    await clock.sleep(seconds * 0.3)
    await _check_ownership(cluster, release)
    if not await _health_check(cluster, release, clock, "pre-upgrade"):
        await _health_check(cluster, release, clock, "pre-rollback")
        raise _rolled_back(release, "pre-upgrade hooks failed: pod healthcheck failed")
    before = await rollback.owned(cluster, release, [*_collections(release), paths.deployments("default")])
    await _create(cluster, release)
    await _adopt(cluster, release)
    await _remove_unwanted(cluster, release)
    await clock.sleep(seconds * 0.7)
    if not await readiness.wait(cluster, release, clock):
        await rollback.roll_back(cluster, release, before, _collections(release))
        raise _rolled_back(release, "timed out waiting for the condition")
    await routing.serve_after_update(cluster, release)


async def delete_release(api: ClusterApi, release: Release) -> None:
    """Delete all objects of `release`, what it has adopted too; the namespace and the health check's report stay.

    Source: helm.sh/docs/helm/helm_uninstall.
    """
    await _delete(Cluster(api), release)


async def present_release(api: ClusterApi, release: Release, codes: Sequence[str] = (), installed: bool = True) -> None:
    """Put a release that existed before the simulation into a cluster at once.

    `codes` are those of its last health check. One that is not `installed` has failed, and left its report only.

    Source: as for install_release.
    """
    cluster = Cluster(api)
    await cluster.ensure_namespace(release.namespace)
    await _store_report(cluster, release, health.with_codes(codes), "pre-install", "")
    if installed:
        await _create(cluster, release)
        await _adopt(cluster, release)
        await routing.serve(cluster, release)


def _rolled_back(release: Release, reason: str) -> ChartError:
    return ChartError(
        f"Helm Upgrade Failed : : InnerError [release {release.name} failed, and has been rolled back due to "
        f"atomic being set: {reason}]"
    )


async def _check_ownership(cluster: Cluster, release: Release) -> None:
    """Raise Helm's error for the first object that exists and belongs to nobody or to another release."""
    crd = await cluster.get(CRD)
    if crd is not None and not release.owns(crd["metadata"]):
        raise _conflict(release, "CustomResourceDefinition", crd)
    for kind, collection, names in _rendered(release):
        for found in await cluster.items(collection):
            if found["metadata"]["name"] in names and not release.owns(found["metadata"]):
                raise _conflict(release, kind, found)
    foreign = await front_end.conflict(cluster, release)
    if foreign is not None:
        raise _conflict(release, "Deployment", foreign)


def _rendered(release: Release) -> Iterator[tuple[str, str, set[str]]]:
    """The kinds of namespaced objects, their collections, and the names that the values ask for in each."""
    yield from manifests.collections(release)
    yield "Service", paths.services(release.namespace), {service.name for service in components.services(release)}


def _collections(release: Release) -> list[str]:
    return [collection for _kind, collection, _names in _rendered(release)]


def _conflict(release: Release, kind: str, found: dict[str, Any]) -> ChartError:
    metadata = found["metadata"]
    faults = "; ".join(release.ownership_faults(metadata))
    return ChartError(
        "rendered manifests contain a resource that already exists. Unable to continue with install: "
        f'{kind} "{metadata["name"]}" in namespace "{metadata.get("namespace", "")}" exists and cannot be imported '
        f"into the current release: invalid ownership metadata; {faults}"
    )


async def _health_check(cluster: Cluster, release: Release, clock: SimulationClock, hook: str) -> bool:
    """Run the health check and store its report; returns whether everything passed."""
    findings = health.examine(release, await examination.examine(cluster, release))
    await _store_report(cluster, release, findings, hook, clock.timestamp())
    return all(finding.passed for finding in findings)


async def _store_report(
    cluster: Cluster, release: Release, findings: list[health.Finding], hook: str, moment: str
) -> None:
    data = {f"reports-{hook}": health.report(findings, moment)}
    document = paths.manifest("v1", "ConfigMap", REPORT, namespace=release.namespace, data=data)
    await cluster.ensure(paths.config_maps(release.namespace), document)


async def _create(cluster: Cluster, release: Release) -> None:
    await routing.open_router(release)
    await cluster.ensure(paths.CRDS, manifests.crd_manifest(release))
    for component in components.workloads(release):
        document = manifests.workload_manifest(release, component)
        await cluster.ensure(paths.workloads(component.kind, document["metadata"]["namespace"]), document)
    collection = paths.services(release.namespace)
    for service in components.services(release):
        await cluster.ensure(collection, manifests.service_manifest(release, service))
        if service.type == "LoadBalancer" and cluster.api.lacks_cloud:
            await cluster.merge(f"{collection}/{service.name}/status", routing.load_balancer(release))
    await _run_health_pod(cluster, release)


async def _adopt(cluster: Cluster, release: Release) -> None:
    if release.inference:
        await front_end.adopt(cluster, release)
    else:
        await front_end.abandon(cluster, release)


async def _run_health_pod(cluster: Cluster, release: Release) -> None:
    collection = paths.pods(release.namespace)
    if await cluster.create(collection, manifests.health_pod(release)):
        terminated = {"exitCode": 0, "reason": "Completed"}
        state = {"name": "healthcheck", "ready": False, "restartCount": 0, "state": {"terminated": terminated}}
        state |= {"image": "healthcheck", "imageID": ""}
        status = {"phase": "Succeeded", "containerStatuses": [state]}
        await cluster.merge(f"{collection}/healthcheck/status", {"status": status})


async def _delete(cluster: Cluster, release: Release) -> None:
    if release.router is not None:
        await release.router.close()
    for path in await rollback.owned(cluster, release, _collections(release)):
        await cluster.delete(path)
    await cluster.delete(f"{paths.pods(release.namespace)}/healthcheck")
    crd = await cluster.get(CRD)
    if crd is not None and release.owns(crd["metadata"]):
        await cluster.delete(CRD)
    await front_end.abandon(cluster, release)


async def _remove_unwanted(cluster: Cluster, release: Release) -> None:
    wanted = {f"{collection}/{name}" for _kind, collection, names in _rendered(release) for name in names}
    for path in await rollback.owned(cluster, release, _collections(release)):
        if path not in wanted:
            await cluster.delete(path)
