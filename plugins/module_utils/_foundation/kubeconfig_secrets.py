# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets within a kubeconfig: given as data, as the text of a file, or read from one.

Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import leaves, passwords_in_urls

_SECRET_FIELDS = ("token", "password", "client-key-data", "client-certificate-data", "auth-provider")
#: The same fields in a text, and those of `auth-provider.config` and of a credential plug-in's environment.
_SECRET_LINES = re.compile(
    r"""["']?(?:token|password|client-key-data|access-token|refresh-token|id-token|client-secret|value)["']?"""
    r"""\s*:\s*["']?([^\s"',}]+)"""
)
#: Settings of well-known credential plug-ins that are no secrets, and whose values are words of other texts
#: ('default'): kubelogin (azure.github.io/kubelogin), aws eks get-token (docs.aws.amazon.com/cli).
_OPEN_VARIABLES = frozenset(
    {
        "AAD_LOGIN_METHOD",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "HOME",
        "PATH",
    }
)
_SECRET_ARGUMENT = re.compile(r"secret|token|password|key", re.IGNORECASE)


def secrets_of_kubeconfig(value: object) -> Iterator[object]:
    """Yield every secret of a kubeconfig; none of one that is named by its path."""
    if isinstance(value, Mapping):
        for entry in _entries(value, "users"):
            yield from _secrets_of_user(entry.get("user"))
        for text in leaves(value):
            yield from passwords_in_urls(text) if isinstance(text, str) and "://" in text else ()
    elif isinstance(value, str) and ("\n" in value or "{" in value):
        yield value
        yield from _SECRET_LINES.findall(value)
        yield from passwords_in_urls(value)
    elif not isinstance(value, str):
        yield from leaves(value)


def _secrets_of_user(user: object) -> Iterator[object]:
    """Yield the secrets of one user: fields, and what a credential plug-in is told."""
    if not isinstance(user, Mapping):
        return
    for field in _SECRET_FIELDS:
        yield from leaves(user.get(field))
    plugin = user.get("exec")
    if not isinstance(plugin, Mapping):
        return
    for variable in _entries(plugin, "env"):
        if variable.get("name") not in _OPEN_VARIABLES:
            yield variable.get("value")
    given = plugin.get("args")
    arguments = [str(each) for each in given] if isinstance(given, list) else []
    for name, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if name.startswith("-") and _SECRET_ARGUMENT.search(name.partition("=")[0]):
            yield name.partition("=")[2] or following


def _entries(value: Mapping[str, Any], section: str) -> Iterator[Mapping[str, Any]]:
    """Yield the dictionaries of a list, whatever else stands in it."""
    entries = value.get(section)
    yield from (each for each in entries if isinstance(each, Mapping)) if isinstance(entries, list) else ()
