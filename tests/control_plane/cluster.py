# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping control planes: one etcd, and an API server with its clients for each cluster."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.control_plane import processes, users
from tests.control_plane.binaries import API_SERVER, Binaries
from tests.control_plane.errors import ControlPlaneError
from tests.control_plane.nodes import DEFAULT_NODES, NodeGroup, node_objects
from tests.control_plane.processes import Started
from tests.control_plane.rest import Connection

STATE_FILE = "state.json"
NOT_READY_TAINT = "node.kubernetes.io/not-ready"
START_TIMEOUT = 60.0
ATTEMPTS = 3


@dataclass(frozen=True)
class Cluster:
    """One running control plane. ``tokens`` maps a user to its token; kubeconfigs lie in ``folder``."""

    name: str
    folder: Path
    server: str
    version: str
    tokens: dict[str, str] = field(repr=False)
    api_server_command: list[str] = field(repr=False)
    processes: list[Started] = field(repr=False)

    @property
    def ca_file(self) -> Path:
        """The authority that signed the API server's certificate."""
        return self.folder / "ca.crt"

    def kubeconfig(self, user: str = users.ADMIN) -> Path:
        """The kubeconfig of one of the test's users."""
        return _kubeconfig_of(self.folder, user)

    def connection(self, user: str = users.ADMIN) -> Connection:
        """A plain HTTPS way to the API server as this user."""
        return Connection(self.server, self.ca_file, self.tokens[user])


