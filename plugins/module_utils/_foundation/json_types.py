# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of plain JSON data that we pass on without looking into it."""

from __future__ import annotations

from typing import TypeAlias

#: An object of JSON whose fields are somebody else's: of a report's difference, of an object of Kubernetes.
JsonObject: TypeAlias = dict[str, object]
