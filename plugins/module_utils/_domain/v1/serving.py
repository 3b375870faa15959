# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does anything answer scoring requests? Judged by what serves, not by which release owns which object.

What an installation with inference makes of the azureml-fe in namespace `default` is not documented: it may stay, be
resized, idle, be labelled anew or be gone (docs/beliefs.md, `front-end-after-installation`). What the documentation
promises is a router, `azureml-fe-v2`, behind a Service
(learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension, "Review Azure Machine Learning extension
component").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import ROUTER
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import (
    FrontEndFacts,
    KubernetesFacts,
    RouterServiceFacts,
    WorkloadFacts,
)

#: Name of the router's Service, of v1 and of the extension alike.
SERVICE = "azureml-fe"
_LAST_PORT = 65535


def service_facts(service: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> RouterServiceFacts:
    """Return the facts of a Service; `pods` are the routers' pods in its namespace.

    Its endpoints are the ready pods that its selector matches, as the endpoint slice controller counts them
    (https://kubernetes.io/docs/concepts/services-networking/service/#endpointslices).
    """
    selector = (service.get("spec") or {}).get("selector") or {}
    metadata = service["metadata"]
    return RouterServiceFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        type=service_type(service) or "ClusterIP",
        address=service_address(service),
        tls_port=tls_port(service),
        endpoints=sum(_is_ready(pod) and _matches(pod, selector) for pod in pods) if selector else 0,
    )


def service_type(service: Mapping[str, Any] | None) -> str | None:
    """Return the type of a Service, or None when there is no Service."""
    return None if service is None else (service.get("spec") or {}).get("type") or "ClusterIP"


def service_address(service: Mapping[str, Any] | None) -> str | None:
    """Return where clients reach a Service: the load balancer's address, else the address inside the cluster."""
    if service is None:
        return None
    points = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    for point in _maps(points):
        address = _text(point.get("ip")) or _text(point.get("hostname"))
        if address:
            return address
    spec = service.get("spec") or {}
    if spec.get("type") == "LoadBalancer":
        return None
    inside = _text(spec.get("clusterIP"))
    return None if inside in (None, "", "None") else inside


def tls_port(service: Mapping[str, Any]) -> int | None:
    """Return the port of a Service for HTTPS: 443, else the one that is called so."""
    ports = list(_maps((service.get("spec") or {}).get("ports") or ()))
    if any(each.get("port") == 443 for each in ports):
        return 443
    named = [each.get("port") for each in ports if each.get("name") == "https"]
    return named[0] if named and _is_port(named[0]) else None


def _is_port(value: object) -> bool:
    """Tell whether a value is the number of a port; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LAST_PORT


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; others could write anything into the status of a Service."""
    yield from (each for each in value if isinstance(each, Mapping)) if isinstance(value, (list, tuple)) else ()


def _text(value: object) -> str | None:
    """Return a text, or None for what is none."""
    return value if isinstance(value, str) else None


def problems(kubernetes: KubernetesFacts) -> list[str]:
    """Return why no scoring request would be answered; nothing when a ready router stands behind a Service."""
    routers = _routers(kubernetes)
    if not any(ready for _name, ready, _wanted in routers):
        said = "; ".join(f"{name} has {ready} of {wanted} replicas ready" for name, ready, wanted in routers)
        return [f"No router is ready: {said or 'there is neither azureml-fe-v2 nor azureml-fe'}."]
    services = kubernetes["router_services"]
    if any(each["address"] and each["endpoints"] for each in services):
        return []
    if not services:
        return [f"There is no Service {SERVICE}, so nobody reaches the router."]
    return [
        f"Service {each['namespace']}/{each['name']} ({each['type']}) has "
        f"{'no address' if not each['address'] else 'no ready pod behind it'}."
        for each in services
    ]


def unreachable_v1(kubernetes: KubernetesFacts) -> str | None:
    """Return that v1 services run and callers reach none of them at the address that they know, or None.

    Callers of v1 use the address of Service `default/azureml-fe`; a router that serves elsewhere does not
    help them. It may have been so before, and an extension may serve v1 in its own way (docs/beliefs.md,
    `front-end-after-installation`), so this is worth a word and no failure by itself.
    """
    running = [each for each in kubernetes["v1_services"] if each["ready_replicas"]]
    ways = [each for each in kubernetes["router_services"] if each["namespace"] == "default"]
    if not running or any(each["address"] and each["endpoints"] for each in ways):
        return None
    if not ways:
        where = "there is no Service default/azureml-fe"
    else:
        where = f"Service default/azureml-fe ({ways[0]['address'] or 'without an address'}) has no ready pod behind it"
    return f"{len(running)} v1 service(s) run, and callers may not reach them: {where}."


def moved_address(now: KubernetesFacts, before: FrontEndFacts) -> tuple[str, str | None] | None:
    """Return the old address of azureml-fe and the new one, when no Service of a router has the old one any more."""
    old = before["address"]
    addresses = [each["address"] for each in now["router_services"] if each["address"]]
    if not old or old in (*addresses, now["front_end"]["address"]):
        return None
    return old, now["front_end"]["address"] or next(iter(addresses), None)


def _routers(kubernetes: KubernetesFacts) -> list[tuple[str, int, int]]:
    """Return every Deployment that can route: its name for people, ready and wanted replicas."""
    found: list[tuple[str, int, int]] = []
    front_end = kubernetes["front_end"]
    if front_end["verdict"] != "absent":
        found.append(("default/azureml-fe", front_end["ready_replicas"], front_end["wanted_replicas"]))
    workloads: list[WorkloadFacts] = [each for each in kubernetes["extension_workloads"] if each["name"] in ROUTER]
    found.extend(
        (f"{each['namespace']}/{each['name']}", each["ready_replicas"], each["wanted_replicas"]) for each in workloads
    )
    return found


def _is_ready(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod is ready and not on its way out."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and not (pod.get("metadata") or {}).get("deletionTimestamp")


def _matches(pod: Mapping[str, Any], selector: Mapping[str, str]) -> bool:
    """Tell whether a pod carries every label of a selector."""
    labels = (pod.get("metadata") or {}).get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())
