# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which namespaces a compute may have: decided here for variables, rules and modules."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.nodes.labels import is_dns_label

#: Prefix of the namespaces that belong to Kubernetes
#: (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/).
_SYSTEM_PREFIX = "kube-"
#: Namespaces of what Azure itself runs in a cluster
#: (learn.microsoft.com/azure/azure-arc/kubernetes/conceptual-agent-overview,
#: learn.microsoft.com/azure/governance/policy/concepts/policy-for-kubernetes).
_OF_AGENTS = {"azure-arc": "the agents of Azure Arc", "gatekeeper-system": "Azure Policy's Gatekeeper"}


def namespace_problem(name: str, v1_namespaces: Collection[str] = ()) -> str | None:
    """Return why a compute must not have the namespace, as one sentence, or None.

    `v1_namespaces`: those of AksCompute, whose services a compute beside them would touch
    (github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md).
    """
    if not is_dns_label(name):
        return (
            f"'{name}' cannot be a Kubernetes namespace: use at most 63 lower-case letters, digits and dashes, "
            "beginning and ending with a letter or digit."
        )
    if name in {each.lower() for each in v1_namespaces}:
        return f"Namespace {name} belongs to v1 web services, which are never touched; choose another."
    if name.startswith(_SYSTEM_PREFIX):
        return f"Namespace {name} begins with '{_SYSTEM_PREFIX}', which belongs to Kubernetes itself; choose another."
    if name == names.EXTENSION_NAMESPACE:
        return f"Namespace {name} belongs to the extension itself; choose another."
    if name in _OF_AGENTS:
        return f"Namespace {name} belongs to {_OF_AGENTS[name]}; choose another."
    return None
