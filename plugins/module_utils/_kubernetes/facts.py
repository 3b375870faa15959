# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is read of a cluster's own API before the first write: about fifteen reads, and one question for each
permission that no read has proven.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    FrontEndFacts,
    KubernetesFacts,
    Permission,
    RouterServiceFacts,
    TlsSecretFacts,
    WorkloadFacts,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end as front_end_rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ClusterKind
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import (
    arc_agents,
    front_end,
    instance_types,
    namespaces,
    nodes,
    permissions,
    workloads,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.permissions import Need
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import SECRETS

Read = TypeVar("Read")


def read(
    cluster: ClusterConnection, kind: ClusterKind, v1_namespaces: Iterable[str], tls_secret: str | None = None
) -> KubernetesFacts:
    """Return the facts of a cluster.

    In `v1_namespaces` every Deployment that is not of v2 is v1's; `tls_secret` is the Secret that the router is to use.

    Raises KubernetesError: when the API is unreachable, or in one sentence with all permissions that are missing when
    one of them is needed for a read (half a picture would be judged wrongly).
    """
    reads = _Reads(cluster, kind)
    known_nodes = reads.do(permissions.LIST_NODES, lambda: nodes.read(cluster)) or []
    phases = reads.do(permissions.LIST_NAMESPACES, lambda: namespaces.read(cluster)) or {}
    found = reads.do(permissions.LIST_INSTANCE_TYPES, lambda: instance_types.read(cluster))
    front_end_facts, router_services = _front_end(reads, phases)
    components, report = _extension(reads, phases)
    v1_services = _v1_services(reads, [name for name in sorted(set(v1_namespaces)) if name in phases])
    agents = reads.do(permissions.GET_ARC_AGENTS, lambda: arc_agents.read(cluster)) if kind == "arc" else None
    decisions = reads.decisions()
    return KubernetesFacts(
        version=cluster.server_version(),
        nodes=known_nodes,
        namespaces=phases,
        front_end=front_end_facts,
        router_services=router_services,
        v1_services=v1_services,
        extension_workloads=components,
        instance_type_definition=found is not None,
        instance_types=found or [],
        health_report=report,
        tls_secret=_tls_secret(cluster, phases, tls_secret),
        permissions=decisions,
        arc_agents=agents,
    )


class _Reads:
    """The reads of one cluster, and which permissions they prove."""

    def __init__(self, cluster: ClusterConnection, kind: ClusterKind) -> None:
        """Nothing is proven yet."""
        self.cluster = cluster
        self._kind = kind
        self._decided: dict[Need, bool] = {}

    def do(self, need: Need, read_it: Callable[[], Read]) -> Read | None:
        """Return what `read_it` returns, or None when the API forbids it."""
        try:
            value = read_it()
        except KubernetesError as error:
            if not error.forbidden:
                raise
            self._decided[need] = False
            return None
        self._decided.setdefault(need, True)
        return value

    def decisions(self) -> list[Permission]:
        """Return the decision on everything that the collection does to such a cluster.

        Raises KubernetesError that names all missing permissions when a read was among them.
        """
        needs = permissions.needs_of(self._kind)
        found = [
            permissions.as_fact(need, allowed=self._decided[need])
            if need in self._decided
            else permissions.ask(self.cluster, need)
            for need in needs
        ]
        if not all(self._decided.values()):
            missing = [permissions.in_words(each) for each in found if not each["allowed"]]
            raise KubernetesError(
                f"The credentials in use may not do this on {self.cluster.name}: {'; '.join(missing)}. Nothing was "
                "changed. Grant it; docs/permissions/cluster-role.yml lists all that the collection needs.",
                status=403,
                code="Forbidden",
            )
        return found


def _tls_secret(cluster: ClusterConnection, phases: dict[str, str], name: str | None) -> TlsSecretFacts | None:
    """Return which entries the router's Secret has, and whose certificate. Its key is dropped at once.

    Not being allowed to read it is no failure.

    No shipped role grants it: the name is the user's, and a role that reads every Secret would be too much.
    """
    if not name:
        return None
    if names.EXTENSION_NAMESPACE not in phases:
        return TlsSecretFacts(name=name, keys=[], fingerprint=None)
    try:
        found = cluster.get(SECRETS, name, names.EXTENSION_NAMESPACE)
    except KubernetesError as error:
        if not error.forbidden:
            raise
        return TlsSecretFacts(name=name, keys=None, fingerprint=None)
    data = (found or {}).get("data")
    entries = data if isinstance(data, dict) else {}
    return TlsSecretFacts(name=name, keys=sorted(entries), fingerprint=_fingerprint(entries.get("cert.pem")))


def _fingerprint(entry: object) -> str | None:
    """Return the fingerprint of the certificate in an entry of a Secret; None when there is none."""
    if not isinstance(entry, str):
        return None
    try:
        return certificates.facts_of_pem(base64.b64decode(entry).decode())["fingerprint"]
    except (certificates.CertificateError, ValueError):
        return None


def _front_end(reads: _Reads, phases: dict[str, str]) -> tuple[FrontEndFacts, list[RouterServiceFacts]]:
    """Return the facts of azureml-fe, and of the Services through which it or the extension's router is reached."""
    cluster = reads.cluster
    deployment = reads.do(permissions.GET_FRONT_END, lambda: front_end.read_deployment(cluster))
    service = reads.do(permissions.GET_SERVICE, lambda: front_end.read_service(cluster))
    pods = reads.do(permissions.LIST_PODS, lambda: front_end.read_pods(cluster)) if deployment or service else None
    services = [serving.service_facts(service, pods or [])] if service else []
    if names.EXTENSION_NAMESPACE in phases:
        services += _router_service(reads)
    return front_end_rules.judge(deployment, pods or [], service), services


def _router_service(reads: _Reads) -> list[RouterServiceFacts]:
    """Return the facts of the extension's own Service of a router, when it has one."""
    cluster, namespace = reads.cluster, names.EXTENSION_NAMESPACE
    service = reads.do(permissions.GET_ROUTER_SERVICE, lambda: front_end.read_service(cluster, namespace))
    if service is None:
        return []
    pods = reads.do(permissions.LIST_ROUTER_PODS, lambda: front_end.read_pods(cluster, namespace))
    return [serving.service_facts(service, pods or [])]


def _extension(reads: _Reads, phases: dict[str, str]) -> tuple[list[WorkloadFacts], str | None]:
    """Return what the extension runs, and its health report; without its namespace there is neither."""
    if names.EXTENSION_NAMESPACE not in phases:
        return [], None
    cluster = reads.cluster
    components: list[WorkloadFacts] = []
    for need, read_them in (
        (permissions.LIST_COMPONENTS, workloads.read_deployments),
        (permissions.LIST_DAEMON_SETS, workloads.read_daemon_sets),
        (permissions.LIST_STATEFUL_SETS, workloads.read_stateful_sets),
        (permissions.GET_DEVICE_PLUGIN, workloads.read_device_plugin),
    ):
        components += reads.do(need, partial(read_them, cluster)) or []
    report = reads.do(permissions.GET_HEALTH_REPORT, lambda: workloads.read_health_report(cluster))
    return components, report


def _v1_services(reads: _Reads, v1_namespaces: list[str]) -> list[WorkloadFacts]:
    """Return the Deployments of v1 web services, of the whole cluster."""
    cluster = reads.cluster
    return reads.do(permissions.LIST_V1_SERVICES, lambda: workloads.read_v1_services(cluster, v1_namespaces)) or []
