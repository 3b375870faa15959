# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kube-apiserver does between the body of a request and the store, one file for each kind of write."""

from __future__ import annotations

from tests.simulator.kubernetes.writes.options import Patch, WriteOptions, Written
from tests.simulator.kubernetes.writes.writer import ObjectWriter

__all__ = ["ObjectWriter", "Patch", "WriteOptions", "Written"]
