# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check of the extension: what it reports, and what its codes mean.

The codes are those of [1] learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension ("Error
Code of HealthCheck") and [2] github.com/Azure/AML-Kubernetes docs/troubleshooting.md; E45006 is in no table and was
seen in [3] github.com/Azure/azure-sdk-for-python/issues/33480, whose report has the form that is read here. The same
pages call codes from E45000 on diagnostic; an update was rolled back for E45005 all the same
(github.com/Azure/AML-Kubernetes/issues/293), so that here no code is harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOGS = "Read `kubectl logs healthcheck -n azureml` and `kubectl get events -n azureml`."


@dataclass(frozen=True)
class Code:
    """One documented code: its name there, what it means, and what to do, as sentences."""

    name: str
    meaning: str
    remedy: str


CODES: dict[str, Code] = {
    "E40000": Code(  # [2]
        "UNKNOWN_ERROR", "Something failed that the check has no code for, such as a value that is missing.", _LOGS
    ),
    "E40001": Code(  # [1]
        "LOAD_BALANCER_NOT_SUPPORT",
        "The cluster makes no load balancers.",
        "Set up load balancers, or set aml_inference_router_service_type to NodePort or ClusterIP.",
    ),
    "E40002": Code(  # [1]
        "INSUFFICIENT_NODE",
        "Too few healthy nodes can run the router: high availability needs three.",
        "Add nodes, correct aml_node_selector, or set aml_inference_router_ha: false.",
    ),
    "E40003": Code(  # [1]
        "INTERNAL_LOAD_BALANCER_NOT_SUPPORT",
        "Only AKS has internal load balancers that the extension can use, and only of type azure.",
        "Remove aml_internal_load_balancer_provider.",
    ),
    "E40004": Code(  # [2]
        "AZUREML_FE_DEPLOYMENT_NOT_FOUND",
        "The installation was to take over an azureml-fe, and there is none.",
        "Set aml_enable_upgrade: false, or deploy a v1 service, so that Azure Machine Learning makes azureml-fe again.",
    ),
    "E40005": Code(  # [2]
        "AZUREML_FE_SCALE_UP_TIMEOUT",
        "The replicas of azureml-fe did not become ready in time.",
        "Look at its pods (`kubectl describe pod -A -l azuremlappname=azureml-fe`): often no node has room for them.",
    ),
    "E40006": Code(  # [2]
        "AZUREML_FE_UPDATE_REPLICAS_FAILED",
        "The number of replicas of azureml-fe could not be set.",
        "Look for a policy or an autoscaler that owns them (`kubectl get hpa -A`), and run again.",
    ),
    "E40007": Code(  # [1]
        "INVALID_SSL_SETTING",
        "The router's certificate, key or Secret cannot be used, or does not cover the CNAME.",
        "Correct aml_ssl_cname and the certificate with its key, or the Secret that aml_ssl_secret names in namespace "
        "azureml.",
    ),
    "E45001": Code("AGENT_UNHEALTHY", "A component of the extension is not healthy.", _LOGS),  # [2]
    "E45002": Code(  # [1]
        "PROMETHEUS_CONFLICT",
        "The cluster has a Prometheus operator of its own.",
        "Set aml_install_prom_op: false.",
    ),
    "E45003": Code(  # [1]
        "BAD_NETWORK_CONNECTIVITY",
        "The cluster cannot reach what Azure Machine Learning needs.",
        "Open the addresses of learn.microsoft.com/azure/machine-learning/how-to-access-azureml-behind-firewall "
        '("Kubernetes compute").',
    ),
    "E45004": Code(  # [1]
        "AZUREML_FE_ROLE_CONFLICT",
        "The cluster has a ClusterRole azureml-fe-role that is not the extension's: AksCompute left it there.",
        "Let the installation take azureml-fe over (aml_enable_upgrade: true). Only where no v1 service runs any more, "
        "remove what is left of it as Azure's page on deleting azureml-fe says.",
    ),
    "E45005": Code(  # [1]
        "AZUREML_FE_DEPLOYMENT_CONFLICT",
        "The cluster has an azureml-fe that is not the extension's and that it may not take over.",
        "Let the installation take it over: it must be of version 2, and aml_enable_upgrade: true annotates it and "
        "says so to the extension. Do not delete it while v1 services run.",
    ),
    "E45006": Code(  # [3]
        "not documented",
        "The instance types of the cluster could not be checked or changed.",
        "Look at `kubectl get instancetypes` and at the definition of InstanceType, which an older extension may have "
        "left.",
    ),
    "E49999": Code("CHECKER_PANIC", "The check itself failed.", _LOGS),  # [2]
}
_FAILED = re.compile(
    r"Status: Failed Name: (?P<check>\S+)(?: ErrorCode: (?P<code>E\d+))?(?: ErrorMessage: (?P<message>.*))?"
)


@dataclass(frozen=True)
class HealthFinding:
    """One check that failed, as the report has it."""

    check: str
    code: str
    message: str

    def sentences(self) -> str:
        """Return code, meaning and remedy as sentences; of an unknown code what the check itself says."""
        known = CODES.get(self.code)
        said = self.message.rstrip(".") or "the check says no more"
        if known is None:
            return f"Health check {self.check} failed ({self.code or 'no code'}): {said}. {_LOGS}"
        return (
            f"Health check {self.check} failed with {self.code} ({known.name}: {said}). {known.meaning} {known.remedy}"
        )


def failed_checks(report: str | None) -> list[HealthFinding]:
    """Return the checks that failed, each once, in the order of the report; it may hold several runs of the check."""
    found: dict[tuple[str, str], HealthFinding] = {}
    for match in _FAILED.finditer(report or ""):
        finding = HealthFinding(match["check"], match["code"] or "", (match["message"] or "").strip())
        found.setdefault((finding.check, finding.code), finding)
    return list(found.values())


def explained(report: str | None) -> list[str]:
    """Return what a report says went wrong, with meaning and remedy, one text for each check that failed."""
    return [each.sentences() for each in failed_checks(report)]
