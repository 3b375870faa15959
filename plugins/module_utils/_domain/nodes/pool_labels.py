# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of node pools: what may be set, and how wanted labels meet those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes import labels as rules
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError


class LabelError(InputError):
    """A label that AKS or Kubernetes would refuse, in one sentence."""


def checked_labels(pool: str, labels: Mapping[str, Any], *, removing: bool = False) -> dict[str, str]:
    """Return labels with their values as texts (true becomes `true`, as Kubernetes writes it).

    Raises LabelError for labels that Kubernetes refuses or AKS reserves (see `labels`). `removing`: values do not
    matter.
    """
    checked = {str(key): "" if removing else rules.as_text(value) for key, value in labels.items()}
    problems = rules.node_label_problems(checked)
    if problems:
        raise LabelError(f"The labels of node pool {pool} cannot be set, because {'; '.join(problems)}.")
    return {key: str(value) for key, value in checked.items()}


def merged(existing: Mapping[str, str], wanted: Mapping[str, str], *, remove: bool) -> dict[str, str]:
    """Return the labels as they are to be: the wanted ones over the existing, or the existing without them."""
    if remove:
        return {key: value for key, value in existing.items() if key not in wanted}
    return {**existing, **wanted}
