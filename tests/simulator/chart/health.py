# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart's health check: the job that looks at values and cluster before anything is installed.

Source: learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension, "Error Code of
    HealthCheck"; AML-Kubernetes docs/troubleshooting.md (E40000, E40004); the report's form from
    github.com/Azure/azure-sdk-for-python/issues/33480.
Belief: code-of-missing-settings
Belief: front-end-of-version-1
Belief: front-end-gone
Belief: front-end-without-inference
Belief: settings-of-an-older-installation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.simulator.chart import certificates
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
CHECKS = ("service", "helmchart", "ssl", "instancetype", "clusterresource", "inferencev1", "info")
#: The check that reports a code, and what it says. Only the text of E45005 and of E45006 has been seen.
KNOWN_CODES = {
    "E40000": ("helmchart", "Unknown error"),
    "E40001": ("service", "Load balancer is not supported in the cluster"),
    "E40002": ("clusterresource", "Insufficient node"),
    "E40003": ("service", "Internal load balancer is not supported in the cluster"),
    "E40004": ("inferencev1", "Azureml Fe deployment not found"),
    "E40007": ("ssl", "The SSL key or certificate is not valid"),
    "E45002": ("prometheus", "Prometheus operator conflict"),
    "E45003": ("network", "Bad network connectivity"),
    "E45004": ("inferencev1", "Azureml Fe role conflict"),
    "E45005": ("inferencev1", "Azureml Fe deployment confict"),
    "E45006": ("instancetype", "Failed to validate or update instancetype"),
}


@dataclass(frozen=True)
class ClusterFacts:
    """What the check sees of the cluster."""

    schedulable_nodes: int
    front_end: str = "absent"
    """absent, v1, v2 or owned: who answers in namespace `default`."""
    annotated: bool = False
    """Whether that front end may be taken over."""
    foreign_role: bool = False
    """Whether a ClusterRole of AksCompute's front end is there that does not belong to the release."""
    ssl_secret: Mapping[str, str] | None = None
    """The decoded content of the Secret that the values name; None when it is missing."""


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
        _ssl(release, facts),
        Finding("instancetype"),
        _resources(release, facts),
        _front_end(release, facts),
        Finding("info"),
    ]


def with_codes(codes: Sequence[str]) -> list[Finding]:
    """The findings of a health check that reported `codes` (none: all passed)."""
    failed = {KNOWN_CODES[code][0]: _failed(code) for code in codes}
    return [failed.pop(name, Finding(name)) for name in CHECKS] + list(failed.values())


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


def missing_values(release: Release) -> list[str]:
    """The settings that the Azure CLI derives, as far as the release lacks them.

    Belief: settings-of-an-older-installation
    """
    lacking = [key for key in ALWAYS_DERIVED if not release.values.get(key)]
    if release.beliefs.answer("settings-of-an-older-installation") == "demanded":
        return lacking
    return [key for key in lacking if key not in release.runs_without]  # the answer not-demanded


def _failed(code: str, message: str = "") -> Finding:
    name, usual = KNOWN_CODES[code]
    return Finding(name, code, message or usual)


def _service(release: Release) -> Finding:
    if not release.inference:
        return Finding("service")
    known = release.values.get("inferenceRouterServiceType", "").lower() in SERVICE_TYPES
    if not known and release.beliefs.answer("code-of-missing-settings") == "e40000":
        return _failed("E40001", "inferenceRouterServiceType must be LoadBalancer, NodePort or ClusterIP")
    if release.service_type == "LoadBalancer" and not release.load_balancer:
        return _failed("E40001")
    if release.internal_load_balancer and not release.managed_cluster:
        return _failed("E40003")
    return Finding("service")


def _chart(release: Release) -> Finding:
    missing = missing_values(release)
    if missing and release.beliefs.answer("code-of-missing-settings") == "e40000":
        return _failed("E40000", f"Missing required values: {', '.join(missing)}")
    if not release.training and not release.inference:
        return _failed("E40000", "Neither enableTraining nor enableInference is set")
    return Finding("helmchart")


def _ssl(release: Release, facts: ClusterFacts) -> Finding:
    if not release.secure:
        return Finding("ssl")
    pair, name = release.key_pair, release.ssl_secret
    if pair is None and not name:
        return _failed("E40007", "allowInsecureConnections is not set, and there is neither a certificate nor a secret")
    if pair is None and facts.ssl_secret is None:
        return _failed("E40007", f"Secret {name} is not found in namespace {release.namespace}")
    secret = facts.ssl_secret or {}
    certificate, key = pair or (secret.get("cert.pem", ""), secret.get("key.pem", ""))
    cname = release.values.get("sslCname", "")
    if not cname:
        return _failed("E40007", "sslCname is not given")
    fault = certificates.fault(certificate, key, cname)
    return _failed("E40007", fault) if fault else Finding("ssl")


def _resources(release: Release, facts: ClusterFacts) -> Finding:
    needed = ROUTER_NODES if release.inference and release.high_availability else 1
    if facts.schedulable_nodes < needed:
        message = f"Insufficient node: {needed} schedulable nodes are needed, {facts.schedulable_nodes} found"
        return _failed("E40002", message)
    return Finding("clusterresource")


def _front_end(release: Release, facts: ClusterFacts) -> Finding:
    if not release.inference:
        return _front_end_without_inference(release, facts)
    if facts.front_end == "v1" and release.beliefs.answer("front-end-of-version-1") == "refused":
        return _failed("E45005")
    if facts.front_end != "absent":
        return Finding("inferencev1")
    if facts.foreign_role:
        return _failed("E45004")
    if release.takes_over_front_end and release.beliefs.answer("front-end-gone") == "refused":
        return _failed("E40004")
    return Finding("inferencev1")


def _front_end_without_inference(release: Release, facts: ClusterFacts) -> Finding:
    foreign = facts.front_end in ("v1", "v2") and not facts.annotated
    if foreign and release.beliefs.answer("front-end-without-inference") == "checked":
        return _failed("E45005")
    return Finding("inferencev1")
