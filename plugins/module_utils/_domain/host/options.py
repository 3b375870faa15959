# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable that a user of the roles and playbooks may write beside those of the extension, declared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._foundation import checks
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import option


@dataclass(frozen=True)
class HostOptions:
    """The cluster of a host, and where it is attached."""

    cluster_id: str | None = option(
        "str",
        "Azure resource id of the cluster: a managedClusters id for AKS, a connectedClusters id for Azure Arc.",
        required=True,
    )
    workspace: str | None = option(
        "str",
        "The workspace to attach to: its full resource id, or its name. A name is looked for in "
        "`aml_workspace_resource_group`, or in the cluster's resource group. Required without `aml_attachments`.",
    )
    workspace_resource_group: str | None = option(
        "str",
        "Resource group of workspaces that are given by name; the cluster's own when not set.",
    )
    compute_name: str | None = option(
        "str",
        "Name of the Kubernetes compute in the workspace. It must differ from the legacy compute's name.",
    )
    attachments: Sequence[Any] = option(
        "list",
        "Several attachments of the cluster instead of one: a list of dictionaries with `workspace` and "
        "`compute_name` and, optionally, `workspace_resource_group`, `namespace`, `identity`, "
        "`user_assigned_identities`, `default_instance_type`, `description`, `tags`. What is left out is taken "
        "from the variables below.",
        factory=tuple,
    )
    namespace: str | None = option(
        "str",
        "Kubernetes namespace of the compute's jobs and endpoints. Never `azureml-<workspace>`, which is v1's.",
        default="azureml-workloads",
    )
    namespace_create: bool = option(
        "bool",
        "Create the namespace where it is missing. When false, a missing namespace blocks the cluster.",
        default=True,
    )
    compute_identity: str | None = option(
        "str", "Managed identity of the compute.", choices=("None", "SystemAssigned", "UserAssigned")
    )
    compute_user_assigned_identities: Sequence[str] = option(
        "list",
        "Resource ids of user-assigned identities; Azure Machine Learning uses the first one only.",
        factory=tuple,
        check=checks.texts,
    )
    default_instance_type: str | None = option(
        "str",
        "Instance type of jobs and endpoints that name none.",
    )
    compute_description: str | None = option(
        "str",
        "Description of the compute in the workspace.",
    )
    compute_tags: Mapping[str, Any] = option(
        "dict", "Tags of the compute in the workspace.", factory=dict, check=checks.flat
    )


@dataclass(frozen=True)
class NodeOptions:
    """Labels of nodes, and instance types."""

    gpu_node_labels: bool = option(
        "bool",
        "Label every GPU node pool with what it is, so that instance types can select it.",
        default=True,
    )
    node_pool_labels: Mapping[str, Any] = option(
        "dict", "Further labels by node pool: `{pool: {label: value}}`. They win over the derived ones.", factory=dict
    )
    instance_types: Sequence[Any] = option(
        "list",
        "Instance types of the cluster: a list of dictionaries with `name`, `node_selector`, `requests`, `limits`.",
        factory=tuple,
    )
    instance_types_mode: Literal["merge", "replace"] = option(
        "str",
        "`merge` keeps what an existing instance type has beside the given fields, `replace` does not.",
        default="merge",
        choices=("merge", "replace"),
    )
    instance_types_prune: bool = option(
        "bool",
        "Delete instance types that this collection made and that the list no longer holds.",
        default=False,
    )


