# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds and identities: what the options choose, and what users are told when they choose wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    ChainedTokenCredential,
    ClientSecretCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from ansible_collections.azureml.fleet.plugins.module_utils._azure.clouds import Cloud, read_metadata, resolve_cloud
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.hosts import origin
from ansible_collections.azureml.fleet.plugins.module_utils._azure.identity import (
    SharedCredential,
    effective_options,
    identity_key,
    make_credential,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory

TENANT = "00000000-0000-0000-0000-000000000001"
PRINCIPAL = {"tenant": TENANT, "client_id": "id", "secret": "hush"}
PRIVATE = {
    "name": "Private",
    "resourceManager": "https://arm.local:8443/",
    "authentication": {
        "loginEndpoint": "https://login.local/",
        "audiences": ["https://other/", "https://arm.local:8443/"],
    },
}


def nobody(_text: str) -> None:
    """Hear of a secret and do nothing."""


class Memory:
    """A memory as the in-process shell lends it."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, float]] = {}

    def get(self, key: str) -> str | None:
        return self.values.get(key, (None, 0.0))[0]

    def put(self, key: str, value: str, seconds: float) -> None:
        self.values[key] = (value, seconds)

    def forget(self, key: str) -> None:
        self.values.pop(key, None)


class Source:
    """A credential that hands out a new token each time it is asked."""

    def __init__(self, seconds: float = 3600.0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.seconds = seconds

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append({"scopes": scopes, **options})
        return AccessToken(f"token {len(self.asked)}", int(time.time() + self.seconds))

    def close(self) -> None:
        pass


def credential(options: dict[str, Any]) -> Any:
    hidden: list[str] = []
    chosen = effective_options(options, hidden.append)
    return make_credential(chosen, {"authority": "https://login.microsoftonline.com"})


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (PRINCIPAL, ClientSecretCredential),
        ({**PRINCIPAL, "auth_source": "auto"}, ClientSecretCredential),
        ({"tenant": TENANT, "client_id": "id", "federated_token_file": "/token"}, WorkloadIdentityCredential),
        (
            {"auth_source": "workload_identity", "tenant": TENANT, "client_id": "i", "federated_token_file": "/t"},
            WorkloadIdentityCredential,
        ),
        ({"auth_source": "msi"}, ManagedIdentityCredential),
        ({"auth_source": "msi", "client_id": "id"}, ManagedIdentityCredential),
        ({"auth_source": "cli"}, AzureCliCredential),
        ({"auth_source": "default"}, ChainedTokenCredential),
        ({}, ChainedTokenCredential),
    ],
)
def test_the_options_choose_the_credential(options: dict[str, Any], kind: type) -> None:
    assert isinstance(credential(options), kind)


class Recorder:
    """A transport that keeps what is sent and refuses it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def also(self, _allowed: object) -> Recorder:
        return Recorder()

    def send(self, request: Any, **_options: Any) -> Any:
        self.asked.append(str(request.url))
        raise AzureError("It is not sent.", code="ForeignHost")


@pytest.mark.parametrize("variables", [{"AZURE_CLIENT_SECRET": "hush"}, {"AZURE_FEDERATED_TOKEN_FILE": "token"}])
@pytest.mark.parametrize("source", ["default", "auto"])
def test_the_default_chain_sends_secrets_through_the_guarded_transport(
    source: str, variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("hush")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # no Azure CLI
    for name, value in {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "id", **variables}.items():
        monkeypatch.setenv(name, value)
    guarded = Recorder()
    common = {"authority": "https://login.local", "disable_instance_discovery": True, "transport": guarded}
    chosen = make_credential(effective_options({"auth_source": source}, nobody), common)
    with pytest.raises(ClientAuthenticationError):
        chosen.get_token("https://arm.local/.default")
    assert guarded.asked
    assert all(url.startswith("https://login.local/") for url in guarded.asked)


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ("", [EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential, AzureCliCredential]),
        ("prod", [EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential]),
        ("dev", [AzureCliCredential]),
        ("AzureCliCredential", [AzureCliCredential]),
    ],
)
def test_the_default_chain_has_the_order_of_azure_identity(
    wanted: str, kinds: list[type], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.setenv(name, "00000000")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", wanted)
    assert [type(each) for each in credential({"auth_source": "default"}).credentials] == kinds
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "nothing")
    with pytest.raises(AzureError, match="AZURE_TOKEN_CREDENTIALS is 'nothing'"):
        credential({"auth_source": "default"})


