# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS certificate and key of the router, checked before they are sent: what the service would refuse costs minutes."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import CertificateFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization

    MISSING_CRYPTOGRAPHY: str | None = None
    #: What `cryptography` raises for content that it cannot read, also when a part is looked at later than the whole;
    #: some of it is a plain Exception (https://cryptography.io/en/latest/x509/reference/#exceptions).
    _UNREADABLE = (
        ValueError,
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )
except ImportError:
    MISSING_CRYPTOGRAPHY = "cryptography"


_NO_PEM = "The TLS certificate is not PEM text of an X.509 certificate."


class CertificateError(InputError):
    """A certificate or key that the router could not use, in one sentence that never quotes the key."""


def check_key_pair(certificate: str, key: str, cname: str | None, *, now: datetime.datetime | None = None) -> list[str]:
    """Check a PEM certificate (its chain may follow it) and its unencrypted PEM key; return warnings.

    `now`: an aware time, for tests. Raises CertificateError when one cannot be read, they do not belong together, the
    key has a passphrase, the certificate is not valid now, or it does not cover `cname`.
    Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint.
    """
    with _reading(_NO_PEM):
        return _check_key_pair(certificate, key, cname, now)


def _check_key_pair(certificate: str, key: str, cname: str | None, now: datetime.datetime | None) -> list[str]:
    """Do what `check_key_pair` promises, as far as everything can be read."""
    chain = _certificates(certificate)
    _check_same_key(chain[0], key)
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    ends, begins = chain[0].not_valid_after_utc, chain[0].not_valid_before_utc
    if ends < moment:
        raise CertificateError(f"The TLS certificate expired on {ends:%Y-%m-%d}.")
    if begins > moment:
        raise CertificateError(f"The TLS certificate is not valid before {begins:%Y-%m-%d}.")
    if cname:
        names = covered_names(chain[0])
        if not any(_covers(name, cname) for name in names):
            said = ", ".join(names) or "no name at all"
            raise CertificateError(f"The TLS certificate is for {said}, which does not cover ssl_cname '{cname}'.")
    warnings = []
    if ends - moment < datetime.timedelta(days=30):
        warnings.append(f"The TLS certificate expires on {ends:%Y-%m-%d}, in less than 30 days.")
    if not _is_in_order(chain):
        warnings.append("The certificates of the TLS chain are not in order: each should be issued by the next.")
    return warnings


def to_setting(pem: str) -> str:
    """Return PEM text as the extension takes it: base64 of the whole text."""
    return base64.b64encode(pem.encode()).decode()


def covered_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names and addresses of a certificate's subjectAltName, or its common name without one."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        attributes = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(each.value) for each in attributes]
    names = list(extension.get_values_for_type(x509.DNSName))
    return names + [str(each) for each in extension.get_values_for_type(x509.IPAddress)]


def facts_of_pem(text: str) -> CertificateFacts:
    """Return what everybody may see of the first certificate of a PEM text. Raises CertificateError."""
    with _reading(_NO_PEM):
        return _facts_of(_certificates(text)[0])


def chain_of_pem(text: str) -> list[str]:
    """Return the fingerprints of a PEM text's certificates, but for authorities' own, which TLS may leave out.

    Source: https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2. Raises CertificateError.
    """
    first, *others = _certificates(text)
    return [
        each.fingerprint(hashes.SHA256()).hex().upper() for each in (first, *(o for o in others if not _is_root(o)))
    ]


def roots_of_pem(text: str) -> list[str]:
    """Return the fingerprints of what `chain_of_pem` leaves out. Raises CertificateError."""
    return [each.fingerprint(hashes.SHA256()).hex().upper() for each in _certificates(text)[1:] if _is_root(each)]


def _is_root(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is issued by itself."""
    return certificate.issuer == certificate.subject


def facts_of_der(content: bytes) -> CertificateFacts:
    """Return what everybody may see of a certificate as TLS carries it. Raises CertificateError."""
    with _reading("What was shown is no X.509 certificate."):
        return _facts_of(x509.load_der_x509_certificate(content))


def covers(certificate: CertificateFacts, cname: str) -> bool:
    """Tell whether a certificate is for a DNS name or an address."""
    return any(_covers(name, cname) for name in certificate["names"])


def _facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return what everybody may see of a certificate."""
    return CertificateFacts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        names=covered_names(certificate),
        begins=certificate.not_valid_before_utc.isoformat(),
        ends=certificate.not_valid_after_utc.isoformat(),
    )


def _certificates(text: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text, the server's first."""
    return list(x509.load_pem_x509_certificates(text.encode()))


@contextmanager
def _reading(sentence: str) -> Iterator[None]:
    """Raise CertificateError with `sentence` where a certificate, or a part of it that is looked at, is unreadable."""
    try:
        yield
    except _UNREADABLE as error:
        raise CertificateError(sentence) from error


def _check_same_key(certificate: x509.Certificate, key: str) -> None:
    """Raise CertificateError unless `key` is the certificate's unencrypted private key."""
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except TypeError as error:  # what `cryptography` raises for a key that wants a password
        raise CertificateError(
            "The TLS key has a passphrase, which the router cannot give; remove it (openssl pkey -in ... -out ...)."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("The TLS key is not PEM text of a private key.") from error
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise CertificateError("The TLS key does not belong to the TLS certificate.")


def _is_in_order(chain: list[x509.Certificate]) -> bool:
    """Tell whether every certificate is issued by the next one."""
    return all(one.issuer == following.subject for one, following in itertools.pairwise(chain))


def _covers(name: str, cname: str) -> bool:
    """Tell whether a certificate's name covers `cname`; a wildcard stands for one label (RFC 6125, 6.4.3)."""
    name, cname = name.lower().rstrip("."), cname.lower().rstrip(".")
    if name == cname:
        return True
    if not name.startswith("*.") or _is_address(cname):
        return False
    label, _unused, rest = cname.partition(".")
    return bool(label) and rest == name[2:]


def _is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
