# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host would have to say so that the extension serves as v1 does: read from v1, proposed, never taken unasked.

Both of Azure's guides for leaving AksCompute switch inference on. It needs decisions about TLS and about who reaches
the router, which v1 has made already: sslConfiguration and loadBalancerType of the AksCompute
(learn.microsoft.com/rest/api/azureml/compute/get, AKSSchemaProperties), replicas and Service of azureml-fe.
"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ComputeFacts, Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings

#: Replicas of the router with high availability.
_REPLICAS = 3
#: Stands where only the user knows the value: no Secret is read to fill it in.
_CERTIFICATE = "PATH OF THE CERTIFICATE (PEM)"
_KEY = "PATH OF ITS KEY (PEM)"


def proposal(settings: Settings, facts: Facts) -> dict[str, str | bool]:
    """Return host variables for inference; nothing where inference is wanted already or v1 serves nothing here."""
    kubernetes = facts["kubernetes"]
    if settings.extension.enable_inference or kubernetes is None or not kubernetes["v1_services"]:
        return {}
    front_end = kubernetes["front_end"]
    legacy = [each for place in facts["workspaces"] for each in place["computes"] if each["type"] == "AKS"]
    found: dict[str, str | bool] = {
        "aml_enable_inference": True,
        "aml_inference_router_service_type": front_end["service_type"] or "LoadBalancer",
    }
    if any((each["load_balancer_type"] or "").lower() == "internalloadbalancer" for each in legacy):
        found["aml_internal_load_balancer_provider"] = "azure"
    found |= _tls(legacy)
    if front_end["verdict"] != "absent":
        found["aml_inference_router_ha"] = front_end["wanted_replicas"] >= _REPLICAS
    return found


def _tls(legacy: list[ComputeFacts]) -> dict[str, str | bool]:
    """Return how v1 encrypts: with a certificate (the user's own, or Microsoft's, which stays with v1), or not."""
    secure = [each for each in legacy if (each["ssl_status"] or "Disabled").lower() != "disabled"]
    if not secure:
        return {"aml_allow_insecure_connections": True}
    return {
        "aml_ssl_cname": next((each["ssl_cname"] for each in secure if each["ssl_cname"]), None) or "NAME",
        "aml_ssl_certificate_file": _CERTIFICATE,
        "aml_ssl_key_file": _KEY,
    }
