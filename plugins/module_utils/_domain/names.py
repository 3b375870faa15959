# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Azure and the extension give to things, each said once."""

from __future__ import annotations

#: The only namespace that the extension is released to: `az k8s-extension create` forces it, too
#: (Azure/azure-cli-extensions, src/k8s-extension/azext_k8s_extension/partner_extensions/AzureMLKubernetes.py).
EXTENSION_NAMESPACE = "azureml"
#: What the collection calls an extension that it installs; the documentation's examples leave the name to the user.
DEFAULT_EXTENSION_NAME = "azureml"


def extensions_of(cluster_id: str) -> str:
    """Return the path of all extensions of a cluster.

    Source: learn.microsoft.com/rest/api/kubernetesconfiguration/extensions/extensions/list.
    """
    return f"{cluster_id}/providers/Microsoft.KubernetesConfiguration/extensions"


def extension_id(cluster_id: str, name: str) -> str:
    """Return the id of an extension of a cluster."""
    return f"{extensions_of(cluster_id)}/{name}"


#: The name under which the API server records which fields are ours (server-side apply), and who made an object.
FIELD_MANAGER = "azureml.fleet"


def v1_namespace(workspace: str) -> str:
    """Return the namespace into which v1 deploys the web services of a workspace, which is written in lower case.

    Source: github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md ("azureml-<workspace-name>"); that
    names of namespaces are lower case: kubernetes.io, "Object Names and IDs", RFC 1123 labels.
    """
    return f"azureml-{workspace}".lower()
