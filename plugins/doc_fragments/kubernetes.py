# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option group KUBERNETES."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a dictionary.
      - Several paths joined by V(:) are merged as C(kubectl) merges them. A relative one begins where
        C(ansible-playbook) was started.
      - Without O(kubeconfig) and O(host), the kubeconfig of an AKS cluster is asked from Azure by its resource id and
        kept in memory only. Without a resource id too, V(~/.kube/config) is read.
      - The kubeconfig of a private cluster has its private name. Where that cannot be resolved and no proxy is set, the
        one with the public name is asked for, as C(az aks get-credentials --public-fqdn) does.
      - A token of Microsoft Entra ID is sent to a server of Azure's kubeconfig only if Azure Resource Manager has its
        name for this very cluster.
      - Can also be given by the environment variable E(K8S_AUTH_KUBECONFIG).
    type: raw
  context:
    description:
      - Context of O(kubeconfig) to use; by default its current one.
      - Can also be given by the environment variable E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description:
      - URL of the Kubernetes API. Put over the server of O(kubeconfig) when both are given.
      - Can also be given by the environment variable E(K8S_AUTH_HOST).
    type: str
  api_key:
    description:
      - Bearer token for the Kubernetes API.
      - Can also be given by the environment variable E(K8S_AUTH_API_KEY).
    type: str
  username:
    description:
      - User name for basic authentication, for API servers behind a proxy that offers it.
      - Can also be given by the environment variable E(K8S_AUTH_USERNAME).
    type: str
  password:
    description:
      - Password for basic authentication.
      - Can also be given by the environment variable E(K8S_AUTH_PASSWORD).
    type: str
  client_cert:
    description:
      - Path of a client certificate (PEM).
      - Can also be given by the environment variable E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of the key of O(client_cert) (PEM).
      - Can also be given by the environment variable E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  ca_cert:
    description:
      - Path of the certificates (PEM) that the API server's certificate is verified with.
      - Can also be given by the environment variable E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description:
      - Whether the API server's certificate is verified. By default what O(kubeconfig) says, else verified.
      - Can also be given by the environment variable E(K8S_AUTH_VERIFY_SSL).
    type: bool
    aliases: [verify_ssl]
  tls_server_name:
    description:
      - Name that the API server's certificate must have, when it is not the one in its URL.
      - Can also be given by the environment variable E(K8S_AUTH_TLS_SERVER_NAME).
    type: str
  proxy:
    description:
      - URL of an HTTP or SOCKS proxy. By default E(HTTPS_PROXY) and E(NO_PROXY) are respected.
      - Can also be given by the environment variable E(K8S_AUTH_PROXY).
    type: str
  no_proxy:
    description:
      - Hosts, separated by commas, that are reached without O(proxy).
      - Can also be given by the environment variable E(K8S_AUTH_NO_PROXY).
    type: str
  impersonate_user:
    description:
      - User to act as, if the credentials may impersonate.
      - Can also be given by the environment variable E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - Groups to act as, beside O(impersonate_user).
      - Can also be given by the environment variable E(K8S_AUTH_IMPERSONATE_GROUPS).
    type: list
    elements: str
requirements:
  - kubernetes >= 32.0.0
notes:
  - The option names and environment variables are those of the collection C(kubernetes.core).
  - Requests are repeated for about a minute while an API server restarts.
"""
