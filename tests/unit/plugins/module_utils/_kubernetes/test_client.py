# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import resources
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.selectors import selector
from tests.unit.plugins.module_utils._kubernetes.scripted_api import Answer, ScriptedApi, status

OBJECT = {"metadata": {"name": "n-0", "uid": "u-1", "resourceVersion": "7", "labels": {}}}


def test_object_is_read_with_token_and_user_agent(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(body=OBJECT)]
    assert cluster.get(resources.DEPLOYMENTS, "azureml-fe", "default") == OBJECT
    asked = api.asked[0]
    assert asked.path == "/apis/apps/v1/namespaces/default/deployments/azureml-fe"
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert asked.headers["User-Agent"].startswith("azureml.fleet/")
    assert asked.headers["Accept"] == "application/json"


def test_missing_object_is_none(cluster: ClusterConnection) -> None:
    assert cluster.get(resources.NODES, "gone") is None


def test_list_asks_with_one_selector_for_all_labels(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(body={"items": [OBJECT], "metadata": {}})]
    chosen = selector({"b": "2", "a": "1"})
    assert cluster.list(resources.PODS, "default", label_selector=chosen) == [OBJECT]
    assert api.asked[0].query == {"limit": "500", "labelSelector": "a=1,b=2"}


def test_list_is_read_in_pages(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [
        Answer(body={"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "next"}}),
        Answer(body={"items": [{"metadata": {"name": "b"}}], "metadata": {}}),
    ]
    assert [each["metadata"]["name"] for each in cluster.list(resources.NODES)] == ["a", "b"]
    assert api.asked[1].query["continue"] == "next"


def test_list_begins_again_when_its_snapshot_expires(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [
        Answer(body={"items": [{"metadata": {"name": "old"}}], "metadata": {"continue": "next"}}),
        status(410, "The provided continue parameter is too old", "Expired"),
        Answer(body={"items": [{"metadata": {"name": "new"}}], "metadata": {}}),
    ]
    assert [each["metadata"]["name"] for each in cluster.list(resources.NODES)] == ["new"]
    assert api.asked[2].query == {}


def test_kind_that_is_not_served_is_an_error_that_says_missing(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})]
    with pytest.raises(KubernetesError, match="404 page not found") as caught:
        cluster.list(resources.INSTANCE_TYPES)
    assert caught.value.missing


def test_merge_patch_names_the_version_it_is_based_on(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(body=OBJECT)]
    cluster.merge(resources.NODES, OBJECT, {"labels": {"a": "1", "b": None}})
    asked = api.asked[0]
    assert (asked.method, asked.headers["Content-Type"]) == ("PATCH", "application/merge-patch+json")
    assert asked.body == {"metadata": {"uid": "u-1", "resourceVersion": "7", "labels": {"a": "1", "b": None}}}


def test_apply_is_server_side_and_not_forced(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(201, OBJECT), Answer(body=OBJECT)]
    cluster.apply(resources.INSTANCE_TYPES, {"metadata": {"name": "x"}})
    cluster.apply(resources.INSTANCE_TYPES, {"metadata": {"name": "x"}}, force=True)
    assert api.asked[0].headers["Content-Type"] == "application/apply-patch+yaml"
    assert api.asked[0].query == {"fieldManager": "azureml.fleet", "force": "false"}
    assert api.asked[1].query["force"] == "true"


def test_deletion_names_the_version_and_a_missing_object_is_as_good(
    api: ScriptedApi, cluster: ClusterConnection
) -> None:
    api.answers = [Answer(body={}), status(404, "not found", "NotFound")]
    assert cluster.delete(resources.INSTANCE_TYPES, OBJECT)
    assert not cluster.delete(resources.INSTANCE_TYPES, OBJECT)
    assert api.asked[0].body["preconditions"] == {"uid": "u-1", "resourceVersion": "7"}


def test_creation_goes_to_the_collection(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(201, OBJECT)]
    cluster.create(resources.NAMESPACES, {"metadata": {"name": "team"}})
    assert api.verbs == ["POST /api/v1/namespaces"]


def test_missing_permission_is_named_with_verb_kind_and_namespace(api: ScriptedApi, cluster: ClusterConnection) -> None:
    said = (
        'deployments.apps "azureml-fe" is forbidden: User "u" cannot patch resource "deployments" in API group "apps"'
    )
    api.answers = [status(403, said, "Forbidden")]
    found = {"metadata": {**OBJECT["metadata"], "name": "azureml-fe", "namespace": "default"}}
    with pytest.raises(KubernetesError) as caught:
        cluster.merge(resources.DEPLOYMENTS, found, {"annotations": {}})
    assert caught.value.forbidden
    assert 'may not patch deployments.apps "azureml-fe" in namespace default on cluster aks-west' in str(caught.value)
    assert "Grant verb 'patch' on resource 'deployments.apps' in namespace default" in str(caught.value)


def test_apply_that_may_not_create_names_create(api: ScriptedApi, cluster: ClusterConnection) -> None:
    said = 'instancetypes.amlarc.azureml.com "x" is forbidden: User "u" cannot create resource "instancetypes"'
    api.answers = [status(403, said, "Forbidden")]
    with pytest.raises(KubernetesError, match=r"Grant verb 'create' on resource 'instancetypes\.amlarc\.azureml\.com'"):
        cluster.apply(resources.INSTANCE_TYPES, {"metadata": {"name": "x"}})


def test_refusal_by_admission_is_no_missing_permission(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [status(403, "admission webhook denied the request: no", "Forbidden")]
    with pytest.raises(KubernetesError, match="forbids to create namespaces") as caught:
        cluster.create(resources.NAMESPACES, {"metadata": {"name": "team"}})
    assert "Grant verb" not in str(caught.value)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_server_that_is_busy_or_starting_is_asked_again(
    code: int, api: ScriptedApi, cluster: ClusterConnection
) -> None:
    api.answers = [status(code, "wait"), Answer(code, b"<html>gateway</html>"), Answer(body=OBJECT)]
    assert cluster.get(resources.NODES, "n-0") == OBJECT
    assert len(api.asked) == 3


def test_cut_connection_is_tried_again(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [Answer(cut=True), Answer(cut=True), Answer(body=OBJECT)]
    assert cluster.merge(resources.NODES, OBJECT, {"labels": {}}) == OBJECT
    assert len(api.asked) == 3


def test_retry_after_is_respected(
    api: ScriptedApi, cluster: ClusterConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import transport

    slept: list[float] = []
    monkeypatch.setattr(f"{transport.__name__}.time.sleep", slept.append)
    busy = status(429, "too many requests")
    api.answers = [Answer(429, busy.body, {"Retry-After": "7"}), Answer(body=OBJECT)]
    cluster.get(resources.NODES, "n-0")
    assert slept == [7.0]


def test_patience_ends_with_the_servers_own_words(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = lambda _unused: status(503, "etcd is not there")
    with pytest.raises(KubernetesError, match=r"refused to get nodes \"n-0\": etcd is not there\."):
        cluster.get(resources.NODES, "n-0")
    assert 10 < len(api.asked) < 40


def test_conflict_is_not_repeated_blindly(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.answers = [status(409, "the object has been modified", "Conflict")]
    with pytest.raises(KubernetesError) as caught:
        cluster.replace(resources.INSTANCE_TYPES, OBJECT)
    assert caught.value.conflict
    assert len(api.asked) == 1


def test_roles_that_a_starting_server_has_not_read_yet_are_waited_for(
    api: ScriptedApi, cluster: ClusterConnection
) -> None:
    said = 'nodes is forbidden: User "u" cannot list resource "nodes": RBAC: clusterrole "x" not found'
    api.answers = [status(403, said, "Forbidden"), Answer(body={"items": []})]
    assert cluster.list(resources.NODES) == []


def test_server_that_is_gone_is_named_with_the_cause() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
    with ClusterConnection(Endpoint(url), name="aks-west") as cluster, pytest.raises(ConnectionFailedError) as caught:
        cluster.server_version()
    assert str(caught.value).startswith(f"The Kubernetes API of cluster aks-west ({url}) did not answer")
    assert "Connection refused" in str(caught.value)
    assert "object at 0x" not in str(caught.value)


def test_name_that_does_not_resolve_is_not_tried_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import transport

    slept: list[float] = []
    monkeypatch.setattr(f"{transport.__name__}.time.sleep", slept.append)
    with ClusterConnection(Endpoint("https://nowhere.invalid")) as cluster, pytest.raises(ConnectionFailedError):
        cluster.server_version()
    assert slept == []


def test_untrusted_certificate_is_refused_and_said(api: ScriptedApi) -> None:
    with ClusterConnection(Endpoint(api.url)) as cluster, pytest.raises(ConnectionFailedError, match="is not trusted"):
        cluster.server_version()
    assert api.asked == []


def test_verification_can_be_switched_off_on_purpose(api: ScriptedApi) -> None:
    api.answers = [Answer(body={"gitVersion": "v1.35.4"})]
    with ClusterConnection.from_params({"host": api.url, "validate_certs": False}) as cluster:
        assert cluster.server_version() == "v1.35.4"


def test_refused_credentials_are_renewed_once(api: ScriptedApi) -> None:
    def token(value: str) -> dict[str, Any]:
        return {**api.kubeconfig, "users": [{"name": "u", "user": {"token": value}}]}

    api.script = lambda asked: (
        Answer(body=OBJECT) if asked.headers["Authorization"] == "Bearer new" else status(401, "Unauthorized")
    )
    hidden: list[str] = []
    with ClusterConnection.from_params(
        {}, lambda: token("old"), hide=hidden.append, renew=lambda: token("new")
    ) as cluster:
        assert cluster.get(resources.NODES, "n-0") == OBJECT
    assert list(dict.fromkeys(hidden)) == ["old", "new"]


def test_credentials_that_stay_refused_are_one_sentence(api: ScriptedApi, cluster: ClusterConnection) -> None:
    api.script = lambda _unused: status(401, "Unauthorized", "Unauthorized")
    with pytest.raises(ConnectionFailedError, match="refused the credentials; nothing was changed"):
        cluster.get(resources.NODES, "n-0")
    assert len(api.asked) == 1


def test_impersonation_is_passed_on(api: ScriptedApi) -> None:
    api.answers = [Answer(body=OBJECT)]
    params = {"kubeconfig": api.kubeconfig, "impersonate_user": "bob", "impersonate_groups": ["a", "b"]}
    with ClusterConnection.from_params(params) as cluster:
        cluster.get(resources.NODES, "n-0")
    assert api.asked[0].headers["Impersonate-User"] == "bob"
    assert api.asked[0].headers.get_all("Impersonate-Group") == ["a", "b"]


def test_basic_authentication_is_passed_on(api: ScriptedApi) -> None:
    api.answers = [Answer(body=OBJECT)]
    params = {"host": api.url, "ca_cert": str(api.ca_file), "username": "u", "password": "p"}
    with ClusterConnection.from_params(params) as cluster:
        cluster.get(resources.NODES, "n-0")
    assert api.asked[0].headers["Authorization"] == "Basic dTpw"


def test_client_certificate_of_a_kubeconfig_is_used_from_memory_only(api: ScriptedApi, tmp_path: Path) -> None:
    import base64

    config = api.kubeconfig
    user = config["users"][0]["user"]
    user["client-certificate-data"] = base64.b64encode(api.client.cert_chain_pems[0].bytes()).decode()
    user["client-key-data"] = base64.b64encode(api.client.private_key_pem.bytes()).decode()
    config["clusters"][0]["cluster"] = {
        "server": api.url,
        "certificate-authority-data": base64.b64encode(api.ca_pem.encode()).decode(),
    }
    api.answers = [Answer(body=OBJECT)]
    hidden: list[str] = []
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).iterdir())  # noqa: S108  # nothing is written there
    with ClusterConnection.from_params({"kubeconfig": config}, hide=hidden.append) as cluster:
        assert cluster.get(resources.NODES, "n-0") == OBJECT
        after = set(Path(os.environ.get("TMPDIR", "/tmp")).iterdir())  # noqa: S108  # nothing is written there
    assert {path for path in after - before if "azureml" in path.name} == set()
    assert any("PRIVATE KEY" in each for each in hidden)


def test_certificate_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    params = {"host": "https://127.0.0.1:1", "ca_cert": str(tmp_path / "none.pem")}
    with pytest.raises(
        ConnectionFailedError, match=r"none\.pem for the cluster at https://127\.0\.0\.1:1 cannot be read"
    ):
        ClusterConnection.from_params(params)


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str, seconds: float) -> None:
        assert seconds > 0
        self.kept[key] = value

    def forget(self, key: str) -> None:
        self.kept.pop(key, None)


def test_credential_plugin_is_asked_once_in_a_run(api: ScriptedApi, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f"#!{sys.executable}\n"
        "import json\n"
        f"open({str(calls)!r}, 'a').write('x')\n"
        "print(json.dumps({'kind': 'ExecCredential', 'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'status': {'token': 'from-plugin'}}))\n"
    )
    plugin.chmod(stat.S_IRWXU)
    command: dict[str, Any] = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "env": None}
    config = {**api.kubeconfig, "users": [{"name": "u", "user": {"exec": command}}]}
    api.script = lambda _unused: Answer(body=OBJECT)
    memory = Memory()
    for _unused in range(2):
        with ClusterConnection.from_params({"kubeconfig": config}, memory=memory) as cluster:
            cluster.get(resources.NODES, "n-0")
    assert {asked.headers["Authorization"] for asked in api.asked} == {"Bearer from-plugin"}
    assert calls.read_text() == "x"


def test_credential_plugin_that_is_not_installed_is_named(api: ScriptedApi) -> None:
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin-anywhere"}
    config = {**api.kubeconfig, "users": [{"name": "u", "user": {"exec": command}}]}
    with pytest.raises(ConnectionFailedError, match="plug-in 'no-such-plugin-anywhere'"):
        ClusterConnection.from_params({"kubeconfig": config})


def test_what_the_user_gave_goes_before_what_azure_has(api: ScriptedApi) -> None:
    def never() -> dict[str, Any]:
        raise AssertionError("Azure was asked")

    with ClusterConnection.from_params({"kubeconfig": api.kubeconfig}, never, renew=never) as cluster:
        api.script = lambda _unused: status(401, "Unauthorized")
        with pytest.raises(ConnectionFailedError):
            cluster.server_version()


@pytest.mark.parametrize("details", [["a"], {"causes": 5}, {"causes": ["x", None]}, "text"])
def test_an_answer_of_a_strange_shape_is_one_sentence(
    details: Any, api: ScriptedApi, cluster: ClusterConnection
) -> None:
    api.answers = [Answer(422, {"message": "no", "details": details}, {"Retry-After": "\u00b2"})]
    with pytest.raises(KubernetesError, match="refused to get") as caught:
        cluster.get(resources.NODES, "n-0")
    assert caught.value.causes == ()
