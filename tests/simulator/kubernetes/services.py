# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of type LoadBalancer: the address that a cloud gives them after a while."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.simulator.kubernetes.store import Key
from tests.simulator.kubernetes.writes import WriteOptions

if TYPE_CHECKING:
    from tests.simulator.kubernetes.controllers import Controllers

CLOUD = WriteOptions(manager="cloud-controller-manager", manager_given=True, validation="Ignore")
INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"


def reconcile(controllers: Controllers, key: Key) -> None:
    """Give a load balancer its address (https://learn.microsoft.com/azure/aks/load-balancer-standard)."""
    service = controllers.store.get(key)
    if service is None or not controllers.load_balancers or service["metadata"].get("deletionTimestamp"):
        return
    if (service.get("spec") or {}).get("type") != "LoadBalancer":
        return
    if ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return
    uid, now = service["metadata"]["uid"], controllers.clock.now().timestamp()
    due = controllers.due.get(uid)
    if due is None:
        controllers.due[uid] = now + controllers.timing.load_balancer
        controllers.mark_later(controllers.timing.load_balancer, key)
    elif now >= due:
        controllers.due.pop(uid, None)
        internal = (service["metadata"].get("annotations") or {}).get(INTERNAL) == "true"
        number = hashlib.sha256(uid.encode()).digest()
        address = (
            f"10.224.{number[0]}.{number[1] % 254 + 1}"
            if internal
            else f"20.{number[0]}.{number[1]}.{number[2] % 254 + 1}"
        )
        status = {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}
        controllers.set_status(service, status, CLOUD)
