# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster's API: from a request to its answer, without HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes import builtin, discovery, errors, openapi, patches, reads, routing, scale
from tests.simulator.kubernetes.access.authorizer import Authorizer, Denial
from tests.simulator.kubernetes.access.reviews import REVIEWS, answer_review
from tests.simulator.kubernetes.access.users import ADMINISTRATOR, Attributes, User
from tests.simulator.kubernetes.controllers.context import ControllerContext, Timing
from tests.simulator.kubernetes.controllers.manager import ControllerManager
from tests.simulator.kubernetes.controllers.queue import WorkQueue
from tests.simulator.kubernetes.errors import ApiError, UnknownPathError
from tests.simulator.kubernetes.representation import Presenter, Representation, negotiate
from tests.simulator.kubernetes.resources import Resource, ResourceRegistry, in_version
from tests.simulator.kubernetes.routing import RequestInfo
from tests.simulator.kubernetes.store import Key, ObjectStore
from tests.simulator.kubernetes.writes import ObjectWriter, Patch, WriteOptions, Written

_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_PLATFORM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
SYSTEM = WriteOptions(manager="kube-apiserver", manager_given=True, validation="Ignore")


@dataclass(frozen=True)
class Request:
    """A request without its transport; `body` is decoded JSON, or the text of an apply patch."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None
    content_type: str = "application/json"
    accept: str = ""
    user_agent: str = ""
    user: User = ADMINISTRATOR


@dataclass
class Answer:
    """The answer to a request; `text` is set for plain text."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "text/plain; charset=utf-8"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class WatchPlan:
    """A watch that is to be served as a stream."""

    wanted: reads.Filter
    presenter: Presenter
    query: Mapping[str, str]


