# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where tokens may go, in every spelling that an answer can use to lead elsewhere."""

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import RefusedAnswerError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.hosts import (
    is_authority,
    is_resource_manager,
    next_address,
)

PUBLIC = "https://management.azure.com"
ASKED = f"{PUBLIC}/subscriptions/s/providers?api-version=1"


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com/x",
        "HTTPS://Management.Azure.COM:443/x?y=https://evil.example",
        "https://management.azure.com./x",
        "https://westus.management.azure.com/x",
        "https://eastus2euap.management.azure.com:443/x",
    ],
)
def test_the_global_host_and_those_of_regions_are_azure_resource_manager(url: str) -> None:
    assert is_resource_manager(PUBLIC, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://management.azure.com/x",
        "https://management.azure.com:8443/x",
        "https://evil.example/management.azure.com",
        "https://management.azure.com.evil.example/x",
        "https://evilmanagement.azure.com/x",
        "https://a.b.management.azure.com/x",
        "https://.management.azure.com/x",
        "https://management.azure.com@evil.example/x",
        "https://evil.example\\@management.azure.com/x",
        "https://evil.example#@management.azure.com/x",
        "https://evil.example/\r\nHost: management.azure.com",
        "https://management.azure.com\t.evil.example/",
        "https://westus2.rp.kubernetesconfiguration.azure.com/subscriptions/s",
        "https://management.usgovcloudapi.net/x",
        "//management.azure.com/x",
        "file:///etc/passwd",
        "https://[::1]/x",
        "https://[evil]/x",
        "https://management.azure.com:४४३/x",
        "https://127.0.0.1/x",
        "",
    ],
)
def test_no_other_host_gets_the_token(url: str) -> None:
    assert not is_resource_manager(PUBLIC, url)


def test_an_authority_is_asked_under_its_own_names_only() -> None:
    china = "https://login.chinacloudapi.cn"
    assert is_authority(china, "POST", f"{china}/tenant/oauth2/v2.0/token")
    assert is_authority(china, "POST", "https://login.partner.microsoftonline.cn/tenant/oauth2/v2.0/token")
    assert not is_authority(china, "POST", "https://login.microsoftonline.com/tenant/oauth2/v2.0/token")
    discovery = "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1"
    assert is_authority("https://login.local", "GET", discovery)
    assert not is_authority("https://login.local", "POST", discovery)
    assert not is_authority("https://login.local", "POST", "https://login.local:444/token")
    public = "https://login.microsoftonline.com"
    assert is_authority(public, "POST", "https://westus2.login.microsoft.com/tenant/oauth2/v2.0/token")
    assert not is_authority(public, "POST", "https://login.microsoft.com.evil.example/token")
    assert not is_authority("https://login.local", "POST", "https://evil.login.local/token")


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (f"{PUBLIC}/next?p=2", f"{PUBLIC}/next?p=2"),
        (f"{PUBLIC}:443/next?p=2", f"{PUBLIC}/next?p=2"),
        ("HTTPS://MANAGEMENT.AZURE.COM/Next?P=2", f"{PUBLIC}/Next?P=2"),
        ("/next?p=2", f"{PUBLIC}/next?p=2"),
        ("//management.azure.com/next?p=2", f"{PUBLIC}/next?p=2"),
        ("?p=2", f"{PUBLIC}/subscriptions/s/providers?p=2"),
        ("https://westus.management.azure.com/next", "https://westus.management.azure.com/next"),
    ],
)
def test_the_same_host_in_another_spelling_is_the_same_host(link: str, address: str) -> None:
    assert next_address(PUBLIC, ASKED, link) == address


@pytest.mark.parametrize(
    "link",
    [
        "https://[evil]/",
        "//[evil/",
        "https://[::1",
        "https://evil.example/next",
        "//evil.example/next",
        "http://management.azure.com/next",
        "javascript:x",
    ],
)
def test_a_link_elsewhere_is_refused_by_the_name_of_its_host(link: str) -> None:
    with pytest.raises(RefusedAnswerError, match=r"leads to .*nothing was sent there"):
        next_address(PUBLIC, ASKED, link)
