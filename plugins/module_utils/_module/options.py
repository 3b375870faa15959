# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option groups that several modules share: each option is declared here once, and documented once in the
documentation fragment of the same name (plugins/doc_fragments/).
"""

from __future__ import annotations

from ansible.module_utils.basic import env_fallback

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.kubeconfig_secrets import secrets_of_kubeconfig
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec, OptionSpec


def _from_environment(*names: str, **option: object) -> OptionSpec:
    """Return an option whose value may come from the first of `names` that is set in the environment."""
    return {**option, "fallback": (env_fallback, list(names))}


#: Names and environment variables as users of azure.azcollection know them, and those of azure-identity beside them.
AZURE = ModuleSpec(
    argument_spec={
        "auth_source": _from_environment(
            "ANSIBLE_AZURE_AUTH_SOURCE",
            type="str",
            choices=["auto", "cli", "credential_file", "default", "env", "msi", "workload_identity"],
            default="auto",
        ),
        "profile": _from_environment("AZURE_PROFILE", type="str"),
        "subscription_id": _from_environment("AZURE_SUBSCRIPTION_ID", type="str"),
        "tenant": _from_environment("AZURE_TENANT", "AZURE_TENANT_ID", type="str"),
        "client_id": _from_environment("AZURE_CLIENT_ID", type="str"),
        "secret": _from_environment("AZURE_SECRET", "AZURE_CLIENT_SECRET", type="str", no_log=True),
        "x509_certificate_path": _from_environment(
            "AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH", type="path"
        ),
        "x509_certificate_password": _from_environment("AZURE_CLIENT_CERTIFICATE_PASSWORD", type="str", no_log=True),
        "thumbprint": _from_environment("AZURE_THUMBPRINT", type="str"),
        "federated_token_file": _from_environment("AZURE_FEDERATED_TOKEN_FILE", type="path"),
        "cloud_environment": _from_environment("AZURE_CLOUD_ENVIRONMENT", type="str", default="AzureCloud"),
        "authority_url": _from_environment(
            "AZURE_AUTHORITY_HOST", "AZURE_ADFS_AUTHORITY_URL", type="str", aliases=["adfs_authority_url"]
        ),
        "disable_instance_discovery": _from_environment("AZURE_DISABLE_INSTANCE_DISCOVERY", type="bool", default=False),
        "cert_validation_mode": _from_environment(
            "AZURE_CERT_VALIDATION_MODE", type="str", choices=["ignore", "validate"], default="validate"
        ),
        "ca_file": _from_environment("AZUREML_FLEET_CA_FILE", type="path"),
    },
)

#: Names and environment variables as users of kubernetes.core know them.
KUBERNETES = ModuleSpec(
    argument_spec={
        "kubeconfig": _from_environment("K8S_AUTH_KUBECONFIG", type="raw", no_log=False),
        "context": _from_environment("K8S_AUTH_CONTEXT", type="str"),
        "host": _from_environment("K8S_AUTH_HOST", type="str"),
        "api_key": _from_environment("K8S_AUTH_API_KEY", type="str", no_log=True),
        "username": _from_environment("K8S_AUTH_USERNAME", type="str"),
        "password": _from_environment("K8S_AUTH_PASSWORD", type="str", no_log=True),
        "client_cert": _from_environment("K8S_AUTH_CERT_FILE", type="path", aliases=["cert_file"]),
        "client_key": _from_environment("K8S_AUTH_KEY_FILE", type="path", aliases=["key_file"], no_log=False),
        "ca_cert": _from_environment("K8S_AUTH_SSL_CA_CERT", type="path", aliases=["ssl_ca_cert"]),
        "validate_certs": _from_environment("K8S_AUTH_VERIFY_SSL", type="bool", aliases=["verify_ssl"]),
        "tls_server_name": _from_environment("K8S_AUTH_TLS_SERVER_NAME", type="str"),
        "proxy": _from_environment("K8S_AUTH_PROXY", type="str"),
        "no_proxy": _from_environment("K8S_AUTH_NO_PROXY", type="str"),
        "impersonate_user": _from_environment("K8S_AUTH_IMPERSONATE_USER", type="str"),
        "impersonate_groups": _from_environment("K8S_AUTH_IMPERSONATE_GROUPS", type="list", elements="str"),
    },
    secret_parts={"kubeconfig": secrets_of_kubeconfig},
    path_lists=frozenset({"kubeconfig"}),
)

#: Which cluster a module works on.
CLUSTER = ModuleSpec(argument_spec={"cluster_id": {"type": "str", "aliases": ["cluster_resource_id"]}})
CLUSTER_REQUIRED = ModuleSpec(
    argument_spec={"cluster_id": {"type": "str", "required": True, "aliases": ["cluster_resource_id"]}}
)


def waiting(*, timeout_seconds: int, wait: bool = True) -> ModuleSpec:
    """Return the options for waiting on a long operation, with this module's own defaults."""
    return ModuleSpec(
        argument_spec={
            "wait": {"type": "bool", "default": wait},
            "wait_timeout": {"type": "int", "default": timeout_seconds},
            "poll_interval": {"type": "float", "default": RunOptions.poll_interval},
        }
    )
