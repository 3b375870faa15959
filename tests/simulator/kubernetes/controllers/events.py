# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: what the controllers tell people (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/)."""

from __future__ import annotations

import secrets
from typing import Any

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.errors import ApiError
from tests.simulator.kubernetes.store import Object
from tests.simulator.kubernetes.writes import WriteOptions

SCHEDULER, DEPLOYMENTS, REPLICA_SETS = "default-scheduler", "deployment-controller", "replicaset-controller"
JOBS, VOLUMES = "job-controller", "persistentvolume-controller"


def tell(
    context: ControllerContext, about: Object, component: str, reason: str, message: str, *, warning: bool = False
) -> None:
    """Record an event; where the namespace takes none any more, it is lost."""
    metadata, now = about["metadata"], context.clock.timestamp()
    involved = {"kind": about["kind"], "apiVersion": about["apiVersion"]}
    involved |= {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion") if key in metadata}
    body: dict[str, Any] = {
        "metadata": {"name": f"{metadata['name'][:200]}.{secrets.token_hex(8)}"},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": "Warning" if warning else "Normal",
        "reportingComponent": component,
    }
    try:
        options = WriteOptions(manager="kube-controller-manager", manager_given=True, validation="Ignore")
        context.create("v1", "Event", metadata.get("namespace", "default"), body, options)
    except ApiError as error:
        if error.code not in (403, 404):
            raise
