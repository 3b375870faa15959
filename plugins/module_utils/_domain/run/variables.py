# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable that a user of the roles and playbooks may write, declared once.

docs/variables.md is generated from this table, `settings.py` validates with it, and the roles' defaults are held to it
by a test. All names begin with `aml_`; a role's own variables begin with `_aml_`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.kubernetes_versions import (
    SUPPORTED_KUBERNETES_VERSIONS,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.cluster.regions import SUPPORTED_REGIONS

Kind = Literal["bool", "dict", "float", "int", "list", "path", "raw", "str"]


@dataclass(frozen=True)
class Variable:
    """One variable: what it holds, what it is without being set, and which module options it feeds."""

    name: str
    kind: Kind
    description: str
    topic: str
    default: Any = None
    choices: tuple[str, ...] = ()
    required: bool = False
    #: The value goes straight from the variable into a module's option; nothing else ever sees it.
    secret: bool = False
    feeds: tuple[str, ...] = ()


def _connection(option: str, description: str, kind: Kind = "str", **more: Any) -> Variable:
    """Return the variable of a connection option that all modules share."""
    return Variable(f"aml_{option}", kind, description, more.pop("topic"), feeds=(f"all modules: {option}",), **more)


def _azure(option: str, description: str, kind: Kind = "str", **more: Any) -> Variable:
    return _connection(option, description, kind, topic="Credentials for Azure", **more)


def _kubernetes(option: str, description: str, kind: Kind = "str", **more: Any) -> Variable:
    return _connection(option, description, kind, topic="Access to the Kubernetes API", **more)


def _extension(option: str, description: str, kind: Kind = "str", **more: Any) -> Variable:
    feeds = more.pop("feeds", (f"aml_extension: {option}",))
    return Variable(f"aml_{option}", kind, description, "The extension", feeds=feeds, **more)


_CLUSTER = (
    Variable(
        "aml_cluster_id",
        "str",
        "Azure resource id of the cluster: a managedClusters id for AKS, a connectedClusters id for Azure Arc.",
        "The cluster and its attachments",
        required=True,
        feeds=("all modules: cluster_id",),
    ),
    Variable(
        "aml_workspace",
        "str",
        "The workspace to attach to: its full resource id, or its name. A name is looked for in "
        "`aml_workspace_resource_group`, or in the cluster's resource group. Required without `aml_attachments`.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments", "aml_cluster_info: workspaces"),
    ),
    Variable(
        "aml_workspace_resource_group",
        "str",
        "Resource group of workspaces that are given by name; the cluster's own when not set.",
        "The cluster and its attachments",
    ),
    Variable(
        "aml_compute_name",
        "str",
        "Name of the Kubernetes compute in the workspace. It must differ from the legacy compute's name.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_attachments",
        "list",
        "Several attachments of the cluster instead of one: a list of dictionaries with `workspace` and `compute_name` "
        "and, optionally, `workspace_resource_group`, `namespace`, `identity`, `user_assigned_identities`, "
        "`default_instance_type`, `description`, `tags`. What is left out is taken from the variables below.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_namespace",
        "str",
        "Kubernetes namespace of the compute's jobs and endpoints. Never `azureml-<workspace>`, which is v1's.",
        "The cluster and its attachments",
        default="azureml-workloads",
        feeds=("aml_namespace: name", "aml_compute_attach: attachments"),
    ),
    Variable(
        "aml_namespace_create",
        "bool",
        "Create the namespace where it is missing. When false, a missing namespace blocks the cluster.",
        "The cluster and its attachments",
        default=True,
    ),
    Variable(
        "aml_compute_identity",
        "str",
        "Managed identity of the compute.",
        "The cluster and its attachments",
        choices=("None", "SystemAssigned", "UserAssigned"),
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_compute_user_assigned_identities",
        "list",
        "Resource ids of user-assigned identities; Azure Machine Learning uses the first one only.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_default_instance_type",
        "str",
        "Instance type of jobs and endpoints that name none.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_compute_description",
        "str",
        "Description of the compute in the workspace.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
    Variable(
        "aml_compute_tags",
        "dict",
        "Tags of the compute in the workspace.",
        "The cluster and its attachments",
        feeds=("aml_compute_attach: attachments",),
    ),
)

