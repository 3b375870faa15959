# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of node pools: the rules of Kubernetes and of AKS, and how labels are merged."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.label_plan import (
    LabelError,
    checked_labels,
    merged,
)


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        ({"a": "b"}, {"a": "b"}),
        ({"example.com/gpu": True, "n": 4}, {"example.com/gpu": "true", "n": "4"}),
        ({"empty": ""}, {"empty": ""}),
        ({"a": "x" * 63}, {"a": "x" * 63}),
    ],
)
def test_labels_become_texts(labels: dict[str, Any], texts: dict[str, str]) -> None:
    assert checked_labels("node pool gpu", labels) == texts


@pytest.mark.parametrize(
    "labels",
    [
        {"kubernetes.azure.com/accelerator": "nvidia"},
        {"kubernetes.io/role": "gpu"},
        {"-a": "b"},
        {"a/b/c": "d"},
        {"/a": "b"},
        {"Example.com/a": "b"},
        {"a": "x" * 64},
        {"a": "with space"},
        {"a": None},
        {"a": ["b"]},
        {"version": 1.10},
        {"": "b"},
    ],
)
def test_a_label_that_would_be_refused_is_refused_before_anything_is_sent(labels: dict[str, Any]) -> None:
    with pytest.raises(LabelError, match="pool gpu"):
        checked_labels("node pool gpu", labels)


def test_values_do_not_matter_when_labels_are_removed() -> None:
    assert checked_labels("gpu", {"a": None, "b": "with space"}, removing=True) == {"a": "", "b": ""}


def test_other_labels_stay() -> None:
    existing = {"theirs": "1", "ours": "old"}
    assert merged(existing, {"ours": "new"}, remove=False) == {"theirs": "1", "ours": "new"}
    assert merged(existing, {"ours": ""}, remove=True) == {"theirs": "1"}
    assert existing == {"theirs": "1", "ours": "old"}
