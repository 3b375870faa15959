# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is azureml-fe, the router that AksCompute left in the cluster, fit to be taken over?"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import inference_is_installed
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts, FrontEndFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import takes_over
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving


def _when(facts: Facts, verdict: str) -> Evidence:
    """Return the reasons for the front end's verdict when it is `verdict`, and no extension's router stands in for it.

    What the extension makes of azureml-fe once it serves by itself is its own affair (docs/beliefs.md,
    `front-end-after-installation`): verification then judges what serves.
    """
    if facts["kubernetes"] is None or inference_is_installed(facts["extension"]):
        return None
    front_end = facts["kubernetes"]["front_end"]
    return _sentences(front_end) if front_end["verdict"] == verdict else None


def _sentences(front_end: FrontEndFacts) -> list[str]:
    """Return the reasons for a verdict as sentences."""
    reasons = front_end["reasons"] or [f"the verdict on azureml-fe is {front_end['verdict']}"]
    return [f"{each[0].upper()}{each[1:].rstrip('.')}." for each in reasons]


@rule(
    "front-end-outdated",
    "blocker",
    "azureml-fe is too old: its pods do not carry the version label v2",
    remedy="Let Azure Machine Learning update azureml-fe first (deploy or update any v1 service, or open a support "
    "request), until `kubectl get pod -l azuremlappname=azureml-fe,azuremlappversion=v2` shows its pods. Or accept "
    "front-end-outdated in aml_accepted_findings when you know by other means that azureml-fe is up to date: the "
    "newest text of the guide asks for no more, and the installation fails (E45005) when it is not.",
    source=source.UPGRADE_FROM_V1,
    acceptable=True,
    about_changing=True,
)
def front_end_outdated(_settings: Settings, facts: Facts) -> Evidence:
    """Find an azureml-fe that is not marked as v2, whatever is to be installed.

    The guide's first texts (until 2023-10-11) demand v2 and give the label by which to see it; since then it only says
    "must have been up to date", and nothing about how to see that. The label is the one known sign, and what an old
    azureml-fe ends in is known (E45005, github.com/Azure/AML-Kubernetes/issues/293): so it blocks, and may be accepted.
    """
    return _when(facts, "v1")


@rule(
    "front-end-not-ready",
    "blocker",
    "azureml-fe is of version 2 but does not serve",
    remedy="Find out why its pods are not ready (`kubectl describe pod -l azuremlappname=azureml-fe`): v1 services "
    "are suffering already, and an upgrade would hide the cause.",
    source=source.UPGRADE_FROM_V1,
)
def front_end_not_ready(settings: Settings, facts: Facts) -> Evidence:
    """Find an azureml-fe without a ready replica, or in the middle of a rollout, that is about to be taken over."""
    return _when(facts, "v2_not_ready") if takes_over(settings, facts) else None


@rule(
    "front-end-degraded",
    "warning",
    "azureml-fe has fewer ready replicas than it wants",
    remedy="Nothing has to be done when it is scaling. When it stays so, `kubectl describe pod -l "
    "azuremlappname=azureml-fe` tells why.",
    source=source.UPGRADE_FROM_V1,
)
def front_end_degraded(settings: Settings, facts: Facts) -> Evidence:
    """Tell of an azureml-fe that serves with fewer replicas, or does not serve where nothing touches it."""
    kubernetes = facts["kubernetes"]
    if kubernetes is None or inference_is_installed(facts["extension"]):
        return None
    front_end = kubernetes["front_end"]
    if front_end["verdict"] == "v2_not_ready":
        return None if takes_over(settings, facts) else _sentences(front_end)
    if front_end["verdict"] == "v2" and front_end["ready_replicas"] < front_end["wanted_replicas"]:
        return f"{front_end['ready_replicas']} of {front_end['wanted_replicas']} replicas are ready."
    return None


@rule(
    "v1-services-unreachable",
    "warning",
    "v1 services run, and callers may not reach them",
    remedy="Look at Service and Deployment azureml-fe in namespace default (`kubectl get svc,deploy azureml-fe`), and "
    "at who scaled or deleted them, before anything is upgraded.",
    source=source.UPGRADE_FROM_V1,
)
def v1_services_unreachable(_settings: Settings, facts: Facts) -> Evidence:
    """Find v1 services whose router does not answer at the address that callers know."""
    return serving.unreachable_v1(facts["kubernetes"]) if facts["kubernetes"] else None


@rule(
    "front-end-absent",
    "note",
    "There is a legacy compute but no azureml-fe",
    remedy="Nothing has to be done: the cluster serves no v1 endpoints, and there is nothing to take over.",
    source=source.UPGRADE_FROM_V1,
)
def front_end_absent(_settings: Settings, facts: Facts) -> Evidence:
    """Find a cluster with AksCompute whose router is gone, and that runs no v1 services."""
    if facts["kubernetes"] and any(each["ready_replicas"] for each in facts["kubernetes"]["v1_services"]):
        return None
    legacy = any(compute["type"] == "AKS" for each in facts["workspaces"] for compute in each["computes"])
    return _when(facts, "absent") if legacy else None
