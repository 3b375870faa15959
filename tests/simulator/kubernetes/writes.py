# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, update, patch, apply and delete: what kube-apiserver does between a request's body and the store."""

from __future__ import annotations

import copy
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import yaml

from tests.simulator.clock import SimulationClock
from tests.simulator.kubernetes import (
    custom_resources,
    errors,
    managed_fields,
    patches,
    scale,
    structural,
    validation,
)
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.admission import Admission
from tests.simulator.kubernetes.decoding import Decoder, Findings
from tests.simulator.kubernetes.defaults import HOOKS
from tests.simulator.kubernetes.managed_fields import Manager, Writer
from tests.simulator.kubernetes.resources import Resource, ResourceRegistry
from tests.simulator.kubernetes.store import Key, Object, ObjectStore

NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_NO_UNCONDITIONAL_UPDATE = frozenset({custom_resources.DEFINITIONS, "leases.coordination.k8s.io"})
_RETURNED_WHEN_DELETED = frozenset(
    {
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
        "pods",
        "services",
        "persistentvolumeclaims",
        "persistentvolumes",
        "serviceaccounts",
        "podtemplates",
        "resourcequotas",
    }
)
_TIMES_VALIDATED = {"nodes": 4}
"""How often the API server validates the metadata of an update, and so repeats what it finds, where it is not twice."""
_MAPS_OF_METADATA = ("labels", "annotations")


@dataclass(frozen=True)
class WriteOptions:
    """The options of a write: who, and how strict. `manager_given` tells `fieldManager` from a guess by the user
    agent.
    """

    manager: str = "unknown"
    manager_given: bool = False
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False


@dataclass
class Written:
    """The outcome of a write; `obj` is what is stored, or would be."""

    obj: Object
    created: bool = False
    warnings: list[str] = field(default_factory=list)


