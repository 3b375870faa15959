# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart's health check: the job that looks at values and cluster before anything is installed.

Source: learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension, "Error Code of
    HealthCheck"; the report's form from github.com/Azure/azure-sdk-for-python/issues/33480.
Belief: code-of-missing-settings
Belief: front-end-of-version-1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.simulator.chart.release import Release

ALWAYS_DERIVED = (
    "cluster_name",
    "clusterId",
    "domain",
    "location",
    "jobSchedulerLocation",
    "relayserver.enabled",
    "servicebus.enabled",
    "nginxIngress.enabled",
)
SERVICE_TYPES = ("loadbalancer", "nodeport", "clusterip")
ROUTER_NODES = 3


@dataclass(frozen=True)
class ClusterFacts:
    """What the check sees of the cluster."""

    schedulable_nodes: int
    front_end: str = "absent"
    """absent, v1, v2 or owned: who answers in namespace `default`."""


@dataclass(frozen=True)
class Finding:
    """The result of one check: its name in the report, and a code and message if it failed."""

    name: str
    code: str = ""
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether the check passed."""
        return not self.code

    def line(self) -> str:
        """The finding as the report writes it."""
        if self.passed:
            return f"Status: Passed Name: {self.name}"
        return f"Status: Failed Name: {self.name} ErrorCode: {self.code} ErrorMessage: {self.message}"


def examine(release: Release, facts: ClusterFacts) -> list[Finding]:
    """All findings, in the order of the report."""
    return [
        _service(release),
        _chart(release),
        _ssl(release),
        Finding("instancetype"),
        _resources(release, facts),
        _front_end(release, facts),
        Finding("info"),
    ]


def report(findings: Sequence[Finding], moment: str) -> str:
    """The text that the health check stores in its configmap."""
    head = [
        "",
        "Report:",
        "Duration: 149.978981ms",
        f"Date: {moment}",
        "K8sDistribution:",
        "K8sInfrastructure:",
        "CorrelationId: 00000000-0000-0000-0000-000000000000",
        "TroubleShootingGuide: https://aka.ms/arcmltsg",
        "",
    ]
    return "\n".join([*head, *(finding.line() for finding in findings), ""])


def _service(release: Release) -> Finding:
    if not release.inference:
        return Finding("service")
    kind = release.values.get("inferenceRouterServiceType", "").lower()
    if kind not in SERVICE_TYPES:
        message = "inferenceRouterServiceType must be LoadBalancer, NodePort or ClusterIP"
        return Finding("service", "E40001", message)
    if release.flag("scoringFe.serviceType.internalLoadBalancer") and not release.managed_cluster:
        return Finding("service", "E40003", "Internal load balancer is not supported in the cluster")
    return Finding("service")


def _chart(release: Release) -> Finding:
    missing = [key for key in ALWAYS_DERIVED if not release.values.get(key)]
    if missing:
        return Finding("helmchart", "E40000", f"Missing required values: {', '.join(missing)}")
    if not release.training and not release.inference:
        return Finding("helmchart", "E40000", "Neither enableTraining nor enableInference is set")
    return Finding("helmchart")


def _ssl(release: Release) -> Finding:
    if not release.inference or release.flag("allowInsecureConnections"):
        return Finding("ssl")
    values = release.values
    certificate = values.get("scoringFe.sslCert") and values.get("scoringFe.sslKey")
    secret = values.get("sslSecret") or values.get("scoringFe.sslSecret")
    if not (certificate or secret):
        message = "allowInsecureConnections is not set and neither a certificate and key nor sslSecret is given"
        return Finding("ssl", "E40007", message)
    if not values.get("sslCname"):
        return Finding("ssl", "E40007", "sslCname is not given")
    return Finding("ssl")


def _resources(release: Release, facts: ClusterFacts) -> Finding:
    needed = ROUTER_NODES if release.inference and release.high_availability else 1
    if facts.schedulable_nodes < needed:
        message = f"Insufficient node: {needed} schedulable nodes are needed, {facts.schedulable_nodes} found"
        return Finding("clusterresource", "E40002", message)
    return Finding("clusterresource")


def _front_end(release: Release, facts: ClusterFacts) -> Finding:
    if release.inference and facts.front_end == "v1":
        return Finding("inferencev1", "E45005", "Azureml Fe deployment confict")
    return Finding("inferencev1")
