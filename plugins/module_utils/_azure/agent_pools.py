# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node pools of an AKS cluster, as whole resources: an update is a PUT of everything that was read."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

try:
    from azure.mgmt.containerservice import ContainerServiceClient

    MISSING_LIBRARY: str | None = None
except ImportError:
    MISSING_LIBRARY = "azure-mgmt-containerservice"

from ansible_collections.azureml.fleet.plugins.module_utils._azure import arm
from ansible_collections.azureml.fleet.plugins.module_utils._azure.arm import json_of
from ansible_collections.azureml.fleet.plugins.module_utils._azure.connection import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError, azure_errors
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.resource_id import ResourceId
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.values import nested

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

_API = arm.API_VERSIONS["microsoft.containerservice"]
#: What AKS keeps for itself in keys of labels and taints.
_AKS_PREFIX = "kubernetes.azure.com"
#: What the service sets itself, and a PUT need not carry (the API marks them read-only).
_READ_ONLY = ("currentOrchestratorVersion", "eTag", "nodeImageVersion", "provisioningState", "status")


def list_agent_pools(connection: AzureConnection, cluster: ResourceId) -> list[dict[str, Any]]:
    """Return all node pools as the service sent them, with one request. Raises AzureError."""
    return arm.list_all(connection, f"{cluster}/agentPools", _API, f"Listing the node pools of cluster {cluster.name}")


def put_labels(
    connection: AzureConnection,
    cluster: ResourceId,
    pool: Mapping[str, Any],
    labels: Mapping[str, str],
    *,
    keep_reserved: bool = True,
    poll_interval: float,
    follow: bool,
) -> LROPoller[dict[str, Any]]:
    """Send a pool as it was read with other labels, on the condition that nobody changed it since.

    A pool without eTag has no such condition, so what is not ours is not sent at all (see
    `put_properties`). The poller's result is the pool's JSON. `follow`: whether it follows the operation to its end.

    Labels set through this API survive scaling and image upgrades; those set on nodes do not
    (learn.microsoft.com/azure/aks/use-labels). Raises AzureError: status 412 when somebody was quicker.
    """
    tag = nested(pool, "properties").get("eTag")
    name = checked_segment(str(pool.get("name")), "a node pool")
    text = json.dumps({"properties": put_properties(pool, labels, keep_reserved=keep_reserved)})
    client = ContainerServiceClient(
        connection.credential,
        cluster.subscription_id,
        api_version=_API,
        **connection.client_options(poll_interval=poll_interval),
    )
    with azure_errors(f"Labelling node pool {name} of cluster {cluster.name}", subject=str(cluster)):
        # As text, not as a model: fields that the SDK does not know travel back to where they came from.
        poller: LROPoller[dict[str, Any]] = client.agent_pools.begin_create_or_update(
            cluster.resource_group,
            cluster.name,
            name,
            io.BytesIO(text.encode()),
            content_type="application/json",
            headers={"If-Match": str(tag)} if tag else {},
            polling=follow,
            cls=json_of,
        )
    return poller


def put_properties(pool: Mapping[str, Any], labels: Mapping[str, str], *, keep_reserved: bool = True) -> dict[str, Any]:
    """Return the properties of a pool for a PUT with other labels: all that was read, without what others own.

    Labels and taints under kubernetes.azure.com belong to AKS (learn.microsoft.com/azure/aks/use-labels, "Reserved
    system labels"). Those that were read go back as they were: a PUT replaces all labels, and a spot pool that lost
    `kubernetes.azure.com/scalesetpriority` would lose its workloads (Azure/AKS issue 3152,
    kubernetes-sigs/cluster-api-provider-azure pull 2604). `keep_reserved` false leaves them out, for a service that
    refuses them (belief `spot-labels-returned`). The count of an autoscaled pool belongs to the autoscaler, which may
    have changed it since it was read.
    """
    read = nested(pool, "properties")
    unowned = {*_READ_ONLY, "nodeLabels", "nodeTaints", *(("count",) if read.get("enableAutoScaling") is True else ())}
    properties = {key: value for key, value in read.items() if key not in unowned}
    taints = [str(each) for each in read.get("nodeTaints") or () if keep_reserved or not _is_of_aks(str(each))]
    if taints:
        properties["nodeTaints"] = taints
    reserved = {key: value for key, value in nested(read, "nodeLabels").items() if keep_reserved and _is_of_aks(key)}
    properties["nodeLabels"] = {**reserved, **{key: value for key, value in labels.items() if not _is_of_aks(key)}}
    return properties


def refuses_reserved(error: AzureError) -> bool:
    """Tell whether AKS refused a request because of labels or taints of its own in it."""
    return error.status == 400 and _AKS_PREFIX in error.message


def _is_of_aks(key: str) -> bool:
    """Tell whether a label, or a taint that begins with its key, is under the prefix of AKS."""
    prefix = key.partition("/")[0] if "/" in key else ""
    return prefix == _AKS_PREFIX or prefix.endswith(f".{_AKS_PREFIX}")