_EXTENSION = (
    _extension(
        "extension_name",
        "Name of the extension on the cluster.",
        default=names.DEFAULT_EXTENSION_NAME,
        feeds=("aml_extension: name",),
    ),
    _extension("enable_training", "Run training jobs and batch scoring on the cluster.", "bool", default=True),
    _extension(
        "enable_inference",
        "Serve online endpoints from the cluster. Needs a router service type and a decision about TLS.",
        "bool",
        default=False,
    ),
    _extension(
        "inference_router_service_type",
        "How the router for inference is exposed. ClusterIP gives a scoring URI that is not reachable from outside.",
        choices=("LoadBalancer", "NodePort", "ClusterIP"),
    ),
    _extension(
        "internal_load_balancer_provider",
        "`azure` gives the router an internal load balancer in the cluster's virtual network.",
        choices=("azure",),
    ),
    _extension("allow_insecure_connections", "Serve plain HTTP. Choose this only on purpose.", "bool"),
    _extension(
        "ssl_secret", "Name of a Secret in namespace `azureml` that holds the router's `cert.pem` and `key.pem`."
    ),
    _extension("ssl_cname", "DNS name under which the router is called; the certificate must cover it."),
    _extension("ssl_certificate_file", "Path on the controller of the router's certificate chain (PEM).", "path"),
    _extension("ssl_key_file", "Path on the controller of the certificate's unencrypted key (PEM).", "path"),
    _extension("ssl_certificate", "The router's certificate chain as text (PEM), instead of a file.", secret=True),
    _extension("ssl_key", "The certificate's unencrypted key as text (PEM), instead of a file.", secret=True),
    _extension(
        "inference_router_ha",
        "Run three replicas of the router. Needs three nodes; on smaller clusters it is off unless set.",
        "bool",
    ),
    _extension("node_selector", "Labels of the nodes on which the extension's own pods run.", "dict"),
    _extension("install_nvidia_device_plugin", "Let the extension install NVIDIA's device plugin.", "bool"),
    _extension("install_prom_op", "Let the extension install the Prometheus operator.", "bool"),
    _extension("install_volcano", "Let the extension install the Volcano scheduler.", "bool"),
    _extension("install_dcgm_exporter", "Let the extension install NVIDIA's DCGM exporter.", "bool"),
    _extension("cluster_purpose", "Purpose of the cluster.", choices=("DevTest", "FastProd")),
    _extension(
        "enable_upgrade",
        "Tell the extension to take over the router of AksCompute (setting `scoringFe.enableUpgrade`). "
        "Without it: true where the cluster has an azureml-fe of version 2.",
        "bool",
    ),
    _extension(
        "extension_settings",
        "Further settings of the extension, by their own names.",
        "dict",
        feeds=("aml_extension: settings",),
    ),
    _extension(
        "extension_protected_settings",
        "Further protected settings of the extension, by their own names.",
        "dict",
        secret=True,
        feeds=("aml_extension: protected_settings",),
    ),
    _extension("extension_version", "Pin the extension to this version.", feeds=("aml_extension: version",)),
    _extension("auto_upgrade_minor_version", "Let Azure upgrade the extension's minor version.", "bool"),
    _extension("release_train", "Release train of the extension."),
    _extension(
        "allow_disruption",
        "Allow updates of a live extension that interrupt its endpoints: insecure connections, router service type, "
        "internal load balancer, TLS name.",
        "bool",
        default=False,
    ),
    _extension(
        "retry_failed_extension",
        "Submit the extension again where an earlier installation failed. When false, such a cluster is blocked.",
        "bool",
        default=False,
        feeds=(),
    ),
)

_NODES = (
    Variable(
        "aml_gpu_node_labels",
        "bool",
        "Label every GPU node pool with what it is, so that instance types can select it.",
        "GPU nodes and instance types",
        default=True,
        feeds=("aks_node_pool_labels: pools",),
    ),
    Variable(
        "aml_node_pool_labels",
        "dict",
        "Further labels by node pool: `{pool: {label: value}}`. They win over the derived ones.",
        "GPU nodes and instance types",
        feeds=("aks_node_pool_labels: pools",),
    ),
    Variable(
        "aml_instance_types",
        "list",
        "Instance types of the cluster: a list of dictionaries with `name`, `node_selector`, `requests`, `limits`.",
        "GPU nodes and instance types",
        feeds=("aml_instance_type: instance_types",),
    ),
    Variable(
        "aml_instance_types_mode",
        "str",
        "`merge` keeps what an existing instance type has beside the given fields, `replace` does not.",
        "GPU nodes and instance types",
        default="merge",
        choices=("merge", "replace"),
        feeds=("aml_instance_type: mode",),
    ),
    Variable(
        "aml_instance_types_prune",
        "bool",
        "Delete instance types that this collection made and that the list no longer holds.",
        "GPU nodes and instance types",
        default=False,
        feeds=("aml_instance_type: prune",),
    ),
)

