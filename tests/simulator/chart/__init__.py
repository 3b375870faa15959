# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What installing, updating and deleting the Azure Machine Learning extension does in a cluster."""

from __future__ import annotations

from tests.simulator.chart.helm import delete_release, install_release, present_release, update_release
from tests.simulator.chart.release import EXTENSION_TYPE, ChartError, Release

__all__ = [
    "EXTENSION_TYPE",
    "ChartError",
    "Release",
    "delete_release",
    "install_release",
    "present_release",
    "update_release",
]
