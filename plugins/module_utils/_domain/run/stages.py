# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of an upgrade, in their order: one table that plan, playbooks, roles, record, report and pages read.

A new stage is one entry here, a role with the tasks `_planned` (and `_wait`, when it submits something that Azure goes
on with), and a function of `plan.py` that says what is to be changed. `python -m scripts.generate` writes the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

StageId = Literal["front_end", "gpu_nodes", "extension", "instance_types", "compute"]
#: What every run has before and after its stages: a failure there belongs to no stage.
PREFLIGHT = "preflight"
VERIFY = "verify"


@dataclass(frozen=True)
class Stage:
    """One stage: what it does, who does it, and how it stands to the others."""

    id: StageId
    #: What it does, as the name of its tasks.
    title: str
    #: What its role does, in a sentence.
    description: str
    #: The role's name inside the collection.
    role: str
    #: The modules that act in it, reading ones included: a failed task's module tells its stage.
    modules: tuple[str, ...]
    #: The registered results of its role that can say `changed`.
    results: tuple[str, ...]
    #: The variables, beside those of the cluster and the connections, that say what it makes: topics or names.
    variables: tuple[str, ...] = ()
    #: The stages that must have ended, their wait included, before this one starts.
    needs: tuple[StageId, ...] = ()
    #: What takes its changes back, in words: what a person does today.
    undo: str = ""
    #: Waiting for what it submitted, as the name of those tasks; empty when nothing is left to wait for.
    wait: str = ""
    #: What the wait registers: verification takes what was read last from it.
    wait_result: str = ""


#: Pool labels come before the extension: AKS refuses or preempts an operation while another one runs on the cluster
#: (recorded answers name https://aka.ms/aks-pending-operation and AKSOperationPreempted), and an extension whose pods
#: select a label starts at once when the label is there.
STAGES: tuple[Stage, ...] = (
    Stage(
        id="front_end",
        title="Prepare azureml-fe",
        description="Annotates the Deployment azureml-fe of AksCompute, so that the extension takes it over.",
        role="aml_front_end",
        modules=("azureml_fe_annotation",),
        results=("_aml_front_end_result",),
        undo="Remove the annotation with azureml_fe_annotation (state: absent), before the extension has taken over.",
    ),
    Stage(
        id="gpu_nodes",
        title="Label GPU nodes",
        description="Labels node pools of AKS and waits for them, or labels the nodes of a cluster that Arc connects.",
        role="aml_gpu_nodes",
        modules=("aks_node_pool_labels", "aml_node_labels"),
        results=("_aml_gpu_nodes_pools", "_aml_gpu_nodes_nodes"),
        variables=("aml_gpu_node_labels", "aml_node_pool_labels", "aml_node_pool_timeout"),
        undo="Remove the labels with aks_node_pool_labels or aml_node_labels.",
    ),
    Stage(
        id="extension",
        title="Submit the extension",
        description="Installs or updates the extension Microsoft.AzureML.Kubernetes, and waits for it.",
        role="aml_extension",
        modules=("aml_extension", "aml_extension_info"),
        results=("_aml_extension_result",),
        variables=("The extension", "aml_extension_timeout"),
        needs=("front_end", "gpu_nodes"),
        undo="Update the extension with the settings from before, or remove one that was new (state: absent).",
        wait="Wait for the extension",
        wait_result="_aml_extension_facts",
    ),
    Stage(
        id="instance_types",
        title="Make instance types",
        description="Creates, changes and prunes InstanceTypes.",
        role="aml_instance_types",
        modules=("aml_instance_type",),
        results=("_aml_instance_types_result",),
        variables=("aml_instance_types", "aml_instance_types_mode", "aml_instance_types_prune", "aml_node_selector"),
        needs=("extension",),
        undo="Apply the instance types from before, and remove new ones (state: absent).",
    ),
    Stage(
        id="compute",
        title="Attach to workspaces",
        description="Creates the namespaces, attaches the cluster to its workspaces, and waits for the computes.",
        role="aml_compute",
        modules=("aml_namespace", "aml_compute_attach", "aml_compute_info"),
        results=("_aml_compute_namespaces", "_aml_compute_result"),
        variables=("The cluster and its attachments", "aml_compute_timeout"),
        needs=("extension", "instance_types"),
        undo="Detach computes that were new (state: absent); the cluster and its namespaces stay.",
        wait="Wait for the computes",
        wait_result="_aml_compute_facts",
    ),
)
BY_ID: dict[str, Stage] = {stage.id: stage for stage in STAGES}


@dataclass(frozen=True)
class Step:
    """A stage's turn in the run: to do its work, or to wait for what it has submitted."""

    stage: Stage
    waits: bool = False


def steps(stages: tuple[Stage, ...] = STAGES) -> list[Step]:
    """Return the turns of all stages: each waits right before the first one that needs it, or at the end.

    By that a fleet's extensions are all submitted before the first is waited for.
    """
    waiting: list[Stage] = []
    found: list[Step] = []
    for stage in stages:
        for each in [each for each in waiting if each.id in stage.needs]:
            found.append(Step(each, waits=True))
            waiting.remove(each)
        found.append(Step(stage))
        if stage.wait:
            waiting.append(stage)
    return found + [Step(each, waits=True) for each in waiting]


def in_order(names: Iterable[str]) -> list[StageId]:
    """Return the stages that `names` hold, each once, in the order in which they run."""
    wanted = set(names)
    return [stage.id for stage in STAGES if stage.id in wanted]


def stage_of(module: str, *, judged: bool) -> str:
    """Return where a task of `module` stands: before the verdict in preflight, afterwards in its stage or in verify."""
    stage = next((stage.id for stage in STAGES if module in stage.modules), None)
    return stage or (VERIFY if judged else PREFLIGHT)


def problems(stages: tuple[Stage, ...] = STAGES) -> Iterator[str]:
    """Yield what is wrong with a table: a name or module that stands twice, a stage before one that it needs."""
    seen: set[str] = set()
    modules: set[str] = set()
    for stage in stages:
        if stage.id in seen:
            yield f"{stage.id} stands twice."
        yield from (
            f"{stage.id} needs {need}, which does not run before it." for need in stage.needs if need not in seen
        )
        yield from (f"{module} acts in two stages." for module in stage.modules if module in modules)
        seen.add(stage.id)
        modules.update(stage.modules)
