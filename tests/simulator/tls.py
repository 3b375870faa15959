# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority and the certificate of one simulator."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Tls:
    """What a server needs (`context`) and what its clients need (`ca_file`, `ca_pem`)."""

    context: ssl.SSLContext
    ca_file: Path
    ca_pem: bytes


def make_tls(folder: Path) -> Tls:
    """Make an authority and a certificate for loopback; write the authority's certificate into `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Tls(context=context, ca_file=ca_file, ca_pem=authority.cert_pem.bytes())
