# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: ``python -m tests.control_plane up|down|restart|build|status|env``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.control_plane import users
from tests.control_plane.binaries import (
    DEFAULT_VERSION,
    Search,
    find_binaries,
    known_versions,
    why_unavailable,
)
from tests.control_plane.cluster import ControlPlanes, down, load, restart_api_server, up
from tests.control_plane.errors import BinariesUnavailableError, ControlPlaneError
from tests.control_plane.nodes import DEFAULT_NODES, read_nodes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Problems are one sentence on standard error and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except ControlPlaneError as problem:
        print(f"control plane: {problem}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.control_plane", description="A real Kubernetes control plane on loopback."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    binaries = argparse.ArgumentParser(add_help=False)
    binaries.add_argument(
        "--kubernetes-version",
        default=DEFAULT_VERSION,
        metavar="X.Y",
        help=f"one of {', '.join(known_versions())} (default: %(default)s)",
    )
    binaries.add_argument(
        "--assets",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with binaries of your own, searched before KUBEBUILDER_ASSETS, PATH and the cache",
    )
    binaries.add_argument("--no-build", action="store_true", help="fail rather than build what is missing")
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument("--state-dir", type=Path, required=True, metavar="D", help="keys, data and logs lie here")

    command = commands.add_parser("up", parents=[state, binaries], help="start, and return when ready")
    command.add_argument("--count", type=int, default=1, metavar="N", help="so many clusters, sharing one etcd")
    command.add_argument("--nodes", type=Path, metavar="FILE", help="YAML list of node groups instead of the default")
    command.add_argument("--ready-file", type=Path, metavar="F", help="write servers and kubeconfigs here as JSON")
    command.set_defaults(command=_up)
    commands.add_parser("down", parents=[state], help="stop what `up` started").set_defaults(command=_down)
    command = commands.add_parser("restart", parents=[state], help="restart one API server")
    command.add_argument("--cluster", default="cluster-1")
    command.add_argument("--pause", type=float, default=0.0, metavar="SECONDS", help="stay away so long")
    command.set_defaults(command=_restart)
    commands.add_parser("env", parents=[state], help="print shell settings for kubectl").set_defaults(command=_env)
    command = commands.add_parser("build", parents=[binaries], help="find or build the binaries")
    command.add_argument("--optional", action="store_true", help="say why when impossible, and succeed")
    command.set_defaults(command=_build)
    commands.add_parser(
        "status", parents=[binaries], help="say whether tests can have a control plane here, and if not, why"
    ).set_defaults(command=_status)
    return parser


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _search(options: argparse.Namespace) -> Search:
    return Search(
        version=options.kubernetes_version,
        assets=options.assets,
        may_build=not options.no_build,
        progress=_say,
    )


def _up(options: argparse.Namespace) -> int:
    nodes = read_nodes(options.nodes) if options.nodes else DEFAULT_NODES
    binaries = find_binaries(_search(options))
    names = [f"cluster-{number}" for number in range(1, options.count + 1)]
    planes = up(options.state_dir.resolve(), binaries, names=names, nodes=nodes)
    if options.ready_file:
        users.write_private(options.ready_file, json.dumps(_ready_document(planes), indent=1))
    _say(f"{binaries.describe()}: ready in {planes.seconds} s")
    for cluster in planes.clusters:
        print(f"{cluster.name}\t{cluster.server}\t{cluster.kubeconfig()}")
    return 0


def _ready_document(planes: ControlPlanes) -> dict[str, object]:
    return {
        "state_dir": str(planes.state_dir),
        "seconds": planes.seconds,
        "clusters": [
            {
                "name": cluster.name,
                "server": cluster.server,
                "version": cluster.version,
                "ca_file": str(cluster.ca_file),
                "kubeconfig": str(cluster.kubeconfig()),
                "users": {user: str(cluster.kubeconfig(user)) for user in users.TEST_USERS},
            }
            for cluster in planes.clusters
        ],
    }


def _down(options: argparse.Namespace) -> int:
    ended = down(options.state_dir.resolve())
    _say(f"{ended} processes ended")
    return 0


def _restart(options: argparse.Namespace) -> int:
    restart_api_server(load(options.state_dir.resolve()), options.cluster, pause=options.pause)
    return 0


def _env(options: argparse.Namespace) -> int:
    planes = load(options.state_dir.resolve())
    paths = [str(cluster.kubeconfig()) for cluster in planes.clusters]
    print(f"export KUBECONFIG={':'.join(paths)}")
    print(f"export AZUREML_FLEET_TEST_KUBECONFIG={paths[0]}")
    return 0


def _build(options: argparse.Namespace) -> int:
    try:
        binaries = find_binaries(_search(options))
    except BinariesUnavailableError as reason:
        if not options.optional:
            raise
        print(f"Tests on a real Kubernetes control plane will be skipped: {reason}")
        return 0
    for component, path in binaries.paths.items():
        print(f"{component}\t{path}\t({binaries.origins[component]})")
    return 0


def _status(options: argparse.Namespace) -> int:
    reason = why_unavailable(_search(options))
    if reason:
        print(f"Tests on a real Kubernetes control plane are skipped: {reason}")
        return 1
    print(f"A real Kubernetes {options.kubernetes_version} control plane can be started here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
