# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two Kubernetes APIs that are held to the same contract: a real one, and the simulator's."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.conversations import Talk
from tests.contract.recording.definitions import DEFINITIONS, INSTANCE_TYPE_GROUP
from tests.contract.recording.recorder import Conversation, Said
from tests.contract.simulated import ADMIN_TOKEN, STRANGER_TOKEN, SimulatedServer
from tests.control_plane import users
from tests.control_plane.binaries import resolve_version
from tests.control_plane.cluster import Cluster
from tests.control_plane.fixtures import RealCluster
from tests.control_plane.rest import Connection


@dataclass
class Side:
    """One of the two APIs, and what was said with it so far."""

    name: str
    admin: Connection
    stranger: Connection
    version: str
    records: dict[str, list[Said]] = field(default_factory=dict)

    def converse(self, name: str, talk: Talk) -> list[Said]:
        """Hold a conversation in a namespace of its own; a second call returns the first one's record."""
        if name not in self.records:
            conversation = Conversation(self.admin, f"contract-{secrets.token_hex(3)}")
            conversation.others = {
                "stranger": self.stranger,
                "wrong": dataclasses.replace(self.admin, token="no-such-token", client_certificate=None),
                "nobody": dataclasses.replace(self.admin, token="", client_certificate=None),
            }
            body = {"metadata": {"name": conversation.namespace}}
            assert self.admin.request("POST", "/api/v1/namespaces", body=body).status == 201
            self.records[name] = conversation.said
            try:
                talk(conversation)
            finally:
                self.admin.request("DELETE", f"/api/v1/namespaces/{conversation.namespace}")
        return self.records[name]


@pytest.fixture(scope="session")
def real_side(real_cluster: RealCluster, request: pytest.FixtureRequest) -> Iterator[Side]:
    """The real API server."""
    stranger = dataclasses.replace(real_cluster.connection, impersonate=users.STRANGER)
    if real_cluster.name != "given":
        own: Cluster = request.getfixturevalue("own_cluster")
        stranger = own.connection(users.STRANGER)
    yield Side("real", real_cluster.connection, stranger, real_cluster.version)
    real_cluster.connection.request("DELETE", f"{DEFINITIONS}/instancetypes.{INSTANCE_TYPE_GROUP}")


@pytest.fixture(scope="session")
def simulated_side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """The simulator's Kubernetes API in the version that is asked for, served over TLS."""
    version = resolve_version(request.config.getoption("--kubernetes-version"))[1]
    with SimulatedServer(tmp_path_factory.mktemp("simulated"), version) as server:
        admin = Connection(server.url, server.ca_file, ADMIN_TOKEN)
        yield Side("simulated", admin, dataclasses.replace(admin, token=STRANGER_TOKEN), version)


@pytest.fixture(scope="session")
def side(request: pytest.FixtureRequest) -> Side:
    """The API named by the test's parameter."""
    found: Side = request.getfixturevalue(f"{request.param}_side")
    return found


KNOWN_DIFFERENCES = Path(__file__).with_name("known_differences.yml")
