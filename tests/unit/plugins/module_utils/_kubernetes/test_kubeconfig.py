# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint


def config(name: str = "a", **changes: Any) -> dict[str, Any]:
    base = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443/"}}],
        "users": [{"name": name, "user": {"token": f"token-{name}"}}],
    }
    return {**base, **changes}


def write(path: Path, content: Any) -> str:
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_current_context_is_used() -> None:
    found = kubeconfig.from_kubeconfig(config(), None, "It")
    assert (found.server, found.token) == ("https://a.example:6443", "token-a")


def test_named_context_is_used(tmp_path: Path) -> None:
    both = os.pathsep.join([write(tmp_path / "a", config("a")), write(tmp_path / "b", config("b"))])
    merged = kubeconfig.load_file(both)
    assert kubeconfig.from_kubeconfig(merged, "b", "It").token == "token-b"
    assert kubeconfig.from_kubeconfig(merged, None, "It").token == "token-a"


def test_first_file_wins(tmp_path: Path) -> None:
    other = config("a", users=[{"name": "a", "user": {"token": "second"}}])
    both = os.pathsep.join([write(tmp_path / "1", config("a")), write(tmp_path / "2", other)])
    assert kubeconfig.from_kubeconfig(kubeconfig.load_file(both), None, "It").token == "token-a"


def test_files_named_in_it_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    clusters = [{"name": "a", "cluster": {"server": "https://x", "certificate-authority": "ca.pem"}}]
    users = [{"name": "a", "user": {"tokenFile": "token", "client-key": "/abs/key.pem"}}]
    found = kubeconfig.from_kubeconfig(
        kubeconfig.load_file(write(tmp_path / "c", config(clusters=clusters, users=users))), None, "It"
    )
    assert found.ca_file == str(tmp_path / "ca.pem")
    assert found.key_file == "/abs/key.pem"
    assert found.token == "from-file"


@pytest.mark.parametrize(
    ("broken", "context", "says"),
    [
        ({"current-context": ""}, None, "It has no current context"),
        ({}, "b", r"It has no context 'b' \(it has: a\)"),
        ({"clusters": []}, None, r"It has no cluster 'a' \(it has: none\)"),
        ({"users": None}, None, "It has no user 'a'"),
        ({"users": ["a"]}, None, "It has no user 'a'"),
        ({"users": 5}, None, "It has no user 'a'"),
        ({"clusters": [{"name": "a", "cluster": "x"}]}, None, "It names no server"),
        ({"clusters": [{"name": "a", "cluster": {"server": "https://[::1"}}]}, None, "field server of It"),
        ({"clusters": [{"name": "a", "cluster": {"server": ["x"]}}]}, None, "field server of It"),
        ({"users": [{"name": "a", "user": {"token": ["x"]}}]}, None, "field token of It"),
        ({"users": [{"name": "a", "user": {"exec": "x"}}]}, None, "field exec of It"),
        ({"clusters": [{"name": "a", "cluster": {}}]}, None, "It names no server"),
        (
            {"clusters": [{"name": "a", "cluster": {"server": "https://x", "certificate-authority-data": "%%%"}}]},
            None,
            "certificate-authority-data of It is not base64",
        ),
        ({"users": [{"name": "a", "user": {"tokenFile": "/no/such/file"}}]}, None, "token file /no/such/file"),
    ],
)
def test_broken_kubeconfig_is_one_sentence(broken: dict[str, Any], context: str | None, says: str) -> None:
    with pytest.raises(ConnectionFailedError, match=says):
        kubeconfig.from_kubeconfig(config(**broken), context, "It")


@pytest.mark.parametrize(
    ("content", "says"), [("a: [", "is not YAML"), ("just text", "holds no configuration"), (None, "cannot be read")]
)
def test_file_that_is_no_kubeconfig_is_one_sentence(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConnectionFailedError, match=says):
        kubeconfig.load_file(str(path))


def test_options_are_put_over_the_kubeconfig() -> None:
    base = Endpoint("https://a", ca_text="CA", token="t", certificate_text="C", key_text="K", exec_plugin={"x": 1})
    found = kubeconfig.with_options(
        base, {"host": "https://b", "ca_cert": "/ca.pem", "client_cert": "/c.pem", "client_key": "/k.pem"}
    )
    assert (found.server, found.ca_file, found.ca_text) == ("https://b", "/ca.pem", None)
    assert (found.certificate_file, found.certificate_text) == ("/c.pem", None)
    assert (found.key_file, found.key_text) == ("/k.pem", None)
    assert found.exec_plugin is None
    assert found.token == "t"
    assert kubeconfig.with_options(base, {"validate_certs": False}).verify is False
    assert kubeconfig.with_options(base, {"host": None, "validate_certs": None}) == base


def test_user_without_credentials_is_possible() -> None:
    found = kubeconfig.from_kubeconfig(config(contexts=[{"name": "a", "context": {"cluster": "a"}}]), None, "It")
    assert found.token is None
    assert found.secrets() == ()


def test_entries_that_are_no_maps_are_passed_over_when_files_are_merged(tmp_path: Path) -> None:
    strange = {"users": ["a", {"name": ["b"], "user": {"tokenFile": ["x"]}}, {"name": "c", "user": "x"}], "clusters": 5}
    both = os.pathsep.join([write(tmp_path / "a", strange), write(tmp_path / "b", config())])
    found = kubeconfig.load_file(both)
    assert {"name": "a", "user": {"token": "token-a"}} in found["users"]


def test_a_host_that_is_no_address_is_one_sentence() -> None:
    with pytest.raises(ConnectionFailedError, match="field host of the options"):
        kubeconfig.with_options(Endpoint("https://a"), {"host": "https://[::1"})
