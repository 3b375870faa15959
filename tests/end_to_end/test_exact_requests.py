# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade writes on clusters that have an extension already: each request, and what preflight said before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import trustme
import yaml

from tests.integration.harness import SCENARIOS, Ansible, AnsibleRun, Simulator, is_writing

pytestmark = pytest.mark.slow

CNAME = "ml.example.com"
SERVING = {"aml_enable_inference": True, "aml_inference_router_service_type": "LoadBalancer"}
PLAIN = {**SERVING, "aml_allow_insecure_connections": True}
#: What each host asks for. No certificate for the one that the Azure CLI installed with PEM files: its own stays.
HOSTS: dict[str, dict[str, Any]] = {
    "failed": {**PLAIN, "aml_retry_failed_extension": True},
    "insecure": {**SERVING, "aml_ssl_cname": CNAME, "aml_allow_disruption": True},
    "installed-with-pem-files": {**SERVING, "aml_install_prom_op": False, "aml_allow_disruption": True},
    "without-high-availability": PLAIN,
}
#: What travels with an extension that is sent again as a whole: all settings that it has.
EVERY_SETTING = {
    "allowInsecureConnections",
    "clusterId",
    "cluster_name",
    "cluster_name_friendly",
    "domain",
    "enableInference",
    "enableTraining",
    "inferenceRouterServiceType",
    "jobSchedulerLocation",
    "location",
    "nginxIngress.enabled",
    "prometheus.prometheusSpec.externalLabels.cluster_name",
    "relayserver.enabled",
    "servicebus.enabled",
}


def extension(cluster: str) -> str:
    return (
        f"/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/{cluster}"
        "/providers/Microsoft.KubernetesConfiguration/extensions/azureml"
    )


def settings(*names: str) -> set[str]:
    return {f"properties.configurationSettings/{name}" for name in names}


def protected(*names: str) -> set[str]:
    return {f"properties.configurationProtectedSettings/{name}" for name in names}


#: The writes on each extension: method and keys of the body.
EXTENSION: dict[str, list[tuple[str, set[str]]]] = {
    # Sent again as a whole, with what it has.
    "failed": [
        (
            "PUT",
            {
                "properties.autoUpgradeMinorVersion",
                "properties.configurationProtectedSettings",
                "properties.extensionType",
                "properties.releaseTrain",
                "properties.scope.cluster.releaseNamespace",
                *settings(*EVERY_SETTING),
            },
        )
    ],
    # TLS ends plain HTTP; the certificate and its key come with it.
    "insecure": [
        (
            "PATCH",
            {*settings("allowInsecureConnections", "sslCname"), *protected("scoringFe.sslCert", "scoringFe.sslKey")},
        )
    ],
    # No protected map, not even an empty one, which could delete certificate and key.
    "installed-with-pem-files": [("PATCH", settings("installPromOp"))],
    # Five nodes now, but nobody asked for three replicas, nor for production.
    "without-high-availability": [],
}
NAMESPACE = ("POST", {"apiVersion", "kind", "metadata.labels.app.kubernetes.io/managed-by", "metadata.name"})
COMPUTE = (
    "PUT",
    {
        "location",
        "properties.computeLocation",
        "properties.computeType",
        "properties.properties.namespace",
        "properties.resourceId",
    },
)
_MAPS = ("configurationSettings", "configurationProtectedSettings")


def keys(body: Any, before: str = "") -> Iterator[str]:
    """The keys of a body, to the leaves; those of the two maps of settings after a slash, for they have dots."""
    if not isinstance(body, dict) or not body:
        yield before
        return
    mark = "/" if before.rpartition(".")[2] in _MAPS else "." if before else ""
    for key, value in body.items():
        yield from keys(value, f"{before}{mark}{key}")


