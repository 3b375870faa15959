# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to Azure: `AZURE` in module_utils/_module/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    # One entry for each option in AZURE; a test compares them.
    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Where the identity comes from. The names are those of C(azure.azcollection).
      - V(auto) takes the service principal in the options or the environment, else O(profile), else the login of the
        Azure CLI, else the default chain of C(azure-identity).
      - With V(auto), a part of a service principal (O(client_id) without a secret, a secret, certificate or certificate
        password without O(client_id), or an empty O(secret)) is an error, and so is a O(profile) that does not hold a
        whole one; no other login is used in its place. O(tenant) alone is no such part; it is the tenant in which the
        login of the Azure CLI is used.
      - V(cli) is the login of the Azure CLI, V(default) the default chain of C(azure-identity) as far as it fits a
        controller (environment variables, workload identity, managed identity, login of the Azure CLI; the variable
        E(AZURE_TOKEN_CREDENTIALS) chooses of these), V(msi) the managed identity of the machine,
        V(workload_identity) a federated token file, V(env) environment variables only,
        V(credential_file) a profile in C(~/.azure/credentials).
      - Can also be set by the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE).
    type: str
    choices: [auto, cli, credential_file, default, env, msi, workload_identity]
    default: auto
  profile:
    description:
      - Section of C(~/.azure/credentials) to use. It takes the place of O(tenant), O(client_id), O(secret),
        O(x509_certificate_path), O(x509_certificate_password) and O(federated_token_file) together; what it does not
        hold is taken from nowhere else.
      - Can also be set by the environment variable E(AZURE_PROFILE).
    type: str
  subscription_id:
    description:
      - Subscription where no resource id names one. The id of a cluster or workspace always decides.
      - Can also be set by the environment variable E(AZURE_SUBSCRIPTION_ID).
    type: str
  tenant:
    description:
      - Tenant of the service principal.
      - Can also be set by the environment variables E(AZURE_TENANT) or E(AZURE_TENANT_ID).
    type: str
  client_id:
    description:
      - Client id of the service principal, or of a user-assigned managed identity.
      - Can also be set by the environment variable E(AZURE_CLIENT_ID).
    type: str
  secret:
    description:
      - Secret of the service principal.
      - Can also be set by the environment variables E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET).
    type: str
  x509_certificate_path:
    description:
      - File with certificate and private key of the service principal, PEM or PKCS12.
      - Can also be set by the environment variables E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH).
    type: path
  x509_certificate_password:
    description:
      - Password of O(x509_certificate_path).
      - Can also be set by the environment variable E(AZURE_CLIENT_CERTIFICATE_PASSWORD).
    type: str
  thumbprint:
    description:
      - Accepted so that variables written for C(azure.azcollection) need no change; C(azure-identity) computes
        it itself.
      - Can also be set by the environment variable E(AZURE_THUMBPRINT).
    type: str
  federated_token_file:
    description:
      - File with the token of a federated identity, as Azure Workload Identity mounts it.
      - Can also be set by the environment variable E(AZURE_FEDERATED_TOKEN_FILE).
    type: path
  cloud_environment:
    description:
      - V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), or the https URL of another cloud's metadata endpoint.
      - Can also be set by the environment variable E(AZURE_CLOUD_ENVIRONMENT).
    type: str
    default: AzureCloud
  authority_url:
    description:
      - Address of Microsoft Entra ID, where it is not that of O(cloud_environment).
      - Can also be set by the environment variables E(AZURE_AUTHORITY_HOST) or E(AZURE_ADFS_AUTHORITY_URL).
    type: str
    aliases: [adfs_authority_url]
  disable_instance_discovery:
    description:
      - Do not ask the public cloud whether the authority is known; needed for private clouds.
      - Can also be set by the environment variable E(AZURE_DISABLE_INSTANCE_DISCOVERY).
    type: bool
    default: false
  cert_validation_mode:
    description:
      - Whether TLS certificates of Azure's endpoints are checked.
      - Can also be set by the environment variable E(AZURE_CERT_VALIDATION_MODE).
    type: str
    choices: [ignore, validate]
    default: validate
  ca_file:
    description:
      - File with the CA certificates to check Azure's endpoints against. Without it, E(REQUESTS_CA_BUNDLE) or the
        CA list of C(certifi) is used.
      - Can also be set by the environment variable E(AZUREML_FLEET_CA_FILE).
    type: path
requirements:
  - azure-core
  - azure-identity
  - azure-mgmt-core
"""
