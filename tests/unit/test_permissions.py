# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about permissions explains each action of the Azure role, and names the ClusterRoles that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "permissions"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
ROLE = json.loads((FOLDER / "azure-role.json").read_text(encoding="utf-8"))


def actions(text: str) -> set[str]:
    """The actions in the first column of a table."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `Microsoft.")]
    return {name for cell in cells for name in re.findall(r"`(Microsoft\.[^`]+)`", cell)}


def test_every_action_of_the_role_is_explained() -> None:
    in_the_role, besides = PAGE.split("\nNot in the role")
    assert actions(in_the_role) == set(ROLE["Actions"])
    assert actions(besides)
    assert actions(besides).isdisjoint(ROLE["Actions"])


def test_the_role_deletes_nothing() -> None:
    assert [action for action in ROLE["Actions"] if action.endswith(("/delete", "*"))] == []
    assert ROLE["DataActions"] == []


def test_cluster_roles_are_those_that_are_shipped() -> None:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("cluster-role*.yml")]
    shipped = {role["metadata"]["name"] for content in files for role in content["items"]}
    assert set(re.findall(r"--clusterrole ([\w-]+)", PAGE)) | {"azureml-fleet-arc"} == shipped
    assert "bind `azureml-fleet-arc` as well" in PAGE
