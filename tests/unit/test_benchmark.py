# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark counts as a call."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure.arm import API_VERSIONS
from tests.benchmark.calls import OURS, counted, fleet_wide

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1"
SHARED = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/computes"


def _log(*calls: str) -> list[dict[str, Any]]:
    return [{"service": "arm", "method": call.split()[0], "path": call.split()[1]} for call in calls]


def test_polls_tokens_and_discovery_do_not_count() -> None:
    extension = f"{CLUSTER}/providers/Microsoft.KubernetesConfiguration/extensions/azureml"
    log = _log(
        "GET /metadata/endpoints",
        f"PUT {extension}",
        f"GET {extension}/operations/123",
        f"GET {extension}",
        f"GET {extension}",
        f"GET {extension.upper()}",
    )
    log.append({"service": "identity", "method": "POST", "path": "/t/oauth2/v2.0/token"})
    assert counted(log, "arm").total() == 1


def test_list_in_which_a_written_resource_stands_counts_once_however_often_it_is_read_to_wait() -> None:
    status = "/subscriptions/s/providers/x/locations/w/computeOperationsStatus/1"
    log = _log(f"GET {SHARED}", f"PUT {SHARED}/k8s", f"GET {status}", f"GET {SHARED}", f"GET {SHARED}", f"GET {SHARED}")
    assert counted(log, "arm") == {f"GET {SHARED.lower()}": 2, f"PUT {SHARED.lower()}/k8s": 1}


def test_repeated_read_without_a_write_is_no_poll() -> None:
    log = _log(f"GET {CLUSTER}", f"POST {CLUSTER}/listClusterUserCredential", f"GET {CLUSTER}")
    assert counted(log, "arm").total() == 3


def test_what_is_read_once_for_all_clusters_is_counted_apart() -> None:
    log = _log(
        "GET /subscriptions/s/providers/Microsoft.Authorization/locks",
        "GET /subscriptions/s/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions",
        f"GET {CLUSTER}",
        f"GET {CLUSTER}/providers/Microsoft.Authorization/locks",
    )
    of_workspace = {"service": "arm", "method": "GET", "path": SHARED.rpartition("/")[0]}
    log += [{**of_workspace, "query": {"api-version": version}} for version in ("2024-10-01", "2024-01-01-preview")]
    assert API_VERSIONS["microsoft.machinelearningservices"] == OURS
    assert fleet_wide(log) == 3
    assert counted(log, "arm").total() == 3
