# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are there, claims that are bound to them, and pods that wait for theirs.

Nobody makes volumes on the real control plane of the tests: it has no drivers.
"""

from __future__ import annotations

from typing import Any

from tests.contract.recording.recorder import Conversation
from tests.control_plane.rest import Answer

VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


def _claims(talk: Conversation) -> str:
    return f"/api/v1/namespaces/{talk.namespace}/persistentvolumeclaims"


def _volume(name: str, size: str, group: str) -> dict[str, Any]:
    spec = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": group}
    return {"metadata": {"name": name}, "spec": {**spec, "hostPath": {"path": "/data"}}}


def _claim(name: str, size: str, group: str) -> dict[str, Any]:
    requests = {"requests": {"storage": size}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": group, "resources": requests}
    return {"metadata": {"name": name}, "spec": spec}


def _told(body: dict[str, Any]) -> Any:
    return [body["metadata"].get("annotations"), body["metadata"].get("finalizers"), body["spec"], body["status"]]


def _phase(wanted: str) -> Any:
    def check(answer: Answer) -> bool:
        return bool(answer.body.get("status", {}).get("phase") == wanted)

    return check


def a_claim_is_bound_to_the_smallest_volume_that_fits(talk: Conversation) -> None:
    names = [talk.hide(f"{size}-{talk.namespace}", f"{size} volume") for size in ("small", "fitting", "large")]
    group = talk.hide(f"class-{talk.namespace}", "class")
    try:
        for name, size in zip(names, ("1Gi", "5Gi", "9Gi"), strict=True):
            talk.ask(f"create {size}", "POST", VOLUMES, body=_volume(name, size, group), only=_told)
            talk.until(f"{VOLUMES}/{name}", _phase("Available"), "the volume")
        talk.ask("claim", "POST", _claims(talk), body=_claim("data", "3Gi", group), only=_told)
        talk.until(f"{_claims(talk)}/data", _phase("Bound"), "the claim")
        bound = talk.ask("bound", "GET", f"{_claims(talk)}/data", only=_told)
        assert bound.body["spec"]["volumeName"] == names[1]
        talk.ask("its volume", "GET", f"{VOLUMES}/{names[1]}", only=_told)
        talk.ask("too much", "POST", _claims(talk), body=_claim("huge", "1Ti", group), only=_told)
        talk.quietly("DELETE", f"{_claims(talk)}/data")
        talk.until(f"{VOLUMES}/{names[1]}", _phase("Released"), "the release of the volume")
        talk.ask("still waiting", "GET", f"{_claims(talk)}/huge", only=_told)
    finally:
        for name in names:
            talk.quietly("DELETE", f"{VOLUMES}/{name}")


def a_pod_waits_for_its_claim(talk: Conversation) -> None:
    group = talk.hide(f"slow-{talk.namespace}", "class")
    pods = f"/api/v1/namespaces/{talk.namespace}/pods"
    body = {"metadata": {"name": group}, "provisioner": "example.com/nobody"}
    talk.ask("a class", "POST", CLASSES, body=body)
    try:
        talk.quietly("POST", _claims(talk), body=_claim("never", "1Gi", group))
        for claim in ("never", "missing"):
            volume = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
            spec = {"containers": [{"name": "main", "image": "x:1"}], "volumes": [volume]}
            talk.quietly("POST", pods, body={"metadata": {"name": claim}, "spec": spec})
            talk.until(f"{pods}/{claim}", lambda answer: bool(answer.body["status"].get("conditions")), "a refusal")

            def why(body: dict[str, Any]) -> Any:
                condition = body["status"]["conditions"][0]
                return [condition["type"], condition["reason"], condition["message"].partition(": ")[2]]

            talk.ask(f"the pod of {claim}", "GET", f"{pods}/{claim}", only=why)
        talk.ask("the claim", "GET", f"{_claims(talk)}/never", only=_told)
    finally:
        talk.quietly("DELETE", f"{CLASSES}/{group}")
