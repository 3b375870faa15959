# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router's address comes from the cluster: whatever stands there, looking at it ends in words."""

from __future__ import annotations

import base64
import datetime
import hashlib
import socket
import threading
import time
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.certificates import (
    CertificateError,
    check_key_pair,
    facts_of_der,
    facts_of_pem,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import RouterServiceFacts, RouterTlsFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import router_tls


def looked_at(address: Any, port: Any = 443, name: Any = "x", patience: float = 5.0) -> RouterTlsFacts:
    """Look at a router behind a Service with this address."""
    service = {"namespace": "azureml", "name": "azureml-fe", "type": "LoadBalancer", "endpoints": 1}
    strange = cast(RouterServiceFacts, {**service, "address": address, "tls_port": port})
    return router_tls.read([strange], name, patience)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("127.0.0.1", 70_000),
        ("127.0.0.1", 10**30),
        ("a" * 70 + ".invalid", 443),
        ("nul\0.invalid", 443),
        ("..", 443),
        ("\ud800", 443),
        ({"a": "b"}, 443),
        ("127.0.0.1", -1),
    ],
)
def test_what_is_no_address_is_not_looked_at(address: Any, port: int) -> None:
    seen = looked_at(address, port)
    assert not seen["answered"]
    assert "cannot be reached from here" in str(seen["reason"])


class Resolver:
    """Answers for every name with the same addresses, and keeps who was connected to and for how long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
        self.asked = 0
        self.tried: list[tuple[str, float]] = []
        self.addresses = addresses
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)
        monkeypatch.setattr(socket, "create_connection", self.connect)

    def resolve(self, _host: str, port: int, **_options: Any) -> list[Any]:
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in self.addresses]

    def connect(self, place: tuple[str, int], timeout: float) -> socket.socket:
        self.tried.append((place[0], timeout))
        time.sleep(min(timeout, 1))
        raise TimeoutError


def test_a_name_with_thousands_of_addresses_costs_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch, [f"203.0.{i // 250}.{i % 250}" for i in range(5000)])
    began = time.monotonic()
    seen = looked_at("evil.example", patience=1.5)
    assert time.monotonic() - began < 3
    assert (seen["answered"], seen["reason"]) == (
        False,
        "evil.example:443 cannot be reached from here (no answer in time)",
    )
    assert resolver.asked == 1
    assert [place for place, _seconds in resolver.tried] == ["203.0.0.0", "203.0.0.1", "203.0.0.2"]
    assert sum(seconds for _place, seconds in resolver.tried) < 1.51


def test_a_connection_and_a_handshake_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two addresses uses up its half; a server that then says nothing has what is left."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        resolver = Resolver(monkeypatch, ["203.0.113.1", "203.0.113.2"])
        connection = socket.socket()
        connection.connect(silent.getsockname())
        refuse = resolver.connect

        def connect(place: tuple[str, int], timeout: float) -> socket.socket:
            return connection if place[0] == "203.0.113.2" else refuse(place, timeout)

        monkeypatch.setattr(socket, "create_connection", connect)
        began = time.monotonic()
        seen = looked_at("slow.example", patience=0.8)
        assert 0.7 < time.monotonic() - began < 1.1
    assert (seen["answered"], seen["certificate"], seen["reason"]) == (True, None, "no answer in time")
    assert connection.fileno() == -1


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",  # noqa: S104  # nothing listens here
        "::",
        "255.255.255.255",
    ],
)
def test_addresses_that_are_no_load_balancers_are_not_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written into the Service, or behind a name that is."""
    for written in (address, "evil.example"):
        resolver = Resolver(monkeypatch, [address])
        seen = looked_at(written, patience=0.2)
        assert not resolver.tried
        assert f"({address} is no address of a load balancer)" in str(seen["reason"])


