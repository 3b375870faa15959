# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to a control plane of ours: static tokens, and RBAC that tells them apart."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import yaml

ADMIN = "admin"
READER = "reader"
OPERATOR = "operator"
STRANGER = "stranger"
CONTROLLER_MANAGER = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"
KWOK = "kwok"

# The API server's built-in role bindings know the groups and the two system: users. An operator holds nothing
# until a test binds a role to it; a stranger is known and holds nothing, ever.
GROUPS: dict[str, tuple[str, ...]] = {
    ADMIN: ("system:masters",),
    KWOK: ("system:masters",),
    CONTROLLER_MANAGER: (),
    SCHEDULER: (),
    READER: ("azureml-fleet:readers",),
    OPERATOR: ("azureml-fleet:operators",),
    STRANGER: (),
}
TEST_USERS = (ADMIN, READER, OPERATOR, STRANGER)


def new_tokens() -> dict[str, str]:
    """A fresh random token for every user."""
    return {user: secrets.token_urlsafe(24) for user in GROUPS}


def write_token_file(file: Path, tokens: dict[str, str]) -> None:
    """Write tokens in the form that ``kube-apiserver --token-auth-file`` reads, for the owner's eyes only."""
    lines = [f'{token},{user},{user},"{",".join(GROUPS[user])}"' for user, token in tokens.items()]
    write_private(file, "\n".join(lines) + "\n")


def write_kubeconfig(file: Path, *, cluster: str, server: str, ca_file: Path, user: str, token: str) -> None:
    """Write a kubeconfig of one context, named as the cluster, for the owner's eyes only."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "clusters": [{"name": cluster, "cluster": {"server": server, "certificate-authority": str(ca_file)}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user}}],
        "users": [{"name": user, "user": {"token": token}}],
    }
    write_private(file, yaml.safe_dump(config, sort_keys=False))


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody but its owner can read, never readable by others in between."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")


def initial_bindings() -> list[dict[str, Any]]:
    """Readers see what the built-in role ``view`` lets them see."""
    api = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "azureml-fleet:readers"},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": api, "kind": "Group", "name": "azureml-fleet:readers"}],
        }
    ]
