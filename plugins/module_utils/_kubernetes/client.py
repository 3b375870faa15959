# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small typed client of one cluster's API: JSON in, JSON out.

It uses the kubernetes package for the connection (TLS, proxies, credential plug-ins) and leaves out that package's
models: turning a list of nodes into model objects costs many times what the request itself costs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import blanked
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.version import USER_AGENT
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.memory_files import MemoryFiles
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import Resource

try:
    import urllib3
    from kubernetes.client.configuration import Configuration
    from kubernetes.client.rest import RESTClientObject

    MISSING_LIBRARY: str | None = None
except ImportError:  # the modules say how to install it
    MISSING_LIBRARY = "kubernetes"

if TYPE_CHECKING:
    from kubernetes.config.kube_config import ConfigNode

#: The name under which the API server records which fields are ours (server-side apply).
FIELD_MANAGER = "azureml.fleet"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

#: Seconds until a connection stands, and until an answer comes.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
#: Seconds for which a request is repeated while the API server restarts or asks to slow down.
RETRY_SECONDS = 60.0
#: Seconds for which 'RBAC: clusterrole not found' is repeated: a starting API server has not read its roles yet.
ROLES_LOADING_SECONDS = 10.0
_RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
_PAGE = 500
#: Environment variables that kubectl reads for its default configuration.
_DEFAULT_KUBECONFIG = "~/.kube/config"