@dataclass(frozen=True)
class RunOptions:
    """How a run judges, waits and reports."""

    supported_regions: Sequence[str] = option(
        "list",
        "Regions in which the extension may be installed, instead of those that Azure lists for the subscription.",
        factory=tuple,
        check=checks.texts,
    )
    supported_kubernetes_versions: Sequence[str] = option(
        "list",
        "Minor versions of Kubernetes that Azure Machine Learning supports, instead of the newest one of AKS in the "
        "cluster's region and the two before it.",
        factory=tuple,
        check=checks.minor_versions,
    )
    extension_timeout: int = option("int", "Seconds to wait for the extension.", default=1800, check=checks.seconds)
    compute_timeout: int = option("int", "Seconds to wait for a compute.", default=1800, check=checks.seconds)
    node_pool_timeout: int = option("int", "Seconds to wait for a node pool.", default=900, check=checks.seconds)
    poll_interval: float = option(
        "float", "Seconds between two looks at a long operation.", default=15.0, check=checks.seconds
    )
    report_directory: str | None = option(
        "path",
        "Directory on the controller into which the reports are written. An empty text writes none.",
        default="aml-report",
    )
    accepted_findings: Sequence[Any] = option(
        "list",
        "Ids of blockers that you accept on purpose for this cluster; each becomes a warning that the report marks as "
        "accepted. docs/preflight-rules.md says which may be.",
        factory=tuple,
        check=checks.texts,
    )
    fail_when_blocked: bool = option(
        "bool",
        "End the run with an error when preflight blocked a cluster. Failed clusters always do so. When false, "
        "blocked clusters are only reported.",
        default=True,
    )
    in_process: bool = option(
        "bool",
        "Run the collection's modules inside Ansible's own worker processes, which is many times faster.",
        default=True,
    )


@dataclass(frozen=True)
class AzureOptions:
    """Who we are to Azure; the modules' own options of the same names have the environment variables and defaults."""

    auth_source: str | None = option(
        "str",
        "Where credentials come from.",
        choices=("auto", "cli", "credential_file", "default", "env", "msi", "workload_identity"),
    )
    profile: str | None = option(
        "str",
        "Profile in the Azure credential file.",
    )
    subscription_id: str | None = option(
        "str",
        "Subscription, where no resource id names it.",
    )
    tenant: str | None = option(
        "str",
        "Tenant of the service principal.",
    )
    client_id: str | None = option(
        "str",
        "Client id of the service principal, or of a user-assigned managed identity.",
    )
    secret: str | None = option("str", "Secret of the service principal.", secret=True)
    x509_certificate_path: str | None = option(
        "path",
        "Certificate of the service principal.",
    )
    x509_certificate_password: str | None = option("str", "Password of that certificate's key.", secret=True)
    thumbprint: str | None = option(
        "str",
        "Thumbprint of the service principal's certificate.",
    )
    federated_token_file: str | None = option(
        "path",
        "Token file of workload identity.",
    )
    cloud_environment: str | None = option(
        "str",
        "Name of the Azure cloud, or the URL of its metadata endpoint.",
    )
    authority_url: str | None = option(
        "str",
        "URL of the authority that issues tokens.",
    )
    disable_instance_discovery: bool | None = option(
        "bool",
        "Do not ask Microsoft about the authority; for private clouds.",
    )
    cert_validation_mode: str | None = option(
        "str", "Whether Azure's certificates are checked.", choices=("ignore", "validate")
    )
    ca_file: str | None = option(
        "path",
        "CA certificates for Azure's endpoints (PEM).",
    )


@dataclass(frozen=True)
class KubernetesOptions:
    """How the Kubernetes API is reached; the modules' own options of the same names have the environment variables."""

    kubeconfig: object = option(
        "raw", "Path of a kubeconfig, or its content. Without it AKS is asked for the user's.", secret=True
    )
    context: str | None = option(
        "str",
        "Context in the kubeconfig.",
    )
    host: str | None = option(
        "str",
        "URL of the Kubernetes API.",
    )
    api_key: str | None = option("str", "Bearer token for the Kubernetes API.", secret=True)
    username: str | None = option(
        "str",
        "User of the Kubernetes API.",
    )
    password: str | None = option("str", "Password of that user.", secret=True)
    client_cert: str | None = option(
        "path",
        "Client certificate for the Kubernetes API.",
    )
    client_key: str | None = option(
        "path",
        "Key of the client certificate.",
    )
    ca_cert: str | None = option(
        "path",
        "CA certificates of the Kubernetes API (PEM).",
    )
    validate_certs: bool | None = option(
        "bool",
        "Whether the certificate of the Kubernetes API is checked.",
    )
    tls_server_name: str | None = option(
        "str",
        "Name that the certificate of the Kubernetes API must carry.",
    )
    proxy: str | None = option(
        "str",
        "Proxy for the Kubernetes API.",
    )
    no_proxy: str | None = option(
        "str",
        "Hosts that are called without the proxy.",
    )
    impersonate_user: str | None = option(
        "str",
        "User to act as.",
    )
    impersonate_groups: Sequence[str] = option("list", "Groups to act as.", elements="str", factory=tuple)
