# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes `columns.json`: the columns of the Tables in which a real kube-apiserver lists its built-in resources.

`python -m tests.simulator.kubernetes.generators.generate_columns READY_FILE`, where READY_FILE was written by
`python -m tests.control_plane up --ready-file READY_FILE`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.control_plane.rest import Connection
from tests.simulator.kubernetes.resources import Resource, built_in

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def columns_of(connection: Connection, resource: Resource) -> list[dict[str, Any]] | None:
    """The column definitions of a resource, or None where it cannot be listed."""
    if "list" not in resource.verbs:
        return None
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    answer = connection.request("GET", f"{root}/{resource.plural}", accept=TABLE)
    if answer.status != 200:
        return None
    # Without the texts of Kubernetes' documentation, which no client here shows.
    return [
        {name: value for name, value in column.items() if name != "description"}
        for column in answer.body["columnDefinitions"]
    ]


def main(arguments: list[str]) -> int:
    """Ask the API server for the columns of each resource and write them beside this file."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.simulator.kubernetes.generators.generate_columns READY_FILE\n")
        return 2
    ready = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    cluster = ready["clusters"][0]
    users = yaml.safe_load(Path(cluster["kubeconfig"]).read_text(encoding="utf-8"))["users"]
    connection = Connection(cluster["server"], Path(cluster["ca_file"]), users[0]["user"]["token"])
    found = {resource.key: columns_of(connection, resource) for resource in built_in().values()}
    known = {key: value for key, value in sorted(found.items()) if value}
    target = Path(__file__).parent.parent / "builtin" / "columns.json"
    target.write_text(json.dumps(known, separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