_AZURE = (
    _azure(
        "auth_source",
        "Where credentials come from.",
        choices=("auto", "cli", "credential_file", "default", "env", "msi", "workload_identity"),
    ),
    _azure("profile", "Profile in the Azure credential file."),
    _azure("subscription_id", "Subscription, where no resource id names it."),
    _azure("tenant", "Tenant of the service principal."),
    _azure("client_id", "Client id of the service principal, or of a user-assigned managed identity."),
    _azure("secret", "Secret of the service principal.", secret=True),
    _azure("x509_certificate_path", "Certificate of the service principal.", "path"),
    _azure("x509_certificate_password", "Password of that certificate's key.", secret=True),
    _azure("thumbprint", "Thumbprint of the service principal's certificate."),
    _azure("federated_token_file", "Token file of workload identity.", "path"),
    _azure("cloud_environment", "Name of the Azure cloud, or the URL of its metadata endpoint."),
    _azure("authority_url", "URL of the authority that issues tokens."),
    _azure("disable_instance_discovery", "Do not ask Microsoft about the authority; for private clouds.", "bool"),
    _azure("cert_validation_mode", "Whether Azure's certificates are checked.", choices=("ignore", "validate")),
    _azure("ca_file", "CA certificates for Azure's endpoints (PEM).", "path"),
)

_KUBERNETES = (
    _kubernetes(
        "kubeconfig",
        "Path of a kubeconfig, or its content. Without it AKS is asked for the user's.",
        "raw",
        secret=True,
    ),
    _kubernetes("context", "Context in the kubeconfig."),
    _kubernetes("host", "URL of the Kubernetes API."),
    _kubernetes("api_key", "Bearer token for the Kubernetes API.", secret=True),
    _kubernetes("username", "User of the Kubernetes API."),
    _kubernetes("password", "Password of that user.", secret=True),
    _kubernetes("client_cert", "Client certificate for the Kubernetes API.", "path"),
    _kubernetes("client_key", "Key of the client certificate.", "path"),
    _kubernetes("ca_cert", "CA certificates of the Kubernetes API (PEM).", "path"),
    _kubernetes("validate_certs", "Whether the certificate of the Kubernetes API is checked.", "bool"),
    _kubernetes("tls_server_name", "Name that the certificate of the Kubernetes API must carry."),
    _kubernetes("proxy", "Proxy for the Kubernetes API."),
    _kubernetes("no_proxy", "Hosts that are called without the proxy."),
    _kubernetes("impersonate_user", "User to act as."),
    _kubernetes("impersonate_groups", "Groups to act as.", "list"),
)

_RUN = (
    Variable(
        "aml_supported_regions",
        "list",
        "Regions in which the extension may be installed, instead of the built-in list of Arc-enabled Kubernetes.",
        "The run",
        default=list(SUPPORTED_REGIONS),
    ),
    Variable(
        "aml_supported_kubernetes_versions",
        "list",
        "Minor versions of Kubernetes that Azure Machine Learning supports (AKS's newest and the two before it).",
        "The run",
        default=list(SUPPORTED_KUBERNETES_VERSIONS),
    ),
    Variable(
        "aml_extension_timeout",
        "int",
        "Seconds to wait for the extension.",
        "The run",
        default=1800,
        feeds=("aml_extension_info: wait_timeout",),
    ),
    Variable(
        "aml_compute_timeout",
        "int",
        "Seconds to wait for a compute.",
        "The run",
        default=1800,
        feeds=("aml_compute_info: wait_timeout",),
    ),
    Variable(
        "aml_node_pool_timeout",
        "int",
        "Seconds to wait for a node pool.",
        "The run",
        default=900,
        feeds=("aks_node_pool_labels: wait_timeout",),
    ),
    Variable(
        "aml_poll_interval",
        "float",
        "Seconds between two looks at a long operation.",
        "The run",
        default=15.0,
        feeds=(
            "aml_extension: poll_interval",
            "aml_compute_attach: poll_interval",
            "aks_node_pool_labels: poll_interval",
        ),
    ),
    Variable(
        "aml_report_directory",
        "path",
        "Directory on the controller into which the reports are written. An empty text writes none.",
        "The run",
        default="aml-report",
        feeds=("aml_report: directory",),
    ),
    Variable(
        "aml_fail_when_blocked",
        "bool",
        "End the run with an error when preflight blocked a cluster. Failed clusters always do so. When false, blocked "
        "clusters are only reported.",
        "The run",
        default=True,
        feeds=("aml_report: fail_when_blocked",),
    ),
    Variable(
        "aml_in_process",
        "bool",
        "Run the collection's modules inside Ansible's own worker processes, which is many times faster.",
        "The run",
        default=True,
    ),
)

VARIABLES: tuple[Variable, ...] = (*_CLUSTER, *_EXTENSION, *_NODES, *_RUN, *_AZURE, *_KUBERNETES)
BY_NAME: dict[str, Variable] = {variable.name: variable for variable in VARIABLES}
PREFIX = "aml_"
#: What stands in the place of a secret wherever only its presence matters.
SECRET_IS_SET = "(set)"
