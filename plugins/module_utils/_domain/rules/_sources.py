# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public pages that the rules rest on."""

from __future__ import annotations

PREFLIGHT_RULES = "https://github.com/azureml-fleet/azureml.fleet/blob/main/docs/preflight-rules.md"
_MACHINE_LEARNING = "https://learn.microsoft.com/azure/machine-learning"

DEPLOY_EXTENSION = f"{_MACHINE_LEARNING}/how-to-deploy-kubernetes-extension"
ATTACH = f"{_MACHINE_LEARNING}/how-to-attach-kubernetes-to-workspace"
REFERENCE = f"{_MACHINE_LEARNING}/reference-kubernetes"
INSTANCE_TYPES = f"{_MACHINE_LEARNING}/how-to-manage-kubernetes-instance-types"
SECURE_ENDPOINT = f"{_MACHINE_LEARNING}/how-to-secure-kubernetes-online-endpoint"
TROUBLESHOOT_EXTENSION = f"{_MACHINE_LEARNING}/how-to-troubleshoot-kubernetes-extension"
UPGRADE_FROM_V1 = "https://github.com/Azure/AML-Kubernetes/blob/master/docs/attach-compute-on-aks-v1-cluster.md"
TRUSTED_ACCESS = "https://github.com/Azure/AML-Kubernetes/blob/master/docs/azureml-aks-ta-support.md"
CLUSTER_EXTENSIONS = "https://learn.microsoft.com/azure/aks/cluster-extensions"
NODE_LABELS = "https://learn.microsoft.com/azure/aks/use-labels"
START_STOP = "https://learn.microsoft.com/azure/aks/start-stop-cluster"
LOCKS = "https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources"
LOCKS_OF_NODES = "https://github.com/Azure/AKS/issues/3291"
PENDING_OPERATION = "https://aka.ms/aks-pending-operation"
PRIVATE_CLUSTERS = "https://learn.microsoft.com/azure/aks/private-clusters"
ARC_CONNECT = "https://learn.microsoft.com/azure/azure-arc/kubernetes/troubleshooting"
ACCESS_REVIEW = "https://kubernetes.io/docs/reference/access-authn-authz/authorization/"
