# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a virtual machine size offers to Kubernetes.

Source: learn.microsoft.com/azure/virtual-machines/sizes.
"""

from __future__ import annotations

from typing import NamedTuple


class VmSize(NamedTuple):
    """Capacity of one node: virtual CPUs, memory in GiB, NVIDIA GPUs."""

    cpus: int
    memory_gib: int
    gpus: int = 0


VM_SIZES: dict[str, VmSize] = {
    "standard_b2s": VmSize(2, 4),
    "standard_b4ms": VmSize(4, 16),
    "standard_ds2_v2": VmSize(2, 7),
    "standard_ds3_v2": VmSize(4, 14),
    "standard_d2s_v3": VmSize(2, 8),
    "standard_d4s_v3": VmSize(4, 16),
    "standard_d8s_v3": VmSize(8, 32),
    "standard_d2s_v5": VmSize(2, 8),
    "standard_d4s_v5": VmSize(4, 16),
    "standard_d8s_v5": VmSize(8, 32),
    "standard_d16s_v5": VmSize(16, 64),
    "standard_e4s_v5": VmSize(4, 32),
    "standard_e8s_v5": VmSize(8, 64),
    "standard_f4s_v2": VmSize(4, 8),
    "standard_nc4as_t4_v3": VmSize(4, 28, 1),
    "standard_nc8as_t4_v3": VmSize(8, 56, 1),
    "standard_nc16as_t4_v3": VmSize(16, 110, 1),
    "standard_nc64as_t4_v3": VmSize(64, 440, 4),
    "standard_nc6s_v3": VmSize(6, 112, 1),
    "standard_nc12s_v3": VmSize(12, 224, 2),
    "standard_nc24s_v3": VmSize(24, 448, 4),
    "standard_nc24ads_a100_v4": VmSize(24, 220, 1),
    "standard_nc48ads_a100_v4": VmSize(48, 440, 2),
    "standard_nc96ads_a100_v4": VmSize(96, 880, 4),
    "standard_nd96asr_v4": VmSize(96, 900, 8),
    "standard_nd96isr_h100_v5": VmSize(96, 1900, 8),
}

UNKNOWN_SIZE = VmSize(4, 16)
"""What a node of a size that the table does not know offers."""


def vm_size(name: str) -> VmSize:
    """The capacity of the size called `name` (any case)."""
    return VM_SIZES.get(name.lower(), UNKNOWN_SIZE)
