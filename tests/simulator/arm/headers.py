# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers that each resource provider sends, by the names seen in recordings of the real services.

Source: recorded answers of each provider; tests/integration/simulator/test_recordings.py compares.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.state.fleet import Fleet

COMMON = {
    "cache-control": "no-cache",
    "pragma": "no-cache",
    "expires": "-1",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-cache": "CONFIG_NOCACHE",
}
EXTENSION_VERSIONS = "2023-05-01, 2024-11-01"
OPERATION_VERSIONS = (
    "2019-11-01-Preview, 2021-05-01-preview, 2021-06-01-preview, 2021-09-01, 2021-11-01-preview, "
    "2022-01-01-preview, 2022-03-01, 2022-04-02-preview, 2022-07-01, 2022-11-01, 2023-05-01, "
    "2024-04-01-preview, 2024-11-01, 2025-03-01"
)


def service_headers(fleet: Fleet, service: str, path: str) -> dict[str, str]:
    """Headers of every answer that `service` gives for `path`."""
    headers = dict(COMMON)
    headers["x-ms-request-id"] = headers["x-ms-correlation-request-id"] = str(uuid.uuid4())
    headers["x-msedge-ref"] = f"Ref A: {uuid.uuid4().hex.upper()} Ref B: SIM Ref C: {fleet.clock.timestamp()}"
    if service in ("containerservice", "kubernetesconfiguration") or "/compute" in path.lower():
        headers["x-ms-operation-identifier"] = _operation_identifier(fleet)
    if service == "kubernetesconfiguration":
        operation = "/operations/" in path.lower()
        headers["api-supported-versions"] = OPERATION_VERSIONS if operation else EXTENSION_VERSIONS
    elif service == "kubernetes":
        headers["etag"] = f'"{secrets.token_hex(4)}-0000-0100-0000-{secrets.token_hex(4)}0000"'
        if "/operationstatuses/" not in path.lower():
            headers["x-ms-providerhub-traffic"] = "True"
    elif service == "machinelearning":
        headers |= {
            "request-context": "appId=cid-v1:2d2e8e63-272e-4b3c-8598-4ee570a0e70d",
            "x-aml-cluster": "simulated-01",
            "x-ms-response-type": "standard",
            "x-request-time": "0.021",
        }
    return headers


def _operation_identifier(fleet: Fleet) -> str:
    tenant, client = fleet.scenario.tenant_id, fleet.scenario.client_id
    return f"tenantId={tenant},objectId={client}/westus2/{uuid.uuid4()}"


def skip_token() -> str:
    """A token for the next page."""
    return str(secrets.randbelow(9_000_000) + 1_000_000)
