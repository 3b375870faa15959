# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate the router really shows: a TLS handshake from where this code runs, and nothing is sent after it.

No authority is asked whether to trust it: routers often have a certificate of a company's own. It is compared with the
one that is wanted instead, which says more; the handshake proves that the router has the certificate's key.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import RouterServiceFacts, RouterTlsFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE

#: Seconds for the connection, and again for the handshake: a packet that is lost once is sent again after one.
PATIENCE = 5.0


def read(services: Sequence[RouterServiceFacts], name: str | None, patience: float = PATIENCE) -> RouterTlsFacts:
    """Return what the router among `services` shows to a caller who asks for `name` (the certificate's DNS name)."""
    # Where the extension has a Service of its own, that one is the router's; else the one that it took over.
    ours = [each for each in services if each["namespace"] == EXTENSION_NAMESPACE] or list(services)
    if not ours:
        return _unseen("the router has no Service")
    service = ours[0]
    what = f"Service {service['namespace']}/{service['name']}"
    if service["type"] != "LoadBalancer":
        return _unseen(f"{what} is of type {service['type']}, and only its owner knows at which address callers use it")
    if not service["address"]:
        return _unseen(f"{what} has no address yet")
    if not service["tls_port"]:
        return _unseen(f"{what} has no port for HTTPS")
    return _shown(service["address"], service["tls_port"], name, patience)


def _shown(address: str, port: int, name: str | None, patience: float) -> RouterTlsFacts:
    """Return what an address shows."""
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        connection = socket.create_connection((address, port), timeout=patience)
    except (OSError, ValueError, OverflowError, TypeError) as error:  # what a cluster calls an address may be none
        return _unseen(f"{place} cannot be reached from here ({_reason(error)})", place)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # see above: compared instead of trusted, and nothing is sent
    try:
        with connection, context.wrap_socket(connection, server_hostname=name or address) as secured:
            shown = secured.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be sent, such as one that begins with a dot
        return RouterTlsFacts(place=place, answered=True, certificate=None, reason=_reason(error))
    try:
        certificate = certificates.facts_of_der(shown or b"")
    except certificates.CertificateError as error:
        return RouterTlsFacts(place=place, answered=True, certificate=None, reason=str(error))
    return RouterTlsFacts(place=place, answered=True, certificate=certificate, reason=None)


def _unseen(reason: str, place: str | None = None) -> RouterTlsFacts:
    """Return that nobody answered, and why."""
    return RouterTlsFacts(place=place, answered=False, certificate=None, reason=reason)


def _reason(error: Exception) -> str:
    """Return why a connection failed, in few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
