# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""azureml-fe, the front end of v1 web services: what its objects in namespace `default` say about it.

The rule that its pods carry `azuremlappname=azureml-fe` and `azuremlappversion=v2` before the extension may be
installed beside it, and the annotation that allows the upgrade, are from
https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import FrontEndFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.serving import service_address, service_type
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.workloads import helm_owner, replicas

NAMESPACE = "default"
NAME = "azureml-fe"
WHERE = f"{NAMESPACE}/{NAME}"
ANNOTATION = "azureml-fe-enable-upgrade"
ANNOTATION_VALUE = "true"
NAME_LABEL = "azuremlappname"
VERSION_LABEL = "azuremlappversion"
UPGRADABLE_VERSION = "v2"

STAGE = "front_end"
Verdict = Literal["absent", "v1", "v2", "v2_not_ready", "owned_by_extension"]


@dataclass(frozen=True)
class AnnotationPlan:
    """The annotation's value as it is and as it is to be; None where it is not there."""

    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        """Whether there is something to write."""
        return self.before != self.after


def plan_annotation(existing: str | None, *, present: bool) -> AnnotationPlan:
    """Return what happens to the annotation of an azureml-fe that is to have it, or is not to have it."""
    return AnnotationPlan(existing, ANNOTATION_VALUE if present else None)


def judge(
    deployment: Mapping[str, Any] | None,
    pods: Sequence[Mapping[str, Any]],
    service: Mapping[str, Any] | None,
) -> FrontEndFacts:
    """Return the facts of the front end from its Deployment, the pods labelled with its name, and its Service."""
    if deployment is None:
        return _absent(service)
    owner = helm_owner(deployment)
    versions = _versions(pods)
    wanted, ready = replicas(deployment)
    verdict, reasons = _verdict(_template_version(deployment), versions, wanted, ready)
    if owner is not None:
        release = f"{owner['namespace']}/{owner['name']}"
        if owner["namespace"] == names.EXTENSION_NAMESPACE:
            verdict, reasons = "owned_by_extension", [f"Helm release {release} owns it", *reasons]
        else:
            reasons.append(f"Helm release {release} owns it")
    metadata = deployment.get("metadata") or {}
    return FrontEndFacts(
        verdict=verdict,
        reasons=reasons,
        annotated=is_annotated(deployment),
        annotation=annotation(deployment),
        version_label=_common_version(versions, _template_version(deployment)),
        wanted_replicas=wanted,
        ready_replicas=ready,
        service_type=service_type(service),
        address=service_address(service),
        owner=owner,
        uid=metadata.get("uid"),
    )


def changes_of(facts: FrontEndFacts, *, taken_over: bool, accept_v1: bool = False) -> list[Change]:
    """Return the annotation that lets the extension take over an azureml-fe of version 2 that serves.

    `taken_over`: an extension for inference is about to do so. The guide asks for the annotation there, and only
    there; no page asks for it before an installation for training, which has no router of its own. Whether its health
    check looks at azureml-fe all the same is not known (docs/beliefs.md, `front-end-without-inference`): it would fail
    with E45005 then, and `aml_enable_upgrade: true` is the way to ask for the annotation. Where the extension's router
    is there already, nothing is left to take over. `accept_v1`: one that is not marked as v2 is accepted as it is.
    """
    plan = plan_annotation(facts["annotation"], present=True)
    fit = ("v1", "v2") if accept_v1 else ("v2",)
    if not taken_over or facts["verdict"] not in fit or not plan.differs:
        return []
    owner = f"Helm release {facts['owner']['namespace']}/{facts['owner']['name']}" if facts["owner"] else None
    return [
        Change(
            STAGE,
            "annotate",
            "deployment",
            f"Deployment/{WHERE}",
            WHERE,
            shown(plan.before),
            shown(plan.after),
            "taken over",
            owner=owner,
        )
    ]


def shown(value: str | None) -> dict[str, dict[str, str]]:
    """Return the annotation as `--diff` shows it and a change holds it."""
    return {"annotations": {} if value is None else {ANNOTATION: value}}


def is_annotated(deployment: Mapping[str, Any]) -> bool:
    """Tell whether the Deployment carries the annotation that lets the extension upgrade it."""
    return annotation(deployment) == ANNOTATION_VALUE


def annotation(deployment: Mapping[str, Any]) -> str | None:
    """Return the value of the upgrade annotation, or None when it is not there."""
    metadata = deployment.get("metadata") or {}
    value: str | None = (metadata.get("annotations") or {}).get(ANNOTATION)
    return value


def _absent(service: Mapping[str, Any] | None) -> FrontEndFacts:
    """Return the facts of a cluster without the Deployment."""
    return FrontEndFacts(
        verdict="absent",
        reasons=[f"There is no Deployment {NAME} in namespace {NAMESPACE}"],
        annotated=False,
        annotation=None,
        version_label=None,
        wanted_replicas=0,
        ready_replicas=0,
        service_type=service_type(service),
        address=service_address(service),
        owner=None,
        uid=None,
    )


def _versions(pods: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Return the version label of every running pod of the front end; None for a pod without one."""
    found: list[str | None] = []
    for pod in pods:
        metadata = pod.get("metadata") or {}
        labels = metadata.get("labels") or {}
        running = (pod.get("status") or {}).get("phase") == "Running"
        if labels.get(NAME_LABEL) == NAME and running and not metadata.get("deletionTimestamp"):
            found.append(labels.get(VERSION_LABEL))
    return found


def _template_version(deployment: Mapping[str, Any]) -> str | None:
    """Return the version label that new pods of the Deployment get."""
    template = ((deployment.get("spec") or {}).get("template") or {}).get("metadata") or {}
    version: str | None = (template.get("labels") or {}).get(VERSION_LABEL)
    return version


def _common_version(versions: Sequence[str | None], template: str | None) -> str | None:
    """Return the version that all running pods share; without running pods, the version that new pods would get."""
    if not versions:
        return template
    return versions[0] if len(set(versions)) == 1 else None


def _verdict(
    template: str | None, versions: Sequence[str | None], wanted: int, ready: int
) -> tuple[Verdict, list[str]]:
    """Return the verdict on a Deployment that is there, and the sentences that support it.

    Fewer ready replicas than wanted are what every scale event looks like for a moment: as long as one serves, it is
    healthy enough.
    """
    current = sum(version == UPGRADABLE_VERSION for version in versions)
    mark = f"{VERSION_LABEL}={UPGRADABLE_VERSION}"
    if current == 0 and (versions or template != UPGRADABLE_VERSION):
        if versions:
            return "v1", [f"none of its {len(versions)} running pods is labelled {mark}"]
        return "v1", [f"no pod of it is running, and new ones are not labelled {mark}"]
    reasons = []
    if current < len(versions):
        reasons.append(f"{len(versions) - current} of {len(versions)} running pods are not labelled {mark}")
    if wanted == 0:
        reasons.append("it is scaled to 0 replicas")
    if ready == 0 < wanted:
        reasons.append(f"{ready} of {wanted} replicas are ready")
    if not versions:
        reasons.append("no pod of it is running")
    if reasons:
        return "v2_not_ready", reasons
    return "v2", [f"{ready} of {wanted} replicas are ready and labelled {mark}"]