@dataclass(frozen=True)
class ControlPlanes:
    """All that one ``up`` started."""

    state_dir: Path
    etcd: Started
    clusters: list[Cluster]
    seconds: float

    def cluster(self, name: str) -> Cluster:
        """One cluster by its name. Raises ControlPlaneError when there is none."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise ControlPlaneError(f"No control plane {name} in {self.state_dir}.")


def up(
    state_dir: Path,
    binaries: Binaries,
    *,
    names: Sequence[str] = ("cluster-1",),
    nodes: Sequence[NodeGroup] = DEFAULT_NODES,
) -> ControlPlanes:
    """Start control planes that share one etcd, each with its own prefix, and wait for their nodes.

    ``state_dir`` is made and holds everything: keys, logs, data. Raises ControlPlaneError, and leaves nothing
    running, when one does not become ready within a minute.
    """
    if (state_dir / STATE_FILE).exists():
        raise ControlPlaneError(f"{state_dir} already holds control planes. Take them down first.")
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    started = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            planes = _up_once(state_dir, binaries, names, nodes)
        except _PortTakenError as taken:
            if attempt == ATTEMPTS:
                raise ControlPlaneError(str(taken)) from taken
            continue
        planes = dataclasses.replace(planes, seconds=round(time.monotonic() - started, 2))
        _save(planes)
        return planes
    raise AssertionError("unreachable: the last attempt returns or raises")


def load(state_dir: Path) -> ControlPlanes:
    """Read what an earlier ``up`` left. Raises ControlPlaneError when there is nothing."""
    try:
        state = json.loads((state_dir / STATE_FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ControlPlaneError(f"{state_dir} holds no running control planes.") from error
    clusters = [
        Cluster(
            **{
                **cluster,
                "folder": Path(cluster["folder"]),
                "processes": [Started(**process) for process in cluster["processes"]],
            }
        )
        for cluster in state["clusters"]
    ]
    return ControlPlanes(state_dir, Started(**state["etcd"]), clusters, state["seconds"])


def down(state_dir: Path) -> int:
    """End all processes of ``state_dir`` and remove what ``up`` made in it. Returns how many were running."""
    planes = load(state_dir)
    everything = [process for cluster in planes.clusters for process in cluster.processes]
    running = sum(processes.is_running(process) for process in [*everything, planes.etcd])
    # The clients of the API server first, etcd last: in the other order they spend their end retrying.
    for kind in ("kwok", "kube-scheduler", "kube-controller-manager", API_SERVER):
        processes.stop(process for process in everything if process.name == kind)
    processes.stop([planes.etcd])
    for folder in [*(cluster.folder for cluster in planes.clusters), state_dir / "etcd"]:
        shutil.rmtree(folder, ignore_errors=True)
    (state_dir / STATE_FILE).unlink()
    return running


def restart_api_server(planes: ControlPlanes, name: str, *, pause: float = 0.0) -> ControlPlanes:
    """End one API server, stay away ``pause`` seconds, start it on its old port and wait."""
    cluster = planes.cluster(name)
    processes.stop(process for process in cluster.processes if process.name == API_SERVER)
    time.sleep(pause)
    again = processes.start(API_SERVER, cluster.api_server_command, cluster.folder / "logs" / f"{API_SERVER}.log")
    others = [process for process in cluster.processes if process.name != API_SERVER]
    changed = dataclasses.replace(cluster, processes=[*others, again])
    clusters = [changed if each.name == name else each for each in planes.clusters]
    planes = dataclasses.replace(planes, clusters=clusters)
    _save(planes)
    _wait_until_ready(changed, again)
    return planes


class _PortTakenError(ControlPlaneError):
    """Somebody else took a port between our look and our start."""


def _up_once(state_dir: Path, binaries: Binaries, names: Sequence[str], nodes: Sequence[NodeGroup]) -> ControlPlanes:
    running: list[Started] = []
    client_port, peer_port, *api_ports = processes.free_ports(2 + len(names))
    try:
        etcd = _start_etcd(state_dir / "etcd", binaries, client_port, peer_port)
        running.append(etcd)
        clusters = []
        for name, port in zip(names, api_ports, strict=True):
            clusters.append(_start_api_server(state_dir / name, binaries, f"http://127.0.0.1:{client_port}", port))
            running += clusters[-1].processes

        planes = ControlPlanes(state_dir, etcd, clusters, 0.0)
        writing = Lock()

        def complete(cluster: Cluster) -> None:
            _wait_until_ready(cluster, cluster.processes[0])
            clients = _start_clients(cluster, binaries)
            running.extend(clients)
            with writing:
                cluster.processes.extend(clients)
                _save(planes)
            _furnish(cluster, nodes)

        _save(planes)  # from here on `down` finds what runs, whatever becomes of this process
        with ThreadPoolExecutor(max_workers=len(clusters)) as pool:
            list(pool.map(complete, clusters))
    except BaseException:
        processes.stop(reversed(running))
        (state_dir / STATE_FILE).unlink(missing_ok=True)
        raise
    return planes


def _start_etcd(folder: Path, binaries: Binaries, client_port: int, peer_port: int) -> Started:
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    # No fsync: a test's data need not survive a power cut, and this is most of etcd's time.
    command = [str(binaries.paths["etcd"]), "--unsafe-no-fsync", "--data-dir", str(folder / "data")]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    command += ["--initial-cluster", f"default={peer}", "--log-level", "warn"]
    return processes.start("etcd", command, folder / "etcd.log")


def _start_api_server(folder: Path, binaries: Binaries, etcd: str, port: int) -> Cluster:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    server = f"https://127.0.0.1:{port}"
    tokens = users.new_tokens()
    _write_keys(folder)
    users.write_token_file(folder / "tokens.csv", tokens)
    for user, token in tokens.items():
        users.write_kubeconfig(
            _kubeconfig_of(folder, user),
            cluster=folder.name,
            server=server,
            ca_file=folder / "ca.crt",
            user=user,
            token=token,
        )
    command = _api_server_command(folder, binaries, etcd, port)
    process = processes.start(API_SERVER, command, folder / "logs" / f"{API_SERVER}.log")
    return Cluster(
        name=folder.name,
        folder=folder,
        server=server,
        version=binaries.version,
        tokens=tokens,
        api_server_command=command,
        processes=[process],
    )


def _kubeconfig_of(folder: Path, user: str) -> Path:
    return folder / f"{user.replace(':', '-')}.kubeconfig"


def _api_server_command(folder: Path, binaries: Binaries, etcd: str, port: int) -> list[str]:
    options = {
        "etcd-servers": etcd,
        "etcd-prefix": f"/{folder.name}",
        "bind-address": "127.0.0.1",
        "secure-port": str(port),
        "tls-cert-file": str(folder / "server.crt"),
        "tls-private-key-file": str(folder / "server.key"),
        "service-account-key-file": str(folder / "service-accounts.pub"),
        "service-account-signing-key-file": str(folder / "service-accounts.key"),
        "service-account-issuer": "https://kubernetes.default.svc",
        "token-auth-file": str(folder / "tokens.csv"),
        "authorization-mode": "RBAC",
        "anonymous-auth": "false",  # as on AKS: who shows no credentials is refused, whatever the path
        "service-cluster-ip-range": "10.96.0.0/16",
        # No kubelet mounts tokens here, and nothing must wait until the account "default" exists.
        "disable-admission-plugins": "ServiceAccount",
        "allow-privileged": "true",
        "shutdown-delay-duration": "0s",
    }
    return [str(binaries.paths[API_SERVER]), *(f"--{name}={value}" for name, value in options.items())]


def _write_keys(folder: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    certificate = authority.issue_cert("127.0.0.1", "localhost", key_type=trustme.KeyType.ECDSA)
    (folder / "server.crt").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    users.write_private(folder / "server.key", certificate.private_key_pem.bytes().decode())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    users.write_private(folder / "service-accounts.key", private.decode())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "service-accounts.pub").write_bytes(public)


def _start_clients(cluster: Cluster, binaries: Binaries) -> list[Started]:
    """Start the controllers, the scheduler and KWOK: clients of the API server, each with its own token."""
    (kwok_port,) = processes.free_ports(1)
    commands = {
        "kube-controller-manager": [
            f"--kubeconfig={cluster.kubeconfig(users.CONTROLLER_MANAGER)}",
            f"--service-account-private-key-file={cluster.folder / 'service-accounts.key'}",
            "--use-service-account-credentials",
            # With the default of 20 requests a second, starting takes five seconds longer.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--leader-elect=false",
            "--secure-port=0",
        ],
        "kube-scheduler": [
            f"--kubeconfig={cluster.kubeconfig(users.SCHEDULER)}",
            "--leader-elect=false",
            "--secure-port=0",
        ],
        "kwok": [
            f"--config={binaries.stages}",
            f"--kubeconfig={cluster.kubeconfig(users.KWOK)}",
            "--manage-all-nodes=true",
            # Without leases the controllers take every node for lost after 50 seconds.
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{kwok_port}",
        ],
    }
    return [
        processes.start(name, [str(binaries.paths[name]), *options], cluster.folder / "logs" / f"{name}.log")
        for name, options in commands.items()
    ]


def _furnish(cluster: Cluster, nodes: Sequence[NodeGroup]) -> None:
    """Create roles' bindings and nodes, and wait until pods could be placed."""
    admin = cluster.connection()
    for binding in users.initial_bindings():
        _create(admin, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    objects = node_objects(nodes, cluster.version)
    for node in objects:
        _create(admin, "/api/v1/nodes", node)
    _wait(f"{cluster.name}: its {len(objects)} nodes to be ready", lambda: _ready_nodes(admin) >= len(objects))
    _wait(f"{cluster.name}: the namespace default", lambda: _exists(admin, "/api/v1/namespaces/default"))


def _create(admin: Connection, path: str, body: dict[str, Any]) -> None:
    answer = admin.request("POST", path, body=body)
    if answer.status != 201:
        raise ControlPlaneError(f"{body['kind']} {body['metadata']['name']} was refused: {answer.body}")


def _exists(admin: Connection, path: str) -> bool:
    return admin.request("GET", path).status == 200


def _ready_nodes(admin: Connection) -> int:
    nodes = admin.request("GET", "/api/v1/nodes").body["items"]
    return sum(_is_ready(node) for node in nodes)


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", [])}
    taints = {taint["key"] for taint in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and NOT_READY_TAINT not in taints


def _wait_until_ready(cluster: Cluster, api_server: Started) -> None:
    admin = dataclasses.replace(cluster.connection(), timeout=5)

    def ready() -> bool:
        if not processes.is_running(api_server):
            end = processes.last_lines(api_server)
            problem = _PortTakenError if "address already in use" in end else ControlPlaneError
            raise problem(f"{cluster.name}: the API server ended at once: {end}")
        try:
            return admin.request("GET", "/readyz").status == 200
        except OSError:
            return False

    _wait(f"{cluster.name}: the API server", ready)


def _wait(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise ControlPlaneError(f"Waited {START_TIMEOUT:.0f} s in vain for {what}.")
        time.sleep(0.1)


def _save(planes: ControlPlanes) -> None:
    state = {
        "etcd": dataclasses.asdict(planes.etcd),
        "clusters": [{**dataclasses.asdict(cluster), "folder": str(cluster.folder)} for cluster in planes.clusters],
        "seconds": planes.seconds,
    }
    users.write_private(planes.state_dir / STATE_FILE, json.dumps(state, indent=1))
