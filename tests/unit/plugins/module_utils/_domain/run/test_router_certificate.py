# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification says of the certificate that the router showed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import trustme

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run import report
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.modes import BY_ID
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.router_certificate import router_certificate
from ansible_collections.azureml.fleet.plugins.module_utils._domain.run.verification import verify
from tests.unit.plugins.module_utils._domain.builders import extension, facts, router_service, settings

NAME = "ml.example.com"
AUTHORITY = trustme.CA()


def pem(name: str = NAME, **times: Any) -> str:
    return AUTHORITY.issue_cert(name, **times).cert_chain_pems[0].bytes().decode()


def cluster(shown: str | None, *, answered: bool = True, insecure: str = "False") -> Facts:
    """Return the facts of a cluster whose router showed a certificate, or none."""
    found = facts()
    wanted = {"enableInference": "True", "allowInsecureConnections": insecure, "sslCname": NAME}
    found["extension"] = extension(settings=wanted)
    found["router_tls"] = {
        "place": "127.1.2.3:443",
        "answered": answered,
        "certificate": certificates.facts_of_pem(shown) if shown else None,
        "chain": None,
        "mixed": False,
        "reason": None if shown else "wrong version number",
    }
    return found


def test_the_certificate_that_is_wanted_is_no_problem() -> None:
    mine = pem()
    said = router_certificate(settings(certificate=mine), cluster(mine))
    assert (list(said.problems), list(said.unseen)) == ([], [])


def test_another_certificate_than_the_one_given_is_a_problem() -> None:
    said = router_certificate(settings(certificate=pem()), cluster(pem()))
    assert "127.1.2.3:443 shows the certificate" in said.problems[0]
    assert "renew_certificate" in said.problems[0]


def test_the_secret_s_certificate_is_compared_where_it_may_be_read() -> None:
    mine, wanted = pem(), settings(ssl_secret="router-tls", ssl_cname=NAME)
    found = cluster(mine)
    assert found["kubernetes"] is not None
    for fingerprint, problems in ((certificates.facts_of_pem(mine)["fingerprint"], 0), ("ab" * 32, 1)):
        found["kubernetes"]["tls_secret"] = {"name": "router-tls", "keys": [], "fingerprint": fingerprint}
        assert len(router_certificate(wanted, found).problems) == problems
    found["kubernetes"]["tls_secret"] = {"name": "router-tls", "keys": None, "fingerprint": None}
    assert "could not be read" in router_certificate(wanted, found).unseen[0]


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (pem("other.example.com"), "is for other.example.com, and not for ml.example.com"),
        (pem(not_after=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)), "expired on 2024-01-01"),
        (pem(not_before=datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)), "not valid before 2030-01-01"),
        (None, "answers, but not with TLS"),
    ],
)
def test_what_callers_would_refuse_is_a_problem_whatever_was_given(shown: str | None, problem: str) -> None:
    assert problem in " ".join(router_certificate(settings(), cluster(shown)).problems)


def test_a_certificate_that_ends_soon_is_a_remark() -> None:
    soon = pem(not_after=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=9))
    said = router_certificate(settings(), cluster(soon))
    assert not said.problems
    assert "in less than 30 days" in said.remarks[0]


def test_a_router_that_cannot_be_reached_is_not_checked_and_not_green() -> None:
    found = cluster(None, answered=False)
    check = {each.id: each for each in verify(settings(), found)}["router-certificate"]
    assert (check.problems, check.to_result()["passed"]) == ((), False)
    assert check.to_result()["not_checked"] == [
        "wrong version number. From a machine that reaches it: verify again there."
    ]
    line = report.cluster_report(
        {"host": "h", "preflight": {"verdict": "current"}, "verification": {"checks": [check.to_result()]}},
        BY_ID["verify"],
    )
    assert line["reason"] == "nothing to change, 0 checks passed, not checked: router-certificate"


def test_a_load_balancer_without_an_address_is_a_problem_whatever_serves_v1() -> None:
    found = cluster(None, answered=False)
    assert found["kubernetes"] is not None
    found["kubernetes"]["router_services"].append(router_service(namespace="azureml", address=None))
    said = router_certificate(settings(), found)
    assert list(said.problems) == ["Service azureml/azureml-fe is of type LoadBalancer and has no address."]


@pytest.mark.parametrize("state", ["Failed", "Updating", "Canceled"])
def test_a_router_serves_on_whatever_becomes_of_the_extension(state: str) -> None:
    mine, found = pem(), cluster(pem())
    assert found["extension"] is not None
    found["extension"]["provisioning_state"] = state
    assert "shows the certificate" in router_certificate(settings(certificate=mine), found).problems[0]
    found["router_tls"] = None
    assert "gave no answer" in router_certificate(settings(certificate=mine), found).unseen[0]


def test_a_router_whose_pods_differ_is_a_problem() -> None:
    found = cluster(None)
    assert found["router_tls"] is not None
    found["router_tls"] |= {"mixed": True, "reason": "fresh connections differ: certificate A…, and certificate B…"}
    (problem,) = router_certificate(settings(certificate=pem()), found).problems
    assert problem.startswith("127.1.2.3:443 is still rolling out: fresh connections differ: certificate A…")


def test_without_an_answer_of_the_cluster_the_router_is_not_checked() -> None:
    found = cluster(pem())
    found["router_tls"] = None
    assert "gave no answer" in router_certificate(settings(), found).unseen[0]


def test_a_router_of_plain_http_is_not_asked_for_a_certificate() -> None:
    assert router_certificate(settings(), cluster(None, insecure="True")) == ((), (), ())
