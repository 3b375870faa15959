# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PATCH with JSON, merge and strategic merge patches."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.simulator.kubernetes import errors, patches, scale, structural
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.resources import Resource, in_version
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes import body
from tests.simulator.kubernetes.writes.options import Patch, WriteOptions, Written
from tests.simulator.kubernetes.writes.storage import Storage
from tests.simulator.kubernetes.writes.update import Updater


class Patcher:
    """Changes objects by patches. Every method raises ApiError where the API server refuses."""

    def __init__(self, storage: Storage, updater: Updater) -> None:
        self._storage = storage
        self._updater = updater

    def patch(
        self, resource: Resource, namespace: str, name: str, patch: Patch, options: WriteOptions, subresource: str = ""
    ) -> Written:
        """PATCH with decoded JSON; apply patches are not for this class."""
        live = in_version(resource, self._storage.live(resource, namespace, name))
        if subresource == "scale":
            return Written(self._patch_scale(resource, live, patch, options))
        patched = self._patched(resource, live, patch, resource.schema)
        written = Written({})
        try:
            obj = body.decoded(resource, patched, options, written.warnings)
        except errors.ApiError as error:
            raise _patch_failure(patch, patched, error) from error
        body.settle_namespace(resource, obj, namespace)
        body.settle_name(obj, name)
        written.obj = self._updater.replace(resource, live, obj, options, subresource)
        return written

    def _patch_scale(self, resource: Resource, live: Object, patch: Patch, options: WriteOptions) -> Object:
        current = scale.scale_of(resource, live)
        patched = self._patched(resource, current, patch, scale.SCHEMA)
        namespace, name = live["metadata"].get("namespace", ""), live["metadata"]["name"]
        return self._updater.update_scale(resource, namespace, name, patched, options)

    def _patched(self, resource: Resource, live: Object, patch: Patch, schema: schemas.Schema) -> Object:
        media_type, sent = patch.media_type, patch.sent
        accepted = [patches.JSON_PATCH, patches.MERGE_PATCH, patches.APPLY_PATCH]
        if resource.custom and media_type not in accepted:
            raise errors.unsupported_media_type(*accepted)
        if media_type not in (*accepted, patches.STRATEGIC_PATCH):
            raise errors.ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
        if media_type == patches.JSON_PATCH:
            return patches.apply_json_patch(live, sent)
        if not isinstance(sent, dict):
            found = structural.json_type(sent)
            raise errors.bad_request(
                f"error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )
        if media_type == patches.MERGE_PATCH:
            return copy.deepcopy(patches.apply_merge_patch(live, sent))
        return copy.deepcopy(patches.apply_strategic_patch(live, sent, schema))


def _patch_failure(patch: Patch, patched: Object, error: errors.ApiError) -> errors.ApiError:
    """A patch that leads to an object which cannot be read is 422, not 400, and shows the patch or the object."""
    text = str(error)
    _unused, separator, detail = text.partition(": ")
    if error.code != 400 or not separator or "cannot be handled as" not in text:
        return error
    strategic = patch.media_type == patches.STRATEGIC_PATCH
    shown = go_text(patch.sent) if strategic else json.dumps(patched, separators=(",", ":"))
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