class Cluster:
    """The state of one cluster and everything that acts on it."""

    def __init__(
        self, version: str, clock: SimulationClock, timing: Timing, denials: Iterable[Denial], *, load_balancers: bool
    ) -> None:
        """An empty cluster; its system objects are made at the first request."""
        self.version = version
        self.clock = clock
        self.store = ObjectStore()
        self.authorizer = Authorizer(denials, self.store)
        self.registry = ResourceRegistry()
        self.writer = ObjectWriter(self.store, clock)
        self.controllers = ControllerContext(
            self.store,
            self.registry,
            self.writer,
            clock,
            timing,
            WorkQueue(clock),
            kubelet_version=version,
            load_balancers=load_balancers,
        )
        self._manager = ControllerManager(self.controllers)
        self._started = False

    def start(self) -> None:
        """Make the system namespaces, the service `kubernetes` and the default roles, once."""
        if self._started:
            return
        self._started = True
        for name in _PLATFORM_NAMESPACES:
            self.controllers.create("v1", "Namespace", "", {"metadata": {"name": name}}, SYSTEM)
        service = {
            "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]},
        }
        self.controllers.create("v1", "Service", "default", service, SYSTEM)
        for kind, objects in builtin.roles().items():
            for obj in objects:
                self.controllers.create("rbac.authorization.k8s.io/v1", kind, "", obj, SYSTEM)
        self.controllers.queue.settle()

    def close(self) -> None:
        """Stop the controllers."""
        self._manager.close()

    def answer(self, request: Request) -> Answer | WatchPlan:
        """Answer a request. Raises ApiError."""
        self.start()
        self.controllers.queue.wake()
        info = routing.parse(request.method, request.path.rstrip("/"), request.query)
        if info is None:
            return self._non_resource(request)
        resource = self.registry.find(info.group, info.version, info.resource)
        if resource is None:
            raise self._unknown(info.group, info.version)
        self.authorizer.check(request.user, Attributes.of_request(info))
        return self._resource_request(request, info, resource)

    def kind_at(self, method: str, path: str) -> str:
        """The kind of objects that a path takes, for messages."""
        info = routing.parse(method, path, {})
        resource = self.registry.find(info.group, info.version, info.resource) if info is not None else None
        return resource.kind if resource is not None else ""

    # -- everything but resources -------------------------------------------------------------------------------------

    def _non_resource(self, request: Request) -> Answer:
        path = request.path.rstrip("/") or "/"
        self.authorizer.check(request.user, Attributes(request.method.lower(), path=path))
        if path in _HEALTH or path.startswith(tuple(f"{item}/" for item in _HEALTH)):
            return Answer(200, text="ok")
        if path == "/version":
            return Answer(200, self._version())
        if path == "/":
            return Answer(
                200, {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
            )
        if path == "/openapi/v2":
            return Answer(200, text="", content_type=openapi.VERSION_2_TYPE)
        document = self._discovery(path, request.accept) or self._openapi(path)
        if document is None:
            raise self._unknown("", "") if path.startswith("/api/") else UnknownPathError()
        return Answer(200, document)

    def _unknown(self, group: str, version: str) -> ApiError:
        """404: as a Status where the API server's own groups are meant, else in plain text."""
        del version  # a wrong version of a known group is told in the same way
        served = any(group == item.group for item in self.registry if not item.custom)
        return ApiError(404, "NotFound", UnknownPathError().status["message"], {}) if served else UnknownPathError()

    def _version(self) -> dict[str, Any]:
        major, minor = self.version.split(".")[:2]
        return {
            "major": major,
            "minor": minor,
            "emulationMajor": major,
            "emulationMinor": minor,
            "minCompatibilityMajor": major,
            "minCompatibilityMinor": str(int(minor) - 1),
            "gitVersion": f"v{self.version}",
            "gitCommit": hashlib.sha256(self.version.encode()).hexdigest()[:40],
            "gitTreeState": "clean",
            "buildDate": "2026-04-15T12:00:00Z",
            "goVersion": "go1.25.9",
            "compiler": "gc",
            "platform": "linux/amd64",
        }

    def _discovery(self, path: str, accept: str) -> dict[str, Any] | None:
        parts = path.strip("/").split("/")
        if parts in (["api"], ["apis"]):
            if discovery.wants_aggregated(accept):
                return discovery.aggregated(self.registry, core=parts == ["api"])
            return discovery.versions_document("127.0.0.1") if parts == ["api"] else discovery.group_list(self.registry)
        if parts[0] == "api" and len(parts) == 2:
            return discovery.resource_list(self.registry, "", parts[1])
        if parts[0] == "apis" and len(parts) == 2:
            return discovery.group_document(self.registry, parts[1])
        if parts[0] == "apis" and len(parts) == 3:
            return discovery.resource_list(self.registry, parts[1], parts[2])
        return None

    def _openapi(self, path: str) -> dict[str, Any] | None:
        parts = path.strip("/").split("/")
        if parts == ["openapi", "v3"]:
            return openapi.index(self.registry)
        if parts[:3] == ["openapi", "v3", "api"] and len(parts) == 4:
            return openapi.document(self.registry, "", parts[3])
        if parts[:3] == ["openapi", "v3", "apis"] and len(parts) == 5:
            return openapi.document(self.registry, parts[3], parts[4])
        return None

    # -- resources ----------------------------------------------------------------------------------------------------

    def _resource_request(self, request: Request, info: RequestInfo, resource: Resource) -> Answer | WatchPlan:
        presenter = Presenter(resource, self._representation(request, info), request.query, self.clock.wall)
        if resource.plural in REVIEWS and info.verb == "create":
            body = self.writer.review(resource, request.body or {}, write_options(request))
            if resource.namespaced:
                body["metadata"]["namespace"] = info.namespace
            return Answer(201, answer_review(resource, body, request.user, self.authorizer))
        if "get" not in resource.verbs:  # bindings, and the reviews of tokens: nothing that is stored
            raise errors.method_not_allowed()
        self._check_verb(info, resource)
        if info.subresource and info.subresource not in ("status", "scale"):
            # Logs, evictions, bindings and tokens are what kubelets, schedulers and other commands of kubectl ask.
            raise errors.method_not_allowed()
        if info.verb == "watch":
            wanted = reads.Filter.from_request(resource, info)
            reads.start_events(self.store, wanted, request.query)
            return WatchPlan(wanted, presenter, request.query)
        handlers = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        return handlers[info.verb](request, info, resource, presenter)

    def _representation(self, request: Request, info: RequestInfo) -> Representation:
        found = negotiate(request.accept)
        return Representation.OBJECT if info.subresource else found

    def _check_verb(self, info: RequestInfo, resource: Resource) -> None:
        verbs = resource.verbs
        if info.subresource:
            sub = resource.subresources.get(info.subresource)
            if sub is None:
                raise UnknownPathError
            verbs = sub.verbs
        needs_name = info.verb in ("get", "update", "patch", "delete")
        unnamed = needs_name and not info.name
        misplaced = info.verb == "create" and bool(info.name) and not info.subresource
        everywhere = resource.namespaced and not info.namespace and info.verb not in ("list", "watch")
        if info.verb not in verbs or unnamed or misplaced or everywhere:
            raise errors.method_not_allowed()

    def _get(self, _request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        found = in_version(resource, self.writer.live(resource, info.namespace, info.name))
        if info.subresource == "scale":
            return Answer(200, scale.scale_of(resource, found))
        return Answer(200, presenter.one(found))

    def _list(self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        wanted = reads.Filter.from_request(resource, info)
        metadata, objects = reads.list_objects(self.store, wanted, request.query)
        return Answer(200, presenter.many(objects, metadata))

    def _create(self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        written = self.writer.create(resource, info.namespace, request.body, write_options(request))
        return self._written(written, presenter)

    def _update(self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        options = write_options(request)
        if info.subresource == "scale":
            return Answer(200, self.writer.update_scale(resource, info.namespace, info.name, request.body, options))
        written = self.writer.update(resource, info.namespace, info.name, request.body, options, info.subresource)
        return self._written(written, presenter)

    def _patch(self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        media_type = request.content_type.partition(";")[0].strip()
        options = write_options(request)
        if options.force and media_type != patches.APPLY_PATCH:
            finding = errors.forbidden_field("force", "may not be specified for non-apply patch")
            raise errors.invalid("PatchOptions", "meta.k8s.io", "", [finding])
        namespace = info.namespace if resource.namespaced else ""
        if media_type == patches.APPLY_PATCH and self.store.get(Key(resource.key, namespace, info.name)) is None:
            # An apply that creates needs both verbs.
            self.authorizer.check(request.user, Attributes.of_request(replace(info, verb="create")))
        patch = Patch(media_type, request.body)
        written = self.writer.patch(resource, info.namespace, info.name, patch, options, info.subresource)
        return self._written(written, presenter)

    @staticmethod
    def _written(written: Written, presenter: Presenter) -> Answer:
        status = 201 if written.created else 200
        return Answer(status, presenter.one(written.obj), warnings=written.warnings)

    def _delete(self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter) -> Answer:
        options, dry_run = delete_options(request)
        deleted = self.writer.delete(resource, info.namespace, info.name, options, dry_run)
        return Answer(200, presenter.one(deleted))

    def _delete_collection(
        self, request: Request, info: RequestInfo, resource: Resource, presenter: Presenter
    ) -> Answer:
        options, dry_run = delete_options(request)
        wanted = reads.Filter.from_request(resource, info)
        objects = reads.select(self.store, wanted)
        for obj in objects:
            self.writer.delete(
                resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], options, dry_run
            )
        return Answer(200, presenter.many(objects, {"resourceVersion": str(self.store.version)}))


def write_options(request: Request) -> WriteOptions:
    """The options of a write in the query. Raises ApiError 422 for values that are not offered."""
    query = request.query
    given = query.get("fieldManager", "")
    if len(given) > 128:
        finding = errors.too_long("fieldManager", 128)
        raise errors.invalid("PatchOptions", "meta.k8s.io", "", [finding])
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        finding = errors.unsupported_value("fieldValidation", validation, ("Ignore", "Strict", "Warn"))
        raise errors.invalid(_options_kind(request), "meta.k8s.io", "", [finding])
    return WriteOptions(
        manager=given or request.user_agent.partition("/")[0][:128] or "unknown",
        manager_given=bool(given),
        dry_run=_dry_run(request, [query["dryRun"]] if query.get("dryRun") else []),
        validation=validation,
        force=query.get("force", "").lower() in ("true", "1"),
    )


def _dry_run(request: Request, values: list[str]) -> bool:
    for value in values:
        if value != "All":
            finding = errors.unsupported_value("dryRun", values, ("All",))
            raise errors.invalid(_options_kind(request), "meta.k8s.io", "", [finding])
    return bool(values)


def _options_kind(request: Request) -> str:
    kinds = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
    return kinds.get(request.method, "CreateOptions")


def delete_options(request: Request) -> tuple[dict[str, Any], bool]:
    """The DeleteOptions of body and query, and whether it is a dry run. Raises ApiError 422."""
    options = dict(request.body) if isinstance(request.body, dict) else {}
    for name in ("propagationPolicy", "gracePeriodSeconds"):
        if name in request.query and name not in options:
            value = request.query[name]
            options[name] = int(value) if name == "gracePeriodSeconds" else value
    policy = options.get("propagationPolicy")
    if policy not in (None, "Background", "Foreground", "Orphan"):
        finding = errors.unsupported_value("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil"))
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [finding])
    if options.get("orphanDependents") and policy is None:
        options["propagationPolicy"] = "Orphan"
    values = list(options.get("dryRun") or ([request.query["dryRun"]] if request.query.get("dryRun") else []))
    return options, _dry_run(request, values)


__all__ = ["Answer", "ApiError", "Cluster", "Request", "WatchPlan"]
