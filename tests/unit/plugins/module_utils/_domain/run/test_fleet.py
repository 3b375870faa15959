# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts of an inventory share and must not."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.fleet import _NEXT, conflicts
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, WORKSPACE_ID, settings

ONE = f"only one host may have it. {_NEXT}"
OTHER_ID = AKS_ID.replace("/aks", "/other")


def test_hosts_that_share_nothing_are_left_out() -> None:
    one, two = settings(), settings(cluster_id=OTHER_ID, compute_name="other")
    assert conflicts({"one": one, "two": two}) == {}


def test_one_cluster_of_two_hosts_is_told_to_both_whatever_its_letter_case() -> None:
    one, two = settings(), settings(cluster_id=AKS_ID.upper(), compute_name="other")
    assert conflicts({"one": one, "two": two, "three": settings(cluster_id=OTHER_ID, compute_name="x1")}) == {
        "one": [f"aml_cluster_id: cluster aks is also that of two; only one host may have it. {_NEXT}"],
        "two": [f"aml_cluster_id: cluster AKS is also that of one; only one host may have it. {_NEXT}"],
    }


def test_one_compute_of_two_clusters_is_told_to_both() -> None:
    attachments = [
        {"workspace": WORKSPACE_ID, "compute_name": "K8S"},
        {"workspace": WORKSPACE_ID + "2", "compute_name": "k8s"},
    ]
    two = settings(cluster_id=OTHER_ID, workspace=None, compute_name=None, attachments=attachments)
    assert conflicts({"one": settings(), "two": two}) == {
        "one": [
            "aml_compute_name: compute k8s of workspace ml is also that of two; only one host may have it. " + _NEXT
        ],
        "two": [
            "aml_compute_name: compute K8S of workspace ml is also that of one; only one host may have it. " + _NEXT
        ],
    }


def test_of_many_hosts_the_first_are_named() -> None:
    alike = {f"host-{number}": settings() for number in range(8)}
    first = conflicts(alike)["host-0"][0]
    assert "that of host-1, host-2, host-3, host-4, host-5 and 2 more;" in first