def names_in(hello: bytes) -> str | None:
    """Return the name that a ClientHello asks for (https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2)."""
    place = 5 + 4 + 2 + 32  # record, handshake, version, random
    place += 1 + hello[place]  # session
    place += 2 + int.from_bytes(hello[place : place + 2], "big")  # cipher suites
    place += 1 + hello[place] + 2  # compression; length of all extensions
    while place < len(hello):
        kind, size = (int.from_bytes(hello[place + skip : place + skip + 2], "big") for skip in (0, 2))
        if kind == 0:  # its list has one entry: two bytes of length, one of kind, two of length
            return hello[place + 4 + 5 : place + 4 + size].decode()
        place += 4 + size
    return None


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [
        ("ml.example.com", "ml.example.com"),
        ("ml.example.com.", "ml.example.com"),
        ("_x-y.example", "_x-y.example"),
        ("x\r\nFLUSHALL\r\n", None),
        ("*.example.com", None),
        ("203.0.113.9", None),
        ("::1", None),
        ("a." * 200 + "example", None),
        ("-x.example", None),
        ("müller.example", None),
        (5, None),
    ],
)
def test_the_handshake_asks_for_names_only(name: Any, asked_for: str | None) -> None:
    """Whoever writes `sslCname` chooses bytes that go to an address that somebody else chooses."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                heard.append(connection.recv(65536))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        seen = looked_at("127.0.0.1", server.getsockname()[1], name)
        thread.join()
    assert seen["answered"]
    assert names_in(heard[0]) == asked_for


def test_what_a_service_calls_address_and_port_is_read_as_that_or_not_at_all() -> None:
    def service(ingress: Any, ports: Any = ()) -> dict[str, Any]:
        spec = {"type": "LoadBalancer", "ports": ports}
        return {"metadata": {"name": "s", "namespace": "n"}, "spec": spec, "status": {"loadBalancer": ingress}}

    for points in ([{"ip": ["x"]}], [{"ip": 5, "hostname": {"a": 1}}], ["x"], {"ip": "x"}, 5):
        assert serving.service_facts(service({"ingress": points}), [])["address"] is None
    assert serving.service_facts(service({"ingress": ["x", {"hostname": "h"}]}), [])["address"] == "h"
    for port in (True, 0, -1, 70_000, 10**30, "443", 443.5, None):
        assert serving.service_facts(service({}, [None, {"name": "https", "port": port}]), [])["tls_port"] is None
    assert serving.service_facts(service({}, [{"name": "https", "port": 8443}]), [])["tls_port"] == 8443


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


def made(*extensions: tuple[str, bytes]) -> bytes:
    """A certificate with extensions as they are given, in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    begins = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=365))
    )
    for oid, content in extensions:
        builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), content), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


ALTERNATIVE_NAMES = "2.5.29.17"
STRANGE = {
    "x400Address": made((ALTERNATIVE_NAMES, bytes([0x30, 2, 0xA3, 0]))),
    "ediPartyName": made((ALTERNATIVE_NAMES, bytes([0x30, 2, 0xA5, 0]))),
    "garbage": made((ALTERNATIVE_NAMES, b"\x30\x05\x82")),
    "half an address": made((ALTERNATIVE_NAMES, bytes([0x30, 3, 0x87, 1, 1]))),
    "twice": made(("1.2.3.4", b"\5\0"), ("1.2.3.5", b"\5\0")).replace(b"\x06\3\x2a\3\5", b"\x06\3\x2a\3\4"),
    "version 4": made().replace(bytes([0xA0, 3, 2, 1, 2]), bytes([0xA0, 3, 2, 1, 3]), 1),
    "no time": made().replace(b"270101000000Z", b"279901000000Z"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_certificate_that_cannot_be_read_ends_in_words(kind: str) -> None:
    """Shown by the router, in the Secret, and in the user's own file."""
    with pytest.raises(CertificateError, match=r"no X\.509 certificate"):
        facts_of_der(STRANGE[kind])
    pem = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(STRANGE[kind]).decode()}\n-----END CERTIFICATE-----\n"
    with pytest.raises(CertificateError, match=r"X\.509 certificate"):
        facts_of_pem(pem)
    with pytest.raises(CertificateError):
        check_key_pair(pem, "", "x.example")


def test_the_chain_is_told_where_python_tells_it() -> None:
    class Since313:
        def get_unverified_chain(self) -> list[bytes]:
            return [b"own", b"next"]

    wanted = [hashlib.sha256(each).hexdigest().upper() for each in (b"own", b"next")]
    assert router_tls._chain(Since313()) == wanted  # type: ignore[arg-type]  # all that is asked of it
    assert router_tls._chain(object()) is None  # type: ignore[arg-type]  # as before 3.13


def test_a_slow_router_is_seen_fewer_times_and_not_called_a_mixture(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    shown: list[float] = []
    seen = cast(RouterTlsFacts, {"place": "x", "answered": True, "certificate": {"fingerprint": "A"}, "chain": None})

    def slow(_address: str, _port: int, _name: str | None, patience: float) -> RouterTlsFacts:
        shown.append(patience)
        now[0] += 0.9 * patience
        return seen

    monkeypatch.setattr(router_tls, "_shown", slow)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert router_tls._agreed("x", 443, None, 5.0, 9) is seen
    assert shown == [5.0, 5.0, 5.0], "each look has its whole time"
