# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes `roles.json`: the roles and bindings for people that a real kube-apiserver makes at its start.

`python -m tests.simulator.kubernetes.generators.generate_roles READY_FILE`, as `generate_columns`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.control_plane.rest import Connection

ROLES = (
    "cluster-admin",
    "admin",
    "edit",
    "view",
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
)
_MADE_BY_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields")


def read(connection: Connection, plural: str) -> list[dict[str, Any]]:
    """The wanted objects of a resource, as they would be created."""
    items = connection.request("GET", f"/apis/rbac.authorization.k8s.io/v1/{plural}").body["items"]
    found = [item for item in items if item["metadata"]["name"] in ROLES]
    for item in found:
        item["metadata"] = {k: v for k, v in item["metadata"].items() if k not in _MADE_BY_THE_SERVER}
    return found


def main(arguments: list[str]) -> int:
    """Ask the API server and write the file beside this one."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.simulator.kubernetes.generators.generate_roles READY_FILE\n")
        return 2
    cluster = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))["clusters"][0]
    users = yaml.safe_load(Path(cluster["kubeconfig"]).read_text(encoding="utf-8"))["users"]
    connection = Connection(cluster["server"], Path(cluster["ca_file"]), users[0]["user"]["token"])
    found = {"ClusterRole": read(connection, "clusterroles")}
    found["ClusterRoleBinding"] = read(connection, "clusterrolebindings")
    target = Path(__file__).parent.parent / "builtin" / "roles.json"
    target.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
