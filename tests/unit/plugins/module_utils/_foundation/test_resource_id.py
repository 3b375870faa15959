# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource ids: every letter case that Azure answers with, and what is no id."""

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import (
    ResourceIdError,
    cluster_kind,
    parse_cluster_id,
    parse_resource_id,
    parse_workspace_id,
    same_id,
)

AKS = "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.ContainerService/managedClusters/Aks-1"
ARC = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Kubernetes/connectedClusters/arc"
WORKSPACE = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"


@pytest.mark.parametrize("text", [AKS, AKS + "/", f" {AKS} ", AKS.replace("resourceGroups", "resourcegroups")])
def test_an_id_is_read_and_written_in_one_spelling(text: str) -> None:
    assert str(parse_cluster_id(text)) == AKS


def test_letter_case_does_not_matter() -> None:
    assert cluster_kind(AKS.upper()) == "aks"
    assert cluster_kind(ARC.lower()) == "arc"
    assert same_id(AKS, AKS.upper() + "/")
    assert not same_id(AKS, ARC)
    assert str(parse_workspace_id(WORKSPACE.lower())).endswith("Microsoft.MachineLearningServices/workspaces/ml")


def test_children_are_kept() -> None:
    parsed = parse_resource_id(f"{AKS}/agentPools/gpu")
    assert parsed.children == ("agentPools", "gpu")
    assert str(parsed) == f"{AKS}/agentPools/gpu"


@pytest.mark.parametrize(
    "text", ["", "aks", "/subscriptions/s", "/subscriptions/s/resourceGroups/rg", WORKSPACE, AKS + "/agentPools/a"]
)
def test_what_is_not_the_id_of_a_cluster_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ResourceIdError, match="Nothing was changed"):
        parse_cluster_id(text)


def test_what_is_not_the_id_of_a_workspace_is_refused() -> None:
    with pytest.raises(ResourceIdError, match="not the id of an Azure Machine Learning workspace"):
        parse_workspace_id(AKS)
