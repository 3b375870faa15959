# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unmodified SDKs, over TLS that they verify."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.hybridkubernetes import ConnectedKubernetesClient
from azure.mgmt.kubernetesconfiguration import SourceControlConfigurationClient
from azure.mgmt.kubernetesconfiguration.models import Extension, PatchExtension, Scope, ScopeCluster

from tests.integration.harness import Simulator
from tests.integration.simulator.conftest import extension_settings

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

# azure-ai-ml defines its schemas at import in ways that marshmallow deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
MANAGED = ("rg", "Microsoft.ContainerService", "managedClusters")


@pytest.fixture
def trusted(fresh: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The fleet, its authority known to the SDKs in the usual way."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", fresh.ready["ca_file"])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return fresh


def credential(simulator: Simulator, secret: str = "") -> ClientSecretCredential:
    ready = simulator.ready
    return ClientSecretCredential(
        ready["tenant_id"],
        ready["client_id"],
        secret or ready["client_secret"],
        authority=ready["authority"],
        disable_instance_discovery=True,
        retry_total=0,
    )


def options(simulator: Simulator) -> dict[str, Any]:
    base = simulator.ready["arm"]
    return {"base_url": base, "credential_scopes": [f"{base}/.default"], "polling_interval": 0.05}


@pytest.fixture
def containers(trusted: Simulator) -> ContainerServiceClient:
    return ContainerServiceClient(credential(trusted), trusted.ready["subscription_id"], **options(trusted))


@pytest.fixture
def extensions(trusted: Simulator) -> SourceControlConfigurationClient:
    return SourceControlConfigurationClient(credential(trusted), trusted.ready["subscription_id"], **options(trusted))


def attachment(cluster: str, **more: Any) -> Any:
    from azure.ai.ml.entities import KubernetesCompute

    return KubernetesCompute(name="k8s", resource_id=cluster, namespace="default", **more)


@pytest.fixture
def machine_learning(trusted: Simulator) -> Iterator[MLClient]:
    from azure.ai.ml import MLClient

    base = trusted.ready["arm"]
    yield MLClient(
        credential(trusted),
        trusted.ready["subscription_id"],
        "rg",
        "ml",
        cloud=f"Simulated{base.rpartition(':')[2]}",
        cloud_metadata={
            "azure_portal": "https://portal.azure.simulated",
            "resource_manager": f"{base}/",
            "active_directory": f"{base}/",
            "aml_resource_id": "https://ml.azure.simulated/",
            "storage_endpoint": "core.azure.simulated",
            "registry_discovery_endpoint": f"{base}/",
        },
        show_progress=False,
        enable_telemetry=False,
        polling_interval=0.05,
    )
    os.environ.pop("AZUREML_CURRENT_CLOUD", None)