def test_a_certificate_is_taken_before_a_secret(tmp_path: Path) -> None:
    missing = {**PRINCIPAL, "x509_certificate_path": str(tmp_path / "missing.pem")}
    with pytest.raises(AzureError, match=r"missing\.pem"):
        credential(missing)
    (tmp_path / "broken.pem").write_text("nonsense")
    with pytest.raises(AzureError, match="Nothing was changed"):
        credential({**PRINCIPAL, "x509_certificate_path": str(tmp_path / "broken.pem")})


def test_auth_source_env_reads_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", "from-environment")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "from-environment-too")
    hidden: list[str] = []
    chosen = effective_options({"auth_source": "env", "client_id": "option", "secret": "option"}, hidden.append)
    assert (chosen["tenant"], chosen["client_id"]) == (TENANT, "from-environment")
    assert hidden == ["from-environment-too"]


def write_profiles(home: Path, monkeypatch: pytest.MonkeyPatch, **profiles: list[str]) -> None:
    """Make `home` the user's, with a credential file of `profiles`, each with a tenant."""
    monkeypatch.setenv("HOME", str(home))
    (home / ".azure").mkdir()
    sections = ("\n".join([f"[{name}]", f"tenant={TENANT}", *lines]) for name, lines in profiles.items())
    (home / ".azure" / "credentials").write_text("\n".join(sections))


