# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs from Azure: the known form is obeyed, everything else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.azure_kubeconfig import (
    AKS_SERVER_APPLICATION,
    EntraLogin,
    check,
    check_servers,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError

TENANT = "22222222-2222-2222-2222-222222222222"
OTHER = "33333333-3333-3333-3333-333333333333"
SERVER = "https://aks-west.hcp.westus2.azmk8s.io:443"


def config(user: Any, **cluster: Any) -> dict[str, Any]:
    settings = {"server": SERVER, "certificate-authority-data": "LS0t", **cluster}
    return {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": settings}],
        "users": [{"name": "u", "user": user}],
    }


def plugin(*args: str, **more: Any) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1beta1"
    return {"exec": {"apiVersion": version, "command": "kubelogin", "args": list(args), "env": None, **more}}


def test_a_token_or_a_certificate_as_data_is_used_as_it_is() -> None:
    assert check(config({"token": "t", "client-certificate-data": "LS0t", "client-key-data": "LS0t"}), "aks") is None


def test_the_form_that_aks_hands_out_is_answered_by_us() -> None:
    words = f"get-token --environment AzurePublicCloud --server-id {AKS_SERVER_APPLICATION} --client-id 80faf920"
    more = f"--tenant-id {TENANT} --login devicecode"
    found = plugin(*words.split(), *more.split(), installHint="kubelogin is not installed", provideClusterInfo=False)
    assert check(config(found), "aks") == EntraLogin(AKS_SERVER_APPLICATION, TENANT)


def test_the_tenant_of_the_cluster_is_honoured() -> None:
    written = f"--server-id={AKS_SERVER_APPLICATION.upper()}"
    assert check(config(plugin("get-token", written, "-t", TENANT)), "aks") == EntraLogin(tenant_id=TENANT)
    assert check(config(plugin("get-token")), "aks") == EntraLogin()


TOKEN = {"token": "t"}


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (config({"tokenFile": "/etc/shadow"}), "'tokenFile'"),
        (config({"client-key": "/home/me/.ssh/id_ed25519"}), "'client-key'"),
        (config({"client-certificate": "/x"}), "'client-certificate'"),
        (config({"username": "u", "password": "p"}), "'username', 'password'"),
        (config({"auth-provider": {"name": "azure"}}), "'auth-provider'"),
        (config({"as": "system:admin", "token": "t"}), "'as'"),
        (config(TOKEN, **{"certificate-authority": "/x"}), "'certificate-authority'"),
        (config(TOKEN, **{"insecure-skip-tls-verify": True}), "'insecure-skip-tls-verify'"),
        (config(TOKEN, **{"proxy-url": "http://evil.example"}), "'proxy-url'"),
        (config(TOKEN, **{"tls-server-name": "evil.example"}), "'tls-server-name'"),
        (config(TOKEN, server="http://aks.example"), "a server without https"),
        (config(TOKEN, server="https://me@evil.example"), "a server without https"),
        (config(TOKEN, server=""), "a server without https"),
        (config(TOKEN, server="https://[::1"), "a server without https"),
        (config(TOKEN, server="https://aks.example:x"), "a server without https"),
        (config(TOKEN, server="https://evil.example\\@aks.example"), "a server without https"),
        (config(TOKEN, server="https://aks.exam\tple"), "a server without https"),
        (config(TOKEN, server="https://ａks.example"), "a server without https"),  # noqa: RUF001  # what it is about
        (config({"exec": {"command": "/bin/sh", "args": ["-c", "id"]}}), "the program '/bin/sh'"),
        (config({"exec": "kubelogin"}), "an exec that is no map"),
        (config(plugin("convert-kubeconfig")), "kubelogin without get-token"),
        (config(plugin("get-token", "--authority-host", "https://evil.example")), "kubelogin's '--authority-host'"),
        (config(plugin("get-token", "--federated-token-file=/etc/shadow")), "kubelogin's '--federated-token-file'"),
        (config(plugin("get-token", env=[{"name": "HTTPS_PROXY", "value": "http://evil"}])), "'env'"),
        (config(plugin("get-token", "--server-id", "https://management.azure.com")), "--server-id 'https://management"),
        (config(plugin("get-token", "--server-id", "797f4846-ba00-4fd7-ba43-dac1f8f63013")), "--server-id '797f4846"),
        (config(plugin("get-token", "--server-id", "00000003-0000-0000-C000-000000000000")), "--server-id '00000003"),
        (config(plugin("get-token", "--server-id", OTHER)), f"--server-id '{OTHER}', which is not the server appl"),
        (config(plugin("get-token", "--tenant-id", "../common")), "--tenant-id '../common'"),
    ],
)
def test_everything_else_is_refused_by_name(found: dict[str, Any], named: str) -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        check(found, "aks-west")
    assert str(caught.value).startswith("The kubeconfig that Azure returned for cluster aks-west is not used")
    assert named in str(caught.value)
    assert "Nothing was changed; give a kubeconfig of your own that you trust in the option kubeconfig" in str(
        caught.value
    )


#: Of the recorded private cluster whose public name was left on.
NAMES = {
    "aks-west.hcp.westus2.azmk8s.io",
    "aks-west-92n309lk.fb0b227e-9053-4fad-a30d-8a91c95f22b6.privatelink.westus2.azmk8s.io",
    "a8b9cadfb0f8ba25224d446c1f116fb6-priv.portal.hcp.westus2.azmk8s.io",
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_server_with_a_name_of_the_cluster_gets_the_token(name: str) -> None:
    for server in (f"https://{name}:443", f"https://{name.upper()}", f"https://{name}./"):
        check_servers(config(TOKEN, server=server), "aks", NAMES)


@pytest.mark.parametrize(
    "server",
    [
        "https://evil.example",
        "https://aks-west.hcp.westus2.azmk8s.io.evil.example",
        "https://evil.example/aks-west.hcp.westus2.azmk8s.io",
        "https://x.aks-west.hcp.westus2.azmk8s.io",
        "https://aks-east.hcp.westus2.azmk8s.io",
        "https://hcp.westus2.azmk8s.io",
        "https://20.1.2.3",
    ],
)
def test_the_token_of_the_fleet_goes_to_no_other_server(server: str) -> None:
    several = config(TOKEN)
    several["clusters"].append(config(TOKEN, server=server)["clusters"][0])
    for found in (config(TOKEN, server=server), several):
        with pytest.raises(ConnectionFailedError, match="is not the API server that Azure Resource"):
            check_servers(found, "aks", NAMES)


def test_a_cluster_without_names_gets_no_token() -> None:
    with pytest.raises(ConnectionFailedError, match=r"\(none\), so that it gets no token"):
        check_servers(config(TOKEN), "aks", frozenset())
