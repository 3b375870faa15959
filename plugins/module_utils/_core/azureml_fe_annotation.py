# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets or removes the annotation that lets the extension upgrade azureml-fe, and nothing else."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._access import CLUSTER_ACCESS, open_cluster
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import described
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end as rules
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.conflicts import write_on_current
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Difference, ModuleFailure, Outcome
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec

SPEC = ModuleSpec(
    argument_spec={
        "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
        "allow_v1": {"type": "bool", "default": False},
    }
).merge(*CLUSTER_ACCESS)


def run(call: Call) -> Outcome:
    """Make the annotation as wanted; a cluster that has it already costs one request."""
    present = call.params["state"] == "present"
    with open_cluster(call) as cluster:
        deployment = front_end.read_deployment(cluster)
        if deployment is None:
            if present:
                raise _absent(cluster)
            return Outcome(result={"annotated": False, "annotation": None, "uid": None})
        plan = rules.plan_annotation(rules.annotation(deployment), present=present)
        if plan.differs:
            if present and not call.params["allow_v1"]:
                _refuse_v1(cluster, deployment)
            if not call.check_mode:
                deployment = _write(cluster, deployment, present=present)
        return _outcome(cluster, deployment, plan)


def _write(cluster: ClusterConnection, deployment: dict[str, Any], *, present: bool) -> dict[str, Any]:
    """Set the annotation on the Deployment as it is now."""

    def write(current: dict[str, Any]) -> dict[str, Any]:
        plan = rules.plan_annotation(rules.annotation(current), present=present)
        return front_end.set_annotation(cluster, current, plan.after) if plan.differs else current

    def read_again() -> dict[str, Any]:
        current = front_end.read_deployment(cluster)
        if current is None:
            raise _absent(cluster)
        return current

    return write_on_current(deployment, write, read_again, f"Deployment {rules.WHERE} of {cluster.name}")


def _refuse_v1(cluster: ClusterConnection, deployment: dict[str, Any]) -> None:
    """Raise ModuleFailure when the front end is too old to be upgraded beside the extension."""
    facts = front_end.read_with(cluster, deployment)
    if facts["verdict"] == "v1":
        raise ModuleFailure(
            f"Deployment {rules.WHERE} of {cluster.name} was not annotated, because it is not v2 "
            f"({'; '.join(facts['reasons'])}): the extension could not take it over. Redeploy a v1 web service so that "
            "Azure ML updates azureml-fe, or set allow_v1: true if you know better.",
            front_end=facts,
        )


def _absent(cluster: ClusterConnection) -> ModuleFailure:
    """Return the failure for a cluster without the front end."""
    return ModuleFailure(
        f"There is no Deployment {rules.WHERE} on {cluster.name}, so there is nothing to annotate and nothing was "
        "changed. Check with azureml_fe_check that this is the cluster of the v1 web services."
    )


def _outcome(cluster: ClusterConnection, deployment: dict[str, Any], plan: rules.AnnotationPlan) -> Outcome:
    """Report the annotation as it is now, or would be."""
    subject = described("deployment", rules.WHERE, cluster.name)
    difference = Difference(subject, rules.shown(plan.before), rules.shown(plan.after))
    return Outcome(
        changed=plan.differs,
        result={
            "annotated": plan.after == rules.ANNOTATION_VALUE,
            "annotation": plan.after,
            "uid": deployment["metadata"].get("uid"),
        },
        differences=[difference],
    )
