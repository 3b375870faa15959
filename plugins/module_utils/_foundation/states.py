# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provisioning and power states of Azure's resources, judged in one place.

The finished words are those of azure-core's poller (azure/core/polling/base_polling.py): succeeded, failed, canceled,
in any letter case. Every other word, whatever a provider invents, means that work goes on.
"""

from __future__ import annotations

_SUCCEEDED = "succeeded"
_BAD_ENDS = frozenset({"failed", "canceled"})
_DELETING = "deleting"
#: Power state of an AKS cluster or node pool (ContainerService API, PowerState.code: Running or Stopped).
_STOPPED = "stopped"


def is_settled(state: str | None) -> bool:
    """Tell whether a provisioning state is final, that is whether no operation is in progress."""
    return has_succeeded(state) or has_failed(state)


def has_succeeded(state: str | None) -> bool:
    """Tell whether the last operation ended well."""
    return (state or "").lower() == _SUCCEEDED


def has_failed(state: str | None) -> bool:
    """Tell whether the last operation ended badly: Failed or Canceled."""
    return (state or "").lower() in _BAD_ENDS


def is_deleting(state: str | None) -> bool:
    """Tell whether the resource is going away."""
    return (state or "").lower() == _DELETING


def is_stopped(power_state: str | None) -> bool:
    """Tell whether an AKS cluster or node pool was stopped; one without a power state runs."""
    return (power_state or "").lower() == _STOPPED
