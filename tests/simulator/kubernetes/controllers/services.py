# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of type LoadBalancer: the address that a cloud gives them after a while."""

from __future__ import annotations

import hashlib

from tests.simulator.kubernetes.controllers.context import ControllerContext
from tests.simulator.kubernetes.store import Key, Object
from tests.simulator.kubernetes.writes import WriteOptions

CLOUD = WriteOptions(manager="cloud-controller-manager", manager_given=True, validation="Ignore")
INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
WANTED = "service.beta.kubernetes.io/azure-load-balancer-ipv4"


def reconcile(context: ControllerContext, key: Key) -> None:
    """Give a load balancer its address (https://learn.microsoft.com/azure/aks/load-balancer-standard)."""
    service = context.store.get(key)
    if service is None or not context.load_balancers or service["metadata"].get("deletionTimestamp"):
        return
    if (service.get("spec") or {}).get("type") != "LoadBalancer":
        return
    if ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return
    uid = service["metadata"]["uid"]
    if context.queue.is_due(key, f"address:{uid}", context.timing.load_balancer):
        context.set_status(service, {"loadBalancer": {"ingress": [{"ip": _address(service), "ipMode": "VIP"}]}}, CLOUD)


def _address(service: Object) -> str:
    """The address that the service asks for, one of the cluster's network, or a public one: always the same one.

    Source: cloud-provider-azure.sigs.k8s.io/topics/loadbalancer (both annotations).
    """
    wanted = (service["metadata"].get("annotations") or {}).get(WANTED)
    if wanted:
        return str(wanted)
    number = hashlib.sha256(service["metadata"]["uid"].encode()).digest()
    if (service["metadata"].get("annotations") or {}).get(INTERNAL) == "true":
        return f"10.224.{number[0]}.{number[1] % 254 + 1}"
    return f"20.{number[0]}.{number[1]}.{number[2] % 254 + 1}"
