# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cores of the Kubernetes modules ask of a cluster: how much, and what not."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core import (
    _access,
    aml_instance_type,
    aml_namespace,
    aml_node_labels,
    azureml_fe_annotation,
    azureml_fe_check,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import client
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.azure_kubeconfig import AKS_SERVER_APPLICATION
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.plugin_utils._run_memory import create
from tests.unit.plugins.module_utils._kubernetes.scripted_api import Answer, Asked, ScriptedApi, status

ARC = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters/arc"
AKS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
AMOUNTS = {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": 2, "memory": "2Gi"}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ScriptedApi]:
    server = ScriptedApi(tmp_path)
    yield server
    server.close()


def run(module: Any, api: ScriptedApi, *, check_mode: bool = False, **options: Any) -> Outcome:
    arguments = {"kubeconfig": api.kubeconfig, **options}
    validation = ArgumentSpecValidator(**module.SPEC.validator_arguments()).validate(arguments)
    assert not validation.error_messages
    outcome: Outcome = module.run(Call(params=validation.validated_parameters, check_mode=check_mode))
    return outcome


def deployment(version: str | None = "v2", **annotations: str) -> dict[str, Any]:
    labels = {"azuremlappversion": version} if version else {}
    return {
        "metadata": {
            "name": "azureml-fe",
            "namespace": "default",
            "uid": "u-1",
            "resourceVersion": "7",
            "annotations": annotations,
        },
        "spec": {"replicas": 1, "template": {"metadata": {"labels": labels}}},
        "status": {"readyReplicas": 1},
    }


def instance_type(name: str, *, managed: bool = True) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "azureml.fleet"} if managed else {}
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
    return {
        "apiVersion": "amlarc.azureml.com/v1alpha1",
        "kind": "InstanceType",
        "metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": "7", "labels": labels},
        "spec": {"resources": resources},
    }


def test_annotation_that_is_there_costs_one_request(api: ScriptedApi) -> None:
    api.script = lambda _: Answer(body=deployment(**{"azureml-fe-enable-upgrade": "true"}))
    assert not run(azureml_fe_annotation, api).changed
    assert api.verbs == ["GET /apis/apps/v1/namespaces/default/deployments/azureml-fe"]


def test_front_end_check_costs_three_requests(api: ScriptedApi) -> None:
    api.answers = [Answer(body=deployment()), Answer(body={"items": []}), Answer(body={"spec": {}})]
    assert run(azureml_fe_check, api).result["front_end"]["verdict"] == "v2_not_ready"
    assert len(api.asked) == 3
    assert api.asked[1].query["labelSelector"] == "azuremlappname=azureml-fe"


def test_annotation_writes_nothing_but_itself(api: ScriptedApi) -> None:
    api.script = lambda asked: Answer(body={"items": []}) if asked.path.endswith("pods") else Answer(body=deployment())
    assert run(azureml_fe_annotation, api).changed
    written = [asked for asked in api.asked if asked.method != "GET"]
    assert len(written) == 1
    assert written[0].body == {
        "metadata": {"uid": "u-1", "resourceVersion": "7", "annotations": {"azureml-fe-enable-upgrade": "true"}}
    }


def test_old_front_end_is_refused_with_its_facts(api: ScriptedApi) -> None:
    api.script = lambda asked: (
        Answer(body={"items": []}) if asked.path.endswith("pods") else Answer(body=deployment(None))
    )
    with pytest.raises(ModuleFailure, match="was not annotated, because it is not v2") as caught:
        run(azureml_fe_annotation, api)
    assert caught.value.details["front_end"]["verdict"] == "v1"
    assert all(asked.method == "GET" for asked in api.asked)


def test_instance_types_that_are_as_wanted_cost_one_request(api: ScriptedApi) -> None:
    api.script = lambda _: Answer(body={"items": [instance_type("a"), instance_type("b", managed=False)]})
    wanted = [{"name": name, **AMOUNTS} for name in ("a", "b")]
    assert not run(aml_instance_type, api, instance_types=wanted, prune=True).changed
    assert api.verbs == ["GET /apis/amlarc.azureml.com/v1alpha1/instancetypes"]


