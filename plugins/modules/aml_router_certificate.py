#!/usr/bin/python
# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aml_router_certificate
short_description: Renew the TLS certificate of the Azure Machine Learning extension's router
version_added: 0.2.0
description:
  - Gives the router for inference another certificate and key, by an update of the extension that holds nothing else.
  - Looks at what the router serves first, by a TLS handshake from the controller. Where that is the certificate
    already, nothing is sent. Afterwards it waits until the router serves the new one.
  - Where the router cannot be reached from the controller (an internal load balancer, a service of another type), the
    certificate is sent in any case, and a warning says that nothing was proven. So it is where the cluster's own API
    does not answer, or is the API of another cluster.
  - Each look is several fresh connections, up to nine, because a load balancer chooses one of the router's pods for
    each. All must show the certificate.
  - A router that answered before the update and is silent after it is waited for, and is a failure at the end.
  - Works for an extension that the Azure CLI installed with C(sslCertPemFile) and C(sslKeyPemFile), too.
  - For a router that takes its certificate from a Secret the Secret has to be changed instead; the failure says how.
author: azureml.fleet contributors (@azureml-fleet)
extends_documentation_fragment:
  - azureml.fleet.azure
  - azureml.fleet.kubernetes
  - azureml.fleet.cluster.required
  - azureml.fleet.waiting
  - azureml.fleet.attributes
requirements:
  - azure-mgmt-kubernetesconfiguration
  - cryptography
options:
  ssl_certificate:
    description: The new certificate chain as text (PEM), the router's own first. This or O(ssl_certificate_file).
    type: str
  ssl_certificate_file:
    description: Path on the controller of the new certificate chain (PEM).
    type: path
  ssl_key:
    description: The certificate's unencrypted key as text (PEM). This or O(ssl_key_file).
    type: str
  ssl_key_file:
    description: Path on the controller of the certificate's unencrypted key (PEM).
    type: path
  force:
    description:
      - Send the certificate although the router serves it already. Of use for a chain that was mended behind the same
        certificate, which is seen and sent without this where the controller has Python 3.13 or newer.
    type: bool
    default: false
  protected_settings:
    description:
      - Further protected settings that the extension has, such as the connection string of a relay. Protected settings
        that are sent replace all, and Azure tells no values; where one would be lost, the task fails instead.
    type: dict
    default: {}
  wait_timeout:
    default: 1800
seealso:
  - module: azureml.fleet.aml_extension
  - module: azureml.fleet.aml_verify
  - name: Secure online endpoints with TLS
    description: Microsoft's description of the certificate and of its renewal.
    link: https://learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint
"""

EXAMPLES = r"""
- name: Renew the router's certificate
  azureml.fleet.aml_router_certificate:
    cluster_id: "{{ cluster_id }}"
    ssl_certificate_file: files/models.crt
    ssl_key_file: files/models.key
"""

RETURN = r"""
certificate:
  description: The certificate that was given, as everybody may see it.
  returned: success
  type: dict
  contains:
    fingerprint: {description: "SHA-256 of the certificate, without colons.", type: str}
    names: {description: DNS names and addresses that it covers., type: list, elements: str}
    begins: {description: When it begins to be valid., type: str}
    ends: {description: When it ceases to be valid., type: str}
served_before:
  description: What the router showed before.
  returned: success
  type: dict
  contains:
    place: {description: Address and port that were asked., type: str}
    answered: {description: Whether somebody took the connection., type: bool}
    certificate: {description: "The certificate, as in RV(certificate); null where none was seen.", type: dict}
    chain:
      description: SHA-256 of all certificates that were shown; null where Python (before 3.13) does not tell.
      type: list
      elements: str
    mixed: {description: "Whether fresh connections showed different things, as while pods are replaced.", type: bool}
    reason: {description: Why no certificate was seen., type: str}
verified:
  description:
    - Whether the router was seen to serve the certificate itself; of those that follow it RV(chain_checked) tells.
    - Never in check mode, unless it did before.
  returned: always
  type: bool
chain_checked:
  description: Whether it was seen to serve the certificates that follow it in the chain, too.
  returned: success
  type: bool
"""

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_router_certificate import SPEC, run
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import run_as_module


def main() -> None:
    run_as_module(SPEC, run)


if __name__ == "__main__":
    main()
