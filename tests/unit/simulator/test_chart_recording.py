# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated chart renders, beside the listing of a real installation that a user has published."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.chart import Release, components, manifests

FOLDER = os.environ.get("AZUREML_FLEET_RECORDINGS", "")
pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not Path(FOLDER).is_dir() or not FOLDER, reason="AZUREML_FLEET_RECORDINGS names no folder of recordings"
    ),
]
#: `az k8s-extension create --name mllab` with these, on AKS with two nodes.
RELEASE = Release(
    "mllab",
    "azureml",
    {
        "enableTraining": "True",
        "enableInference": "True",
        "inferenceRouterServiceType": "LoadBalancer",
        "allowInsecureConnections": "True",
        "inferenceRouterHA": "false",
        "nginxIngress.enabled": "true",
        "relayserver.enabled": "false",
    },
    managed_cluster=True,
)
#: Not objects of the chart: the Prometheus operator makes them.
OF_THE_OPERATOR = {("service", "kubelet"), ("service", "prometheus-operated")}
GIVEN_BY_CONTROLLERS = {
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
}

Named = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def recorded() -> Named:
    content = json.loads((Path(FOLDER) / "kubectl_azureml_namespace_labels.json").read_text(encoding="utf-8"))
    return {(item["kind"].partition(".")[0], item["name"]): item for item in content["items"]}


@pytest.fixture(scope="module")
def rendered() -> Named:
    documents = [manifests.workload_manifest(RELEASE, component) for component in components.workloads(RELEASE)]
    documents += [manifests.service_manifest(RELEASE, service) for service in components.services(RELEASE)]
    return {(document["kind"].lower(), document["metadata"]["name"]): document for document in documents}


def test_the_same_workloads_and_services_are_there(recorded: Named, rendered: Named) -> None:
    kinds = {"deployment", "statefulset", "daemonset", "service"}
    found = {key for key in recorded if key[0] in kinds}
    assert set(rendered) == found - OF_THE_OPERATOR


def test_they_have_the_same_labels(recorded: Named, rendered: Named) -> None:
    for key in rendered:
        assert rendered[key]["metadata"]["labels"] == recorded[key]["labels"], key


def test_services_have_the_same_type_and_ports(recorded: Named, rendered: Named) -> None:
    for key, document in rendered.items():
        if key[0] == "service":
            ports = [int(text.partition("/")[0].partition(":")[0]) for text in recorded[key]["ports"].split(",")]
            assert [port["port"] for port in document["spec"]["ports"]] == ports, key
            assert document["spec"]["type"] == recorded[key]["type"], key


def test_pods_have_the_same_labels_and_number_of_containers(recorded: Named, rendered: Named) -> None:
    pods = {name: item for (kind, name), item in recorded.items() if kind == "pod"}
    for key, document in rendered.items():
        if key[0] == "service":
            continue
        pod = next(item for name, item in pods.items() if name.startswith(f"{key[1]}-"))
        labels = {name: value for name, value in pod["labels"].items() if name not in GIVEN_BY_CONTROLLERS}
        template = document["spec"]["template"]
        assert template["metadata"]["labels"] == labels, key
        assert pod["ready"].partition("/")[2] == str(len(template["spec"]["containers"])), key
