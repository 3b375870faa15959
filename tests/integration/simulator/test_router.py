# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated router at its socket: a certificate of the settings, of a Secret, or no TLS; and how we look at it."""

from __future__ import annotations

import base64
import socket
from functools import partial
from typing import Any

import pytest
import trustme
from kubernetes import client as kubernetes_client

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import RouterServiceFacts, RouterTlsFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import router_tls
from tests.integration.harness import Simulator
from tests.integration.simulator.arm_client import ArmClient
from tests.integration.simulator.conftest import (
    AKS,
    EXTENSIONS,
    FLEET,
    KubernetesOf,
    connect,
    extension_settings,
    install,
)

NAME = "ml.example.com"


class Pair:
    """A certificate and its key, in the forms that settings and Secrets want."""

    def __init__(self) -> None:
        issued = trustme.CA().issue_cert(NAME, common_name=NAME)
        self.certificate = issued.cert_chain_pems[0].bytes()
        self.key = issued.private_key_pem.bytes()
        self.fingerprint = certificates.facts_of_pem(self.certificate.decode())["fingerprint"]

    @property
    def protected(self) -> dict[str, str]:
        texts = {"scoringFe.sslCert": self.certificate, "scoringFe.sslKey": self.key}
        return {name: base64.b64encode(text).decode() for name, text in texts.items()}


def secure(fleet: Simulator, **more: str) -> dict[str, str]:
    return extension_settings(fleet.clusters["plain"]["id"], allowInsecureConnections="False", sslCname=NAME, **more)


def looked_at(kubernetes_of: KubernetesOf, namespace: str = "azureml") -> RouterTlsFacts:
    """Return what our own handshake sees of the router of cluster `plain`."""
    api = kubernetes_of("plain")
    service = kubernetes_client.CoreV1Api(api).read_namespaced_service("azureml-fe", namespace)
    found = serving.service_facts(api.sanitize_for_serialization(service), [])
    return router_tls.read([found], NAME)


def change(arm: ArmClient, **properties: Any) -> str:
    answer = arm.send("PATCH", f"{AKS}/plain/{EXTENSIONS}/ml", {"properties": properties})
    return str(arm.wait(answer).json()["status"])


def put(arm: ArmClient, settings: dict[str, str], protected: dict[str, str]) -> None:
    properties = {
        "extensionType": "Microsoft.AzureML.Kubernetes",
        "scope": {"cluster": {"releaseNamespace": "azureml"}},
        "configurationSettings": settings,
        "configurationProtectedSettings": protected,
    }
    answer = arm.send("PUT", f"{AKS}/plain/{EXTENSIONS}/ml", {"properties": properties})
    assert arm.wait(answer).json()["status"] == "Succeeded"


