# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate the router really shows: a TLS handshake from where this code runs, and nothing is sent after it.

No authority is asked whether to trust it: routers often have a certificate of a company's own. It is compared with the
one that is wanted instead, which says more; the handshake proves that the router has the certificate's key.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension import certificates
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import RouterServiceFacts, RouterTlsFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE

#: Seconds for the connection and the handshake together: a packet that is lost once is sent again after one.
PATIENCE = 5.0
#: Times of PATIENCE for all connections of one look.
_TIMES = 3
#: Connections for each pod, and for all: a load balancer chooses a pod for each connection. With three pods, of which
#: one shows another certificate, nine connections miss it once in forty looks; more would be a burden on the router.
_FOR_EACH_POD = 3
MOST_CONNECTIONS = 9
#: Addresses of a name that are tried: a load balancer has one, or one of each protocol.
MOST_ADDRESSES = 3
_EVERYBODY = ipaddress.IPv4Address("255.255.255.255")
#: A name of hosts with a last label that is no number, so that it is no address
#: (https://www.rfc-editor.org/rfc/rfc1123#page-13; https://www.rfc-editor.org/rfc/rfc6066#section-3).
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DNS_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}")


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
    count = min(_FOR_EACH_POD * service["endpoints"] or MOST_CONNECTIONS, MOST_CONNECTIONS)  # 0: nobody counted them
    return _agreed(service["address"], service["tls_port"], name, patience, count)


def _agreed(address: str, port: int, name: str | None, patience: float, count: int) -> RouterTlsFacts:
    """Return what an address shows in each of `count` fresh connections, or that they differ."""
    end = time.monotonic() + _TIMES * patience
    first = _shown(address, port, name, patience)
    if first["certificate"] is None:
        return first
    for _unused in range(count - 1):
        if end - time.monotonic() < patience:
            break  # less than that would take a slow answer for none; what was seen until now agrees
        other = _shown(address, port, name, patience)
        if (other["certificate"], other["chain"]) != (first["certificate"], first["chain"]):
            reason = f"fresh connections differ: {_in_words(first)}, and {_in_words(other)}"
            return RouterTlsFacts(
                place=first["place"], answered=True, certificate=None, chain=None, mixed=True, reason=reason
            )
    return first


def _chain(secured: ssl.SSLSocket) -> list[str] | None:
    """Return the fingerprints of all that was shown, or None: before 3.13 Python tells the router's own only."""
    read: Callable[[], list[bytes]] | None = getattr(secured, "get_unverified_chain", None)
    return None if read is None else [hashlib.sha256(each).hexdigest().upper() for each in read()]


def _in_words(seen: RouterTlsFacts) -> str:
    """Return what one connection showed, in few words."""
    certificate = seen["certificate"]
    more = len(seen["chain"] or ()) - 1
    last = f" and {more} more" if more > 0 else ""
    return f"certificate {certificate['fingerprint'][:16]}…{last}" if certificate else f"none ({seen['reason']})"


def _shown(address: str, port: int, name: str | None, patience: float) -> RouterTlsFacts:
    """Return what an address shows."""
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    deadline = time.monotonic() + patience
    try:
        connection = _connected(address, port, deadline)
    except (OSError, ValueError, OverflowError, TypeError) as error:  # what a cluster calls an address may be none
        return _unseen(f"{place} cannot be reached from here ({_reason(error)})", place)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # see above: compared instead of trusted, and nothing is sent
    try:
        with connection:
            connection.settimeout(_left(deadline))
            with context.wrap_socket(connection, server_hostname=_server_name(name or address)) as secured:
                shown = secured.getpeercert(binary_form=True)
                chain = _chain(secured)
    except (OSError, ValueError) as error:
        return RouterTlsFacts(
            place=place, answered=True, certificate=None, chain=None, mixed=False, reason=_reason(error)
        )
    try:
        certificate = certificates.facts_of_der(shown or b"")
    except certificates.CertificateError as error:
        return RouterTlsFacts(place=place, answered=True, certificate=None, chain=None, mixed=False, reason=str(error))
    return RouterTlsFacts(place=place, answered=True, certificate=certificate, chain=chain, mixed=False, reason=None)


def _connected(address: str, port: int, deadline: float) -> socket.socket:
    """Return a connection to the first address of a few that answers.

    Whoever writes the cluster's Service writes the name and its addresses: how many there are, and where they lead.
    Raises OSError, and ValueError, OverflowError or TypeError for what is no address.
    """
    # A name is resolved once: what is checked is what is asked. The system's resolver has a time of its own.
    found = list(dict.fromkeys(each[4] for each in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)))
    allowed = [each for each in found if not _leads_elsewhere(str(each[0]))][:MOST_ADDRESSES]
    if not allowed:
        raise OSError(f"{found[0][0]} is no address of a load balancer" if found else "it has no address")
    while True:
        place = str(allowed.pop(0)[0])
        try:
            return socket.create_connection((place, port), timeout=_left(deadline) / (len(allowed) + 1))
        except OSError:
            if not allowed:
                raise


def _left(deadline: float) -> float:
    """Return the seconds up to a deadline. Raises TimeoutError when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _leads_elsewhere(address: str) -> bool:
    """Tell whether no load balancer has such an address: it leads to this machine's own network, or to all of it.

    The link's addresses are those of metadata services (https://www.rfc-editor.org/rfc/rfc3927); the others:
    https://www.iana.org/assignments/iana-ipv4-special-registry. This machine itself may have a tunnel to the router.
    """
    found = ipaddress.ip_address(address)
    plain = getattr(found, "ipv4_mapped", None) or found  # ::ffff:169.254.169.254 is asked as 169.254.169.254
    return bool(plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain == _EVERYBODY)


def _server_name(name: object) -> str | None:
    """Return the name that the handshake asks for, or None: it goes out as it is, and not all that is set is a name."""
    plain = name.removesuffix(".") if isinstance(name, str) else ""
    return plain if len(plain) <= 253 and _DNS_NAME.fullmatch(plain) else None


def _unseen(reason: str, place: str | None = None) -> RouterTlsFacts:
    """Return that nobody answered, and why."""
    return RouterTlsFacts(place=place, answered=False, certificate=None, chain=None, mixed=False, reason=reason)


def _reason(error: Exception) -> str:
    """Return why a connection failed, in few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
