# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels: what Kubernetes takes as one, and which ones belong to Kubernetes and AKS.

Syntax: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
Reserved on AKS: https://learn.microsoft.com/azure/aks/use-labels#reserved-system-labels
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "azureml.fleet"
#: AKS puts this label on every node, with the name of the resource group of the nodes.
AKS_CLUSTER_LABEL = "kubernetes.azure.com/cluster"

_LONGEST_VALUE = 63

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_RESERVED = ("kubernetes.azure.com", "kubernetes.io", "k8s.io")


def aks_cluster_label(node_resource_group: str) -> str:
    """Return the value that AKS_CLUSTER_LABEL has on the nodes of a cluster, by the resource group of its nodes.

    Parentheses, which a resource group may have in its name and a label may not, become dashes; 63 characters stay; and
    a value that would end in punctuation gets a 'z'.
    Source: normalizeResourceGroupNameForLabel in Azure/karpenter-provider-azure,
    pkg/providers/imagefamily/labels/labels.go, and in Azure/AgentBaker, pkg/agent/baker.go.
    """
    value = re.sub("[()]", "-", node_resource_group)[:_LONGEST_VALUE]
    return f"{value[: _LONGEST_VALUE - 1]}z" if value.endswith(("-", "_", ".")) else value


def is_dns_subdomain(text: str) -> bool:
    """Tell whether a text may name a Kubernetes object (RFC 1123 subdomain, at most 253 characters)."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_dns_label(text: str) -> bool:
    """Tell whether a text may name a namespace (RFC 1123 label, at most 63 characters)."""
    return len(text) <= 63 and "." not in text and _SUBDOMAIN.fullmatch(text) is not None


def is_reserved(key: str) -> bool:
    """Tell whether a label key has a prefix that belongs to Kubernetes or AKS, subdomains included."""
    prefix = key.rpartition("/")[0]
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED)


def as_text(value: object) -> object:
    """Return a label's value as YAML's authors mean it: true and 4 as the texts 'true' and '4', all else unchanged.

    A fraction stays what it is, and is refused later: YAML has already made 1.1 of 1.10.
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def syntax_problem(key: str, value: object) -> str | None:
    """Return why Kubernetes would refuse the label, as the end of a sentence, or None when it takes it."""
    prefix, slash, name = key.rpartition("/")
    if (slash and not is_dns_subdomain(prefix)) or not _NAME.fullmatch(name):
        return f"'{key}' is not a label key"
    if not isinstance(value, str):
        return f"the value of label '{key}' is not a text; put it in quotation marks"
    if value and not _NAME.fullmatch(value):
        return f"'{value}' is not a value for label '{key}' (letters, digits, '-', '_', '.', at most 63)"
    return None


def node_label_problems(labels: Mapping[str, object]) -> list[str]:
    """Return why labels may not be put on nodes or node pools: one text for each bad one."""
    problems = []
    for key, value in labels.items():
        problem = syntax_problem(key, value)
        if problem is None and is_reserved(key):
            problem = f"label '{key}' has a prefix that is reserved for Kubernetes and AKS"
        if problem is not None:
            problems.append(problem)
    return problems