def test_the_router_shows_the_certificate_of_the_settings_and_after_an_update_the_new_one(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    first, second = Pair(), Pair()
    put(arm, secure(fresh), first.protected)
    seen = looked_at(kubernetes_of)
    assert seen["certificate"] is not None
    assert (seen["certificate"]["fingerprint"], seen["certificate"]["names"]) == (first.fingerprint, [NAME])
    assert change(arm, configurationProtectedSettings=second.protected) == "Succeeded"
    seen = looked_at(kubernetes_of)
    assert seen["certificate"] is not None
    assert seen["certificate"]["fingerprint"] == second.fingerprint


def test_where_pods_keep_what_they_began_with_the_old_certificate_is_shown_after_an_update() -> None:
    first, second = Pair(), Pair()
    believed = {**FLEET, "clusters": [{**FLEET["clusters"][1], "beliefs": {"router-after-renewal": "kept"}}]}
    with Simulator(believed, time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        put(arm, secure(simulator), first.protected)
        assert change(arm, configurationProtectedSettings=second.protected) == "Succeeded"
        seen = looked_at(partial(connect, simulator))
    assert seen["certificate"] is not None
    assert seen["certificate"]["fingerprint"] == first.fingerprint


def test_one_pod_that_keeps_the_old_certificate_is_met_by_fresh_connections() -> None:
    first, second = Pair(), Pair()
    believed = {**FLEET, "clusters": [{**FLEET["clusters"][1], "beliefs": {"router-after-renewal": "mixed"}}]}
    with Simulator(believed, time_scale=100) as simulator:
        arm = ArmClient(simulator.ready)
        put(arm, secure(simulator), first.protected)
        assert change(arm, configurationProtectedSettings=second.protected) == "Succeeded"
        seen = looked_at(partial(connect, simulator))
    assert (seen["answered"], seen["certificate"], seen["mixed"]) == (True, None, True)
    assert first.fingerprint[:16] in str(seen["reason"])
    assert second.fingerprint[:16] in str(seen["reason"])


@pytest.mark.parametrize(("endpoints", "connections"), [(0, 9), (1, 3), (2, 6), (3, 9), (12, 9)])
def test_as_many_connections_as_find_each_pod(
    monkeypatch: pytest.MonkeyPatch, endpoints: int, connections: int
) -> None:
    pair, made = Pair(), []

    def shown(*_arguments: Any) -> RouterTlsFacts:
        made.append(1)
        facts = certificates.facts_of_pem(pair.certificate.decode())
        return RouterTlsFacts(place="x", answered=True, certificate=facts, chain=None, mixed=False, reason=None)

    monkeypatch.setattr(router_tls, "_shown", shown)
    seen = router_tls.read([service(endpoints=endpoints)], NAME)
    assert (seen["mixed"], len(made)) == (False, connections)


def test_the_router_shows_the_certificate_of_a_secret(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    pair, core = Pair(), kubernetes_client.CoreV1Api(kubernetes_of("plain"))
    core.create_namespace({"metadata": {"name": "azureml"}})
    texts = {"cert.pem": pair.certificate.decode(), "key.pem": pair.key.decode()}
    core.create_namespaced_secret("azureml", {"metadata": {"name": "tls"}, "stringData": texts})
    put(arm, secure(fresh, **{"scoringFe.sslSecret": "tls"}), {})
    seen = looked_at(kubernetes_of)
    assert seen["certificate"] is not None
    assert seen["certificate"]["fingerprint"] == pair.fingerprint


def test_a_router_of_plain_http_answers_without_tls(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    install(fresh, arm, "plain")
    seen = looked_at(kubernetes_of)
    assert (seen["answered"], seen["certificate"]) == (True, None)
    assert seen["reason"]


def test_an_internal_load_balancer_cannot_be_reached_from_outside_the_network(
    fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf
) -> None:
    internal = {"internalLoadBalancerProvider": "azure", "scoringFe.serviceType.internalLoadBalancer": "True"}
    put(arm, secure(fresh, **internal), Pair().protected)
    seen = looked_at(kubernetes_of)
    assert (seen["answered"], seen["certificate"]) == (False, None)
    assert "cannot be reached from here (Connection refused)" in str(seen["reason"])


def test_without_the_extension_nobody_answers(fresh: Simulator, arm: ArmClient, kubernetes_of: KubernetesOf) -> None:
    put(arm, secure(fresh), Pair().protected)
    place = str(looked_at(kubernetes_of)["place"])
    arm.wait(arm.send("DELETE", f"{AKS}/plain/{EXTENSIONS}/ml"))
    address, port = place.split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, int(port)), timeout=5)


def service(**changes: Any) -> RouterServiceFacts:
    base = RouterServiceFacts(
        namespace="azureml", name="azureml-fe", type="LoadBalancer", address="127.0.0.1", tls_port=443, endpoints=1
    )
    base.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return base


@pytest.mark.parametrize(
    ("services", "reason"),
    [
        ([], "the router has no Service"),
        ([service(type="NodePort")], "Service azureml/azureml-fe is of type NodePort"),
        ([service(type="ClusterIP")], "is of type ClusterIP"),
        ([service(address=None)], "has no address yet"),
        ([service(tls_port=None)], "has no port for HTTPS"),
        ([service(namespace="default"), service(address=None)], "Service azureml/azureml-fe has no address yet"),
    ],
)
def test_what_cannot_be_asked_is_said(services: list[RouterServiceFacts], reason: str) -> None:
    seen = router_tls.read(services, NAME)
    assert (seen["answered"], seen["certificate"]) == (False, None)
    assert reason in str(seen["reason"])


def test_a_server_that_says_nothing_ends_the_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        seen = router_tls.read([service(tls_port=port)], "-no name.", patience=0.3)
    assert (seen["answered"], seen["certificate"]) == (True, None)
    assert seen["reason"]
