# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading kubeconfigs of real clusters."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.simulator.foundation.real_cluster import KubeconfigError, inline_kubeconfig, read_kubeconfig

CA = trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.bytes().decode()


def encoded(text: str) -> str:
    """Text as the `-data` fields of a kubeconfig hold it."""
    return base64.b64encode(text.encode()).decode()


def kubeconfig(folder: Path, user: dict[str, Any], **cluster: str) -> Path:
    """A kubeconfig of two contexts, of which the first is current."""
    contexts = [{"name": name, "context": {"cluster": "c", "user": name}} for name in ("one", "two")]
    config = {
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/", **cluster}}],
        "contexts": contexts,
        "users": [{"name": "one", "user": user}, {"name": "two", "user": {"token": "second"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


def test_files_beside_the_kubeconfig_are_read(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(CA, "utf-8")
    access = read_kubeconfig(kubeconfig(tmp_path, {"token": "t"}, **{"certificate-authority": "ca.crt"}))
    assert (access.server, access.certificate_authority, access.token) == ("https://127.0.0.1:6443", CA, "t")


def test_data_wins_over_a_file(tmp_path: Path) -> None:
    cluster = {"certificate-authority": "missing.crt", "certificate-authority-data": encoded(CA)}
    assert read_kubeconfig(kubeconfig(tmp_path, {"token": "t"}, **cluster)).certificate_authority == CA


def test_a_context_can_be_chosen(tmp_path: Path) -> None:
    assert read_kubeconfig(kubeconfig(tmp_path, {"token": "t"}), "two").token == "second"


def test_client_certificates_are_shown(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("somebody@example.com")
    user = {
        "client-certificate-data": encoded(certificate.cert_chain_pems[0].bytes().decode()),
        "client-key-data": encoded(certificate.private_key_pem.bytes().decode()),
    }
    access = read_kubeconfig(kubeconfig(tmp_path, user, **{"certificate-authority-data": encoded(CA)}))
    assert access.ssl_context().get_ca_certs()


def test_what_is_handed_out_refers_to_no_file(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(CA, "utf-8")
    found = inline_kubeconfig(kubeconfig(tmp_path, {"token": "t"}, **{"certificate-authority": "ca.crt"}))
    assert found["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": encoded(CA),
    }
    assert found["users"][0]["user"] == {"token": "t"}
    assert found["current-context"] == "one"


@pytest.mark.parametrize(
    ("user", "context", "problem"),
    [
        ({"exec": {"command": "kubelogin"}}, None, "signs in by a command"),
        ({"token": "t"}, "three", "no 'three' under contexts"),
        ({"client-certificate": "missing.crt"}, None, "cannot be used"),
    ],
)
def test_unusable_kubeconfigs_are_told(tmp_path: Path, user: dict[str, Any], context: str | None, problem: str) -> None:
    with pytest.raises(KubeconfigError, match=problem):
        read_kubeconfig(kubeconfig(tmp_path, user), context)


def test_secrets_are_not_in_representations(tmp_path: Path) -> None:
    assert "very-secret" not in repr(read_kubeconfig(kubeconfig(tmp_path, {"token": "very-secret"})))
