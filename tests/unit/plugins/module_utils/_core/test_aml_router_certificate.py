# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is sent, and what is believed of the router afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from ansible_collections.azureml.fleet.plugins.module_utils._azure import extension_changes
from ansible_collections.azureml.fleet.plugins.module_utils._core import (
    _installation,
    _router_look,
    aml_router_certificate,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import (
    arc_agents,
    nodes,
    router_services,
    router_tls,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, ModuleFailure, Outcome
from tests.unit.plugins.module_utils._domain.builders import AKS_ID, cluster, extension, node

NAME = "ml.example.com"
AUTHORITY = trustme.CA()
SECURE = {"enableInference": "True", "allowInsecureConnections": "False", "sslCname": NAME}


class Scene:
    """One cluster: what each look at its router sees, and what was sent to Azure."""

    def __init__(self) -> None:
        issued = AUTHORITY.issue_cert(NAME, common_name=NAME)
        self.certificate = issued.cert_chain_pems[0].bytes().decode()
        self.key = issued.private_key_pem.bytes().decode()
        #: What the looks see, one after another; the last one again and again.
        self.looks: list[dict[str, Any] | FleetError] = []
        self.labels = {"kubernetes.azure.com/cluster": "MC_rg_aks_westeurope"}
        self.agents: dict[str, str] | None = None
        self.known = cluster()
        self.settings = dict(SECURE)
        self.protected = ["scoringFe.sslCert", "scoringFe.sslKey"]
        self.sent: list[dict[str, str]] = []
        self.warnings: list[str] = []

    def services(self, *_arguments: Any) -> list[dict[str, Any]]:
        seen = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(seen, FleetError):
            raise seen
        return [seen]

    def run(self, *, check_mode: bool = False, **options: Any) -> Outcome:
        params: dict[str, Any] = dict.fromkeys(("ssl_certificate_file", "ssl_key_file"))
        params |= {"cluster_id": AKS_ID, "protected_settings": {}, "force": False, "wait": True, "wait_timeout": 0.3}
        params |= {"poll_interval": 0.05, "ssl_certificate": self.certificate, "ssl_key": self.key, **options}
        return aml_router_certificate.run(Call(params=params, check_mode=check_mode, warn=self.warnings.append))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene()
    ours = extension(settings=made.settings, protected_settings=made.protected)

    @contextlib.contextmanager
    def connected(*_arguments: Any) -> Iterator[None]:
        yield None

    def send(*_arguments: Any, **_options: Any) -> None:
        made.sent.append(_arguments[3].protected)

    monkeypatch.setattr(aml_router_certificate, "connect_azure", lambda _call: None)
    monkeypatch.setattr(aml_router_certificate, "followed", lambda *_arguments: ours)
    monkeypatch.setattr(extension_changes, "update", send)
    monkeypatch.setattr(_installation, "list_extension", lambda *_arguments: ours)
    monkeypatch.setattr(_router_look, "connect_cluster", connected)
    monkeypatch.setattr(_router_look, "read_cluster", lambda *_arguments: made.known)
    monkeypatch.setattr(nodes, "read", lambda _cluster: [node(labels=made.labels)])
    monkeypatch.setattr(arc_agents, "read", lambda _cluster: made.agents)
    monkeypatch.setattr(router_services, "read", made.services)
    monkeypatch.setattr(router_tls, "read", lambda services, _name: services[0])
    return made


def shows(pem: str) -> dict[str, Any]:
    facts = certificates.facts_of_pem(pem)
    return {
        "place": "127.1.2.3:443",
        "answered": True,
        "certificate": facts,
        "chain": None,
        "mixed": False,
        "reason": None,
    }


def silent(reason: str = "127.1.2.3:443 cannot be reached from here (no answer in time)") -> dict[str, Any]:
    return {
        "place": "127.1.2.3:443",
        "answered": False,
        "certificate": None,
        "chain": None,
        "mixed": False,
        "reason": reason,
    }


def old() -> dict[str, Any]:
    return shows(AUTHORITY.issue_cert(NAME).cert_chain_pems[0].bytes().decode())


def test_a_router_that_answered_and_falls_silent_for_a_moment_is_waited_for(scene: Scene) -> None:
    scene.looks = [old(), silent(), silent(), shows(scene.certificate)]
    assert scene.run(wait_timeout=30).result["verified"]


def test_a_router_that_answered_and_stays_silent_is_a_failure(scene: Scene) -> None:
    scene.looks = [old(), silent()]
    with pytest.raises(ModuleFailure, match="answered before, and now nobody can tell") as caught:
        scene.run()
    assert "Azure has the new certificate: extension azureml of cluster aks took it." in caught.value.message
    assert caught.value.message.endswith("become ready: kubectl get pods --namespace azureml")
    assert caught.value.details["verified"] is False


def test_a_router_that_nobody_reached_before_either_is_a_warning(scene: Scene) -> None:
    scene.looks = [silent()]
    outcome = scene.run()
    assert (outcome.changed, outcome.result["verified"], len(scene.sent)) == (True, False, 1)
    assert "was not checked: 127.1.2.3:443 cannot be reached" in scene.warnings[0]


@pytest.mark.parametrize(
    "message",
    [
        "The API of aks cannot be reached. Nothing was changed.",
        "The API of aks answered what is not read. Nothing was changed; check what answers at this address.",
    ],
)
def test_a_cluster_whose_api_does_not_answer_gets_its_certificate_and_is_not_called_unchanged(
    scene: Scene, message: str
) -> None:
    scene.looks = [KubernetesError(message)]
    outcome = scene.run()
    assert (outcome.changed, outcome.result["verified"], len(scene.sent)) == (True, False, 1)
    assert "Azure has the new certificate, and whether the router serves it was not checked: The API of aks" in str(
        scene.warnings
    )
    assert "Nothing was changed" not in str(scene.warnings)


def test_an_api_that_refuses_the_credentials_after_the_sending_is_waited_for_and_then_a_failure(scene: Scene) -> None:
    scene.looks = [old(), KubernetesError("The API of aks refuses the token. Nothing was changed.", status=401)]
    with pytest.raises(ModuleFailure, match="Azure has the new certificate") as caught:
        scene.run()
    assert "nobody can tell whether it serves: The API of aks refuses the token. " in caught.value.message
    assert "Nothing was changed" not in caught.value.message
    scene.looks = [old(), KubernetesError("no answer", status=401), shows(scene.certificate)]
    assert scene.run(wait_timeout=30).result["verified"]


def test_check_mode_says_that_the_served_certificate_is_not_known(scene: Scene) -> None:
    scene.looks = [silent()]
    assert scene.run(check_mode=True).changed
    assert scene.sent == []
    assert "what the router serves now was not checked" in scene.warnings[0]


def test_what_the_router_of_another_aks_cluster_shows_is_not_believed(scene: Scene) -> None:
    scene.looks = [shows(scene.certificate)]
    scene.labels = {"kubernetes.azure.com/cluster": "MC_rg_other_westeurope"}
    outcome = scene.run()
    assert (outcome.result["verified"], len(scene.sent)) == (False, 1)
    assert "the Kubernetes API that answers belongs to another cluster: Its nodes belong to MC_rg_other" in str(
        scene.warnings
    )


def test_what_the_router_of_another_arc_cluster_shows_is_not_believed(scene: Scene) -> None:
    scene.looks = [shows(scene.certificate)]
    scene.known = cluster(kind="arc", name="arc")
    for agents in (None, {"name": "other", "resource_group": "rg", "subscription_id": ""}):
        scene.agents = agents
        assert not scene.run().result["verified"]
    scene.agents = {"name": "ARC", "resource_group": "rg", "subscription_id": ""}
    assert scene.run().result["verified"]
    assert len(scene.sent) == 2


def test_the_command_for_a_secret_ends_the_message_and_names_files_and_cluster(scene: Scene) -> None:
    scene.settings["scoringFe.sslSecret"] = "router-tls"
    with pytest.raises(ModuleFailure, match="Nothing was changed") as caught:
        scene.run(ssl_certificate=None, ssl_key=None)
    assert caught.value.message.endswith(
        "kubectl create secret generic router-tls --namespace azureml --from-file=cert.pem=fullchain.pem "
        "--from-file=key.pem=key.pem --dry-run=client --output yaml | kubectl apply --context aks --filename -"
    )
    assert caught.value.message.count("Nothing was changed") == 1


def test_without_a_certificate_the_options_and_variables_are_named(scene: Scene) -> None:
    with pytest.raises(ModuleFailure, match="give both, as PEM: ssl_certificate or ssl_certificate_file"):
        scene.run(ssl_certificate=None, ssl_key=None)


def test_protected_settings_that_would_be_lost_are_asked_for_by_both_names(scene: Scene) -> None:
    scene.protected.append("relayConnectionString")
    with pytest.raises(ModuleFailure, match="which is aml_extension_protected_settings of the playbook") as caught:
        scene.run()
    assert caught.value.message.count("Nothing was changed") == 1
    assert scene.sent == []


def test_a_router_that_is_still_rolling_out_is_waited_for_and_then_a_failure(scene: Scene) -> None:
    differs = {**silent("fresh connections differ"), "answered": True, "mixed": True}
    scene.looks = [old(), differs, shows(scene.certificate)]
    assert scene.run(wait_timeout=30).result["verified"]
    scene.looks = [old(), differs]
    with pytest.raises(ModuleFailure, match=r"was still rolling out \(fresh connections differ\)") as caught:
        scene.run()
    assert caught.value.message.endswith("kubectl rollout restart deployment azureml-fe-v2 --namespace azureml")
    scene.looks = [differs]
    before = scene.run(check_mode=True).differences[0].before["certificate"]
    assert before == {"chain": "not known", "fingerprint": "different ones"}


def chained(scene: Scene) -> tuple[list[str], list[str]]:
    """Give the certificate one that follows it, and a root; return what is to be shown, and the root's fingerprint."""
    middle = AUTHORITY.create_child_ca()
    issued = middle.issue_cert(NAME, common_name=NAME)
    pems = [*(each.bytes().decode() for each in issued.cert_chain_pems), AUTHORITY.cert_pem.bytes().decode()]
    scene.certificate, scene.key = "".join(pems), issued.private_key_pem.bytes().decode()
    prints = [certificates.facts_of_pem(each)["fingerprint"] for each in pems]
    return prints[:2], prints[2:]


def test_a_mended_chain_behind_the_same_certificate_is_sent(scene: Scene) -> None:
    chain, root = chained(scene)
    leaf = shows(scene.certificate)
    scene.looks = [{**leaf, "chain": chain[:1]}, {**leaf, "chain": chain[:1]}, {**leaf, "chain": chain}]
    outcome = scene.run(wait_timeout=30)
    assert (outcome.changed, outcome.result["chain_checked"], len(scene.sent)) == (True, True, 1)
    scene.looks = [{**leaf, "chain": [*chain, *root]}]
    again = scene.run()
    assert (again.changed, again.result["chain_checked"], len(scene.sent)) == (False, True, 1)
    assert scene.warnings == []


def test_a_chain_that_cannot_be_seen_is_not_claimed_and_can_be_forced(scene: Scene) -> None:
    chained(scene)
    scene.looks = [shows(scene.certificate)]
    outcome = scene.run()
    assert (outcome.changed, outcome.result["verified"], outcome.result["chain_checked"]) == (False, True, False)
    assert "chain not checked" in scene.warnings[0]
    forced = scene.run(force=True)
    assert (forced.changed, forced.result["chain_checked"], len(scene.sent)) == (True, False, 1)
