# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the router of a release shows to those who call it: the certificate of the values, or of the Secret.

Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint.
"""

from __future__ import annotations

from typing import Any

from tests.simulator.chart import examination
from tests.simulator.chart.cluster import Cluster
from tests.simulator.chart.release import KeyPair, Release


async def open_router(release: Release) -> None:
    """Find the port at which the router answers, before its Service is made."""
    if release.router is not None and release.inference:
        await release.router.open()


def load_balancer(release: Release) -> dict[str, Any]:
    """What a cloud would do where none is: a control plane on loopback has no cloud controller."""
    address = "127.0.0.1"
    if release.router is not None:
        address = release.router.inside if release.internal_load_balancer else release.router.address
    return {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}


async def serve(cluster: Cluster, release: Release) -> None:
    """Let the router answer as the values say: with TLS, or with plain HTTP.

    Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint (a certificate in the
        settings, or cert.pem and key.pem of a Secret in the extension's namespace).
    """
    if release.router is None:
        return
    if not release.inference:
        await release.router.close()
        return
    await release.router.serve(*(await _key_pair(cluster, release) if release.secure else KeyPair("", "")))


async def serve_after_update(cluster: Cluster, release: Release) -> None:
    """Let the router answer after an update of the release; it, or one of its pods, may go on with what it had.

    Belief: router-after-renewal
    """
    answer = release.beliefs.answer("router-after-renewal") if release.secure else ""
    if answer == "kept":
        return
    if answer == "mixed" and release.router is not None and release.inference:
        await release.router.serve_beside(*await _key_pair(cluster, release))
        return
    await serve(cluster, release)


async def _key_pair(cluster: Cluster, release: Release) -> KeyPair:
    if release.key_pair is not None:
        return release.key_pair
    entries = await examination.secret(cluster, release) or {}
    return KeyPair(entries.get("cert.pem", ""), entries.get("key.pem", ""))
