# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A missing child is None, whatever words Azure has for it; a missing parent is an error."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm, computes, extensions
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError

GROUP = "/subscriptions/s/resourceGroups/rg/providers"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml"
CLUSTER = f"{GROUP}/Microsoft.ContainerService/managedClusters/aks"
IN_ML = "Microsoft.MachineLearningServices/workspaces/ml"
IN_AKS = "Microsoft.ContainerService/managedClusters/aks/providers/Microsoft.KubernetesConfiguration/extensions"


def answer(monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    def refuse(*_arguments: Any) -> Any:
        raise AzureError(f"Reading: Azure answered 404 ({code}): {message}", code=code, status=404)

    monkeypatch.setattr(arm, "get", refuse)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "it does not exist (the answer had no message)."),
        ("ResourceNotFound", f"The Resource '{IN_ML}/computes/k8s' under resource group 'rg' was not found."),
        ("ResourceNotFound", f"The Resource '{IN_ML.upper()}/COMPUTES/K8S' under resource group 'rg' was not found."),
        ("ComputeNotFound", "Compute k8s was not found."),
    ],
)
def test_a_compute_that_is_missing_is_none(monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    answer(monkeypatch, code, message)
    connection: Any = None
    assert computes.read_compute(connection, WORKSPACE, "k8s") is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFound", f"The Resource '{IN_ML}' under resource group 'rg' was not found."),
        ("ParentResourceNotFound", "Can not perform requested operation on nested resource."),
        ("ResourceGroupNotFound", "Resource group 'rg' could not be found."),
        ("SubscriptionNotFound", "The subscription 's' could not be found."),
        ("ResourceNotFound", f"The Resource '{IN_ML}/computes/k8s-2' under resource group 'rg' was not found."),
    ],
)
def test_a_workspace_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    answer(monkeypatch, code, message)
    connection: Any = None
    with pytest.raises(AzureError, match="404"):
        computes.read_compute(connection, WORKSPACE, "k8s")


def test_an_extension_is_told_apart_from_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    connection: Any = None
    answer(monkeypatch, "ResourceNotFound", f"The Resource '{IN_AKS}/azureml' under resource group 'rg' was not found.")
    assert extensions.read_body(connection, CLUSTER, "azureml") is None
    cluster = "The Resource 'Microsoft.ContainerService/managedClusters/aks' under resource group 'rg' was not found."
    answer(monkeypatch, "ResourceNotFound", cluster)
    with pytest.raises(AzureError, match="404"):
        extensions.read_body(connection, CLUSTER, "azureml")