@dataclass(frozen=True)
class Runs:
    """The upgrade and what it wrote, the plan of each host, and what the second run wrote."""

    first: AnsibleRun
    written: list[dict[str, Any]]
    plans: dict[str, list[dict[str, Any]]]
    again: AnsibleRun
    written_again: list[dict[str, Any]]

    def on(self, host: str) -> list[tuple[str, str, set[str]]]:
        """Method, path and keys of the writes for one host, in their order."""
        name = f"/computes/k8s-{sorted(HOSTS).index(host)}"
        return [
            (each["method"], each["path"], set(keys(each["body"])))
            for each in self.written
            if each["cluster"] == host or each["path"].endswith(name)
        ]


@pytest.fixture(scope="module")
def runs(module_ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    pair = trustme.CA().issue_cert(CNAME, common_name=CNAME)
    content = yaml.safe_load((SCENARIOS / "existing-extensions.yml").read_text(encoding="utf-8"))
    clusters = [each for each in content["clusters"] if each["name"] in HOSTS]
    with Simulator({**content, "time_scale": 150, "clusters": clusters}) as simulator:
        hosts = {
            name: {
                "aml_cluster_id": simulator.clusters[name]["id"],
                "aml_compute_name": f"k8s-{number}",
                **HOSTS[name],
            }
            for number, name in enumerate(sorted(HOSTS))
        }
        hosts["insecure"] |= {
            "aml_ssl_certificate": pair.cert_chain_pems[0].bytes().decode(),
            "aml_ssl_key": pair.private_key_pem.bytes().decode(),
        }
        shared = {
            "aml_workspace": "ml-west",
            "aml_workspace_resource_group": "rg-ml",
            "aml_poll_interval": 0.3,
            "aml_report_directory": str(tmp_path_factory.mktemp("reports")),
        }
        found = {"all": {"hosts": hosts, "vars": shared}}

        def upgrade() -> tuple[AnsibleRun, list[dict[str, Any]]]:
            began = simulator.position()
            run = module_ansible("azureml.fleet.upgrade", inventory=found, environment=simulator.environment)
            return run, [each for each in simulator.request_log(since=began) if is_writing(each)]

        first, written = upgrade()
        plans = {
            each.host: each.result["plan"]["changes"]
            for each in first.tasks
            if each.task.endswith("Judge the cluster and plan its changes")
        }
        again, written_again = upgrade()
        yield Runs(first, written, plans, again, written_again)


@pytest.mark.parametrize("host", HOSTS)
def test_exactly_these_requests_write(runs: Runs, host: str) -> None:
    subscription = runs.written[0]["path"].partition("/resourceGroups/")[0]
    number = sorted(HOSTS).index(host)
    workspace = "/resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/ml-west"
    wanted = [(method, f"{subscription}{extension(host)}", body) for method, body in EXTENSION[host]]
    wanted.append((NAMESPACE[0], f"/kubernetes/rg.{host}/api/v1/namespaces", NAMESPACE[1]))
    wanted.append((COMPUTE[0], f"{subscription}{workspace}/computes/k8s-{number}", COMPUTE[1]))
    assert runs.on(host) == wanted, runs.first.describe()
    assert {each["status"] for each in runs.written} <= {200, 201, 202}


@pytest.mark.parametrize("host", HOSTS)
def test_preflight_planned_what_was_sent(runs: Runs, host: str) -> None:
    planned = {"PATCH": "update", "PUT": "repair"}
    changes = runs.plans[host]
    assert [each["action"] for each in changes if each["kind"] == "extension"] == [
        planned[method] for method, _unused in EXTENSION[host]
    ]
    for change in changes:
        if change["action"] == "update":
            (_unused, body), *_none = EXTENSION[host]
            before, after = change["before"], change["after"]
            named = {name for name, value in after["settings"].items() if before["settings"].get(name) != value}
            assert settings(*named) | protected(*after.get("protected_settings", ())) == body
    assert [each["kind"] for each in changes if each["action"] == "create"] == ["namespace", "compute"]
    assert len(changes) == len(runs.on(host))


def test_the_second_run_writes_nothing(runs: Runs) -> None:
    runs.first.check()
    runs.again.check()
    assert runs.written_again == []
