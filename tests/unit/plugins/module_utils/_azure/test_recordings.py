# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our readers take every recorded body of the real services without loss or error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import cluster_facts, node_pool
from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import compute_facts
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import read_error
from ansible_collections.azureml.fleet.plugins.module_utils._azure.extensions import extension_facts, is_azureml
from ansible_collections.azureml.fleet.plugins.module_utils._azure.hosts import is_resource_manager
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ClusterFacts, NodePool
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    AKS,
    ARC,
    ResourceId,
    parse_resource_id,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.states import is_settled

VARIABLE = "AZUREML_FLEET_RECORDINGS"
FOLDER = Path(os.environ.get(VARIABLE) or "/nowhere")

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the environment variable {VARIABLE} names no folder with recorded answers"
)

Body = dict[str, Any]


def exchanges() -> Iterator[tuple[str, Body]]:
    """Every exchange of every file, with the file's name."""
    for path in sorted(FOLDER.glob("*.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            if isinstance(exchange, dict):
                yield path.name, exchange


def resources(value: Any) -> Iterator[Body]:
    """Every resource in a body: itself, or the items of a list."""
    if isinstance(value, dict):
        if isinstance(value.get("value"), list):
            for item in value["value"]:
                yield from resources(item)
        elif isinstance(value.get("properties"), dict) and value.get("type"):
            yield value


def of_type(word: str) -> Iterator[tuple[str, Body]]:
    for name, exchange in exchanges():
        for body in resources(exchange.get("response_body")):
            if str(body["type"]).lower() == word.lower():
                yield name, body


def identifier(body: Body, known: tuple[str, str]) -> ResourceId:
    parsed = parse_resource_id(
        str(body.get("id") or f"/subscriptions/s/resourceGroups/g/providers/{known[0]}/{known[1]}/n")
    )
    return ResourceId(parsed.subscription_id, parsed.resource_group, *known, parsed.name)


JUDGEMENTS = {
    "identity": lambda c, _p, wanted: c["identity"] == (wanted or "ServicePrincipal"),
    "eligible": lambda c, _p, wanted: (c["identity"] in ("SystemAssigned", "UserAssigned")) is wanted,
    "disableLocalAccounts": lambda c, _p, wanted: c["local_accounts_disabled"] is wanted,
    "authorizedIPRanges": lambda c, _p, wanted: bool(c["authorized_ip_ranges"]) is wanted,
    "private": lambda c, _p, wanted: c["private"] is wanted,
    "disableRunCommand": lambda c, _p, wanted: c["run_command_disabled"] is wanted,
    "aad": lambda c, _p, wanted: c["entra_integrated"] is wanted,
    "azureRBAC": lambda c, _p, wanted: c["azure_rbac"] is wanted,
    "autoscaling": lambda _c, p, wanted: any(pool["autoscaling"] for pool in p) is wanted,
    "podIdentity": lambda c, _p, wanted: c["pod_identity"] is wanted,
    "workloadIdentity": lambda c, _p, wanted: c["workload_identity"] is wanted,
    "windowsPool": lambda _c, p, wanted: any((pool["os_type"] or "").lower() == "windows" for pool in p) is wanted,
    "count": lambda c, p, _w: c["node_count"] is None and any(pool["count"] is None for pool in p),
    "mode": lambda _c, p, wanted: wanted in [pool["mode"] for pool in p],
    "provisioningState": lambda c, _p, wanted: c["provisioning_state"] == wanted,
    "gpu": lambda _c, p, wanted: bool(p[0]["gpu_instance_profile"] or p[0]["gpu_driver"] == "Install") is wanted,
    "gpuDriver": lambda _c, p, wanted: (p[0]["gpu_driver"] != "None") is wanted,
    "spot": lambda _c, p, wanted: any("scalesetpriority=spot" in taint for taint in p[0]["taints"]) is wanted,
    "powerState": lambda _c, p, wanted: p[0]["power_state"] == wanted,
    "nodeLabels": lambda _c, p, wanted: bool(p[0]["labels"]) is wanted,
}


def test_each_kind_of_cluster_and_pool_is_judged_as_expected() -> None:
    kinds = json.loads((FOLDER / "managedclusters_kinds.json").read_text(encoding="utf-8"))
    assert len(kinds) == 28
    for kind in kinds:
        body, what = kind["response_body"], kind["kind_of_cluster"]
        facts: ClusterFacts | None = None
        pools: list[NodePool]
        if "/agentPools/" in kind["url"]:
            pools = [node_pool(body)]
        else:
            facts = cluster_facts(body, identifier(body, AKS), "AzureCloud")
            pools = facts["node_pools"]
        for name, wanted in kind["expect"].items():
            assert JUDGEMENTS[name](facts, pools, wanted), f"{what}: {name} should be {wanted}"


def test_no_managed_cluster_loses_anything() -> None:
    count = 0
    for name, body in of_type("/".join(AKS)):
        facts, properties = cluster_facts(body, identifier(body, AKS), "AzureCloud"), body["properties"]
        count += 1
        assert facts["name"] == body["name"], name
        assert facts["location"] == body["location"].replace(" ", "").lower(), name
        assert facts["provisioning_state"] == properties["provisioningState"], name
        wanted = properties.get("currentKubernetesVersion") or properties.get("kubernetesVersion")
        assert facts["kubernetes_version"] == wanted, name
        profiles = properties.get("agentPoolProfiles") or []
        assert [pool["name"] for pool in facts["node_pools"]] == [each["name"] for each in profiles], name
        for pool, profile in zip(facts["node_pools"], profiles, strict=True):
            assert pool["count"] == profile.get("count"), name
            assert pool["labels"] == (profile.get("nodeLabels") or {}), name
            assert pool["taints"] == (profile.get("nodeTaints") or []), name
            assert pool["vm_size"] == profile.get("vmSize"), name
    assert count > 100


def test_no_connected_cluster_loses_anything() -> None:
    count = 0
    for name, body in of_type("/".join(ARC)):
        facts, properties = cluster_facts(body, identifier(body, ARC), "AzureCloud"), body["properties"]
        count += 1
        assert facts["kind"] == "arc"
        assert facts["provisioning_state"] == properties.get("provisioningState"), name
        assert facts["node_count"] == properties.get("totalNodeCount"), name
        assert facts["distribution"] == properties.get("distribution"), name
        assert facts["connectivity_status"] == properties.get("connectivityStatus"), name
    assert count > 10


def test_no_node_pool_loses_anything() -> None:
    count = 0
    for name, body in of_type("Microsoft.ContainerService/managedClusters/agentPools"):
        pool, properties = node_pool(body), body["properties"]
        count += 1
        assert pool["name"] == body["name"], name
        assert pool["labels"] == (properties.get("nodeLabels") or {}), name
        assert pool["count"] == properties.get("count"), name
        assert pool["provisioning_state"] == properties["provisioningState"], name
    assert count > 50


def test_no_extension_loses_anything() -> None:
    count = 0
    for name, body in of_type("Microsoft.KubernetesConfiguration/extensions"):
        facts, properties = extension_facts(body), body["properties"]
        count += 1
        assert facts["provisioning_state"] == (properties.get("provisioningState") or "Unknown"), name
        assert facts["settings"] == {
            key: "" if value is None else str(value)
            for key, value in (properties.get("configurationSettings") or {}).items()
        }, name
        assert facts["protected_settings"] == sorted(properties.get("configurationProtectedSettings") or {}), name
        wanted = properties.get("currentVersion") or properties.get("version")
        assert facts["version"] == (wanted or None), name
        assert is_settled(facts["provisioning_state"]) == (
            facts["provisioning_state"] in ("Succeeded", "Failed", "Canceled")
        )
    assert count > 50


def test_the_one_real_azureml_extension_is_read() -> None:
    """It was pasted from the output of `az`, which puts the properties on the top level."""
    (pasted,) = json.loads((FOLDER / "extensions_azureml_aks_cli_output.json").read_text(encoding="utf-8"))
    output = pasted["output"]
    body = {"id": output["id"], "name": output["name"], "properties": output}
    facts = extension_facts(body)
    assert is_azureml(body)
    assert facts["version"] == "1.1.61"
    assert facts["pinned_version"] is None
    assert facts["settings"]["InferenceRouterHA"] == "False"
    assert facts["settings"]["inferenceRouterHA"] == "false"
    assert facts["release_namespace"] == "azureml"
    assert facts["error"] is None


def test_no_compute_of_any_type_loses_anything() -> None:
    count, types = 0, set()
    for name, body in of_type("Microsoft.MachineLearningServices/workspaces/computes"):
        facts, properties = compute_facts(body, "/w"), body["properties"]
        count += 1
        types.add(facts["type"])
        assert facts["name"] == body["name"], name
        assert facts["type"] == properties["computeType"], name
        assert facts["resource_id"] == (properties.get("resourceId") or ""), name
        assert len(facts["errors"]) == len(properties.get("provisioningErrors") or []), name
        inner = properties.get("properties") or {}
        assert facts["namespace"] == inner.get("namespace"), name
    assert count > 30
    assert {"AKS", "Kubernetes", "AmlCompute", "ComputeInstance"} <= types


def test_every_recorded_error_is_put_into_words() -> None:
    count = 0
    for name, exchange in exchanges():
        body = exchange.get("response_body")
        if int(exchange.get("status") or 0) >= 400 and isinstance(body, dict):
            code, message = read_error(body)
            assert all((code, message)), f"{name}: {body}"
            count += 1
    assert count > 10


def polled(value: Any) -> Iterator[dict[str, str]]:
    """The addresses that the headers of each answer name, wherever in a recording they are."""
    if isinstance(value, dict):
        headers = {str(name).lower(): text for name, text in value.items() if isinstance(text, str)}
        found = {name: headers[name] for name in ("azure-asyncoperation", "location") if name in headers}
        links = {str(name): text for name, text in found.items() if text.startswith("https://")}
        if links:
            yield links
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from polled(inner)


def test_every_operation_can_be_followed_at_azure_resource_manager() -> None:
    """Where a Location leads elsewhere, an Azure-AsyncOperation stands beside it, which clients follow."""
    cloud = "https://management.azure.com"
    answers = [links for _name, exchange in exchanges() for links in polled(exchange)]
    assert len(answers) > 100
    for links in answers:
        followed = links.get("azure-asyncoperation") or links["location"]
        assert is_resource_manager(cloud, followed), followed
    foreign = {links["location"] for links in answers if "location" in links} - {
        each for links in answers for each in links.values() if is_resource_manager(cloud, each)
    }
    assert {each.partition("/subscriptions")[0].partition(".")[2] for each in foreign} == {
        "rp.kubernetesconfiguration.azure.com"
    }