class ObjectWriter:
    """All writes to the objects of one cluster. Every method raises ApiError where the API server refuses."""

    def __init__(self, store: ObjectStore, registry: ResourceRegistry, clock: SimulationClock) -> None:
        """Write to `store` what `registry` knows."""
        self._store = store
        self._registry = registry
        self._clock = clock
        self._admission = Admission(store, registry)

    # -- create ---------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, namespace: str, body: Any, options: WriteOptions) -> Written:
        """POST."""
        written = Written({}, created=True)
        obj = self._decoded(resource, body, options, written.warnings)
        self._settle_namespace(resource, obj, namespace)
        metadata = obj["metadata"]
        if metadata.get("resourceVersion"):
            raise errors.unclassified("resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"][:58] + random_suffix()
            if resource.key == "namespaces":
                obj = self._decoded(resource, obj, options, [])
        written.obj = self._insert(resource, obj, options, "Update")
        return written

    def _insert(self, resource: Resource, obj: Object, options: WriteOptions, operation: str) -> Object:
        metadata = obj["metadata"]
        self._check_name_before_creation(resource, metadata)
        for name in (
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
            "uid",
            "resourceVersion",
        ):
            metadata.pop(name, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self._clock.timestamp()
        if resource.has_generation:
            metadata["generation"] = 1
        if resource.has_status:
            self._reset_status(resource, obj)
        namespace = metadata.get("namespace", "")
        key = Key(resource.key, namespace, metadata.get("name", ""))
        if operation == "Update":
            empty = self._empty_object(resource)
            managed_fields.track_update(empty, obj, resource.schema, self._writer(resource, options, "Update"))
        self._admission.check_namespace(resource, namespace, metadata.get("name", ""))
        self._admission.on_create(resource, obj)
        self._validate(resource, obj, None)
        existing = self._store.get(key)
        if existing is not None:
            raise errors.already_exists(
                resource.plural, resource.group, key.name, being_deleted="deletionTimestamp" in existing["metadata"]
            )
        self._order_metadata(obj)
        return self._stored(key, obj, options.dry_run)

    def _check_name_before_creation(self, resource: Resource, metadata: Mapping[str, Any]) -> None:
        if not metadata.get("name") and resource.namespaced and not metadata.get("namespace"):
            raise errors.bad_request("an empty namespace may not be set during creation")

    def _reset_status(self, resource: Resource, obj: Object) -> None:
        if resource.key == "nodes":
            return
        obj.pop("status", None)
        if resource.key == custom_resources.DEFINITIONS:
            obj["status"] = custom_resources.initial_status(obj)
        elif not resource.custom:
            initial = schemas.skeleton(schemas.resolve(resource.schema)).get("status")
            if initial is not None:
                obj["status"] = initial
            self._fill_defaults(resource, obj)

    def _fill_defaults(self, resource: Resource, obj: Object) -> None:
        """Defaults of what was reset: the status of namespaces, pods and claims has a phase from the start."""
        if resource.key in ("namespaces", "persistentvolumeclaims", "persistentvolumes"):
            decoded = Decoder(Findings(resource.kind, resource.version), HOOKS).decode(obj, resource.schema)
            obj["status"] = decoded["status"]

    def _empty_object(self, resource: Resource) -> Object:
        if resource.custom:
            return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}
        return {**schemas.skeleton(resource.schema), "apiVersion": resource.api_version, "kind": resource.kind}

    def review(self, resource: Resource, body: Any, options: WriteOptions) -> Object:
        """A review as it was sent, decoded, with its owner: reviews are answered and never stored."""
        obj = self._decoded(resource, body, options, [])
        obj.setdefault("metadata", {})
        obj.pop("status", None)
        empty = self._empty_object(resource)
        managed_fields.track_update(empty, obj, resource.schema, self._writer(resource, options, "Update"))
        return obj

    # -- update ---------------------------------------------------------------------------------------------------

    def update(
        self, resource: Resource, namespace: str, name: str, body: Any, options: WriteOptions, subresource: str = ""
    ) -> Written:
        """PUT of an object or of its status."""
        written = Written({})
        obj = self._decoded(resource, body, options, written.warnings)
        self._settle_namespace(resource, obj, namespace)
        self._settle_name(obj, name)
        live = self.live(resource, namespace, name)
        if not obj["metadata"].get("resourceVersion") and (resource.custom or resource.key in _NO_UNCONDITIONAL_UPDATE):
            finding = errors.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource.plural, resource.group, name, [finding])
        self._check_same_object(resource, live, obj)
        written.obj = self._replace(resource, live, obj, options, subresource)
        return written

    def update_scale(self, resource: Resource, namespace: str, name: str, body: Any, options: WriteOptions) -> Object:
        """PUT of the scale subresource; returns the Scale."""
        if not isinstance(body, dict):
            raise errors.bad_request("the object provided is unrecognized (must be of type Scale)")
        live = self.live(resource, namespace, name)
        obj = scale.with_replicas(resource, live, body)
        version = (body.get("metadata") or {}).get("resourceVersion")
        if version:
            obj["metadata"]["resourceVersion"] = version
        stored = self._replace(resource, live, obj, options, "scale")
        return scale.scale_of(resource, stored)

    def _replace(
        self,
        resource: Resource,
        live: Object,
        obj: Object,
        options: WriteOptions,
        subresource: str,
        *,
        applied: bool = False,
    ) -> Object:
        """Store `obj` in place of `live` after all checks; nothing is written when they are equal."""
        self._check_version(resource, live, obj)
        if not applied:
            base = self._at_version(resource, live)
            managed_fields.track_update(
                base, obj, resource.schema, self._writer(resource, options, "Update", subresource)
            )
        obj = self._prepared(resource, live, obj, subresource)
        self._admission.on_update(resource, obj, live)
        self._validate(resource, obj, live)
        if self._same_but_times(obj, live):
            return self._at_version(resource, live)
        self._order_metadata(obj)
        return self._finished_update(resource, live, obj, options.dry_run)

    def _finished_update(self, resource: Resource, live: Object, obj: Object, dry_run: bool) -> Object:
        key = key_of(resource, live)
        metadata = obj["metadata"]
        gone = metadata.get("deletionTimestamp") and not metadata.get("finalizers")
        if resource.key == "namespaces":
            gone = gone and not (obj.get("spec") or {}).get("finalizers")
        elif resource.key == "pods":
            gone = gone and not metadata.get("deletionGracePeriodSeconds")
        if gone and not dry_run:
            removed = self._store.remove(key)
            return {
                **obj,
                "metadata": {**metadata, "resourceVersion": (removed or live)["metadata"]["resourceVersion"]},
            }
        return self._stored(key, obj, dry_run)

    def _check_same_object(self, resource: Resource, live: Object, obj: Object) -> None:
        """A PUT with a uid replaces that very object."""
        wanted, found = obj["metadata"].get("uid"), live["metadata"]["uid"]
        if wanted and wanted != found:
            name = live["metadata"]["name"]
            key = "/".join(filter(None, ("/registry", resource.plural, live["metadata"].get("namespace"), name)))
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
            )
            raise errors.conflict(resource.plural, resource.group, name, why)

    @staticmethod
    def _check_version(resource: Resource, live: Object, obj: Object) -> None:
        version = obj["metadata"].get("resourceVersion")
        if version and not version.isdigit():
            raise errors.unclassified(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if version and version != live["metadata"]["resourceVersion"]:
            raise errors.conflict(resource.plural, resource.group, live["metadata"]["name"])

    def _prepared(self, resource: Resource, live: Object, obj: Object, subresource: str) -> Object:
        """The new object with what clients cannot write taken from the live one."""
        if subresource == "status":
            obj = _status_update(resource, live, obj)
        elif resource.has_status and subresource == "":
            obj.pop("status", None)
            if "status" in live:
                obj["status"] = live["status"]
        metadata, before = obj["metadata"], live["metadata"]
        metadata.setdefault("uid", before["uid"])
        for key in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
            metadata.pop(key, None)
            if key in before:
                metadata[key] = before[key]
        metadata["resourceVersion"] = before["resourceVersion"]
        if resource.has_generation and subresource != "status" and self._wanted_state_changed(resource, live, obj):
            metadata["generation"] = before.get("generation", 0) + 1
        return obj

    def _wanted_state_changed(self, resource: Resource, live: Object, obj: Object) -> bool:
        ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if resource.has_status else set())
        if resource.key == "deployments.apps" and obj["metadata"].get("annotations") != live["metadata"].get(
            "annotations"
        ):
            return True  # its controller copies annotations to the replica sets
        return _without(obj, ignored) != _without(live, ignored)

    @staticmethod
    def _same_but_times(new: Object, old: Object) -> bool:
        """Whether nothing changed; the times of managedFields do not count."""
        if _without(new, {"metadata", "apiVersion"}) != _without(old, {"metadata", "apiVersion"}):
            return False
        before, after = ({**obj["metadata"]} for obj in (old, new))
        old_owners, new_owners = before.pop("managedFields", ()), after.pop("managedFields", ())
        return before == after and [_without(item, {"time"}) for item in old_owners] == [
            _without(item, {"time"}) for item in new_owners
        ]

    # -- patch ----------------------------------------------------------------------------------------------------

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Any,
        media_type: str,
        options: WriteOptions,
        subresource: str = "",
    ) -> Written:
        """PATCH with any of the patch types; `body` is text for apply patches, JSON otherwise."""
        if media_type == patches.APPLY_PATCH:
            return self._apply(resource, namespace, name, body, options, subresource)
        live = self._at_version(resource, self.live(resource, namespace, name))
        if subresource == "scale":
            return Written(self._patch_scale(resource, live, body, media_type, options))
        patched = self._patched(resource, live, body, media_type, resource.schema)
        written = Written({})
        try:
            obj = self._decoded(resource, patched, options, written.warnings)
        except errors.ApiError as error:
            raise _patch_failure(body, patched, media_type, error) from error
        self._settle_namespace(resource, obj, namespace)
        self._settle_name(obj, name)
        written.obj = self._replace(resource, live, obj, options, subresource)
        return written

    def _patch_scale(
        self, resource: Resource, live: Object, body: Any, media_type: str, options: WriteOptions
    ) -> Object:
        current = scale.scale_of(resource, live)
        patched = self._patched(resource, current, body, media_type, scale.SCHEMA)
        namespace, name = live["metadata"].get("namespace", ""), live["metadata"]["name"]
        return self.update_scale(resource, namespace, name, patched, options)

    def _patched(self, resource: Resource, live: Object, body: Any, media_type: str, schema: schemas.Schema) -> Object:
        accepted = [patches.JSON_PATCH, patches.MERGE_PATCH, patches.APPLY_PATCH]
        if resource.custom and media_type not in accepted:
            raise errors.unsupported_media_type(*accepted)
        if media_type not in (*accepted, patches.STRATEGIC_PATCH):
            raise errors.ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
        if media_type == patches.JSON_PATCH:
            return patches.apply_json_patch(live, body)
        if not isinstance(body, dict):
            found = structural.json_type(body)
            raise errors.bad_request(
                f"error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )
        if media_type == patches.MERGE_PATCH:
            return copy.deepcopy(patches.apply_merge_patch(live, body))
        return copy.deepcopy(patches.apply_strategic_patch(live, body, schema))

    def _apply(
        self, resource: Resource, namespace: str, name: str, body: Any, options: WriteOptions, subresource: str
    ) -> Written:
        if not options.manager_given:
            finding = errors.required("fieldManager", "is required for apply patch")
            raise errors.invalid("PatchOptions", "meta.k8s.io", "", [finding])
        applied = _decoded_yaml(body)
        if (applied.get("apiVersion"), applied.get("kind")) != (resource.api_version, resource.kind):
            version = applied.get("apiVersion") or "/"
            raise errors.bad_request(f"invalid object type: {version}, Kind={applied.get('kind', '')}")
        given_namespace = applied.setdefault("metadata", {}).get("namespace", "")
        given_name = applied["metadata"].get("name", "")
        self._settle_namespace(resource, applied, namespace)
        self._settle_name(applied, name)
        stored = self._store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        if stored is None and (subresource or applied["metadata"].get("uid")):
            raise errors.not_found(resource.plural, resource.group, name)
        live = self._at_version(resource, stored) if stored is not None else None
        if live is None and not given_name:
            raise errors.bad_request(
                f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )
        if live is not None:
            self._check_version(resource, live, {"metadata": applied["metadata"]})
        described = f"{given_namespace}/{given_name}; {resource.group}/{resource.version}, Kind={resource.kind}"
        merged = managed_fields.apply(
            live,
            applied,
            resource.schema,
            self._writer(resource, options, "Apply", subresource),
            self._empty_object(resource),
            force=options.force,
            described=described,
        )
        return self._store_applied(resource, live, merged, options, subresource)

    def _store_applied(
        self, resource: Resource, live: Object | None, merged: Object, options: WriteOptions, subresource: str
    ) -> Written:
        owners = merged["metadata"].pop("managedFields", None)
        written = Written({}, created=live is None)
        obj = self._decoded(resource, merged, WriteOptions(validation="Ignore"), written.warnings)
        if owners:
            obj["metadata"]["managedFields"] = owners
        if live is None:
            written.obj = self._insert(resource, obj, options, "Apply")
        else:
            written.obj = self._replace(resource, live, obj, options, subresource, applied=True)
        return written

    # -- delete ---------------------------------------------------------------------------------------------------

    def delete(
        self, resource: Resource, namespace: str, name: str, options: Mapping[str, Any], dry_run: bool
    ) -> Object:
        """DELETE of one object; `options` is a DeleteOptions object. Returns the object, or a Status of success."""
        live = self.live(resource, namespace, name)
        self._admission.check_deletion(resource, name)
        self._check_delete_preconditions(resource, live, options)
        if resource.key == "namespaces":
            return self._delete_namespace(resource, live, dry_run)
        if resource.key == custom_resources.DEFINITIONS and "deletionTimestamp" not in live["metadata"]:
            obj = custom_resources.terminating(live, self._clock.timestamp())
            self._order_metadata(obj)
            return self._stored(key_of(resource, live), obj, dry_run)
        finalizers = _finalizers_for(live, options.get("propagationPolicy"))
        grace = self._grace_seconds(resource, live, options)
        if finalizers or grace:
            return self._mark_deleted(resource, live, finalizers, grace, dry_run)
        if resource.key == "pods" and "deletionTimestamp" not in live["metadata"]:
            live = self._mark_deleted(resource, live, [], 0, dry_run)
        removed = live if dry_run else self._store.remove(key_of(resource, live)) or live
        if resource.key in _RETURNED_WHEN_DELETED:
            return self._at_version(resource, removed)
        details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": live["metadata"]["uid"]}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {key: value for key, value in details.items() if value},
        }

    def _check_delete_preconditions(self, resource: Resource, live: Object, options: Mapping[str, Any]) -> None:
        wanted = options.get("preconditions") or {}
        for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            found = live["metadata"][key]
            if wanted.get(key) and wanted[key] != found:
                guess = "deleted and then recreated" if key == "uid" else "modified"
                why = (
                    f"the {word} in the precondition ({wanted[key]}) does not match the {word} in record ({found}). "
                    f"The object might have been {guess}"
                )
                raise errors.conflict(resource.kind, resource.group, live["metadata"]["name"], why)

    def _grace_seconds(self, resource: Resource, live: Object, options: Mapping[str, Any]) -> int:
        if resource.key != "pods" or not (live.get("spec") or {}).get("nodeName"):
            return 0
        if (live.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        given = options.get("gracePeriodSeconds")
        return int(live["spec"].get("terminationGracePeriodSeconds", 30) if given is None else given)

    def _mark_deleted(
        self, resource: Resource, live: Object, finalizers: list[str], grace: int, dry_run: bool
    ) -> Object:
        metadata = dict(live["metadata"])
        metadata.pop("finalizers", None)
        if finalizers:
            metadata["finalizers"] = finalizers
        if "deletionTimestamp" not in metadata:
            expiry = self._clock.now() + timedelta(seconds=grace)
            metadata["deletionTimestamp"] = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata["deletionGracePeriodSeconds"] = grace
            if "generation" in metadata:
                metadata["generation"] += 1
        elif grace < metadata.get("deletionGracePeriodSeconds", 0):
            metadata["deletionGracePeriodSeconds"] = grace
        if metadata == live["metadata"]:
            return self._at_version(resource, live)
        obj = {**live, "metadata": metadata}
        self._order_metadata(obj)
        return self._at_version(resource, self._stored(key_of(resource, live), obj, dry_run))

    def _delete_namespace(self, resource: Resource, live: Object, dry_run: bool) -> Object:
        if live["metadata"].get("deletionTimestamp"):
            return live
        metadata = {**live["metadata"], "deletionTimestamp": self._clock.timestamp()}
        obj = {**live, "metadata": metadata, "status": {**(live.get("status") or {}), "phase": "Terminating"}}
        self._order_metadata(obj)
        return self._stored(key_of(resource, live), obj, dry_run)

    # -- shared ---------------------------------------------------------------------------------------------------

    def live(self, resource: Resource, namespace: str, name: str) -> Object:
        """The stored object, or ApiError 404."""
        found = self._store.get(Key(resource.key, namespace if resource.namespaced else "", name))
        if found is None:
            raise errors.not_found(resource.plural, resource.group, name)
        return found

    def _stored(self, key: Key, obj: Object, dry_run: bool) -> Object:
        if dry_run:
            return obj
        return self._store.put(key, obj)

    def _at_version(self, resource: Resource, obj: Object) -> Object:
        return obj if obj.get("apiVersion") == resource.api_version else {**obj, "apiVersion": resource.api_version}

    def _decoded(self, resource: Resource, body: Any, options: WriteOptions, warnings: list[str]) -> Object:
        """The body as the API server reads it: checked type, unknown fields dropped, defaults set."""
        if not isinstance(body, dict):
            raise errors.bad_request(f"couldn't get version/kind; json parse error: {type(body).__name__} is no object")
        self._check_type_meta(resource, body)
        findings = Findings(resource.kind, resource.version)
        decoder = Decoder(findings, HOOKS)
        if resource.custom:
            obj = copy.deepcopy(body)
            obj["metadata"] = decoder.decode(body.get("metadata") or {}, {"$ref": schemas.OBJECT_META})
            findings.unknown = [f"metadata.{path}" for path in findings.unknown]
            findings.unknown += structural.prune(obj, resource.schema)
            structural.drop_nulls(obj, resource.schema)
            structural.apply_defaults(obj, resource.schema)
        else:
            typed = copy.deepcopy({**body, "apiVersion": resource.api_version, "kind": resource.kind})
            obj = decoder.decode(typed, resource.schema)
            obj = {"kind": obj.pop("kind"), "apiVersion": obj.pop("apiVersion"), **obj}
        self._report_unknown(findings, options, warnings)
        return obj

    def _report_unknown(self, findings: Findings, options: WriteOptions, warnings: list[str]) -> None:
        messages = [f'unknown field "{path}"' for path in findings.unknown]
        if messages and options.validation == "Strict":
            raise findings.failure("strict decoding error: " + ", ".join(messages))
        if options.validation == "Warn":
            warnings.extend(messages)

    def _check_type_meta(self, resource: Resource, body: Mapping[str, Any]) -> None:
        kind, api_version = body.get("kind"), body.get("apiVersion")
        if resource.custom and not kind:
            raise errors.bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                f"Object 'Kind' is missing in '{json.dumps(body)}' ({json.dumps(body)[:30]})"
            )
        if api_version and api_version != resource.api_version:
            raise errors.bad_request(
                f"the API version in the data ({api_version}) does not match the expected API "
                f"version ({resource.api_version})"
            )
        if kind and kind != resource.kind and resource.custom:
            finding = errors.invalid_value("kind", kind, f"must be {resource.kind}")
            name = (body.get("metadata") or {}).get("name", "")
            raise errors.invalid(kind, resource.group, name, [finding])
        if kind and kind != resource.kind:
            internal = resource.group.partition(".")[0] or "core"
            raise errors.bad_request(
                f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
                f"converting ({resource.version}.{kind}) to ({internal}.{resource.kind}): unknown conversion"
            )

    @staticmethod
    def _settle_namespace(resource: Resource, obj: Object, namespace: str) -> None:
        metadata = obj.setdefault("metadata", {})
        given = metadata.get("namespace", "")
        wanted = namespace if resource.namespaced else ""
        if given and given != wanted:
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata.pop("namespace", None)
        if wanted:
            metadata["namespace"] = wanted

    @staticmethod
    def _settle_name(obj: Object, name: str) -> None:
        given = obj["metadata"].get("name")
        if given and given != name:
            raise errors.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
        obj["metadata"]["name"] = name

    def _validate(self, resource: Resource, obj: Object, live: Object | None) -> None:
        findings = validation.validate_metadata(resource, obj)
        if live is not None:
            findings += validation.validate_metadata_update(obj, live)
            findings *= _TIMES_VALIDATED.get(resource.key, 2)
        if resource.custom:
            findings += structural.validate(obj, resource.schema)
        elif resource.key == custom_resources.DEFINITIONS:
            findings += custom_resources.validate_definition(obj, live)
        else:
            findings += validation.validate_built_in(resource, obj, live)
        if findings:
            raise errors.invalid(resource.kind, resource.group, obj["metadata"].get("name", ""), findings)

    def _writer(self, resource: Resource, options: WriteOptions, operation: str, subresource: str = "") -> Writer:
        ignored: tuple[tuple[str, ...], ...] = ()
        if subresource == "status":
            ignored = (("f:spec",),) if resource.custom else (("f:spec",), ("f:metadata", "f:labels"))
        elif resource.has_status and not subresource:
            ignored = (("f:status",),)
        manager = Manager(options.manager, operation, resource.api_version, subresource)
        return Writer(manager, "" if subresource == "scale" else self._clock.timestamp(), ignored)

    @staticmethod
    def _order_metadata(obj: Object) -> None:
        """Metadata in the order of the Go struct, without empty maps."""
        metadata = obj["metadata"]
        for name in (*_MAPS_OF_METADATA, "ownerReferences", "finalizers"):
            if name in metadata and not metadata[name]:
                del metadata[name]
        order = ("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")
        later = ("deletionTimestamp", "deletionGracePeriodSeconds", *_MAPS_OF_METADATA, "ownerReferences", "finalizers")
        known = (*order, *later, "managedFields")
        obj["metadata"] = {name: metadata[name] for name in known if name in metadata}


