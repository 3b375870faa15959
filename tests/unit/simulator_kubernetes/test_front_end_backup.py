# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of azureml-fe before an extension is deleted makes it again, on an API that validates."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1.backup import as_list
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.in_use import FRONT_END_OBJECTS
from tests.simulator.chart.cluster import Cluster
from tests.simulator.contents.legacy import seed
from tests.simulator.foundation.beliefs import Beliefs
from tests.simulator.state import scenario
from tests.unit.simulator_kubernetes.objects import Client


async def test_azureml_fe_is_made_again_from_its_backup(cluster: Client) -> None:
    spec = scenario.Cluster(name="aks", resource_group="rg", front_end="owned_by_extension")
    await seed(Cluster(cluster.api), spec, Beliefs({}))
    paths = [
        (resource, kind, resource.path(name, "default"), resource.path(None, "default"))
        for resource, kind, name in FRONT_END_OBJECTS
    ]
    found = [
        {**(await cluster.get(path)).body, "apiVersion": resource.api_version, "kind": kind}
        for resource, kind, path, _unused in paths
    ]
    kept = as_list(found)["items"]
    for _unused, _kind, path, _collection in paths:
        assert (await cluster.delete(path)).status == 200
    for (_unused, _kind, path, collection), before, document in zip(paths, found, kept, strict=True):
        assert (await cluster.post(collection, document)).status == 201, document
        after = (await cluster.get(path)).body
        labels = {k: v for k, v in (before["metadata"].get("labels") or {}).items() if v != "Helm"}
        assert after["metadata"].get("labels", {}) == labels
        for part in ("data", "rules", "roleRef", "subjects", "type"):
            assert after.get(part) == before.get(part)
        assert after.get("spec", {}).get("selector") == before.get("spec", {}).get("selector")
        assert after.get("spec", {}).get("template") == before.get("spec", {}).get("template")
