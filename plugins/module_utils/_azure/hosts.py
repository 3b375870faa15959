# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts belong to Azure Resource Manager: only those are asked with our token.

Azure's answers name the next address to ask (nextLink of a list; Azure-AsyncOperation and Location of a long
operation). Most name the global host of the cloud (management.azure.com in all but 12 of 350 recorded ones).
Azure Resource Manager also answers under a host for each region, one label below the global one:
<region>.management.azure.com. Microsoft's documentation names the global host only; that regional ones are asked with
the same token is what users of ARM clients do (github.com/yangl900/armclient-go, README, "Target ARM endpoint in a
specific region"), and DNS sends the global name to them. Nobody but the owner of the global name can answer below it,
so the region need not be known.

The 12 others are `Location: https://<region>.rp.kubernetesconfiguration.azure.com/...` beside an
Azure-AsyncOperation that names the global host: the resource provider's own address, which is no part of Azure Resource
Manager, takes no token of ours, and is not needed, because clients follow Azure-AsyncOperation
(learn.microsoft.com/azure/azure-resource-manager/management/async-operations).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import RefusedAnswerError

_HTTPS_PORT = 443
#: Names of the same authority (azure.identity._internal.shared_token_cache.KNOWN_ALIASES, from Entra's own answers).
_AUTHORITIES = (
    frozenset({"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"}),
    frozenset({"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"}),
    frozenset({"login.microsoftonline.us", "login.usgovcloudapi.net", "login-us.microsoftonline.com"}),
)
#: Where MSAL asks, without a credential, whether an authority that it does not know is Entra's (msal/authority.py).
_INSTANCE_DISCOVERY = "https://login.microsoftonline.com/common/discovery/instance"
#: A host and perhaps a port, and nothing that two readers of URLs could read differently (user names, backslashes).
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)\.?(:(?P<port>\d{1,5}))?", re.ASCII)
#: Nothing that a library would strip, turn around, or send as a header of its own.
_CLEAN = re.compile(r"[^\x00-\x20\\\x7f-\x9f]*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of an address, in one spelling."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Return host and port as an URL has them."""
        return self.host if self.port == _HTTPS_PORT else f"{self.host}:{self.port}"

    def is_region_of(self, other: Origin) -> bool:
        """Tell whether this is a host exactly one label below `other`, on the same port."""
        label, dot, rest = self.host.partition(".")
        same = self.scheme == other.scheme and self.port == other.port and rest == other.host
        return bool(dot) and same and _LABEL.fullmatch(label) is not None


def origin(url: str) -> Origin | None:
    """Return where `url` leads, or None when it is no https address that everybody reads in the same way."""
    if not _CLEAN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _AUTHORITY.fullmatch(parts.netloc)
    if parts.scheme.lower() != "https" or found is None:
        return None
    return Origin("https", found["host"].lower(), int(found["port"] or _HTTPS_PORT))


def is_resource_manager(resource_manager: str, url: str) -> bool:
    """Tell whether `url` leads to the cloud's Azure Resource Manager: to its global host, or to that of a region."""
    own, asked = origin(resource_manager), origin(url)
    return own is not None and asked is not None and (asked == own or asked.is_region_of(own))


def is_authority(authority: str, method: str, url: str) -> bool:
    """Tell whether `url` leads to the authority, or to another name of it; or only asks whether Entra knows it.

    Entra's regional authorities (<region>.login.microsoft.com, msal/authority.py and AZURE_REGIONAL_AUTHORITY_NAME of
    azure-identity) are one label below its own names.
    """
    own, asked = origin(authority), origin(url)
    if own is None or asked is None:
        return False
    if asked == own or (method == "GET" and url.partition("?")[0] == _INSTANCE_DISCOVERY):
        return True
    names = next((names for names in _AUTHORITIES if own.host in names and own.port == _HTTPS_PORT), frozenset())
    others = [Origin("https", name, _HTTPS_PORT) for name in names]
    return any(asked == other or asked.is_region_of(other) for other in others)


def is_host_of(address: str, url: str) -> bool:
    """Tell whether `url` leads to the host of `address`."""
    asked = origin(url)
    return asked is not None and asked == origin(address)


def next_address(resource_manager: str, asked: str, link: str) -> str:
    """Return where the next page of a list is, given the nextLink in an answer of `asked`.

    The same host in another spelling (upper case, a port, relative) is written as the cloud has it; a region's host
    stays. Raises RefusedAnswerError for a link to any other host: a part of a list is never taken for the whole.
    """
    try:
        url = urljoin(asked, link.strip())
    except ValueError:  # brackets around what is no address
        raise RefusedAnswerError(refusal(link)) from None
    if not is_resource_manager(resource_manager, url):
        raise RefusedAnswerError(refusal(url))
    found = origin(url)
    parts = urlsplit(url)
    return parts._replace(scheme="https", netloc=found.netloc if found else "", fragment="").geturl()


def host_part(url: str) -> str:
    """Return what stands where an address has its host, also of one that `urlsplit` cannot read."""
    _scheme, found, rest = url.partition("://")
    return re.split(r"[/?#]", rest, maxsplit=1)[0] if found else url


def refusal(url: str) -> str:
    """Return the sentence for an address that is not asked, without what may be secret in its path and query."""
    found = origin(url)
    where = found.netloc if found else repr(host_part(url)[:100])
    return (
        f"the answer leads to {where}, which is no host of the chosen cloud's Azure Resource Manager; nothing was sent "
        "there. Check cloud_environment, and what stands between this controller and Azure."
    )
