# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credential plug-ins: programs that a kubeconfig of the user names and that print credentials.

https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import ConnectionFailedError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint

#: Seconds for which an answer is kept: a plug-in is a process of its own.
_KEPT_SECONDS = 300.0


def with_plugin_credentials(endpoint: Endpoint, plugin: Mapping[str, Any], memory: RunMemory) -> Endpoint:
    """Return `endpoint` with what the plug-in answers, or answered a moment ago to the same question.

    Raises ConnectionFailedError when it fails.
    """
    key = _memory_key(endpoint, plugin)
    kept = memory.get(key)
    status = json.loads(kept) if kept else _run(plugin, endpoint)
    if not kept:
        memory.put(key, json.dumps(status), seconds=_KEPT_SECONDS)
    return replace(
        endpoint,
        token=status.get("token"),
        certificate_text=status.get("clientCertificateData") or endpoint.certificate_text,
        key_text=status.get("clientKeyData") or endpoint.key_text,
    )


def _memory_key(endpoint: Endpoint, plugin: Mapping[str, Any]) -> str:
    """Return a name that differs whenever the plug-in could answer otherwise, or the answer is for another server."""
    asked = json.dumps([endpoint.server, endpoint.trust, plugin], sort_keys=True, default=str)
    return "exec-plugin:" + hashlib.sha256(asked.encode()).hexdigest()


def _run(plugin: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Ask the plug-in for credentials."""
    # Imported here because it pulls in half of the kubernetes package and few kubeconfigs need it.
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.exec_provider import ExecProvider
    from kubernetes.config.kube_config import ConfigNode

    cluster = ConfigNode("cluster", {"server": endpoint.server})
    try:
        status: dict[str, Any] = ExecProvider(ConfigNode("exec", dict(plugin)), None, cluster).run()
    except (ConfigException, OSError) as error:
        raise ConnectionFailedError(
            f"The credential plug-in '{plugin.get('command')}' of the kubeconfig for {endpoint.address} failed "
            f"({str(error).strip()}); nothing was changed. Install it or log in, or give api_key."
        ) from error
    return status