def test_without_the_authority_the_sdks_refuse_the_certificate(
    fresh: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises((ServiceRequestError, ClientAuthenticationError), match=r"(?i)certificate"):
        credential(fresh).get_token(f"{fresh.ready['arm']}/.default")


def test_a_wrong_secret_is_refused(trusted: Simulator) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(trusted, "wrong").get_token(f"{trusted.ready['arm']}/.default")


def test_a_workload_identity_gets_a_token(trusted: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("a.b.c", encoding="utf-8")
    found = WorkloadIdentityCredential(
        tenant_id=trusted.ready["tenant_id"],
        client_id=trusted.ready["client_id"],
        token_file_path=str(path),
        authority=trusted.ready["authority"],
        disable_instance_discovery=True,
    ).get_token(f"{trusted.ready['arm']}/.default")
    assert found.token.count(".") == 2


@pytest.mark.parametrize(
    ("variable", "path"), [("AZURE_POD_IDENTITY_AUTHORITY_HOST", ""), ("IDENTITY_ENDPOINT", "/msi/token")]
)
def test_a_managed_identity_gets_a_token(
    trusted: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str, path: str
) -> None:
    monkeypatch.setenv(variable, f"{trusted.ready['arm']}{path}")
    if path:
        monkeypatch.setenv("IDENTITY_HEADER", "header")
    client = ContainerServiceClient(ManagedIdentityCredential(), trusted.ready["subscription_id"], **options(trusted))
    assert client.managed_clusters.get("rg", "aks").name == "aks"


def test_a_certificate_gets_a_token(trusted: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "principal.pem"
    authority = trustme.CA()
    certificate = authority.issue_cert("principal.example.com", key_type=trustme.KeyType.RSA)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
    ready = trusted.ready
    found = CertificateCredential(
        ready["tenant_id"],
        ready["client_id"],
        certificate_path=str(path),
        authority=ready["authority"],
        disable_instance_discovery=True,
    )
    client = ContainerServiceClient(found, ready["subscription_id"], **options(trusted))
    assert client.managed_clusters.get("rg", "aks").name == "aks"


def test_clusters_and_pools_are_read(containers: ContainerServiceClient) -> None:
    cluster = containers.managed_clusters.get("RG", "AKS")
    assert cluster.name == "aks"
    assert cluster.identity.type == "SystemAssigned"
    assert {pool.name: pool.count for pool in cluster.agent_pool_profiles} == {"system": 3, "gpu": 3}
    assert [pool.name for pool in containers.agent_pools.list("rg", "aks")] == ["system", "gpu"]
    assert len(list(containers.managed_clusters.list())) == 7
    with pytest.raises(ResourceNotFoundError):
        containers.managed_clusters.get("rg", "nobody")


def test_labels_of_a_pool_are_replaced_by_a_put(containers: ContainerServiceClient) -> None:
    pool = containers.agent_pools.get("rg", "aks", "gpu")
    for labels in ({"a": "1", "b": "2"}, {"b": "3"}):
        pool.node_labels = labels
        pool = containers.agent_pools.begin_create_or_update("rg", "aks", "gpu", pool).result()
        assert (pool.node_labels, pool.provisioning_state) == (labels, "Succeeded")


def test_a_busy_cluster_takes_no_second_update(containers: ContainerServiceClient) -> None:
    pool = containers.agent_pools.get("rg", "aks", "gpu")
    first = containers.agent_pools.begin_create_or_update("rg", "aks", "gpu", pool)
    with pytest.raises(ResourceExistsError, match="Another operation \\(Updating\\) is in progress"):
        containers.agent_pools.begin_create_or_update("rg", "aks", "system", pool, retry_total=0)
    first.result()


def test_connected_clusters_are_read(trusted: Simulator) -> None:
    client = ConnectedKubernetesClient(credential(trusted), trusted.ready["subscription_id"], **options(trusted))
    found = client.connected_cluster.get("rg", "edge")
    assert (found.name, found.properties.distribution, found.properties.total_node_count) == ("edge", "k3s", 3)


def test_an_extension_is_installed_updated_and_deleted(
    trusted: Simulator, extensions: SourceControlConfigurationClient
) -> None:
    body = Extension(
        extension_type="Microsoft.AzureML.Kubernetes",
        scope=Scope(cluster=ScopeCluster(release_namespace="azureml")),
        configuration_settings=extension_settings(trusted.clusters["plain"]["id"]),
        configuration_protected_settings={"secret": "value"},
    )
    created = extensions.extensions.begin_create(*MANAGED, "plain", "ml", body).result()
    assert created.provisioning_state == "Succeeded"
    assert created.current_version
    assert created.configuration_protected_settings == {"secret": ""}
    assert [found.name for found in extensions.extensions.list(*MANAGED, "plain")] == ["ml"]
    patch = PatchExtension(
        configuration_settings={"installVolcano": "false"}, auto_upgrade_minor_version=None, release_train=None
    )
    updated = extensions.extensions.begin_update(*MANAGED, "plain", "ml", patch).result()
    assert updated.configuration_settings["installVolcano"] == "false"
    assert updated.configuration_protected_settings == {"secret": ""}
    extensions.extensions.begin_delete(*MANAGED, "plain", "ml").result()
    with pytest.raises(ResourceNotFoundError, match="Extension instance with name 'ml' not found"):
        extensions.extensions.get(*MANAGED, "plain", "ml")


def test_a_failed_installation_is_an_error_of_the_operation(
    trusted: Simulator, extensions: SourceControlConfigurationClient
) -> None:
    body = Extension(
        extension_type="Microsoft.AzureML.Kubernetes",
        scope=Scope(cluster=ScopeCluster(release_namespace="azureml")),
        configuration_settings={"enableTraining": "True"},
    )
    poller = extensions.extensions.begin_create(*MANAGED, "plain", "ml", body)
    with pytest.raises(HttpResponseError, match="failed pre-install: pod healthcheck failed") as failed:
        poller.result()
    assert failed.value.status_code == 200
    assert failed.value.error is not None
    assert failed.value.error.code == "ExtensionOperationFailed"
    assert extensions.extensions.get(*MANAGED, "plain", "ml").provisioning_state == "Failed"


def test_a_provider_that_is_not_registered_is_registered_by_the_sdk() -> None:
    """The SDK waits ten real seconds between registering and asking again."""
    scenario = {
        "providers": {"Microsoft.KubernetesConfiguration": "NotRegistered"},
        "clusters": [{"name": "plain", "resource_group": "rg"}],
    }
    with Simulator(scenario, time_scale=100) as simulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", simulator.ready["ca_file"])
        client = SourceControlConfigurationClient(
            credential(simulator), simulator.ready["subscription_id"], **options(simulator)
        )
        client.extensions.begin_create(*MANAGED, "plain", "flux", Extension(extension_type="microsoft.flux"))
        paths = [f"{entry['method']} {entry['status']}" for entry in simulator.request_log(service="arm")]
        assert paths[:4] == ["PUT 409", "POST 200", "GET 200", "PUT 201"]


def test_a_cluster_is_attached_and_detached(trusted: Simulator, machine_learning: MLClient) -> None:
    compute = attachment(trusted.clusters["installed"]["id"], description="d")
    created = machine_learning.compute.begin_create_or_update(compute).result()
    assert (created.provisioning_state, created.namespace) == ("Succeeded", "default")
    assert {found.name for found in machine_learning.compute.list()} == {"old", "made-by-ml", "k8s"}
    machine_learning.compute.begin_delete("k8s", action="Detach").result()
    with pytest.raises(ResourceNotFoundError):
        machine_learning.compute.get("k8s")
    assert trusted.state()["incidents"] == []


def test_attaching_without_the_extension_fails(trusted: Simulator, machine_learning: MLClient) -> None:
    compute = attachment(trusted.clusters["plain"]["id"])
    with pytest.raises(HttpResponseError, match="extension is not installed"):
        machine_learning.compute.begin_create_or_update(compute).result()
    assert machine_learning.compute.get("k8s").provisioning_state == "Failed"


def test_the_sdks_default_of_deleting_the_cluster_is_seen_in_the_state(
    trusted: Simulator, machine_learning: MLClient, containers: ContainerServiceClient
) -> None:
    machine_learning.compute.begin_delete("made-by-ml").result()
    (incident,) = trusted.state()["incidents"]
    assert (incident["what"], incident["compute"], incident["attached"]) == ("cluster deleted", "made-by-ml", "false")
    with pytest.raises(ResourceNotFoundError):
        containers.managed_clusters.get("rg", "made")
