# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small typed client of one cluster's API: JSON in, JSON out.

It leaves out the models of the kubernetes package: turning a list of nodes into model objects costs many times what the
request itself costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import wording
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.credentials import Credentials, Kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import (
    ConnectionFailedError,
    KubernetesError,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.kubeconfig import Endpoint
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.pages import read_pages
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.request import Request
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.resources import Resource
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.transport import (
    MISSING_LIBRARY,
    RETRY_SECONDS,
    Transport,
)

__all__ = ["FIELD_MANAGER", "MISSING_LIBRARY", "ClusterConnection"]

#: The name under which the API server records which fields are ours (server-side apply).
FIELD_MANAGER = "azureml.fleet"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


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
        self.name = f"cluster {name}" if name else f"the cluster at {endpoint.address}"
        self._retry_seconds = retry_seconds
        self._renew = renew
        self._transport = Transport(endpoint, self.name, retry_seconds)

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
        warn: Callable[[str], None] | None = None,
    ) -> ClusterConnection:
        """Connect as the options say: `host`, else `kubeconfig`, else what `azure` fetches, else kubectl's default.

        `renew` fetches the kubeconfig from Azure once more, for credentials that were changed since they were cached.
        `warn` hears when certificates are not checked. Raises ConnectionFailedError when the options do not describe a
        cluster.
        """
        if MISSING_LIBRARY is not None:
            raise ConnectionFailedError(f"The Python package {MISSING_LIBRARY} is missing; install it with pip.")
        credentials = Credentials(params, memory or NoMemory(), hide or _ignore, warn or _ignore)
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
        self._transport.close()

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
        query = {"labelSelector": label_selector} if label_selector else {}
        return read_pages(
            lambda page: self.send(Request("GET", "list", resource, None, namespace, {**query, **page})),
            f"{resource.title} of {self.name}",
        )

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
        target = path or request.resource.path(request.name, request.namespace)
        if request.query:
            target += "?" + urlencode(request.query)
        answer = self._transport.answer(request, target)
        if answer.status == 401 and self._renew is not None:
            renew, self._renew = self._renew, None
            self.close()
            self._transport = Transport(renew(), self.name, self._retry_seconds)
            answer = self._transport.answer(request, target)
        if not 200 <= answer.status < 300 or not answer.is_json:
            raise wording.refused(self.name, self._transport.server, request, answer)
        return answer.body


def _ignore(_text: str) -> None:
    """Swallow a text: for callers that show nothing."""