def test_nothing_is_asked_when_a_type_is_not_valid(api: ScriptedApi) -> None:
    with pytest.raises(ModuleFailure, match="Nothing was changed, because an instance type is not valid"):
        run(aml_instance_type, api, name="a", requests={"cpu": 3, "memory": "1Gi"}, limits=AMOUNTS["limits"])
    assert api.asked == []


def test_everything_is_planned_before_the_first_write(api: ScriptedApi) -> None:
    theirs = instance_type("b")
    theirs["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "fieldsV1": {"f:spec": {"f:resources": {"f:limits": {"f:cpu": {}}}}},
        }
    ]
    api.script = lambda _: Answer(body={"items": [theirs]})
    wanted = [{"name": "a", **AMOUNTS}, {"name": "b", **AMOUNTS, "limits": {"cpu": 8, "memory": "2Gi"}}]
    with pytest.raises(ModuleFailure, match="somebody else decides about a field"):
        run(aml_instance_type, api, instance_types=wanted)
    assert all(asked.method == "GET" for asked in api.asked)


def test_check_mode_asks_and_writes_nothing(api: ScriptedApi) -> None:
    api.script = lambda _: Answer(body={"items": [instance_type("old")]})
    outcome = run(aml_instance_type, api, check_mode=True, prune=True, instance_types=[{"name": "a", **AMOUNTS}])
    assert outcome.changed
    assert outcome.result["created"] == ["a"]
    assert outcome.result["removed"] == ["old"]
    assert all(asked.method == "GET" for asked in api.asked)


