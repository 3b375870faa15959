# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS material as users have it: right, expired, of another key, with a passphrase, for another name."""

from __future__ import annotations

import base64
import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.certificates import (
    CertificateError,
    check_key_pair,
    to_setting,
)

NOW = datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    *names: str,
    key: Key = KEY,
    begins: int = -10,
    ends: int = 90,
    issuer: str = "ca.example.com",
    subject: str = "models.example.com",
) -> str:
    """Return PEM text of a certificate that is valid from `begins` to `ends` days after NOW."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + datetime.timedelta(days=begins))
        .not_valid_after(NOW + datetime.timedelta(days=ends))
    )
    if names:
        entries: list[x509.GeneralName] = [
            x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def pem(key: Key, password: bytes | None = None, form: str = "PKCS8") -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), encryption
    ).decode()


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["elliptic curve", "RSA"])
def test_a_certificate_with_its_key_is_good(key: Key, form: str) -> None:
    text = certificate("models.example.com", key=key)
    assert check_key_pair(text, pem(key, form=form), "models.example.com", now=NOW) == []


@pytest.mark.parametrize(
    ("names", "cname"),
    [
        (["models.example.com"], "MODELS.example.com."),
        (["a.example.com", "*.example.com"], "models.example.com"),
        ([], "models.example.com"),
        (["10.0.0.5"], "10.0.0.5"),
        (["models.example.com"], None),
    ],
)
def test_a_name_that_the_certificate_covers_is_good(names: list[str], cname: str | None) -> None:
    assert check_key_pair(certificate(*names), pem(KEY), cname, now=NOW) == []


@pytest.mark.parametrize(
    ("names", "cname"),
    [
        (["models.example.com"], "other.example.com"),
        (["*.example.com"], "deep.models.example.com"),
        (["*.example.com"], "example.com"),
        (["other.example.com"], "models.example.com"),
        (["10.0.0.5"], "10.0.0.6"),
    ],
)
def test_a_name_that_the_certificate_does_not_cover_is_refused(names: list[str], cname: str) -> None:
    with pytest.raises(CertificateError, match="does not cover"):
        check_key_pair(certificate(*names), pem(KEY), cname, now=NOW)


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(CertificateError, match="does not belong"):
        check_key_pair(certificate("a.example.com"), pem(OTHER_KEY), "a.example.com", now=NOW)


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_with_a_passphrase_is_refused_without_quoting_it(form: str) -> None:
    encrypted = pem(KEY, b"passphrase", form)
    with pytest.raises(CertificateError, match="passphrase") as refusal:
        check_key_pair(certificate("a.example.com"), encrypted, "a.example.com", now=NOW)
    assert encrypted.splitlines()[2] not in str(refusal.value)


@pytest.mark.parametrize(
    ("begins", "ends", "words"), [(-90, -1, "expired on 2026-11-20"), (1, 90, "not valid before 2026-11-22")]
)
def test_a_certificate_that_is_not_valid_now_is_refused(begins: int, ends: int, words: str) -> None:
    with pytest.raises(CertificateError, match=words):
        check_key_pair(certificate("a.example.com", begins=begins, ends=ends), pem(KEY), "a.example.com", now=NOW)


def test_a_certificate_that_expires_soon_is_mentioned() -> None:
    (warning,) = check_key_pair(certificate("a.example.com", ends=20), pem(KEY), "a.example.com", now=NOW)
    assert "2026-12-11" in warning


def test_a_chain_in_the_wrong_order_is_mentioned() -> None:
    server = certificate("a.example.com", issuer="middle.example.com")
    middle = certificate(subject="middle.example.com", issuer="root.example.com")
    root = certificate(subject="root.example.com", issuer="root.example.com")
    assert check_key_pair(server + middle + root, pem(KEY), "a.example.com", now=NOW) == []
    assert "not in order" in check_key_pair(server + root + middle, pem(KEY), "a.example.com", now=NOW)[0]


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(CertificateError, match="certificate is not PEM"):
        check_key_pair(text, pem(KEY), None, now=NOW)


@pytest.mark.parametrize("text", ["nonsense", certificate("a.example.com")])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(CertificateError, match="key is not PEM"):
        check_key_pair(certificate("a.example.com"), text, None, now=NOW)


def test_a_setting_is_base64_of_the_whole_text() -> None:
    text = certificate("a.example.com")
    assert base64.b64decode(to_setting(text)).decode() == text
