# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's options to one endpoint: which server, and how we prove who we are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.kubeconfig_secrets import secrets_of_kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.exec_plugin import with_plugin_credentials
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint

#: What kubectl reads when nothing is said.
_DEFAULT_KUBECONFIG = "~/.kube/config"

Kubeconfig = Mapping[str, Any]


class Credentials:
    """Finds out how to reach a cluster from the options of the group KUBERNETES."""

    def __init__(
        self,
        params: Mapping[str, Any],
        memory: RunMemory,
        hide: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """`hide` hears of every secret as soon as it is known, `warn` of what makes the connection unsafe."""
        self._params = params
        self._memory = memory
        self._hide = hide
        self._warn = warn

    def endpoint(self, fetch: Callable[[], Kubeconfig] | None) -> Endpoint:
        """Return the endpoint, with every secret in it hidden and credential plug-ins already asked.

        `fetch` fetches a kubeconfig from Azure, when the options name no cluster. Raises ConnectionFailedError.
        """
        endpoint = kubeconfig.with_options(self._base(fetch), self._params)
        self._hide_all(endpoint.secrets())
        if endpoint.exec_plugin and not endpoint.token:
            endpoint = with_plugin_credentials(endpoint, endpoint.exec_plugin, self._memory)
            self._hide_all(endpoint.secrets())
        if not endpoint.verify:
            self._warn(
                f"The certificate of the Kubernetes API at {endpoint.address} is not checked (validate_certs is false, "
                "or insecure-skip-tls-verify is true in the kubeconfig): whoever answers there gets the credentials."
            )
        return endpoint

    def _base(self, fetch: Callable[[], Kubeconfig] | None) -> Endpoint:
        """Return the endpoint before the single options are put over it."""
        given, context = self._params.get("kubeconfig"), self._params.get("context")
        if isinstance(given, Mapping):
            return self._described(given, context, "The kubeconfig given as data")
        if given:
            return self._described(kubeconfig.load_file(str(given)), context, f"The kubeconfig {given}")
        if self._params.get("host"):
            return Endpoint(server=str(self._params["host"]).rstrip("/"))
        if fetch is not None:
            return self._described(fetch(), None, "The kubeconfig that Azure returned")
        return self._described(
            kubeconfig.load_file(_DEFAULT_KUBECONFIG), context, f"The kubeconfig {_DEFAULT_KUBECONFIG}"
        )

    def _described(self, config: Kubeconfig, context: str | None, origin: str) -> Endpoint:
        """Return the endpoint of a kubeconfig, whose secrets are hidden before anything of it can show in an error."""
        self._hide_all(secrets_of_kubeconfig(config))
        return kubeconfig.from_kubeconfig(config, context, origin)

    def _hide_all(self, secrets: Iterable[object]) -> None:
        """Report secrets, of which a kubeconfig may have none in a field."""
        for secret in secrets:
            if secret is not None:
                self._hide(str(secret))
