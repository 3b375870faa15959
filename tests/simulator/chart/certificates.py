# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the router can serve with a certificate and key.

Source: learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-kubernetes-extension, code E40007 (the key or the
    certificate is not valid, or the CNAME does not go with it); how-to-deploy-kubernetes-extension (no pass phrase).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID


def fault(certificate: str, key: str, cname: str) -> str:
    """Tell what is wrong with a certificate, its key (both PEM) and the name of the router; empty if nothing."""
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        return "the certificate is not valid"
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        return "the key is not valid"
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != found.public_key().public_bytes(*form):
        return "the key does not belong to the certificate"
    if not any(_covers(name, cname) for name in _names(found)):
        return f"the certificate is not for {cname}"
    return ""


def _names(certificate: x509.Certificate) -> list[str]:
    common = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return common
    return alternatives.get_values_for_type(x509.DNSName) or common


def _covers(name: str, cname: str) -> bool:
    if name.startswith("*."):
        return cname.lower().partition(".")[2] == name[2:].lower()
    return name.lower() == cname.lower()
