# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure layer over real sockets and TLS: what the unmodified SDKs send, and how ugly answers are met."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.azureml.fleet.plugins.module_utils._azure.clusters import read_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._azure.computes import list_computes
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.credentials import cluster_token, fetch_kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.providers import read_provider
from ansible_collections.azureml.fleet.plugins.module_utils._core import (
    aks_node_pool_labels,
    aml_cluster_info,
    aml_compute_attach,
    aml_extension,
    aml_extension_info,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import azure_kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure
from ansible_collections.azureml.fleet.plugins.plugin_utils._run_memory import create
from tests.integration.harness import Simulator

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
SCENARIO = {
    "time_scale": 2000,
    "workspaces": [{"name": "ml", "resource_group": "rg"}],
    "clusters": [
        {
            "name": "aks",
            "resource_group": "rg",
            "namespaces": ["jobs"],
            "extension": {"state": "Succeeded", "settings": {"enableTraining": "True"}},
            "legacy_computes": [{"workspace": "ml", "name": "legacy", "attached": False}],
        },
        {"name": "aks-entra", "resource_group": "rg", "entra": True, "local_accounts": False},
        {"name": "aks-new", "resource_group": "rg"},
        {"name": "edge", "resource_group": "rg", "kind": "arc"},
    ],
}


@pytest.fixture(scope="module")
def started(simulator: Callable[..., Simulator]) -> Simulator:
    return simulator(SCENARIO)


@pytest.fixture
def fleet(started: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator in its first state, to which the environment points."""
    for name, value in {**started.environment, "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    yield started
    started.reset()


def params(core: Any, **options: Any) -> dict[str, Any]:
    polls = {"poll_interval": 0.1} if "poll_interval" in core.SPEC.argument_spec else {}
    validated = ArgumentSpecValidator(**core.SPEC.validator_arguments()).validate({**polls, **options})
    assert validated.error_messages == []
    checked: dict[str, Any] = validated.validated_parameters
    return checked


def connect(fleet: Simulator, cluster: str = "aks", memory: Any = None, **options: Any) -> AzureConnection:
    chosen = params(aml_extension, cluster_id=fleet.clusters[cluster]["id"], **options)
    return AzureConnection.from_params(chosen, memory or create(), lambda _secret: None)


def run(core: Any, **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = core.run(Call(params=params(core, **options), memory=create())).to_result(diff_mode=True)
    return result


def sent(fleet: Simulator, method: str) -> list[dict[str, Any]]:
    return [each for each in fleet.request_log(service="arm") if each["method"] == method]


def tokens(fleet: Simulator) -> int:
    return sum(each["path"].endswith("/token") for each in fleet.request_log(service="identity"))


def test_a_run_asks_once_for_token_cloud_and_kubeconfig(fleet: Simulator) -> None:
    memory = create()
    cluster = fleet.clusters["aks"]["id"]
    for _unused in range(3):
        connection = connect(fleet, memory=memory)
        read_cluster(connection, cluster)
        fetch_kubeconfig(connection, cluster)
    assert tokens(fleet) == 1
    paths = [each["path"] for each in fleet.request_log()]
    assert sum("/metadata/endpoints" in path for path in paths) == 1
    assert sum("listClusterUserCredential" in path for path in paths) == 1


def test_a_refused_token_is_renewed_once_and_for_the_whole_run(fleet: Simulator) -> None:
    memory = create()
    cluster = fleet.clusters["aks"]["id"]
    read_cluster(connect(fleet, memory=memory), cluster)
    refusal = {
        "status": 401,
        "headers": {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired"'},
        "body": {"error": {"code": "ExpiredAuthenticationToken", "message": "The access token expiry is in the past."}},
    }
    fleet.fault({"service": "arm", "method": "GET"}, answer=refusal)
    assert read_cluster(connect(fleet, memory=memory), cluster)["name"] == "aks"
    assert tokens(fleet) == 2
    read_cluster(connect(fleet, memory=memory), cluster)
    assert tokens(fleet) == 2
    fleet.fault({"service": "arm", "method": "GET"}, occurrence="every", answer=refusal)
    with pytest.raises(AzureError, match="expiry is in the past") as failure:
        read_cluster(connect(fleet, memory=memory), cluster)
    assert failure.value.status == 401


def test_a_wrong_secret_is_one_sentence_without_the_secret(fleet: Simulator) -> None:
    with pytest.raises(AzureError, match="did not accept the credentials") as failure:
        read_cluster(connect(fleet, secret="a-wrong-secret"), fleet.clusters["aks"]["id"])
    assert "a-wrong-secret" not in failure.value.message


def test_throttling_is_waited_out(fleet: Simulator) -> None:
    fleet.fault({"service": "arm", "method": "GET"}, throttle={"retry_after": 0.1})
    assert read_cluster(connect(fleet), fleet.clusters["aks"]["id"])["name"] == "aks"


def test_a_gateways_page_is_one_sentence(fleet: Simulator) -> None:
    page = {
        "status": 400,
        "headers": {"Content-Type": "text/html"},
        "body": "<html><title>400 Bad Request</title></html>",
    }
    fleet.fault({"service": "arm", "method": "GET"}, answer=page)
    with pytest.raises(AzureError, match="400 Bad Request"):
        read_cluster(connect(fleet), fleet.clusters["aks"]["id"])


def test_an_entra_cluster_gets_a_token_for_its_own_application(fleet: Simulator) -> None:
    connection = connect(fleet, "aks-entra")
    config = fetch_kubeconfig(connection, fleet.clusters["aks-entra"]["id"])
    assert "exec" in config["users"][0]["user"]
    login = azure_kubeconfig.check(config, "aks-entra")
    assert login is not None
    assert cluster_token(connection, login.server_id, login.tenant_id)
    (request,) = [each for each in fleet.request_log(service="identity") if "6dae42f8" in str(each["body"])]
    assert request["body"]["scope"] == "6dae42f8-4368-4678-94ff-3960e28e3630/.default"


def test_what_does_not_exist_is_told_apart(fleet: Simulator) -> None:
    connection = connect(fleet)
    provider = read_provider(connection, "Microsoft.KubernetesConfiguration")
    assert provider.state == "Registered"
    assert "West Europe" in provider.locations["extensions"]
    with pytest.raises(AzureError) as missing:
        read_cluster(connection, fleet.clusters["aks"]["id"] + "-not")
    assert missing.value.missing
    workspace = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg/providers"
    facts = list_computes(connection, f"{workspace}/Microsoft.MachineLearningServices/workspaces/nowhere")
    assert (facts["exists"], facts["computes"]) == (False, [])


def test_a_legacy_compute_that_the_workspace_created_is_told_apart(fleet: Simulator) -> None:
    workspace = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg/providers"
    facts = list_computes(
        connect(fleet),
        f"{workspace}/Microsoft.MachineLearningServices/workspaces/ml",
        fleet.clusters["aks"]["id"].upper(),
    )
    (legacy,) = facts["computes"]
    assert (legacy["type"], legacy["attached"]) == ("AKS", False)


def test_every_request_says_who_sends_it(fleet: Simulator) -> None:
    run(aml_extension, cluster_id=fleet.clusters["aks"]["id"], install_volcano=False)
    for request in fleet.request_log(service="arm"):
        agent = next(value for name, value in request["headers"].items() if name.lower() == "user-agent")
        assert agent.startswith("azureml.fleet/"), request["path"]


def test_a_patch_carries_nothing_but_what_changes(fleet: Simulator) -> None:
    """The SDK's model has defaults that un-pin a version and switch the train; an empty map deletes secrets."""
    run(
        aml_extension,
        cluster_id=fleet.clusters["aks"]["id"],
        settings={"nginxIngress.enabled": "true"},
        install_volcano=False,
    )
    (patch,) = sent(fleet, "PATCH")
    assert set(patch["body"]["properties"]) == {"configurationSettings"}
    assert patch["body"]["properties"]["configurationSettings"]["installVolcano"] == "False"


def test_an_installation_takes_two_requests_when_the_cluster_is_known(fleet: Simulator) -> None:
    cluster = fleet.clusters["aks-new"]["id"]
    facts = dict(read_cluster(connect(fleet, "aks-new"), cluster))
    position = fleet.position()
    run(aml_extension, cluster_id=cluster, enable_training=True, cluster=facts, wait=False)
    requests = [each for each in fleet.request_log(since=position, service="arm") if "metadata" not in each["path"]]
    assert [each["method"] for each in requests] == ["GET", "PUT"]
    body = requests[1]["body"]["properties"]
    assert body["scope"] == {"cluster": {"releaseNamespace": "azureml"}}
    assert body["releaseTrain"] == "stable"
    assert all(isinstance(value, str) for value in body["configurationSettings"].values())


def test_a_pinned_version_is_sent_without_a_train(fleet: Simulator) -> None:
    run(aml_extension, cluster_id=fleet.clusters["aks-new"]["id"], enable_training=True, version="1.1.80", wait=False)
    (put,) = sent(fleet, "PUT")
    properties = put["body"]["properties"]
    assert (properties["version"], properties["autoUpgradeMinorVersion"]) == ("1.1.80", False)
    assert "releaseTrain" not in properties


@pytest.mark.parametrize("status", [200, 201])
def test_a_failure_that_arrives_as_a_success_is_a_failure(fleet: Simulator, status: int) -> None:
    cluster = fleet.clusters["aks-new"]["id"]
    body = {
        "id": f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions/azureml",
        "name": "azureml",
        "properties": {"extensionType": "microsoft.azureml.kubernetes", "provisioningState": "Failed", "statuses": []},
    }
    fleet.fault({"service": "arm", "method": "PUT"}, answer={"status": status, "body": body})
    with pytest.raises(ModuleFailure, match="is Failed"):
        run(aml_extension, cluster_id=cluster, enable_training=True)


def inference(fleet: Simulator, folder: Path, *, key_of: str = "models.example.com") -> dict[str, Any]:
    """Options for inference with TLS, the files being written to `folder`."""
    authority = trustme.CA()
    server = authority.issue_cert("models.example.com")
    other = server if key_of == "models.example.com" else authority.issue_cert(key_of)
    for pem in server.cert_chain_pems:
        pem.write_to_path(folder / "tls.crt", append=True)
    other.private_key_pem.write_to_path(folder / "tls.key")
    return {
        "cluster_id": fleet.clusters["aks-new"]["id"],
        "enable_inference": True,
        "inference_router_service_type": "LoadBalancer",
        "ssl_cname": "models.example.com",
        "ssl_certificate_file": str(folder / "tls.crt"),
        "ssl_key_file": str(folder / "tls.key"),
    }


def test_certificate_and_key_are_sent_as_texts_and_shown_nowhere(fleet: Simulator, tmp_path: Path) -> None:
    options = inference(fleet, tmp_path)
    result = run(aml_extension, **options)
    assert result["extension"]["provisioning_state"] == "Succeeded"
    assert result["extension"]["protected_settings"] == ["scoringFe.sslCert", "scoringFe.sslKey"]
    (put,) = sent(fleet, "PUT")
    properties = put["body"]["properties"]
    assert properties["configurationProtectedSettings"].keys() == {"scoringFe.sslCert", "scoringFe.sslKey"}
    assert str(tmp_path) not in str(properties), "paths mean nothing on the cluster"
    secret = base64.b64encode((tmp_path / "tls.key").read_bytes()).decode()
    assert secret not in str(result)
    assert not run(aml_extension, **options)["changed"]


def test_a_key_of_another_certificate_is_refused_before_the_first_write(fleet: Simulator, tmp_path: Path) -> None:
    with pytest.raises(ModuleFailure, match=r"does not belong to the TLS certificate\. Nothing was changed"):
        run(aml_extension, **inference(fleet, tmp_path, key_of="other.example.com"))
    assert fleet.writes() == []


def test_an_operation_that_succeeds_and_leaves_a_failed_resource_is_a_failure(fleet: Simulator) -> None:
    cluster = fleet.clusters["aks-new"]["id"]
    body = {
        "name": "azureml",
        "properties": {
            "extensionType": "microsoft.azureml.kubernetes",
            "provisioningState": "Failed",
            "statuses": [{"code": "InstallationFailed", "level": None, "message": "pod healthcheck failed"}],
        },
    }
    fleet.fault(
        {"service": "arm", "method": "GET", "path_regex": "extensions/azureml$"}, answer={"status": 200, "body": body}
    )
    with pytest.raises(ModuleFailure, match="pod healthcheck failed"):
        run(aml_extension, cluster_id=cluster, enable_training=True)


def test_an_extension_that_becomes_busy_is_waited_for(fleet: Simulator) -> None:
    conflict = {
        "error": {
            "code": "ExtensionPatchFailed",
            "message": "The PATCH method cannot be completed due to a conflict. "
            "(ProvisioningState of extension: Creating)",
        }
    }
    fleet.fault({"service": "arm", "method": "PATCH"}, answer={"status": 409, "body": conflict})
    result = run(aml_extension, cluster_id=fleet.clusters["aks"]["id"], install_volcano=False)
    assert result["changed"]
    assert [each["status"] for each in sent(fleet, "PATCH")] == [409, 202]


def test_azure_ai_ml_leaves_the_environment_as_it_was(fleet: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg/providers"
    options = {
        "cluster_id": fleet.clusters["aks"]["id"],
        "workspace_id": f"{workspace}/Microsoft.MachineLearningServices/workspaces/ml",
        "name": "k8s",
    }
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD", raising=False)
    run(aml_compute_attach, **options, namespace="jobs", identity={"type": "SystemAssigned"})
    assert "AZUREML_CURRENT_CLOUD" not in os.environ
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureChinaCloud")
    run(aml_compute_attach, **options, state="absent")
    assert os.environ["AZUREML_CURRENT_CLOUD"] == "AzureChinaCloud"
    (put,) = sent(fleet, "PUT")
    assert put["body"]["identity"] == {"type": "SystemAssigned"}
    assert put["body"]["properties"]["properties"]["namespace"] == "jobs"
    (delete,) = sent(fleet, "DELETE")
    assert delete["query"]["underlyingResourceAction"] == "Detach"
    assert tokens(fleet) == 2, "one for each call, shared by every client in it"


def test_a_second_cloud_in_one_process_is_really_another(fleet: Simulator, simulator: Callable[..., Simulator]) -> None:
    """azure-ai-ml keeps what it was first told of a cloud's name."""
    workspace = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg/providers"
    options = {
        "workspace_id": f"{workspace}/Microsoft.MachineLearningServices/workspaces/ml",
        "name": "k8s",
        "namespace": "jobs",
        "cluster_id": fleet.clusters["aks"]["id"],
        "wait": False,
    }
    run(aml_compute_attach, **options)
    with simulator(SCENARIO) as other:
        environment = other.environment
        run(
            aml_compute_attach,
            **options,
            cloud_environment=environment["AZURE_CLOUD_ENVIRONMENT"],
            ca_file=environment["AZUREML_FLEET_CA_FILE"],
            secret=environment["AZURE_SECRET"],
        )
        assert len(sent(other, "PUT")) == 1
    assert len(sent(fleet, "PUT")) == 1


def test_nothing_in_the_collection_can_delete_a_compute() -> None:
    """The SDK's default deletes; the only call names the only action, and nothing else sends it."""
    calls = []
    for path in PLUGINS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        calls += [(path.name, call) for call in re.findall(r"compute\.begin_delete\(\s*(.*?)\s*\)", text, re.DOTALL)]
        assert "underlying_resource_action" not in text, path
        assert not re.search(r"""action\s*=\s*["']Delete["']""", text), path
    assert calls == [("compute_changes.py", "name, action=_ACTION")]
    changes = (PLUGINS / "module_utils" / "_azure" / "compute_changes.py").read_text(encoding="utf-8")
    assert re.findall(r"^_ACTION = (.*)$", changes, re.MULTILINE) == ['"Detach"']


def test_a_pool_that_somebody_changes_meanwhile_keeps_their_change(fleet: Simulator) -> None:
    """The condition does not hold the first time; the second write starts from a fresh read."""
    fleet.fault(
        {"service": "arm", "method": "PUT", "path_regex": "agentPools"},
        answer={"status": 412, "body": {"code": "PreconditionFailed", "message": "The condition is not met."}},
    )
    result = run(aks_node_pool_labels, cluster_id=fleet.clusters["aks"]["id"], pools={"system": {"example.com/a": "b"}})
    assert result["pools"] == {"system": {"example.com/a": "b"}}
    methods = [each["method"] for each in fleet.request_log(service="arm") if "agentPools" in each["path"]]
    assert methods[:4] == ["GET", "PUT", "GET", "PUT"]


def test_a_pool_is_sent_back_with_everything_that_was_read(fleet: Simulator) -> None:
    run(aks_node_pool_labels, cluster_id=fleet.clusters["aks"]["id"], pools={"system": {"example.com/a": "b"}})
    (put,) = sent(fleet, "PUT")
    properties = put["body"]["properties"]
    assert {"count", "vmSize", "mode", "osType", "maxPods", "upgradeSettings"} <= properties.keys()
    assert not {"provisioningState", "eTag", "nodeImageVersion"} & properties.keys()


def test_a_preempted_operation_is_sent_again(fleet: Simulator) -> None:
    preempted = {
        "status": "Failed",
        "error": {
            "code": "AKSOperationPreempted",
            "message": "This operation has been preempted by another operation. Please retry later.",
        },
    }
    fleet.fault(
        {"service": "arm", "method": "GET", "path_regex": "operations/"}, answer={"status": 200, "body": preempted}
    )
    result = run(aks_node_pool_labels, cluster_id=fleet.clusters["aks"]["id"], pools={"system": {"example.com/a": "c"}})
    assert result["pools"] == {"system": {"example.com/a": "c"}}
    methods = [each["method"] for each in fleet.request_log(service="arm") if "agentPools" in each["path"]]
    assert methods[:3] == ["GET", "PUT", "GET"]


def test_a_refusal_that_stays_ends_at_once_with_azures_reason(fleet: Simulator) -> None:
    refusal = {"code": "OperationNotAllowed", "message": "Node pool changes are switched off for this cluster."}
    fleet.fault(
        {"service": "arm", "method": "PUT", "path_regex": "agentPools"},
        occurrence="every",
        answer={"status": 409, "body": refusal},
    )
    with pytest.raises(ModuleFailure, match="switched off for this cluster") as failure:
        run(aks_node_pool_labels, cluster_id=fleet.clusters["aks"]["id"], pools={"system": {"example.com/a": "d"}})
    assert "goes on" not in failure.value.message
    assert len(sent(fleet, "PUT")) == 1


def test_a_pool_that_is_busy_until_the_deadline_was_not_labelled(fleet: Simulator) -> None:
    busy = {"code": "OperationNotAllowed", "message": "Another operation (Updating) is in progress, please wait."}
    fleet.fault(
        {"service": "arm", "method": "PUT", "path_regex": "agentPools"},
        occurrence="every",
        answer={"status": 409, "body": busy},
    )
    cluster = fleet.clusters["aks"]["id"]
    with pytest.raises(ModuleFailure, match="Its labels were not changed") as failure:
        run(aks_node_pool_labels, cluster_id=cluster, pools={"system": {"example.com/a": "e"}}, wait_timeout=1)
    assert "Azure goes on" not in failure.value.message


@pytest.mark.parametrize("name", ["x/../../agentPools/system", "..", "a?b=c"])
def test_a_name_does_not_lead_elsewhere(fleet: Simulator, name: str) -> None:
    with pytest.raises(ModuleFailure, match=r"cannot be the name of an extension.*Nothing was changed"):
        run(aml_extension_info, cluster_id=fleet.clusters["aks"]["id"], name=name)
    with pytest.raises(ModuleFailure, match=r"cannot be the name of an extension.*Nothing was changed"):
        run(aml_extension, cluster_id=fleet.clusters["aks-new"]["id"], name=name, enable_training=True)
    assert not any("agentPools" in each["path"] for each in fleet.request_log())
    assert fleet.writes() == []


@pytest.mark.parametrize(("given", "agents"), [("edge", "edge"), ("aks", None)])
def test_a_cluster_on_arc_is_known_by_its_agents(fleet: Simulator, given: str, agents: str | None) -> None:
    kubeconfig = fleet.clusters[given]["kubeconfig"]
    facts = run(aml_cluster_info, cluster_id=fleet.clusters["edge"]["id"], workspaces=[], kubeconfig=kubeconfig)[
        "facts"
    ]
    found = facts["kubernetes"]["arc_agents"]
    assert (found and found["name"]) == agents
    assert facts["identity"]["object_id"] == fleet.environment["AZURE_CLIENT_ID"]
    assert facts["identity"]["subscription_id"] == fleet.ready["subscription_id"]


def test_a_subscription_does_not_lead_elsewhere(fleet: Simulator) -> None:
    connection = connect(fleet)
    with pytest.raises(InputError, match="cannot be the name of a part of"):
        read_provider(connection, "Microsoft.KubernetesConfiguration", "x/../..")
    assert fleet.request_log(service="arm") == []