def test_replacement_keeps_metadata_and_names_the_version(api: ScriptedApi) -> None:
    found = instance_type("a", managed=False)
    found["metadata"]["annotations"] = {"theirs": "kept"}
    api.script = lambda asked: Answer(body={"items": [copy.deepcopy(found)]} if asked.method == "GET" else found)
    limits = {"cpu": 4, "memory": "2Gi"}
    run(aml_instance_type, api, name="a", mode="replace", requests=AMOUNTS["requests"], limits=limits)
    written = api.asked[-1]
    assert written.method == "PUT"
    assert written.body["metadata"]["annotations"] == {"theirs": "kept"}
    assert written.body["metadata"]["resourceVersion"] == "7"
    assert written.body["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "azureml.fleet"}


def test_namespace_that_is_there_costs_one_request(api: ScriptedApi) -> None:
    api.script = lambda _: Answer(body={"metadata": {"name": "team"}, "status": {"phase": "Active"}})
    assert not run(aml_namespace, api, name="team").changed
    assert api.verbs == ["GET /api/v1/namespaces/team"]


def test_nodes_that_are_labelled_cost_one_request(api: ScriptedApi) -> None:
    node = {"metadata": {"name": "n", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"}}}
    api.script = lambda _: Answer(body={"items": [node]})
    assert not run(aml_node_labels, api, nodes={"n": {"a": "b"}}).changed
    assert api.verbs == ["GET /api/v1/nodes"]


def test_only_nodes_that_differ_are_written(api: ScriptedApi) -> None:
    def node(name: str, **labels: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "uid": "u", "resourceVersion": "7", "labels": labels}}

    def script(asked: Asked) -> Answer:
        return Answer(body={"items": [node("x", a="1"), node("y", a="2")]} if asked.method == "GET" else {})

    api.script = script
    assert run(aml_node_labels, api, labels={"a": 1}).result["labelled"] == ["y"]
    assert api.verbs == ["GET /api/v1/nodes", "PATCH /api/v1/nodes/y"]


def test_node_label_sets_must_be_sets(api: ScriptedApi) -> None:
    with pytest.raises(ModuleFailure, match="for each node, its labels"):
        run(aml_node_labels, api, nodes={"n": "nvidia"})
    assert api.asked == []


def test_missing_library_is_said_in_ansibles_words(api: ScriptedApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MISSING_LIBRARY", "kubernetes")
    with pytest.raises(ModuleFailure, match=r"Failed to import the required Python library \(kubernetes\)"):
        run(azureml_fe_check, api)


def test_arc_cluster_needs_a_kubeconfig() -> None:
    params = dict.fromkeys(azureml_fe_check.SPEC.argument_spec) | {"cluster_id": ARC}
    with pytest.raises(ModuleFailure, match="hands out no kubeconfig"):
        azureml_fe_check.run(Call(params=params))


SERVER_APPLICATION = AKS_SERVER_APPLICATION
TENANT = "22222222-2222-2222-2222-222222222222"


class Azure:
    """The parts of the Azure layer that a cluster's credentials come from."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.forgotten = 0
        self.asked_for: tuple[str, str | None] | None = None
        self.credential = self

    def fetch_kubeconfig(self, _connection: object, _cluster_id: str, _can_use: object) -> dict[str, Any]:
        return self.config

    def api_server_names(self, _connection: object, _cluster_id: str) -> frozenset[str]:
        return frozenset({"127.0.0.1", "localhost"})

    def forget_names(self, _connection: object, _cluster_id: str) -> None:
        self.forgotten += 1

    def cluster_token(self, _connection: object, server_id: str, tenant_id: str | None) -> str:
        self.asked_for = (server_id, tenant_id)
        return "entra-token"

    def forget(self) -> None:
        self.forgotten += 1

    def forget_kubeconfig(self, _connection: object, _cluster_id: str) -> None:
        self.forgotten += 1


@pytest.mark.parametrize("kubelogin", [False, True])
def test_kubeconfig_of_aks_is_used_without_kubelogin(
    kubelogin: bool, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = api.kubeconfig
    authority = base64.b64encode(api.ca_pem.encode()).decode()
    config["clusters"][0]["cluster"] = {"server": api.url, "certificate-authority-data": authority}
    if kubelogin:
        arguments = ["get-token", "--server-id", SERVER_APPLICATION, "--tenant-id", TENANT]
        config["users"][0]["user"] = {"exec": {"command": "kubelogin", "apiVersion": "v1beta1", "args": arguments}}
    azure = Azure(config)
    monkeypatch.setattr(_access, "credentials", azure)
    monkeypatch.setattr(_access, "clusters", azure)
    monkeypatch.setattr(AzureConnection, "from_params", lambda *_: azure)
    api.answers = [status(401, "Unauthorized"), status(404, "none", "NotFound"), status(404, "none", "NotFound")]
    outcome = run(azureml_fe_check, api, kubeconfig=None, cluster_id=AKS)
    assert outcome.result["front_end"]["verdict"] == "absent"
    wanted = "Bearer entra-token" if kubelogin else "Bearer token-1"
    assert {asked.headers["Authorization"] for asked in api.asked} == {wanted}
    assert azure.forgotten == 3, "kubeconfig, names and tokens"
    assert azure.asked_for == ((SERVER_APPLICATION, TENANT) if kubelogin else None)


@pytest.mark.parametrize("given", [{"tokenFile": "/etc/passwd"}, {"exec": {"command": "sh", "args": ["-c", "id"]}}])
def test_kubeconfig_of_aks_that_names_files_or_programs_is_not_obeyed(
    given: dict[str, Any], api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = Azure({**api.kubeconfig, "users": [{"name": "u", "user": given}]})
    monkeypatch.setattr(_access, "credentials", azure)
    monkeypatch.setattr(_access, "clusters", azure)
    monkeypatch.setattr(AzureConnection, "from_params", lambda *_: azure)
    with pytest.raises(ModuleFailure, match="The kubeconfig that Azure returned for cluster aks is not used"):
        run(azureml_fe_check, api, kubeconfig=None, cluster_id=AKS)
    assert api.asked == []


def test_certificates_that_are_not_checked_warn_once_a_host(api: ScriptedApi) -> None:
    said: list[str] = []
    memory = create()
    api.script = lambda _unused: status(404, "none", "NotFound")
    config = {**api.kubeconfig, "clusters": [{"name": "k", "cluster": {"server": api.url}}]}
    for cluster in (AKS, AKS, ARC):
        params = dict.fromkeys(azureml_fe_check.SPEC.argument_spec) | {
            "kubeconfig": config,
            "cluster_id": cluster,
            "validate_certs": False,
        }
        azureml_fe_check.run(Call(params=params, memory=memory, warn=said.append))
    assert [each.partition(":")[0] for each in said] == ["aks", "arc"]
    assert "is not checked (validate_certs is false" in said[0]
