# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors)."""

from __future__ import annotations

from collections.abc import Mapping


def selector(labels: Mapping[str, str]) -> str:
    """Return one label selector that all of `labels` must match, the same for the same labels."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))
