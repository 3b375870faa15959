# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which field after a write.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.kubernetes import managed_fields
from tests.simulator.kubernetes import schema as schemas
from tests.simulator.kubernetes.managed_fields import Manager, Writer
from tests.simulator.kubernetes.resources import Resource
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes.options import WriteOptions


def writer_of(
    clock: SimulationClock, resource: Resource, options: WriteOptions, operation: str, subresource: str = ""
) -> Writer:
    """The manager of a write, and the fields that it cannot own."""
    ignored: tuple[tuple[str, ...], ...] = ()
    if subresource == "status":
        ignored = (("f:spec",),) if resource.custom else (("f:spec",), ("f:metadata", "f:labels"))
    elif resource.has_status and not subresource:
        ignored = (("f:status",),)
    manager = Manager(options.manager, operation, resource.api_version, subresource)
    return Writer(manager, "" if subresource == "scale" else clock.timestamp(), ignored)


def track(
    clock: SimulationClock,
    resource: Resource,
    before: Object,
    obj: Object,
    options: WriteOptions,
    subresource: str = "",
) -> None:
    """Note in `obj`, in place, that the writer owns what differs from `before`."""
    writer = writer_of(clock, resource, options, "Update", subresource)
    managed_fields.track_update(before, obj, resource.schema, writer)


def empty_object(resource: Resource) -> Object:
    """What an object of the resource is before anybody owns a field of it."""
    if resource.custom:
        return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}
    return {**schemas.skeleton(resource.schema), "apiVersion": resource.api_version, "kind": resource.kind}
