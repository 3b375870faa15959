# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of a task's arguments are secret, and what of them a log may have."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_extension import SPEC as EXTENSION
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import BLANK, BLANK_VALUE, Secrets
from ansible_collections.azureml.fleet.plugins.module_utils._module.options import AZURE, KUBERNETES
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = KUBERNETES.merge(AZURE, ModuleSpec({"more": {"type": "dict"}, "key": {"no_log": True, "aliases": ["other"]}}))
KUBECONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "current-context": "aks",
    "clusters": [{"name": "aks", "cluster": {"server": "https://aks:443"}}],
    "users": [
        {
            "name": "clusterUser_rg_aks",
            "user": {
                "token": "token-1",
                "password": "password-1",
                "client-key-data": "a2V5LWRhdGE=",
                "auth-provider": {"name": "oidc", "config": {"refresh-token": "refresh-1"}},
                "exec": {
                    "command": "kubelogin",
                    "args": ["get-token", "--client-secret", "argument-1", "--server-id", "id", "--token=argument-2"],
                    "env": [{"name": "AAD_SECRET", "value": "variable-1"}],
                },
            },
        },
        "not a user",
        {"name": "nobody", "user": None},
        {"name": "without-arguments", "user": {"exec": {"command": "kubelogin"}}},
    ],
}
EXPECTED = {
    *("token-1", "password-1", "a2V5LWRhdGE=", "oidc", "refresh-1"),
    *("argument-1", "argument-2", "variable-1"),
}


def secrets_in(**arguments: Any) -> set[object]:
    return {each for each in SPEC.secrets_in(arguments) if each}


def test_secrets_of_a_kubeconfig_given_as_data() -> None:
    assert secrets_in(kubeconfig=KUBECONFIG) == EXPECTED


def test_secrets_of_a_kubeconfig_given_as_text() -> None:
    text = "users:\n- user:\n    token: token-1\n    'client-key-data': \"a2V5LWRhdGE=\"\n"
    assert secrets_in(kubeconfig=text) == {text, "token-1", "a2V5LWRhdGE="}


@pytest.mark.parametrize("path", ["~/.kube/config", "a:b", "/etc/kubernetes/admin.conf", None])
def test_path_of_a_kubeconfig_is_no_secret_and_may_be_shown(path: str | None) -> None:
    assert secrets_in(kubeconfig=path) == set()
    assert SPEC.shown({"kubeconfig": path}, Secrets()) == {"kubeconfig": path}


@pytest.mark.parametrize(
    ("odd", "found"),
    [
        ([{"token": "x-token"}], {"x-token"}),
        ({"users": {"a": 1}}, set()),
        ({"users": [{"user": "x"}]}, set()),
        (7, {7}),
    ],
)
def test_kubeconfig_of_another_form_does_no_harm(odd: object, found: set[object]) -> None:
    assert secrets_in(kubeconfig=odd) == found


def test_password_of_a_proxy_in_every_form_and_the_login_that_is_sent() -> None:
    found = secrets_in(proxy="http://user:pa%2Fss@proxy:3128", host="https://aks:443", more={"a": ["x://u:deep@h"]})
    assert found == {"pa%2Fss", "pa/ss", "user:pa%2Fss", "user:pa/ss", "deep", "u:deep"}


def test_secret_options_by_alias_and_all_their_values() -> None:
    assert secrets_in(other={"a": ["one", {"b": "two"}]}, api_key="three") == {"one", "two", "three"}


def test_sub_options_that_are_secret() -> None:
    spec = ModuleSpec({"a": {"type": "list", "elements": "dict", "options": {"b": {"no_log": True}, "c": {}}}})
    assert set(spec.secrets_in({"a": [{"b": "one", "c": "two"}]})) == {"one"}


def test_what_a_log_may_have() -> None:
    given = {
        "kubeconfig": KUBECONFIG,
        "proxy": "http://user:swordfish@proxy:3128",
        "api_key": "token-2",
        "password": None,
        "pasword": "misspelt",
        "context": "aks",
    }
    assert SPEC.shown(given, Secrets(SPEC.secrets_in(given))) == {
        "kubeconfig": BLANK_VALUE,
        "proxy": f"http://{BLANK}@proxy:3128",
        "api_key": BLANK_VALUE,
        "password": None,
        "pasword": BLANK_VALUE,
        "context": "aks",
    }


def absolute(path: str) -> str:
    return f"/start/{path}"


def test_options_that_are_paths() -> None:
    given = {"ssl_key_file": "key", "ssl_ca_cert": "ca", "cluster_id": "x", "kubeconfig": "a:b", "client_cert": None}
    assert EXTENSION.absolute_paths(given, {"K8S_AUTH_CERT_FILE": "cert"}, absolute) == {
        "ssl_key_file": "/start/key",
        "ssl_ca_cert": "/start/ca",
        "kubeconfig": "/start/a:/start/b",
        "client_cert": "/start/cert",
    }


def test_a_kubeconfig_of_the_environment_is_a_path_and_one_given_as_data_is_none() -> None:
    variables = {"K8S_AUTH_KUBECONFIG": "kube", "AZUREML_FLEET_CA_FILE": "", "K8S_AUTH_KEY_FILE": "key"}
    found = EXTENSION.absolute_paths({"key_file": "own"}, variables, absolute)
    assert found == {"kubeconfig": "/start/kube", "key_file": "/start/own"}
    assert EXTENSION.absolute_paths({"kubeconfig": {"users": []}}, variables, absolute) == {"client_key": "/start/key"}
