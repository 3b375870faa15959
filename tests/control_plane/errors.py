# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong here, as one sentence for the person who started it."""

from __future__ import annotations


class ControlPlaneError(Exception):
    """A control plane could not be started, reached or stopped."""


class BinariesUnavailableError(ControlPlaneError):
    """A component's binary is nowhere to be found and cannot be built; the text says why."""
