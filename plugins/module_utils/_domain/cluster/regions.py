# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions in which the Azure Machine Learning extension is available.

https://learn.microsoft.com/azure/machine-learning/reference-kubernetes says: wherever Azure Arc-enabled Kubernetes is.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Locations of Microsoft.Kubernetes/connectedClusters as the provider itself lists them for the public cloud
#: (`az provider show --namespace Microsoft.Kubernetes`), written down once: only where Azure gives no list of its own.
SUPPORTED_REGIONS: tuple[str, ...] = (
    "australiaeast",
    "brazilsouth",
    "canadacentral",
    "canadaeast",
    "centralindia",
    "centralus",
    "eastasia",
    "eastus",
    "eastus2",
    "francecentral",
    "japaneast",
    "koreacentral",
    "northcentralus",
    "northeurope",
    "norwayeast",
    "southafricanorth",
    "southcentralus",
    "southeastasia",
    "swedencentral",
    "switzerlandnorth",
    "uaenorth",
    "uksouth",
    "ukwest",
    "westcentralus",
    "westeurope",
    "westus",
    "westus2",
    "westus3",
)


def region_name(text: str) -> str:
    """Return the one spelling of a region: Azure answers both "West Europe" and "westeurope"."""
    return "".join(text.split()).lower()


def region_is_supported(region: str, supported: Sequence[str]) -> bool:
    """Tell whether `region` is among `supported`, however either is spelt."""
    return region_name(region) in {region_name(each) for each in supported}
