# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest plugin: real clusters for tests.

`real_cluster` is the user's own cluster (``AZUREML_FLEET_TEST_KUBECONFIG``) or one started here;
`own_cluster` is always one started here, because its tests limit their rights or
need nodes made up for them.
Tests that cannot have a cluster are skipped with the reason, and the session's last lines repeat it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.control_plane.binaries import DEFAULT_VERSION, VERSION_VARIABLE, Binaries, Search, find_binaries
from tests.control_plane.cluster import Cluster, ControlPlanes, restart_api_server, up
from tests.control_plane.errors import ControlPlaneError
from tests.control_plane.guardian import Guardian
from tests.control_plane.nodes import DEFAULT_NODES, NodeGroup
from tests.control_plane.rest import Connection
from tests.simulator.foundation.real_cluster import KubeconfigError, read_kubeconfig

SKIP_PREFIX = "real Kubernetes control plane: "
KUBECONFIG_VARIABLE = "AZUREML_FLEET_TEST_KUBECONFIG"
MODE_VARIABLE = "AZUREML_FLEET_TEST_CONTROL_PLANE"
SEEN = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class RealCluster:
    """A real API server, as its administrator."""

    name: str
    kubeconfig: Path
    connection: Connection
    version: str


@dataclass
class OwnControlPlanes:
    """Control planes of one test module, that its tests may restart."""

    planes: ControlPlanes

    @property
    def clusters(self) -> list[Cluster]:
        """The clusters as they are now (a restart gives new processes)."""
        return self.planes.clusters

    def restart_api_server(self, name: str, *, pause: float = 0.0) -> None:
        """End and start one API server again; the data stays."""
        self.planes = restart_api_server(self.planes, name, pause=pause)


@dataclass
class Starter:
    """Starts control planes on demand and ends them all at the end of the module."""

    binaries: Binaries
    folder: Path
    on_start: Callable[[ControlPlanes], None]
    started: dict[Path, Guardian] = field(default_factory=dict)

    def __call__(
        self, names: Sequence[str] = ("cluster-1",), nodes: Sequence[NodeGroup] = DEFAULT_NODES
    ) -> OwnControlPlanes:
        """Start clusters of these names with these nodes each."""
        state_dir = self.folder / f"planes-{len(self.started) + 1}"
        self.started[state_dir] = Guardian(state_dir)
        planes = up(state_dir, self.binaries, names=names, nodes=nodes)
        self.on_start(planes)
        return OwnControlPlanes(planes)

    def stop(self) -> None:
        """End all that was started."""
        for guardian in self.started.values():
            guardian.dismiss()
        self.started.clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the tests on real clusters."""
    group = parser.getgroup("real Kubernetes control plane")
    group.addoption(
        "--kubernetes-version",
        default=DEFAULT_VERSION,
        metavar="X.Y",
        help=f"version of the control planes that tests start (or {VERSION_VARIABLE})",
    )
    group.addoption(
        "--control-plane",
        default=os.environ.get(MODE_VARIABLE, "auto"),
        choices=("auto", "cached", "off"),
        help=f"auto: build what is missing, once; cached: never build; off: skip (or {MODE_VARIABLE})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what the summary tells."""
    config.stash[SEEN] = []


@pytest.fixture(scope="session")
def control_plane_binaries(request: pytest.FixtureRequest) -> Binaries:
    """The components' binaries; skips when there are none and they cannot be built."""
    mode = request.config.getoption("--control-plane")
    if mode == "off":
        pytest.skip(f"{SKIP_PREFIX}switched off by --control-plane=off or {MODE_VARIABLE}")
    search = Search(
        version=request.config.getoption("--kubernetes-version"),
        may_build=mode == "auto",
        progress=lambda message: _show(request.config, message),
    )
    try:
        return find_binaries(search)
    except ControlPlaneError as missing:
        pytest.skip(f"{SKIP_PREFIX}{missing}")


@pytest.fixture(scope="session")
def own_cluster(
    request: pytest.FixtureRequest, control_plane_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """One control plane of our own for the whole session."""
    starter = _starter(request, control_plane_binaries, tmp_path_factory)
    try:
        yield starter(["session"]).clusters[0]
    finally:
        starter.stop()


@pytest.fixture(scope="module")
def start_control_planes(
    request: pytest.FixtureRequest, control_plane_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Starter]:
    """Start as many control planes as a module needs; they end with it."""
    starter = _starter(request, control_plane_binaries, tmp_path_factory)
    try:
        yield starter
    finally:
        starter.stop()


@pytest.fixture(scope="session")
def real_cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealCluster:
    """The user's own cluster, or the session's control plane."""
    given = os.environ.get(KUBECONFIG_VARIABLE)
    if given:
        cluster = _foreign_cluster(Path(given), tmp_path_factory.mktemp("credentials"))
        request.config.stash[SEEN].append(f"Kubernetes {cluster.version} given by {KUBECONFIG_VARIABLE}")
        return cluster
    own: Cluster = request.getfixturevalue("own_cluster")
    return RealCluster(own.name, own.kubeconfig(), own.connection(), own.version)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real control planes were used, and which tests were skipped for want of one."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if SKIP_PREFIX in text:
            reason = text.partition(SKIP_PREFIX)[2]
            reasons[reason] = reasons.get(reason, 0) + 1
    for line in terminalreporter.config.stash.get(SEEN, []):
        terminalreporter.write_line(f"real Kubernetes control plane: {line}")
    for reason, count in reasons.items():
        terminalreporter.write_line(f"SKIPPED {count} tests on a real Kubernetes control plane: {reason}", yellow=True)


def _starter(request: pytest.FixtureRequest, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Starter:
    def note(planes: ControlPlanes) -> None:
        names = ", ".join(cluster.name for cluster in planes.clusters)
        request.config.stash[SEEN].append(f"{binaries.describe()}: {names} ready in {planes.seconds} s")

    return Starter(binaries, tmp_path_factory.mktemp("control-planes"), note)


def _foreign_cluster(kubeconfig: Path, folder: Path) -> RealCluster:
    try:
        access = read_kubeconfig(kubeconfig)
    except KubeconfigError as error:
        raise pytest.UsageError(f"{KUBECONFIG_VARIABLE}: {error}") from error
    ca_file = certificate = None
    if access.certificate_authority:
        ca_file = folder / "ca.crt"
        ca_file.write_text(access.certificate_authority, "utf-8")
    if access.client_certificate and access.client_key:
        certificate = (folder / "client.crt", folder / "client.key")
        for file, text in zip(certificate, (access.client_certificate, access.client_key), strict=True):
            file.touch(mode=0o600)
            file.write_text(text, "utf-8")
    connection = Connection(access.server, ca_file, access.token or "", certificate)
    version = connection.request("GET", "/version").body["gitVersion"].lstrip("v")
    return RealCluster("given", kubeconfig, connection, version)


def _show(config: pytest.Config, message: str) -> None:
    """Show progress at once: a build of minutes must not look like a hang."""
    capture = config.pluginmanager.getplugin("capturemanager")
    reporter = config.pluginmanager.getplugin("terminalreporter")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        if reporter:
            reporter.ensure_newline()
            reporter.write_line(message)
