# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes that KWOK plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control_plane.errors import ControlPlaneError
from tests.control_plane.nodes import DEFAULT_NODES, NodeGroup, node_objects, read_nodes


def test_the_default_is_a_mix_of_cpu_and_gpu_nodes() -> None:
    offers = [node["status"]["allocatable"].get("nvidia.com/gpu") for node in node_objects(DEFAULT_NODES, "1.35.4")]
    assert offers == [None, None, None, "1", "4"]


def test_nodes_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "nodes.yml"
    file.write_text("- {name: gpu, count: 2, gpus: 1, labels: {a: b}}\n", "utf-8")
    (group,) = read_nodes(file)
    assert group == NodeGroup("gpu", count=2, gpus=1, labels={"a": "b"})
    first, second = node_objects([group], "1.35.4")
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert first["metadata"]["labels"]["a"] == "b"
    assert first["metadata"]["labels"]["kubernetes.azure.com/agentpool"] == "gpu"


@pytest.mark.parametrize("text", ["- {name: gpu, gpu: 1}", "just text", "{", "3"])
def test_a_wrong_file_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "nodes.yml"
    file.write_text(text, "utf-8")
    with pytest.raises(ControlPlaneError, match="is no list of node groups"):
        read_nodes(file)
