# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and the claims that they are bound to.

Volumes are made by the drivers of AKS (disks, files, blobs) only; a claim of another class waits, as it does on a
cluster without its driver.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/ and
https://kubernetes.io/docs/concepts/storage/storage-classes/; annotations and events as a kube-controller-manager of
1.35 writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulator.kubernetes import quantities, selectors
from tests.simulator.kubernetes.controllers import events
from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes.admission import default_storage_class

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONERS = frozenset({"disk.csi.azure.com", "file.csi.azure.com", "blob.csi.azure.com"})
_BOUND_BY_US, _COMPLETED = "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/bind-completed"


def mark_unbound(context: ControllerContext) -> None:
    """Look again at the claims that have no volume."""
    for key in context.keys(CLAIMS):
        claim = context.store.get(key)
        if claim is not None and not is_bound(claim):
            context.queue.mark(key)


def is_bound(claim: Object) -> bool:
    """Whether a claim has its volume."""
    return bool((claim.get("status") or {}).get("phase") == "Bound")


def claims_of(context: ControllerContext, pod: Object) -> Iterator[tuple[str, Object | None]]:
    """The names of the claims that a pod uses, each with the claim, if it exists."""
    for volume in pod["spec"].get("volumes") or ():
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if name:
            yield name, context.store.get(Key(CLAIMS, pod["metadata"]["namespace"], name))


def waits_for_consumer(context: ControllerContext, claim: Object) -> bool:
    """Whether the claim's volume is only made when a pod that uses it has a node."""
    found = _class_of(context, claim)
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def select_node(context: ControllerContext, claim: Object, node: str) -> None:
    """Tell the claim where its first consumer will run."""
    annotations = claim["metadata"].get("annotations") or {}
    if annotations.get(SELECTED_NODE) != node:
        _annotate(context, claim, {SELECTED_NODE: node})


def reconcile_claim(context: ControllerContext, key: Key) -> None:
    """One claim: a volume that fits, or one that is made for it."""
    claim = context.store.get(key)
    if claim is None or claim["metadata"].get("deletionTimestamp") or is_bound(claim):
        return
    if "storageClassName" not in claim["spec"]:
        default = default_storage_class(context.store)
        if default:
            context.replace({**claim, "spec": {**claim["spec"], "storageClassName": default}})
            return
    volume = _fitting(context, claim)
    if volume is not None:
        _bind(context, claim, volume)
    else:
        _provision(context, key, claim)


def reconcile_volume(context: ControllerContext, key: Key) -> None:
    """One volume: free, bound, or left behind by its claim."""
    volume = context.store.get(key)
    if volume is None or volume["metadata"].get("deletionTimestamp"):
        return
    reference = volume["spec"].get("claimRef")
    if not reference:
        _set_phase(context, volume, "Available")
        return
    claim = context.store.get(Key(CLAIMS, reference["namespace"], reference["name"]))
    gone = bool(reference.get("uid")) and (claim is None or claim["metadata"]["uid"] != reference["uid"])
    if not gone:
        return
    if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        context.delete(volume)
    else:
        _set_phase(context, volume, "Released")


def _class_of(context: ControllerContext, claim: Object) -> Object | None:
    name = claim["spec"].get("storageClassName")
    return context.store.get(Key(CLASSES, "", name)) if name else None


def _fitting(context: ControllerContext, claim: Object) -> Object | None:
    """The smallest free volume that is what the claim asks for; one that names the claim comes first."""
    named = claim["spec"].get("volumeName")
    found = [
        volume
        for volume in context.store.items(VOLUMES)
        if _is_free_for(volume, claim) and (volume["metadata"]["name"] == named if named else _fits(volume, claim))
    ]
    return min(found, key=lambda volume: (not volume["spec"].get("claimRef"), _capacity(volume)), default=None)


def _is_free_for(volume: Object, claim: Object) -> bool:
    reference, metadata = volume["spec"].get("claimRef"), claim["metadata"]
    if volume["metadata"].get("deletionTimestamp"):
        return False
    if not reference:
        return True
    own = (reference["namespace"], reference["name"]) == (metadata["namespace"], metadata["name"])
    return own and reference.get("uid", metadata["uid"]) == metadata["uid"]


