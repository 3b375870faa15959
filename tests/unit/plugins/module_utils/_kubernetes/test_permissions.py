# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ClusterKind
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import facts, permissions
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from tests.unit.plugins.module_utils._kubernetes.scripted_api import Answer, Asked, ScriptedApi, status

ROLE_FILE = Path(__file__).resolve().parents[5] / "docs" / "permissions" / "cluster-role.yml"
Rule: TypeAlias = "tuple[str, str, str, str | None]"


def granted() -> dict[str, set[Rule]]:
    """What the roles of the shipped file grant, by name: verb, group, resource and name."""
    found: dict[str, set[Rule]] = {}
    for role in yaml.safe_load(ROLE_FILE.read_text())["items"]:
        rules = found.setdefault(role["metadata"]["name"], set())
        for rule in role["rules"]:
            names = rule.get("resourceNames") or [None]
            rules.update(itertools.product(rule["verbs"], rule["apiGroups"], rule["resources"], names))
    return found


def needed(kind: ClusterKind) -> set[Rule]:
    needs = permissions.needs_of(kind)
    return {(need.verb, need.resource.group, need.resource.plural, need.name) for need in needs}


def test_shipped_roles_grant_exactly_what_the_collection_does() -> None:
    assert granted() == {"azureml-fleet": needed("aks"), "azureml-fleet-arc": needed("arc") - needed("aks")}


def test_every_need_says_what_for_and_only_once() -> None:
    assert len(set(permissions.NEEDS)) == len(permissions.NEEDS)
    assert all(need.purpose for need in permissions.NEEDS)


def test_nodes_are_labelled_on_arc_only() -> None:
    assert permissions.PATCH_NODE not in permissions.needs_of("aks")
    assert permissions.PATCH_NODE in permissions.needs_of("arc")
    assert set(permissions.needs_of(None)) == set(permissions.NEEDS)


class Cluster:
    """Answers the reads of a cluster, allowing all but some."""

    def __init__(self, *forbidden: str, extension: bool = True) -> None:
        self.forbidden = forbidden
        self.extension = extension
        self.reviews: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path.endswith("/selfsubjectaccessreviews"):
            attributes = asked.body["spec"]["resourceAttributes"]
            self.reviews.append(attributes)
            allowed = f"{attributes['verb']} {attributes['resource']}" not in self.forbidden
            return Answer(201, {"status": {"allowed": allowed}})
        resource = asked.path.rsplit("/", 1)[-1]
        if f"list {resource}" in self.forbidden:
            return status(403, f'{resource} is forbidden: User "u" cannot list resource "{resource}"', "Forbidden")
        if asked.path == "/version":
            return Answer(body={"gitVersion": "v1.35.4"})
        if resource == "namespaces":
            names = ["default", "azureml-ml-west"] + (["azureml"] if self.extension else [])
            return Answer(body={"items": [{"metadata": {"name": name}} for name in names]})
        absent = ("azureml-fe", "arcml-healthcheck", "azure-clusterconfig", "nvidia-device-plugin-daemonset")
        if resource in absent:
            return status(404, "not found", "NotFound")
        return Answer(body={"items": []})


def test_reads_prove_their_permissions_and_only_the_rest_is_asked(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = script = Cluster()
    found = facts.read(cluster, "aks", ["azureml-ml-west", "azureml-gone"])
    assert all(each["allowed"] for each in found["permissions"])
    assert len(found["permissions"]) == len(permissions.needs_of("aks"))
    asked = {f"{review['verb']} {review['resource']}" for review in script.reviews}
    assert "list nodes" not in asked
    assert "patch deployments" in asked
    assert len(api.asked) - len(script.reviews) == 15
    assert not any("azureml-gone" in verb for verb in api.verbs)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (Answer(body={"data": {"key.pem": "c2VjcmV0", "cert.pem": "eA=="}}), ["cert.pem", "key.pem"]),
        (status(404, "not found", "NotFound"), []),
        (status(403, "forbidden", "Forbidden"), None),
    ],
)
def test_only_the_names_of_a_secrets_entries_and_whose_certificate_it_is_are_read(
    api: ScriptedApi, cluster: ClusterConnection, answer: Answer, keys: list[str] | None
) -> None:
    everything_else = Cluster()
    api.script = lambda asked: answer if asked.path.endswith("/secrets/tls") else everything_else(asked)
    found = facts.read(cluster, "aks", [], "tls")
    assert found["tls_secret"] == {"name": "tls", "keys": keys, "fingerprint": None}
    api.script = Cluster(extension=False)
    assert facts.read(cluster, "aks", [], "tls")["tls_secret"] == {"name": "tls", "keys": [], "fingerprint": None}


@pytest.mark.parametrize(
    "data",
    [None, [{}], "x", {}, *({"cert.pem": each} for each in (5, ["x"], {"a": "b"}, "é", "eA", "/w==", "LS0t"))],
)
def test_whatever_stands_in_a_secret_is_a_certificate_or_none(
    api: ScriptedApi, cluster: ClusterConnection, data: Any
) -> None:
    everything_else = Cluster()
    answer = Answer(body={"data": data})
    api.script = lambda asked: answer if asked.path.endswith("/secrets/tls") else everything_else(asked)
    found = facts.read(cluster, "aks", [], "tls")["tls_secret"]
    assert found == {"name": "tls", "keys": list(data) if isinstance(data, dict) else [], "fingerprint": None}


def test_missing_write_permission_is_a_fact(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = Cluster("patch deployments")
    found = facts.read(cluster, "aks", [])
    denied = [each for each in found["permissions"] if not each["allowed"]]
    assert [permissions.in_words(each) for each in denied] == [
        'patch deployments.apps "azureml-fe" in namespace default'
    ]


def test_missing_read_permission_names_everything_that_is_missing(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = Cluster("list nodes", "delete instancetypes")
    with pytest.raises(KubernetesError) as caught:
        facts.read(cluster, "aks", [])
    assert "may not do this on cluster aks-west: list nodes; delete instancetypes.amlarc.azureml.com." in str(
        caught.value
    )


def test_cluster_without_the_extension_costs_fewer_reads(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = script = Cluster(extension=False)
    found = facts.read(cluster, "arc", [])
    assert found["extension_workloads"] == []
    assert found["arc_agents"] is None
    assert len(api.asked) - len(script.reviews) == 9


def test_review_asks_for_exactly_the_need(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = script = Cluster()
    permissions.ask(cluster, permissions.ANNOTATE_FRONT_END)
    assert script.reviews == [
        {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "default", "name": "azureml-fe"}
    ]


def test_everywhere_is_said_in_words() -> None:
    fact = permissions.as_fact(permissions.LIST_V1_SERVICES, allowed=False)
    assert permissions.in_words(fact) == "list deployments.apps in every namespace"
