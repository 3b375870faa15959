# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the simulated ARM that need no server: router, signatures, limits, tokens, clock."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import pytest

from tests.simulator.arm.router import Route, Router
from tests.simulator.arm.service import ROUTER
from tests.simulator.foundation.clock import SimulationClock
from tests.simulator.foundation.tokens import TokenStore
from tests.simulator.state.answers import Answer, ArmError, ArmRequest
from tests.simulator.state.fleet import Fleet
from tests.simulator.state.signing import UrlSigner
from tests.simulator.state.throttling import READS, Throttle


async def nothing(fleet: Fleet, request: ArmRequest) -> Answer:
    return Answer(200)


CLUSTER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c"


@pytest.mark.parametrize("path", [CLUSTER, CLUSTER.lower(), CLUSTER.upper(), CLUSTER.replace("managed", "Managed")])
def test_paths_are_matched_in_any_letter_case(path: str) -> None:
    found = ROUTER.find("GET", path)
    assert found is not None
    assert found.params["cluster"].lower() == "c"
    assert found.route.service == "containerservice"


def test_names_keep_their_letter_case() -> None:
    found = Router([Route("GET", "/a/{name}", nothing)]).find("GET", "/A/Name")
    assert found is not None
    assert found.params == {"name": "Name"}


def test_an_unknown_path_or_method_is_not_found() -> None:
    assert ROUTER.find("GET", f"{CLUSTER}/nothing") is None
    assert ROUTER.find("DELETE", CLUSTER) is None
    assert sorted(ROUTER.methods(CLUSTER)) == ["GET", "PATCH", "PUT"]


def test_status_urls_have_the_length_of_real_ones_and_must_come_back_unharmed() -> None:
    signer, clock = UrlSigner(), SimulationClock()
    text = signer.parameters("/Operations/1", clock.now())
    assert len(text) > 2900
    query = dict(parse_qsl(text))
    assert set(query) == {"t", "c", "s", "h"}
    assert signer.valid("/operations/1", query)
    assert not signer.valid("/operations/2", query)
    for name in query:
        assert not signer.valid("/operations/1", {**query, name: query[name][:-1]})


def request(method: str = "GET") -> ArmRequest:
    return ArmRequest(method, CLUSTER, {"subscription": "s"}, {}, None, {})


def test_reads_are_refused_when_the_bucket_is_empty_and_admitted_when_it_has_filled() -> None:
    clock = SimulationClock(scale=0.001)
    throttle, route = Throttle(clock, enabled=True), Route("GET", "/x", nothing)
    first = throttle.admit(request(), route)
    assert first["x-ms-ratelimit-remaining-subscription-reads"] == str(READS.size - 1)
    assert first["x-ms-ratelimit-remaining-subscription-global-reads"] == str(READS.size * 15 - 1)
    for _unused in range(READS.size - 1):
        throttle.admit(request(), route)
    with pytest.raises(ArmError) as refused:
        throttle.admit(request(), route)
    answer = refused.value.answer
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.body["error"]["code"] == "SubscriptionRequestsThrottled"
    throttle.admit(request("PUT"), route)


def test_a_node_pool_can_be_written_twenty_times_at_once() -> None:
    throttle = Throttle(SimulationClock(scale=0.001), enabled=True)
    route = Route("PUT", "/agentPools/{pool}", nothing, "containerservice")
    write = ArmRequest("PUT", "/agentpools/p", {"pool": "p"}, {}, None, {})
    for _unused in range(20):
        throttle.admit(write, route)
    with pytest.raises(ArmError) as refused:
        throttle.admit(write, route)
    assert refused.value.answer.body["error"]["code"] == "Throttled"


def test_a_throttle_that_is_off_counts_but_never_refuses() -> None:
    throttle, route = Throttle(SimulationClock(scale=0.001), enabled=False), Route("GET", "/x", nothing)
    for _unused in range(READS.size + 50):
        headers = throttle.admit(request(), route)
    assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"


def test_tokens_are_good_for_their_audience_until_they_expire() -> None:
    store = TokenStore()
    token = store.issue("https://host/", "client", 60)
    assert store.valid(token, "HTTPS://HOST")
    assert not store.valid(token, "https://other")
    assert not store.valid(token[:-1], "https://host")
    assert not store.valid(store.issue("https://host", "client", 0), "https://host")
    store.revoke_all()
    assert not store.valid(token, "https://host")


async def test_the_clock_runs_as_fast_as_its_scale() -> None:
    clock = SimulationClock(scale=1000)
    before = clock.now()
    await clock.sleep(50)
    assert 50 <= (clock.now() - before).total_seconds() < 500
    await asyncio.wait_for(clock.sleep(-5), 1)
    assert clock.timestamp().endswith("Z")


def test_a_clock_cannot_stand_still() -> None:
    with pytest.raises(ValueError, match="positive"):
        SimulationClock(scale=0)
