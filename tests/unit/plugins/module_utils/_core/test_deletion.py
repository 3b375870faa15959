# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An extension on which something depends is not deleted unasked, and azureml-fe is written down first."""

from __future__ import annotations

import itertools
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._core._deletion import guard
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.in_use import FRONT_END_OBJECTS
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure
from tests.unit.plugins.module_utils._kubernetes.scripted_api import Answer, Asked, ScriptedApi, status

ROLES = Path(__file__).resolve().parents[5] / "docs" / "permissions" / "cluster-role-deletion.yml"
HELM = {"meta.helm.sh/release-name": "azureml", "meta.helm.sh/release-namespace": "azureml"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ScriptedApi]:
    server = ScriptedApi(tmp_path)
    yield server
    server.close()


class Cluster:
    """Answers with v1 services, pods, and the objects of azureml-fe as a release that has adopted them marks them."""

    def __init__(self, *, services: int = 0, pods: tuple[dict[str, Any], ...] = (), front_end: bool = True) -> None:
        self.services = services
        self.pods = pods
        self.front_end = front_end

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/apis/apps/v1/deployments":
            names = [f"s{number}" for number in range(self.services)]
            return Answer(body={"items": [{"metadata": {"namespace": "team", "name": name}} for name in names]})
        if asked.path == "/api/v1/pods":
            return Answer(body={"items": list(self.pods)})
        name = asked.path.rsplit("/", 1)[-1]
        if not self.front_end:
            return status(404, "not found", "NotFound")
        metadata = {
            "name": name,
            "namespace": "default",
            "uid": "u",
            "resourceVersion": "7",
            "managedFields": [],
            "annotations": {**HELM, "azureml-fe-enable-upgrade": "true"},
            "labels": {"app.kubernetes.io/managed-by": "Helm", "azuremlappname": "azureml-fe"},
        }
        return Answer(body={"metadata": metadata, "spec": {"clusterIP": "10.0.0.9", "ports": []}, "status": {"x": 1}})


def pod(name: str, phase: str = "Running", **labels: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "jobs", "name": name, "labels": labels}, "status": {"phase": phase}}


def delete(api: ScriptedApi, cluster: Cluster, *, check_mode: bool = False, **options: Any) -> str | None:
    api.script = cluster
    params = {"confirm": None, "backup_directory": None, "kubeconfig": api.kubeconfig, **options}
    return guard(Call(params=params, check_mode=check_mode), cast(AzureConnection, None), "aks-west")


def test_what_depends_on_the_extension_is_named_and_nothing_is_deleted(api: ScriptedApi, tmp_path: Path) -> None:
    endpoint = pod("score-1", **{"ml.azure.com/endpoint-name": "score"})
    others = (
        pod("done", "Succeeded", **{"ml.azure.com/endpoint-name": "x"}),
        pod("theirs"),
        pod("azureml-fe-1", azuremlappname="azureml-fe", **{"ml.azure.com/amlarc-system": "true"}),
    )
    cluster = Cluster(services=6, pods=(endpoint, *others))
    with pytest.raises(ModuleFailure) as caught:
        delete(api, cluster, backup_directory=str(tmp_path / "kept"))
    assert "v1 service team/s0" in caught.value.message
    assert "and 2 more" in caught.value.message
    assert "set confirm: aks-west" in caught.value.message
    assert len(caught.value.details["uses"]) == 7
    assert not (tmp_path / "kept").exists()


def test_all_that_a_deletion_needs_is_named_at_once(api: ScriptedApi, tmp_path: Path) -> None:
    """Not one option after the other: somebody who sets what the message names gets through."""
    with pytest.raises(ModuleFailure) as caught:
        delete(api, Cluster(services=1))
    assert "set confirm: aks-west" in caught.value.message
    assert "backup_directory" in caught.value.message
    assert delete(api, Cluster(services=1), confirm="aks-west", backup_directory=str(tmp_path / "kept")) is not None
    with pytest.raises(ModuleFailure) as caught:
        delete(api, Cluster(services=1, front_end=False))
    assert "backup_directory" not in caught.value.message


def test_the_name_of_another_cluster_confirms_nothing(api: ScriptedApi) -> None:
    with pytest.raises(ModuleFailure, match="confirm is aks-east, but the cluster is called aks-west"):
        delete(api, Cluster(), confirm="aks-east")
    assert api.asked == []


def test_a_cluster_that_cannot_be_looked_at_is_only_deleted_from_by_name(api: ScriptedApi) -> None:
    with pytest.raises(ModuleFailure, match="could not be looked at"):
        delete(api, Cluster(), kubeconfig="/nowhere")
    assert delete(api, Cluster(), kubeconfig="/nowhere", confirm="aks-west") is None


def test_without_a_place_for_azureml_fe_nothing_is_deleted(api: ScriptedApi) -> None:
    with pytest.raises(ModuleFailure, match="Set backup_directory"):
        delete(api, Cluster(services=1), confirm="aks-west")
    assert delete(api, Cluster(front_end=False)) is None


def demanded(asked: Asked) -> tuple[str, str, str, str, str]:
    """What a request asks the API server for: API group, resource, name, namespace, verb."""
    segments = asked.path.strip("/").split("/")
    group, rest = ("", segments[2:]) if segments[0] == "api" else (segments[1], segments[3:])
    namespace = ""
    if rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    return group, rest[0], name, namespace, "get" if name else "list"


def test_the_shipped_roles_are_what_the_look_and_the_file_need(api: ScriptedApi, tmp_path: Path) -> None:
    delete(api, Cluster(), backup_directory=str(tmp_path))
    needed = {demanded(asked) for asked in api.asked}
    granted = set()
    for role in yaml.safe_load(ROLES.read_text(encoding="utf-8"))["items"]:
        # The one is bound in the whole cluster, the other in namespace default.
        namespace = "default" if role["metadata"]["name"] == "azureml-fleet-front-end" else ""
        for rule in role["rules"]:
            names = rule.get("resourceNames", [""])
            granted |= {
                (*each, namespace, verb)
                for each in itertools.product(rule["apiGroups"], rule["resources"], names)
                for verb in rule["verbs"]
            }
    assert granted == needed


def test_azureml_fe_is_written_so_that_it_can_be_applied_again(api: ScriptedApi, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    predicted = delete(api, Cluster(), check_mode=True, backup_directory=str(folder))
    assert predicted is not None
    assert not folder.exists()
    path = delete(api, Cluster(services=2), confirm="aks-west", backup_directory=str(folder))
    assert path is not None
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    assert [(each["kind"], each["metadata"]["name"]) for each in document["items"]] == [
        (kind, name) for _unused, kind, name in FRONT_END_OBJECTS
    ]
    for each in document["items"]:
        assert set(each["metadata"]) == {"name", "namespace", "annotations", "labels"}
        assert each["metadata"]["annotations"] == {"azureml-fe-enable-upgrade": "true"}
        assert each["metadata"]["labels"] == {"azuremlappname": "azureml-fe"}
        assert "status" not in each
        assert ("clusterIP" in each["spec"]) is (each["kind"] != "Service")
