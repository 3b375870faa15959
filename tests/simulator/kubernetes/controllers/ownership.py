# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controllers of pods share: the pods that an owner has, and how it makes them.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.names import NAME_ALPHABET
from tests.simulator.kubernetes.store import Object


def owned(context: ControllerContext, resource: str, owner: Object) -> list[Object]:
    """The objects of a resource that an owner controls, the oldest first."""
    uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
    found = [obj for obj in context.store.items(resource, namespace) if controller_uid(obj) == uid]
    return sorted(found, key=lambda obj: (obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]))


def controller_uid(obj: Object) -> str:
    references = obj["metadata"].get("ownerReferences") or ()
    return next((item["uid"] for item in references if item.get("controller")), "")


def reference(owner: Object) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def counts_leaving_pods(version: str) -> bool:
    """Feature DeploymentReplicaSetTerminatingReplicas, on by default from Kubernetes 1.35."""
    major, minor = version.split(".")[:2]
    return (int(major), int(minor)) >= (1, 35)


def is_leaving(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def template_hash(template: Mapping[str, Any]) -> str:
    """A short name for a pod template: equal templates have equal hashes."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(NAME_ALPHABET[byte % len(NAME_ALPHABET)] for byte in digest[:10])


def is_active(pod: Object) -> bool:
    return not is_leaving(pod) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def create_pod(
    context: ControllerContext,
    owner: Object,
    name: Mapping[str, str],
    extra_labels: Mapping[str, str] | None = None,
    change_spec: Callable[[dict[str, Any]], None] | None = None,
) -> Object:
    template = owner["spec"]["template"]
    metadata = {**(template.get("metadata") or {}), **name, "ownerReferences": [reference(owner)]}
    metadata["labels"] = {**(metadata.get("labels") or {}), **(extra_labels or {})}
    spec = dict(template["spec"])
    if change_spec is not None:
        change_spec(spec)
    return context.create("v1", "Pod", owner["metadata"]["namespace"], {"metadata": metadata, "spec": spec})


def outdated(pod: Object, revision: str) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get("controller-revision-hash") != revision)