def test_a_profile_is_read_and_its_secret_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profiles(tmp_path, monkeypatch, default=["client_id=a", "secret=p%ss"], other=["client_id=b", "secret=q"])
    hidden: list[str] = []
    chosen = effective_options({"auth_source": "credential_file"}, hidden.append)
    assert (chosen["client_id"], chosen["secret"], hidden) == ("a", "p%ss", ["p%ss"])
    assert effective_options({"profile": "other"}, hidden.append)["client_id"] == "b"
    with pytest.raises(AzureError, match="nobody"):
        effective_options({"profile": "nobody"}, hidden.append)
    assert effective_options({**PRINCIPAL, "profile": "nobody"}, hidden.append)["client_id"] == "id"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profile": "no_secret"}, "in profile 'no_secret' of ~/.azure/credentials, client_id is given, but no secret"),
        ({"profile": "nobody"}, "in profile 'nobody' of ~/.azure/credentials, no client_id is given"),
        ({"profile": "whole", "tenant": TENANT, "client_id": "id", "secret": ""}, "client_id is given, but no secret"),
        ({"profile": "whole", "secret": "hush"}, "but no client_id"),
        ({"profile": "no_secret", "secret": "hush"}, "but no client_id"),
        ({"profile": "no_secret", "x509_certificate_password": "hush"}, "but no client_id"),
    ],
)
def test_a_profile_makes_nobody_somebody_else(
    options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profiles(tmp_path, monkeypatch, whole=["client_id=a", "secret=b"], no_secret=["client_id=c"], nobody=[])
    with pytest.raises(AzureError, match=words):
        credential(options)


def test_a_profile_takes_no_secret_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profiles(tmp_path, monkeypatch, default=["client_id=a"])
    with pytest.raises(AzureError, match="a secret, x509_certificate_path or federated_token_file must be given"):
        credential({**PRINCIPAL, "auth_source": "credential_file"})
    chosen = effective_options({**PRINCIPAL, "auth_source": "credential_file"}, nobody)
    assert (chosen["client_id"], chosen["secret"], chosen["federated_token_file"]) == ("a", None, None)


def test_a_source_that_lacks_something_says_what() -> None:
    with pytest.raises(AzureError, match="tenant must be given"):
        credential({"client_id": "id", "secret": "hush"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tenant": TENANT, "client_id": "id"}, "client_id is given, but no secret"),
        ({"client_id": "id"}, "client_id is given, but no secret"),
        ({"tenant": TENANT, "client_id": "id", "secret": ""}, "client_id is given, but no secret"),
        ({"tenant": TENANT, "secret": "hush"}, "but no client_id"),
        ({"secret": ""}, "secret is empty"),
        ({"x509_certificate_password": "hush"}, "but no client_id"),
        ({"auth_source": "auto", "tenant": TENANT, "client_id": "id"}, "client_id is given, but no secret"),
    ],
)
def test_half_a_principal_is_nobody_else(options: dict[str, Any], words: str) -> None:
    with pytest.raises(AzureError, match=words) as caught:
        credential(options)
    assert "No other login was used instead" in caught.value.message


@pytest.mark.parametrize("source", ["env", "credential_file"])
def test_a_principal_without_proof_is_refused(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_SECRET", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", "id")
    monkeypatch.setenv("AZURE_SECRET", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure" / "credentials").write_text(f"[default]\ntenant={TENANT}\nclient_id=id\nsecret=\n")
    with pytest.raises(AzureError, match=r"a secret, x509_certificate_path or federated_token_file must be given"):
        credential({"auth_source": source})


def test_a_login_that_is_named_needs_no_secret() -> None:
    assert isinstance(credential({"auth_source": "cli", "tenant": TENANT, "client_id": "id"}), AzureCliCredential)
    assert isinstance(credential({"tenant": TENANT}), ChainedTokenCredential)


def test_tokens_are_shared_between_tasks_and_hidden() -> None:
    memory, source = Memory(), Source()
    hidden: list[str] = []
    one, two = (SharedCredential(lambda: source, "key", memory, hidden.append) for _unused in range(2))
    assert one.get_token("scope").token == two.get_token("scope").token == "token 1"
    assert len(source.asked) == 1
    assert set(hidden) == {"token 1"}
    assert two.get_token("another").token == "token 2"
    (seconds,) = {round(kept, -1) for _unused, kept in memory.values.values()}
    assert seconds == 3180, "it is dropped before azure-core would want to renew it"


def test_a_token_that_ends_soon_is_not_shared() -> None:
    memory = Memory()
    SharedCredential(lambda: Source(seconds=200), "key", memory, nobody).get_token("scope")
    assert memory.values == {}


def test_claims_need_a_new_token() -> None:
    memory, source = Memory(), Source()
    shared = SharedCredential(lambda: source, "key", memory, nobody)
    shared.get_token("scope")
    assert shared.get_token("scope", claims="{}").token == "token 2"
    assert source.asked[1]["claims"] == "{}"


def test_a_forgotten_token_is_asked_for_anew_from_a_new_credential() -> None:
    memory = Memory()
    made: list[Source] = []

    def make() -> Any:
        made.append(Source())
        return made[-1]

    shared = SharedCredential(make, "key", memory, nobody)
    shared.get_token("scope")
    shared.forget()
    assert memory.values == {}
    shared.get_token("scope")
    assert len(made) == 2


def test_identities_do_not_share_tokens() -> None:
    keys = {
        identity_key(effective_options(options, nobody), [authority])
        for options in (
            PRINCIPAL,
            {**PRINCIPAL, "secret": "other"},
            {**PRINCIPAL, "client_id": "b"},
            {"auth_source": "cli"},
        )
        for authority in ("https://a", "https://b")
    }
    assert len(keys) == 8
    assert not any("hush" in key for key in keys)


@pytest.mark.parametrize(
    "answer",
    [
        PRIVATE,
        [PRIVATE],
        [{"name": "Public", "resourceManager": "https://management.azure.com/"}, PRIVATE],
    ],
)
def test_a_private_cloud_is_read_from_either_form_of_its_metadata(answer: Any) -> None:
    cloud = read_metadata(answer, "https://arm.local:8443/metadata/endpoints")
    assert (cloud.resource_manager, cloud.authority) == ("https://arm.local:8443", "https://login.local")
    assert cloud.scope == "https://arm.local:8443/.default"


def test_the_smallest_metadata_is_enough() -> None:
    answer = {"authentication": {"loginEndpoint": "login.local", "audiences": ["https://aud/"]}}
    cloud = read_metadata(answer, "https://arm.local/metadata/endpoints")
    assert (cloud.resource_manager, cloud.authority, cloud.scope) == (
        "https://arm.local",
        "https://login.local",
        "https://aud/.default",
    )


@pytest.mark.parametrize("answer", [{}, [], {"authentication": {}}, {"authentication": {"loginEndpoint": "https://l"}}])
def test_an_answer_that_is_no_cloud_is_refused(answer: Any) -> None:
    with pytest.raises(AzureError, match="cloud_environment"):
        read_metadata(answer, "https://arm.local")


#: Everything that JSON can be.
KINDS: tuple[Any, ...] = (None, True, 0, 7, -1.5, "", "x", "a b", "\x1b[2J", [], [None], [[]], ["x", 7], {}, {"a": []})


@pytest.mark.parametrize("where", [(), ("name",), ("resourceManager",), ("authentication",)])
@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_metadata_of_any_kind_is_a_cloud_or_a_sentence(where: tuple[str, ...], kind: Any) -> None:
    answer = {**PRIVATE, where[0]: kind} if where else kind
    check_metadata(answer)
    check_metadata([answer, [answer]])


@pytest.mark.parametrize("field", ["loginEndpoint", "audiences"])
@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_logins_of_any_kind_are_a_cloud_or_a_sentence(field: str, kind: Any) -> None:
    login: Any = PRIVATE["authentication"]
    check_metadata({**PRIVATE, "authentication": {**login, field: kind}})


def check_metadata(answer: Any) -> None:
    """Metadata becomes a cloud whose every address can be used, or one sentence."""
    url = "https://arm.local:8443/metadata/endpoints"
    memory = Memory()
    memory.put(f"cloud metadata {url} True", json.dumps(answer), 60)
    transport: Any = None
    try:
        cloud = resolve_cloud(url, None, transport, memory, "True")
    except AzureError as error:
        said = error.message
    else:
        said = ""
        check_cloud(cloud)
    assert said == "" or said.endswith("Nothing was changed.")


def check_cloud(cloud: Cloud) -> None:
    """Every address of a cloud can be used."""
    assert cloud.name
    assert cloud.resource_manager == "https://arm.local:8443"
    assert all(isinstance(each, str) and origin(each) for each in (cloud.resource_manager, cloud.authority))
    assert len(cloud.audience) > 1 or cloud.audience == "x"
    assert cloud.audience.isprintable()
    assert " " not in cloud.audience


def test_audiences_that_are_a_text_are_not_its_letters() -> None:
    login = {"loginEndpoint": "https://login.local", "audiences": "https://arm.local"}
    with pytest.raises(AzureError, match="did not answer with the loginEndpoint and audiences"):
        read_metadata({"authentication": login}, "https://arm.local")


@pytest.mark.parametrize("name", ["azurecloud", "AzureUSGovernment", "AzureChinaCloud"])
def test_known_clouds_need_no_request(name: str) -> None:
    transport: Any = None
    assert resolve_cloud(name, None, transport, NoMemory(), "").name.lower() == name.lower()


@pytest.mark.parametrize("name", ["AzureGermanCloud", "http://arm.local/metadata/endpoints"])
def test_an_unknown_cloud_is_refused_in_a_sentence(name: str) -> None:
    transport: Any = None
    with pytest.raises(AzureError, match="Nothing was changed"):
        resolve_cloud(name, None, transport, NoMemory(), "")


def test_an_authority_of_ones_own_stands() -> None:
    transport: Any = None
    cloud = resolve_cloud("AzureCloud", "login.local/", transport, NoMemory(), "")
    assert cloud.authority == "https://login.local"


def test_metadata_is_asked_for_once_in_a_run() -> None:
    memory = Memory()
    url = "https://arm.local:8443/metadata/endpoints"
    memory.put(f"cloud metadata {url} True", json.dumps(PRIVATE), 60)
    transport: Any = None
    assert resolve_cloud(url, None, transport, memory, "True").name == "Private"
    with pytest.raises(AttributeError, match="NoneType"):  # somebody who trusts others asks again
        resolve_cloud(url, None, transport, memory, "False")


def connection(**params: Any) -> AzureConnection:
    return AzureConnection.from_params({**PRINCIPAL, **params}, NoMemory(), nobody)


def test_the_subscription_of_the_cluster_decides() -> None:
    cluster = "/subscriptions/of-the-cluster/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/a"
    assert connection(cluster_id=cluster, subscription_id="default").subscription_id == "of-the-cluster"
    assert connection(subscription_id="default").subscription_id == "default"
    with pytest.raises(AzureError, match="AZURE_SUBSCRIPTION_ID"):
        _unused = connection().subscription_id


def test_certificates_of_endpoints_are_checked_unless_told_otherwise(tmp_path: Path) -> None:
    def verify(**params: Any) -> bool | str:
        found: bool | str = connection(**params).transport._inner.connection_config.verify
        return found

    assert verify() is True
    assert verify(cert_validation_mode="ignore") is False
    (tmp_path / "ca.pem").touch()
    assert verify(ca_file=str(tmp_path / "ca.pem")) == str(tmp_path / "ca.pem")
    with pytest.raises(AzureError, match="does not exist"):
        connection(ca_file=str(tmp_path / "missing.pem"))


def test_a_host_that_checks_no_certificates_hears_of_it() -> None:
    said: list[str] = []
    AzureConnection.from_params({**PRINCIPAL, "cert_validation_mode": "ignore"}, NoMemory(), nobody, said.append)
    assert said[0].startswith("cert_validation_mode is ignore: whoever answers as https://management.azure.com")
    AzureConnection.from_params(PRINCIPAL, NoMemory(), nobody, said.append)
    assert len(said) == 1


@pytest.mark.parametrize("authority", ["http://login.local", "https://user@login.local", "https:// login.local"])
def test_an_authority_is_an_https_server(authority: str) -> None:
    with pytest.raises(AzureError, match="no credentials are sent there"):
        connection(authority_url=authority)


def test_what_an_identity_was_given_is_shared_by_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("one")
    keys = {
        connection(**options).memory_key("kubeconfig x")
        for options in (
            {},
            {"secret": "other"},
            {"tenant": "other"},
            {"authority_url": "login.local"},
            {"cloud_environment": "AzureChinaCloud"},
            {"cert_validation_mode": "ignore"},
            {"ca_file": str(tmp_path / "ca.pem")},
            {"disable_instance_discovery": True},
        )
    }
    assert len(keys) == 8
    (tmp_path / "ca.pem").write_text("two")
    assert connection(ca_file=str(tmp_path / "ca.pem")).memory_key("kubeconfig x") not in keys


def test_every_client_is_told_who_we_are_and_how_to_wait() -> None:
    options = connection().client_options(poll_interval=7.0)
    assert options["user_agent"].startswith("azureml.fleet/")
    assert options["polling_interval"] == 7.0
    assert options["base_url"] == "https://management.azure.com"
    assert options["credential_scopes"] == ["https://management.azure.com/.default"]
    assert options["retry_policy"].backoff_max == 30
    assert options["permit_redirects"] is False
