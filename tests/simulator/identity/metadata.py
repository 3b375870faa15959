# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's description of itself, by which `az cloud register` and the SDKs find everything else.

Source: GET https://management.azure.com/metadata/endpoints, which answers everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.simulator.state.answers import Answer

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

PATH = "/metadata/endpoints"
LIST_VERSION = "2019-05-01"
CLOUD_NAME = "AzureSimulated"


def answer(fleet: Fleet, query: Mapping[str, str]) -> Answer:
    """GET /metadata/endpoints: one object, or a list of one for the version of 2019."""
    found = _cloud(fleet.base_url)
    return Answer(200, [found] if query.get("api-version") == LIST_VERSION else found)


def _cloud(base: str) -> dict[str, Any]:
    return {
        "name": CLOUD_NAME,
        "portal": "https://portal.azure.simulated",
        "authentication": {
            "loginEndpoint": f"{base}/",
            "audiences": [f"{base}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": f"{base}/",
        "graphAudience": f"{base}/graph/",
        "graph": f"{base}/graph/",
        "microsoftGraphResourceId": f"{base}/graph/",
        "media": f"{base}/media/",
        "batch": f"{base}/batch/",
        "gallery": f"{base}/gallery/",
        "vmImageAliasDoc": f"{base}/aliases.json",
        "suffixes": {
            "storage": "core.azure.simulated",
            "keyVaultDns": "vault.azure.simulated",
            "acrLoginServer": "azurecr.azure.simulated",
            "sqlServerHostname": "database.azure.simulated",
        },
    }