def _fits(volume: Object, claim: Object) -> bool:
    spec, wanted = volume["spec"], claim["spec"]
    selector = wanted.get("selector")
    return (
        spec.get("storageClassName", "") == wanted.get("storageClassName", "")
        and spec.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and _capacity(volume) >= quantities.parse(wanted["resources"]["requests"]["storage"])
        and (not selector or selectors.from_spec(selector).matches(volume["metadata"].get("labels")))
    )


def _capacity(volume: Object) -> Any:
    return quantities.parse((volume["spec"].get("capacity") or {}).get("storage", 0))


def _bind(context: ControllerContext, claim: Object, volume: Object) -> None:
    metadata = claim["metadata"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    reference |= {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
    volume = _annotate(context, {**volume, "spec": {**volume["spec"], "claimRef": reference}}, {_BOUND_BY_US: "yes"})
    _set_phase(context, volume, "Bound")
    spec = {**claim["spec"], "volumeName": volume["metadata"]["name"]}
    claim = _annotate(context, {**claim, "spec": spec}, {_BOUND_BY_US: "yes", _COMPLETED: "yes"})
    status = {"phase": "Bound", "accessModes": volume["spec"]["accessModes"], "capacity": volume["spec"]["capacity"]}
    context.set_status(claim, status)


def _provision(context: ControllerContext, key: Key, claim: Object) -> None:
    found, name = _class_of(context, claim), claim["spec"].get("storageClassName")
    if found is None:
        reason, text = "FailedBinding", "no persistent volumes available for this claim and no storage class is set"
        if name:
            reason, text = "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found'
        _tell_once(context, claim, reason, text, warning=bool(name))
        return
    annotations = claim["metadata"].get("annotations") or {}
    if waits_for_consumer(context, claim) and SELECTED_NODE not in annotations:
        text = "waiting for first consumer to be created before binding"
        _tell_once(context, claim, "WaitForFirstConsumer", text)
        return
    provisioner = str(found["provisioner"])
    names = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")
    if any(annotations.get(item) != provisioner for item in names):
        claim = _annotate(context, claim, dict.fromkeys(names, provisioner))
    uid = claim["metadata"]["uid"]
    if provisioner in _PROVISIONERS and context.queue.is_due(key, f"volume:{uid}", context.timing.volume_provision):
        _bind(context, claim, _create_volume(context, claim, found))


def _create_volume(context: ControllerContext, claim: Object, found: Object) -> Object:
    """Source: https://learn.microsoft.com/azure/aks/azure-disk-csi, "dynamically create Azure Disks PVs"."""
    name = f"pvc-{claim['metadata']['uid']}"
    body = {
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": found["provisioner"]}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "csi": {"driver": found["provisioner"], "volumeHandle": name},
            "persistentVolumeReclaimPolicy": found.get("reclaimPolicy", "Delete"),
            "storageClassName": found["metadata"]["name"],
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        },
    }
    return context.create("v1", "PersistentVolume", "", body)


def _annotate(context: ControllerContext, obj: Object, added: dict[str, str]) -> Object:
    annotations = {**(obj["metadata"].get("annotations") or {}), **added}
    return context.replace({**obj, "metadata": {**obj["metadata"], "annotations": annotations}})


def _set_phase(context: ControllerContext, volume: Object, phase: str) -> None:
    status = volume.get("status") or {}
    if status.get("phase") != phase:
        changed = {**status, "phase": phase, "lastPhaseTransitionTime": context.clock.timestamp()}
        context.set_status(volume, changed)


def _tell_once(context: ControllerContext, claim: Object, reason: str, text: str, *, warning: bool = False) -> None:
    metadata = claim["metadata"]
    for event in context.store.items("events", metadata["namespace"]):
        if event["involvedObject"].get("uid") == metadata["uid"] and event["reason"] == reason:
            return
    events.tell(context, claim, events.VOLUMES, reason, text, warning=warning)
