# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new certificate and key for the router of an extension, and nothing else: what is sent, and when that cannot be.

Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint, "Update the TLS/SSL
    certificate"; learn.microsoft.com/azure/aks/deploy-extensions-az-cli (protected settings that are sent replace all).
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.components import (
    inference_is_installed,
    serves_tls,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import LEFT_BY_THE_CLI
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import SSL_SECRET
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.setting_values import (
    SSL_CERTIFICATE,
    SSL_KEY,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError


class RenewalError(InputError):
    """The extension cannot be given another certificate in this way; the message says which way there is."""


def check_renewable(extension: ExtensionFacts | None, cluster: str) -> ExtensionFacts:
    """Return the extension. Raises RenewalError unless its router serves TLS with a certificate of its settings."""
    if extension is None:
        raise RenewalError(
            f"Cluster {cluster} has no Azure Machine Learning extension, so it has no router to renew a certificate "
            "of. Nothing was changed; playbook azureml.fleet.upgrade installs it."
        )
    what = f"Extension {extension['name']} of cluster {cluster}"
    if not inference_is_installed(extension):
        raise RenewalError(
            f"{what} is {extension['provisioning_state']} and has no router for inference that serves. Nothing was "
            "changed; playbook azureml.fleet.upgrade repairs it, or switches inference on."
        )
    if not serves_tls(extension):
        raise RenewalError(
            f"{what} serves plain HTTP (allowInsecureConnections is True). Nothing was changed; switching to HTTPS is "
            "no renewal: give the certificate to azureml.fleet.upgrade, with aml_allow_disruption: true."
        )
    secret = extension["settings"].get(SSL_SECRET)
    if secret:
        raise RenewalError(
            f"{what} takes its certificate from Secret {secret} in namespace azureml. Nothing was changed; put the new "
            "one there, under the name that the cluster has in your kubeconfig (of `az aks get-credentials` its own): "
            f"kubectl create secret generic {secret} --namespace azureml --from-file=cert.pem=fullchain.pem "
            "--from-file=key.pem=key.pem --dry-run=client --output yaml | "
            f"kubectl apply --context {cluster} --filename -"
        )
    return extension


def protected_to_send(
    extension: ExtensionFacts, certificate: str, key: str, others: Mapping[str, str]
) -> dict[str, str]:
    """Return the protected settings that bring a certificate and key (PEM); `others` are sent along.

    What the Azure CLI left under names that no chart reads is left out. Raises RenewalError when a setting would be
    lost that only Azure knows.
    """
    wanted = {**others, SSL_CERTIFICATE: certificates.to_setting(certificate), SSL_KEY: certificates.to_setting(key)}
    lost = sorted(set(extension["protected_settings"]) - wanted.keys() - LEFT_BY_THE_CLI)
    if lost:
        raise RenewalError(
            f"Extension {extension['name']} has protected settings that were not given ({', '.join(lost)}); sending a "
            "certificate would delete them, and Azure does not tell their values. Nothing was changed; give them as "
            "well, in protected_settings of the module, which is aml_extension_protected_settings of the playbook."
        )
    return wanted