Kubeconfig = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One request, with the words that an RBAC rule would need to allow it."""

    method: str
    verb: str
    resource: Resource
    name: str | None = None
    namespace: str | None = None
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"

    @property
    def subject(self) -> str:
        """The object in words, for example `deployments.apps "azureml-fe" in namespace default`."""
        text = self.resource.title
        if self.name:
            text += f' "{self.name}"'
        if self.namespace:
            text += f" in namespace {self.namespace}"
        return text


@dataclass(frozen=True)
class _Answer:
    """What came back: the HTTP status, the decoded body and the seconds to wait that the server asked for."""

    status: int
    body: dict[str, Any]
    retry_after: float | None


class _InterruptedError(Exception):
    """No answer came, and the same request may get one in a moment."""

    def __init__(self, error: Exception, *, patience: float) -> None:
        """Keep the cause, and for how many seconds trying again makes sense."""
        super().__init__(str(error))
        self.error = error
        self.patience = patience


class ClusterConnection:
    """The API of one cluster. Use it as a context manager: it holds a connection and credentials in memory.

    Every request it sends can be repeated safely: reads, server-side apply, merge patches and replacements that name
    the version they are based on, creations and deletions by name.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str | None = None,
        retry_seconds: float = RETRY_SECONDS,
        renew: Callable[[], Endpoint] | None = None,
    ) -> None:
        """Talk to `endpoint`, called `name` in messages; `renew` gives fresh credentials when these are refused."""
        self.name = f"cluster {name}" if name else f"the cluster at {endpoint.server}"
        self._retry_seconds = retry_seconds
        self._renew = renew
        self._files = MemoryFiles()
        self._connect(endpoint)

    @classmethod
    def from_params(
        cls,
        params: Mapping[str, Any],
        azure: Callable[[], Kubeconfig] | None = None,
        memory: RunMemory | None = None,
        hide: Callable[[str], None] | None = None,
        *,
        name: str | None = None,
        renew: Callable[[], Kubeconfig] | None = None,
    ) -> ClusterConnection:
        """Connect as the options say: `host`, else `kubeconfig`, else what `azure` fetches, else kubectl's default.

        `renew` fetches the kubeconfig from Azure once more, for credentials that were changed since they were cached.
        Raises ConnectionFailedError when the options do not describe a cluster.
        """
        if MISSING_LIBRARY is not None:
            raise ConnectionFailedError(f"The Python package {MISSING_LIBRARY} is missing; install it with pip.")
        credentials = _Credentials(params, memory or NoMemory(), hide or _ignore)
        given = bool(params.get("host") or params.get("kubeconfig"))
        fetch = None if given else azure
        again = None if given or renew is None else lambda: credentials.endpoint(renew)
        return cls(credentials.endpoint(fetch), name=name, renew=again)

    def __enter__(self) -> ClusterConnection:
        """Return the connection itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection and forget the credentials."""
        self.close()

    def close(self) -> None:
        """Close the connection and forget the credentials."""
        self._rest.pool_manager.clear()
        self._files.close()

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return one object, or None when it (or its kind) is not there."""
        try:
            return self.send(Request("GET", "get", resource, name, namespace))
        except KubernetesError as error:
            if error.missing:
                return None
            raise

    def list(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects of a kind, in pages of 500; all labels of `label_selector` ('a=b,c=d') must match.

        Raises KubernetesError with `missing` when the API does not serve the kind.
        """
        query = {"limit": str(_PAGE)}
        if label_selector:
            query["labelSelector"] = label_selector
        found: list[dict[str, Any]] = []
        while True:
            try:
                page = self.send(Request("GET", "list", resource, None, namespace, query))
            except KubernetesError as error:
                # The list's snapshot expired between two pages (kubernetes.io, API concepts, 'Resource versions').
                if error.status != 410 or "continue" not in query:
                    raise
                query = {key: value for key, value in query.items() if key not in ("continue", "limit")}
                found = []
                continue
            found += page.get("items") or []
            proceed = (page.get("metadata") or {}).get("continue")
            if not proceed:
                return found
            query = {**query, "continue": proceed}

    def create(self, resource: Resource, body: Mapping[str, Any], namespace: str | None = None) -> dict[str, Any]:
        """Create an object and return it as it was stored; a conflict means that it exists already."""
        name = (body.get("metadata") or {}).get("name")
        request = Request("POST", "create", resource, name, namespace, {"fieldManager": FIELD_MANAGER}, body)
        return self.send(request, path=resource.path(None, namespace))

    def replace(self, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put `body` in the place of the object that it was made from: its resourceVersion must still be current."""
        metadata = body["metadata"]
        return self.send(
            Request(
                "PUT",
                "update",
                resource,
                metadata["name"],
                metadata.get("namespace"),
                {"fieldManager": FIELD_MANAGER},
                body,
            )
        )

    def merge(self, resource: Resource, based_on: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Change labels or annotations of `based_on` and nothing else.

        The patch names uid and resourceVersion of the object that was read, so that it conflicts when anybody changed
        or recreated the object since.
        """
        known = based_on["metadata"]
        guard = {"uid": known["uid"], "resourceVersion": known["resourceVersion"]}
        return self.send(
            Request(
                "PATCH",
                "patch",
                resource,
                known["name"],
                known.get("namespace"),
                {"fieldManager": FIELD_MANAGER},
                {"metadata": {**guard, **metadata}},
                MERGE_PATCH,
            )
        )

    def apply(self, resource: Resource, body: Mapping[str, Any], *, force: bool = False) -> dict[str, Any]:
        """Make the fields in `body` so and leave all others alone (server-side apply); create the object if needed.

        A field that another manager owns with another value is a conflict, unless `force` takes it over.
        """
        metadata = body["metadata"]
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        return self.send(
            Request(
                "PATCH",
                "patch",
                resource,
                metadata["name"],
                metadata.get("namespace"),
                query,
                body,
                APPLY_PATCH,
            )
        )

    def delete(self, resource: Resource, based_on: Mapping[str, Any]) -> bool:
        """Delete the object that was read, if it is still that version; False when somebody was faster."""
        known = based_on["metadata"]
        guard = {"uid": known["uid"], "resourceVersion": known["resourceVersion"]}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": guard}
        try:
            self.send(Request("DELETE", "delete", resource, known["name"], known.get("namespace"), None, body))
        except KubernetesError as error:
            if error.missing:
                return False
            raise
        return True

    def server_version(self) -> str:
        """Return the API server's version, for example `v1.35.4`; every authenticated user may read it."""
        answer = self.send(Request("GET", "get", Resource("", "v1", "version", namespaced=False)), path="/version")
        return str(answer.get("gitVersion") or "")

    def send(self, request: Request, *, path: str | None = None) -> dict[str, Any]:
        """Send a request, repeating it while the API server restarts, and return the decoded answer.

        Raises KubernetesError for an answer that is an error, ConnectionFailedError when there is none.
        """
        url = self._server + (path or request.resource.path(request.name, request.namespace))
        if request.query:
            url += "?" + urlencode(request.query)
        answer = self._answer(request, url)
        if answer.status == 401 and self._renew is not None:
            renew, self._renew = self._renew, None
            self.close()
            self._files = MemoryFiles()
            self._connect(renew())
            answer = self._answer(request, url)
        if answer.status >= 400:
            self._raise(request, answer)
        return answer.body

    def _answer(self, request: Request, url: str) -> _Answer:
        """Send until there is an answer worth having, or patience ends."""
        started = time.monotonic()
        pause = 0.25
        while True:
            try:
                answer = self._send_once(request, url)
            except _InterruptedError as interruption:
                patience, wanted = min(interruption.patience, self._retry_seconds), pause
                if time.monotonic() - started + wanted > patience:
                    raise ConnectionFailedError(self._unreachable(request, interruption.error)) from interruption.error
            else:
                patience = self._patience(answer)
                wanted = max(pause, answer.retry_after or 0.0)
                if time.monotonic() - started + wanted > patience:
                    return answer
            time.sleep(wanted)
            pause = min(pause * 2, 2.0)

    def _patience(self, answer: _Answer) -> float:
        """Return for how many seconds after the first try this answer is worth another try; 0 for a final one."""
        if answer.status in _RETRIED_STATUS:
            return self._retry_seconds
        message = str(answer.body.get("message") or "")
        if answer.status == 403 and "RBAC: " in message and "not found" in message:
            return min(ROLES_LOADING_SECONDS, self._retry_seconds)
        return 0.0

    def _send_once(self, request: Request, url: str) -> _Answer:
        """Send once. Raises _InterruptedError when no answer came, with the patience that its cause deserves."""
        headers = self._headers.copy()
        data = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            data = json.dumps(request.body).encode()
        try:
            response = self._rest.pool_manager.request(
                request.method,
                url,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _InterruptedError(error, patience=_patience_with(error)) from error
        return _Answer(
            status=int(response.status),
            body=_decoded(response.data),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )

    def _connect(self, endpoint: Endpoint) -> None:
        """Prepare connections to `endpoint`; nothing is sent yet."""
        configuration = Configuration(host=endpoint.server)
        configuration.verify_ssl = endpoint.verify
        if endpoint.verify:
            configuration.ssl_ca_cert = self._path(endpoint.ca_text, endpoint.ca_file)
        else:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        configuration.cert_file = self._path(endpoint.certificate_text, endpoint.certificate_file)
        configuration.key_file = self._path(endpoint.key_text, endpoint.key_file)
        configuration.tls_server_name = endpoint.tls_server_name
        configuration.connection_pool_maxsize = 1
        if endpoint.proxy:
            configuration.proxy = endpoint.proxy
        if endpoint.no_proxy:
            configuration.no_proxy = endpoint.no_proxy
        self._server = endpoint.server
        self._headers = _headers(endpoint)
        self._rest = RESTClientObject(configuration)

    def _path(self, text: str | None, path: str | None) -> str | None:
        """Return a path for a PEM that is known as a text or as a file."""
        if text is not None:
            return self._files.add(text)
        if path and not os.access(path, os.R_OK):
            raise ConnectionFailedError(f"The file {path} for {self.name} cannot be read; nothing was changed.")
        return path

    def _unreachable(self, request: Request, error: Exception) -> str:
        """Return the sentence for a request that got no answer."""
        return (
            f"The Kubernetes API of {self.name} ({self._server}) did not answer when asked to "
            f"{request.verb} {request.subject}: {_cause(error)}. Check network, proxy, certificate and credentials, "
            "then run again."
        )

    def _raise(self, request: Request, answer: _Answer) -> NoReturn:
        """Raise the sentence for an answer that is an error."""
        said = str(answer.body.get("message") or f"HTTP status {answer.status}").strip().rstrip(".")
        reason = str(answer.body.get("reason") or "")
        if answer.status == 401:
            raise ConnectionFailedError(
                f"The Kubernetes API of {self.name} ({self._server}) refused the credentials; nothing was changed. "
                "Renew the token, kubeconfig or Azure login, then run again.",
                status=401,
                code=reason,
            )
        if answer.status == 403:
            raise KubernetesError(self._forbidden(request, said), status=403, code=reason)
        raise KubernetesError(
            f"The Kubernetes API of {self.name} refused to {request.verb} {request.subject}: {said}.",
            status=answer.status,
            code=reason,
            causes=(answer.body.get("details") or {}).get("causes") or (),
        )

    def _forbidden(self, request: Request, said: str) -> str:
        """Return the sentence that names the missing permission."""
        verb = request.verb
        if "cannot create resource" in said and verb == "patch":
            verb = "create"  # a server-side apply that creates needs both
        missing = f"{verb} {request.subject}"
        if "cannot" not in said:  # admission, not authorization, said no
            return f"The Kubernetes API of {self.name} forbids to {missing}: {said}."
        where = f"in namespace {request.namespace}" if request.namespace else "at cluster scope"
        return (
            f"The credentials in use may not {missing} on {self.name}; nothing was changed by this step. Grant verb "
            f"'{verb}' on resource '{request.resource.title}' {where}; docs/permissions/cluster-role.yml lists all "
            "that the collection needs."
        )


class _Credentials:
    """Finds out how to reach a cluster from a module's options."""

    def __init__(self, params: Mapping[str, Any], memory: RunMemory, hide: Callable[[str], None]) -> None:
        """Use the options of the group KUBERNETES in `params`."""
        self._params = params
        self._memory = memory
        self._hide = hide

    def endpoint(self, fetch: Callable[[], Kubeconfig] | None) -> Endpoint:
        """Return the endpoint, with every secret in it hidden and credential plug-ins already asked."""
        endpoint = kubeconfig.with_options(self._base(fetch), self._params)
        if endpoint.exec_plugin and not endpoint.token:
            endpoint = self._with_plugin_token(endpoint, endpoint.exec_plugin)
        for secret in endpoint.secrets():
            self._hide(secret)
        return endpoint

    def _base(self, fetch: Callable[[], Kubeconfig] | None) -> Endpoint:
        """Return the endpoint before the single options are put over it."""
        given, context = self._params.get("kubeconfig"), self._params.get("context")
        if isinstance(given, Mapping):
            return kubeconfig.from_kubeconfig(given, context, "The kubeconfig given as data")
        if given:
            return kubeconfig.from_kubeconfig(kubeconfig.load_file(str(given)), context, f"The kubeconfig {given}")
        if self._params.get("host"):
            return Endpoint(server=str(self._params["host"]).rstrip("/"))
        if fetch is not None:
            return kubeconfig.from_kubeconfig(fetch(), None, "The kubeconfig that Azure returned")
        return kubeconfig.from_kubeconfig(
            kubeconfig.load_file(_DEFAULT_KUBECONFIG), context, f"The kubeconfig {_DEFAULT_KUBECONFIG}"
        )

    def _with_plugin_token(self, endpoint: Endpoint, plugin: Mapping[str, Any]) -> Endpoint:
        """Return `endpoint` with what a credential plug-in (`exec` in the kubeconfig) answers.

        Its token is kept in the run's memory for five minutes: the plug-in is a process of its own.
        """
        asked = json.dumps([endpoint.server, plugin], sort_keys=True, default=str)
        key = "exec-plugin:" + hashlib.sha256(asked.encode()).hexdigest()
        kept = self._memory.get(key)
        status = json.loads(kept) if kept else _run_plugin(plugin, endpoint)
        if not kept:
            self._memory.put(key, json.dumps(status), seconds=300.0)
        return replace(
            endpoint,
            token=status.get("token"),
            certificate_text=status.get("clientCertificateData") or endpoint.certificate_text,
            key_text=status.get("clientKeyData") or endpoint.key_text,
        )


def _run_plugin(plugin: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Ask a credential plug-in for credentials (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/)."""
    # Imported here because it pulls in half of the kubernetes package and few kubeconfigs need it.
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.exec_provider import ExecProvider
    from kubernetes.config.kube_config import ConfigNode

    cluster: ConfigNode = ConfigNode("cluster", {"server": endpoint.server})
    try:
        status: dict[str, Any] = ExecProvider(ConfigNode("exec", dict(plugin)), None, cluster).run()
    except (ConfigException, OSError) as error:
        raise ConnectionFailedError(
            f"The credential plug-in '{plugin.get('command')}' of the kubeconfig for {endpoint.server} failed "
            f"({str(error).strip()}); nothing was changed. Install it or log in, or give api_key."
        ) from error
    return status


def _headers(endpoint: Endpoint) -> urllib3.HTTPHeaderDict:
    """Return the headers that every request to `endpoint` carries."""
    headers = urllib3.HTTPHeaderDict({"User-Agent": USER_AGENT, "Accept": "application/json"})
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    elif endpoint.username is not None and endpoint.password is not None:
        headers.update(urllib3.make_headers(basic_auth=f"{endpoint.username}:{endpoint.password}"))
    if endpoint.impersonate_user:
        headers["Impersonate-User"] = endpoint.impersonate_user
    for group in endpoint.impersonate_groups:
        headers.add("Impersonate-Group", group)
    return headers


def _patience_with(error: Exception) -> float:
    """Return for how many seconds a failed connection is worth another try.

    A refused or cut connection is what a restarting server looks like; a name that does not resolve, a certificate
    that is not trusted or a proxy that fails is not, and a host that does not answer at all is tried once more.
    """
    exceptions = urllib3.exceptions
    text = str(error)
    if isinstance(error, exceptions.SSLError):
        return RETRY_SECONDS if "EOF" in text else 0.0  # EOF: cut in the middle of the handshake
    if isinstance(error, exceptions.NewConnectionError):
        return 0.0 if "resolve" in text or "name resolution" in text else RETRY_SECONDS
    if isinstance(error, exceptions.ConnectTimeoutError):
        return 1.0 + CONNECT_TIMEOUT
    return RETRY_SECONDS if isinstance(error, exceptions.ProtocolError) else 0.0


#: What libraries put before the cause: names of their objects, and what they were doing.
_PREAMBLE = re.compile(r"^.*?(Failed to establish a new connection: |>: |Max retries exceeded with url: )", re.DOTALL)


def _cause(error: Exception) -> str:
    """Return why a connection failed, without the names of the library's objects."""
    if isinstance(error, urllib3.exceptions.ProtocolError) and len(error.args) > 1:
        return f"the connection was cut ({error.args[1]})".replace("'", "")
    text = str(error)
    if "certificate verify failed" in text:
        detail = text.split("certificate verify failed: ", 1)[-1].split(" (_ssl", 1)[0]
        return f"its certificate is not trusted ({detail})"
    return _PREAMBLE.sub("", text).strip().rstrip(".")


def _decoded(data: bytes) -> dict[str, Any]:
    """Return a body as JSON; a body that is none ('404 page not found') becomes a message."""
    if not data:
        return {}
    try:
        body = json.loads(data)
    except ValueError:
        return {"message": blanked(data.decode(errors="replace"))[:300].strip()}
    return body if isinstance(body, dict) else {"message": blanked(str(body))[:300]}


def _seconds(header: str | None) -> float | None:
    """Return the Retry-After header in seconds; the API server only ever sends whole seconds."""
    return float(header) if header and header.isdigit() else None


def _ignore(_text: str) -> None:
    """Hide nothing: for callers that show nothing."""


def selector(labels: Mapping[str, str]) -> str:
    """Return one label selector that all of `labels` must match."""
    return ",".join(_pairs(labels))


def _pairs(labels: Mapping[str, str]) -> Iterator[str]:
    """Yield `key=value` in a stable order."""
    for key in sorted(labels):
        yield f"{key}={labels[key]}"