def key_of(resource: Resource, obj: Mapping[str, Any]) -> Key:
    """Where an object is stored."""
    return Key(resource.key, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def random_suffix() -> str:
    """Five characters as `generateName` appends them."""
    return "".join(secrets.choice(NAME_ALPHABET) for _unused in range(5))


def _without(obj: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in keys}


def _status_update(resource: Resource, live: Object, obj: Object) -> Object:
    """What a write to the status subresource may change: the status, and of built-in types the metadata too."""
    owners = obj["metadata"].get("managedFields")
    if resource.custom:
        metadata = {**live["metadata"], "resourceVersion": obj["metadata"].get("resourceVersion", "")}
        if owners:
            metadata["managedFields"] = owners
        result = {**live, "metadata": metadata}
    else:
        result = {**obj, "metadata": dict(obj["metadata"])}
        for key in ("spec", "data"):
            result.pop(key, None)
            if key in live:
                result[key] = live[key]
        if resource.group == "apps":
            result["metadata"].pop("labels", None)
            if "labels" in live["metadata"]:
                result["metadata"]["labels"] = live["metadata"]["labels"]
    result.pop("status", None)
    if "status" in obj:
        result["status"] = obj["status"]
    return result


def _finalizers_for(live: Object, policy: str | None) -> list[str]:
    finalizers = [
        item for item in live["metadata"].get("finalizers") or [] if item not in ("orphan", "foregroundDeletion")
    ]
    if policy == "Foreground":
        finalizers.append("foregroundDeletion")
    elif policy == "Orphan":
        finalizers.append("orphan")
    elif policy is None:
        finalizers = list(live["metadata"].get("finalizers") or [])
    return finalizers


def _patch_failure(body: Any, patched: Object, media_type: str, error: errors.ApiError) -> errors.ApiError:
    """A patch that leads to an object which cannot be read is 422, not 400, and shows the patch or the object."""
    text = str(error)
    _unused, separator, detail = text.partition(": ")
    if error.code != 400 or not separator or "cannot be handled as" not in text:
        return error
    shown = go_text(body) if media_type == patches.STRATEGIC_PATCH else json.dumps(patched, separators=(",", ":"))
    return errors.invalid("", "", "", [errors.invalid_value("patch", shown, detail)])


def go_text(value: Any) -> str:
    """JSON data as Go prints it with `%+v`: `map[a:1 b:[x y] c:<nil>]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded_yaml(body: Any) -> dict[str, Any]:
    if isinstance(body, (str, bytes)):
        try:
            body = yaml.load(body, Loader=_NoTimesLoader)  # noqa: S506  it derives from SafeLoader
        except yaml.YAMLError as error:
            raise errors.bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding YAML: the patch is no object")
    return copy.deepcopy(body)


class _NoTimesLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML as JSON has it: times stay text."""


_NoTimesLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _NoTimesLoader.yaml_implicit_resolvers.items()
}
