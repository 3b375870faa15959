# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router's address comes from the cluster: whatever stands there, looking at it ends in words."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.certificates import (
    CertificateError,
    facts_of_der,
)
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import router_tls


@pytest.mark.parametrize(
    ("address", "port"),
    [("127.0.0.1", 70_000), ("a" * 70 + ".invalid", 443), ("nul\0.invalid", 443), ({"a": "b"}, 443), ("127.0.0.1", -1)],
)
def test_what_is_no_address_is_not_looked_at(address: Any, port: int) -> None:
    service = {"namespace": "azureml", "name": "azureml-fe", "type": "LoadBalancer", "endpoints": 1}
    seen = router_tls.read([{**service, "address": address, "tls_port": port}], "x")  # type: ignore[typeddict-item]  # strange
    assert not seen["answered"]
    assert "cannot be reached from here" in str(seen["reason"])


def test_a_certificate_with_two_lists_of_names_is_none() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    names = [x509.DNSName("x.example")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.IssuerAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    content = made.public_bytes(Encoding.DER).replace(
        b"\x55\x1d\x12", b"\x55\x1d\x11"
    )  # the issuer's, as the subject's
    with pytest.raises(CertificateError, match=r"no X\.509 certificate"):
        facts_of_der(content)
