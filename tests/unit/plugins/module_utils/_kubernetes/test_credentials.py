# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubeconfig that is given by its path may show of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.credentials import Credentials
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint

PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "/no/such/program",
    "args": ["get-token", "--client-secret", "argument-secret"],
    "env": [{"name": "PASS", "value": "variable-secret"}, {"name": "AWS_PROFILE", "value": "default"}],
}


def written(folder: Path, user: dict[str, Any], **cluster: Any) -> str:
    path = folder / "kubeconfig"
    settings = {"server": "https://me:url-secret@127.0.0.1:1/", **cluster}
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": settings}],
        "users": [{"name": "u", "user": user}, {"name": "other", "user": {"token": "other-secret"}}],
    }
    path.write_text(json.dumps(config))
    return str(path)


def test_secrets_are_hidden_before_a_plug_in_fails(tmp_path: Path) -> None:
    hidden: list[str] = []
    path = written(tmp_path, {"exec": PLUGIN}, **{"proxy-url": "http://me:proxy-secret@proxy.example"})
    with pytest.raises(ConnectionFailedError) as caught:
        Credentials({"kubeconfig": path}, NoMemory(), hidden.append, hidden.append).endpoint(None)
    wanted = {"argument-secret", "variable-secret", "other-secret", "url-secret", "me:url-secret", "proxy-secret"}
    assert wanted <= set(hidden)
    assert "default" not in hidden
    assert "secret" not in str(caught.value)


def test_secrets_are_hidden_before_the_kubeconfig_is_found_broken(tmp_path: Path) -> None:
    hidden: list[str] = []
    path = written(tmp_path, {"password": "user-secret", "client-key-data": "%"})
    with pytest.raises(ConnectionFailedError, match="client-key-data"):
        Credentials({"kubeconfig": path}, NoMemory(), hidden.append, hidden.append).endpoint(None)
    assert {"user-secret", "url-secret"} <= set(hidden)


def test_no_message_and_no_warning_names_the_login_of_a_server(tmp_path: Path) -> None:
    said: list[str] = []
    path = written(tmp_path, {"token": "t"}, **{"insecure-skip-tls-verify": True})
    connection = ClusterConnection.from_params({"kubeconfig": path}, warn=said.append)
    with connection, pytest.raises(ConnectionFailedError) as caught:
        connection.server_version()
    for text in (connection.name, str(caught.value), *said):
        assert "https://127.0.0.1:1" in text
        assert "url-secret" not in text
        assert "me:" not in text


@pytest.mark.parametrize("login", ["", "me@", "me:p@", "me:p@ss/w?rd#@"])
def test_an_address_is_shown_without_a_login(login: str) -> None:
    assert Endpoint(f"https://{login}api.example:6443").address == "https://api.example:6443"
