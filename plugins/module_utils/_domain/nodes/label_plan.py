# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of node pools and of nodes: what is there, what is wanted, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels as rules
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

STAGE = "gpu_nodes"


class LabelError(InputError):
    """A label that AKS or Kubernetes would refuse, in one sentence."""


def label_texts(labels: Mapping[str, object]) -> dict[str, object]:
    """Return labels with their values as YAML's authors mean them: the one conversion that there is (`as_text`)."""
    return {str(key): rules.as_text(value) for key, value in labels.items()}


def checked_labels(subject: str, labels: Mapping[str, object], *, removing: bool = False) -> dict[str, str]:
    """Return the labels of `subject` ('node pool gpu') with their values as texts.

    Raises LabelError for labels that Kubernetes refuses or AKS reserves. `removing`: values do not matter.
    """
    texts: dict[str, object] = dict.fromkeys(map(str, labels), "") if removing else label_texts(labels)
    problems = rules.node_label_problems(texts)
    if problems:
        raise LabelError(f"The labels of {subject} cannot be set, because {'; '.join(problems)}.")
    return {key: str(value) for key, value in texts.items()}


def merged(existing: Mapping[str, str], wanted: Mapping[str, str], *, remove: bool = False) -> dict[str, str]:
    """Return the labels as they are to be: the wanted ones over the existing, or the existing without them."""
    if remove:
        return {key: value for key, value in existing.items() if key not in wanted}
    return {**existing, **wanted}


@dataclass(frozen=True)
class LabelPlan:
    """The labels of one node pool, or node, as they are and as they are to be."""

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def differs(self) -> bool:
        """Whether there is something to write."""
        return self.before != self.after


def plan_labels(
    existing: Mapping[str, Mapping[str, str]], wanted: Mapping[str, Mapping[str, str]], *, remove: bool = False
) -> list[LabelPlan]:
    """Return what happens to every pool, or node, of which labels are wanted, or are to be gone (`remove`)."""
    return [
        LabelPlan(name, dict(existing.get(name, {})), merged(existing.get(name, {}), labels, remove=remove))
        for name, labels in wanted.items()
    ]


def changes_of(kind: Literal["node", "node pool"], cluster_id: str, plans: Sequence[LabelPlan]) -> list[Change]:
    """Return a change for every pool, or node, whose labels differ."""
    path = f"{cluster_id}/agentPools/" if kind == "node pool" else "Node/"
    return [
        Change(
            STAGE,
            "label",
            kind,
            path + each.name,
            each.name,
            {"labels": each.before},
            {"labels": each.after},
            "differs",
        )
        for each in plans
        if each.differs
    ]
