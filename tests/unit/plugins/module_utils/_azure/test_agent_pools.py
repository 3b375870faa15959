# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a node pool is sent back when its labels change."""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._azure.agent_pools import put_properties

SPOT = "kubernetes.azure.com/scalesetpriority"


def pool(**properties: Any) -> dict[str, Any]:
    return {"name": "gpu", "properties": {"count": 3, "vmSize": "Standard_NC6s_v3", **properties}}


def test_what_nobody_changes_is_sent_as_it_was_read() -> None:
    sent = put_properties(
        pool(maxPods=30, eTag="1", provisioningState="Succeeded", fromTheFuture={"a": [1]}), {"a": "b"}
    )
    assert sent == {
        "count": 3,
        "vmSize": "Standard_NC6s_v3",
        "maxPods": 30,
        "fromTheFuture": {"a": [1]},
        "nodeLabels": {"a": "b"},
    }


def test_labels_and_taints_of_aks_go_back_as_they_were_read() -> None:
    taints = [f"{SPOT}=spot:NoSchedule", "sku=gpu:NoSchedule", "kubernetes.azure.company/x=y:NoSchedule"]
    spot = pool(nodeTaints=taints, nodeLabels={SPOT: "spot"})
    wanted = {"sub.kubernetes.azure.com/x": "y", "a": "b"}
    sent = put_properties(spot, wanted)
    assert sent["nodeLabels"] == {SPOT: "spot", "a": "b"}
    assert sent["nodeTaints"] == taints
    without = put_properties(spot, wanted, keep_reserved=False)
    assert without["nodeLabels"] == {"a": "b"}
    assert without["nodeTaints"] == taints[1:]
    assert "nodeTaints" not in put_properties(pool(nodeTaints=taints[:1]), {}, keep_reserved=False)


def test_the_count_of_an_autoscaled_pool_is_the_autoscalers() -> None:
    sent = put_properties(pool(enableAutoScaling=True, minCount=1, maxCount=9), {})
    assert "count" not in sent
    assert (sent["minCount"], sent["maxCount"]) == (1, 9)
    assert put_properties(pool(enableAutoScaling=False), {})["count"] == 3
