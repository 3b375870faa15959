# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server behind the seam `ClusterApi`, reached as its kubeconfig says."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from tests.simulator.foundation.cluster_api import ApiAnswer

TIMEOUT = aiohttp.ClientTimeout(total=60)


class KubeconfigError(Exception):
    """A kubeconfig that cannot be read, or that asks for a way to sign in that is not served here."""


@dataclass(frozen=True)
class KubeconfigAccess:
    """What one context of a kubeconfig says: the server, its authority, and the user's credentials."""

    server: str
    certificate_authority: str | None = None
    token: str | None = field(default=None, repr=False)
    client_certificate: str | None = field(default=None, repr=False)
    client_key: str | None = field(default=None, repr=False)

    def ssl_context(self) -> ssl.SSLContext:
        """Verify the server against the kubeconfig's authority; show the client certificate, if any."""
        context = ssl.create_default_context(cadata=self.certificate_authority)
        if self.client_certificate and self.client_key:
            # The ssl module reads keys from files alone. The file is gone before this function returns.
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
                pem.write(f"{self.client_certificate}\n{self.client_key}\n")
                pem.flush()
                context.load_cert_chain(pem.name)
        return context


def read_kubeconfig(path: Path, context: str | None = None) -> KubeconfigAccess:
    """Read one context (default: the current one) of the kubeconfig at `path`.

    Data in the file wins over a file that it names, as in
    https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. Raises KubeconfigError.
    """
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
        name = context or config["current-context"]
        chosen = _entry(config, "contexts", name)["context"]
        cluster = _entry(config, "clusters", chosen["cluster"])["cluster"]
        user = _entry(config, "users", chosen["user"])["user"]
        if "exec" in user:
            raise KubeconfigError(f"{path}: user {chosen['user']!r} signs in by a command; give a token instead.")
        return KubeconfigAccess(
            server=cluster["server"].rstrip("/"),
            certificate_authority=_data(path, cluster, "certificate-authority"),
            token=user.get("token"),
            client_certificate=_data(path, user, "client-certificate"),
            client_key=_data(path, user, "client-key"),
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise KubeconfigError(f"{path}: cannot be used as a kubeconfig: {error!r}") from error


def inline_kubeconfig(path: Path, context: str | None = None) -> dict[str, Any]:
    """The kubeconfig of one context as Azure hands it out: all data inside, no path to a local file."""
    access = read_kubeconfig(path, context)
    name = context or yaml.safe_load(path.read_text("utf-8"))["current-context"]
    user: dict[str, str] = {}
    if access.token:
        user["token"] = access.token
    if access.client_certificate and access.client_key:
        user["client-certificate-data"] = _encode(access.client_certificate)
        user["client-key-data"] = _encode(access.client_key)
    cluster = {"server": access.server}
    if access.certificate_authority:
        cluster["certificate-authority-data"] = _encode(access.certificate_authority)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": f"clusterUser_{name}"}}],
        "users": [{"name": f"clusterUser_{name}", "user": user}],
    }


class RealClusterApi:
    """`ClusterApi` over HTTPS to the API server of a kubeconfig."""

    @property
    def lacks_cloud(self) -> bool:
        """A control plane that was started for tests has no cloud controller."""
        return True

    def __init__(self, access: KubeconfigAccess) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path, context: str | None = None) -> RealClusterApi:
        """A client as the kubeconfig's context says. Raises KubeconfigError."""
        return cls(read_kubeconfig(path, context))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> ApiAnswer:
        """Send one request and return the whole answer. Raises aiohttp.ClientError when there is none."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        async with self._open_session().request(
            method,
            self.access.server + path,
            params=query,
            data=None if body is None else aiohttp.payload.JsonPayload(body, content_type=content_type),
            headers=headers,
        ) as response:
            try:
                decoded = await response.json(content_type=None)
            except ValueError:
                # /healthz and the like answer with a word.
                decoded = {"text": await response.text()}
            return ApiAnswer(response.status, decoded if isinstance(decoded, dict) else {})

    async def handle(self, _request: web.Request) -> web.StreamResponse:
        """The simulator is no proxy: say where the cluster is."""
        return web.Response(status=404, text="this cluster has a real API server: use its own address")

    def control_plane_upgraded(self, version: str) -> None:
        """Nothing: a real API server has the version of its program."""

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        # A session belongs to the event loop that runs when it is made, so it is made at the first request.
        if self._session is None:
            headers = {"Authorization": f"Bearer {self.access.token}"} if self.access.token else {}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self.access.ssl_context()),
                headers=headers,
                timeout=TIMEOUT,
            )
        return self._session


def _entry(config: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    for entry in config[kind]:
        if entry["name"] == name:
            return dict(entry)
    raise KeyError(f"no {name!r} under {kind}")


def _data(kubeconfig: Path, part: Mapping[str, Any], key: str) -> str | None:
    if encoded := part.get(f"{key}-data"):
        return base64.b64decode(str(encoded)).decode()
    if file := part.get(key):
        text: str = (kubeconfig.parent / file).read_text("utf-8")
        return text
    return None


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
