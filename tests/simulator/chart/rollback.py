# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a release back as it was before an upgrade that failed.

Source: helm.sh/docs/helm/helm_upgrade: with --atomic changes are rolled back, and what the upgrade has added goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.simulator.chart import front_end
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import HELM_LABEL, Release

SERVER_FIELDS = ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation", "selfLink")


async def owned(cluster: Cluster, release: Release, collections: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The objects of `release` in `collections`, by their paths.

    Source: helm.sh/docs/helm/helm_install (the label and annotations of what a release owns).
    """
    found: dict[str, dict[str, Any]] = {}
    for collection in collections:
        for item in await cluster.items(collection, f"{HELM_LABEL}=Helm"):
            if release.owns(item["metadata"]):
                found[f"{collection}/{item['metadata']['name']}"] = item
    return found


async def roll_back(
    cluster: Cluster, release: Release, before: Mapping[str, dict[str, Any]], collections: Iterable[str]
) -> None:
    """Bring the objects of `release` back to `before`; a front end that was not in it is given up.

    Source: helm.sh/docs/helm/helm_upgrade (--atomic).
    """
    for path in await owned(cluster, release, collections):
        if path not in before:
            await cluster.delete(path)
    for path, item in before.items():
        metadata = {name: value for name, value in item["metadata"].items() if name not in SERVER_FIELDS}
        await cluster.replace(path, {**item, "metadata": metadata})
    if front_end.DEPLOYMENT not in before:
        await front_end.abandon(cluster, release)
