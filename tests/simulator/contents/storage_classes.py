# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage classes that every AKS cluster has.

Source: https://github.com/idaholab/Malcolm-Helm/issues/14 prints them: names, drivers, binding modes, the default one.
    Their SKUs: learn.microsoft.com/azure/aks/concepts-storage#storage-classes (MicrosoftDocs/azure-aks-docs,
    articles/aks/concepts-storage.md): those of disks are zone-redundant in clusters of several zones; these have none.
"""

from __future__ import annotations

from tests.simulator.chart.cluster import Cluster, manifest

_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_DISK, _FILE = "disk.csi.azure.com", "file.csi.azure.com"
_SKUS = {
    "default": (_DISK, "StandardSSD_LRS"),
    "managed": (_DISK, "StandardSSD_LRS"),
    "managed-csi": (_DISK, "StandardSSD_LRS"),
    "managed-csi-premium": (_DISK, "Premium_LRS"),
    "managed-premium": (_DISK, "Premium_LRS"),
    "azurefile": (_FILE, "Standard_LRS"),
    "azurefile-csi": (_FILE, "Standard_LRS"),
    "azurefile-csi-premium": (_FILE, "Premium_LRS"),
    "azurefile-premium": (_FILE, "Premium_LRS"),
}


async def create_storage_classes(target: Cluster) -> None:
    """Create them; `default` is the class of claims that name none, and disks wait for their first pod."""
    for name, (driver, sku) in _SKUS.items():
        found = manifest("storage.k8s.io/v1", "StorageClass", name)
        if name == "default":
            found["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
        found |= {
            "provisioner": driver,
            "parameters": {"skuname": sku},
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer" if driver == _DISK else "Immediate",
            "allowVolumeExpansion": True,
        }
        await target.create(_CLASSES, found)
