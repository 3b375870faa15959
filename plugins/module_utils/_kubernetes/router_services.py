# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Services through which scoring requests reach a router: two small reads."""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import RouterServiceFacts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.names import EXTENSION_NAMESPACE
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import front_end as front_end_rules
from ansible_collections.azureml.fleet.plugins.module_utils._domain.v1 import serving
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes import front_end
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.client import ClusterConnection


def read(cluster: ClusterConnection) -> list[RouterServiceFacts]:
    """Return the router's Services, the extension's own first; endpoints are not counted. Raises KubernetesError."""
    places = (EXTENSION_NAMESPACE, front_end_rules.NAMESPACE)
    found = [front_end.read_service(cluster, namespace) for namespace in places]
    return [serving.service_facts(service, []) for service in found if service is not None]
