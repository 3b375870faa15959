# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a host, for the cores that judge it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._core._failures import failure_of
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import (
    Settings,
    VariablesError,
    read_settings,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.conversion import converted


def settings_from(
    variables: dict[str, Any], certificate: str | None = None, key: str | None = None, conflicts: Sequence[str] = ()
) -> Settings:
    """Return the settings; `conflicts` are those with other hosts of the inventory.

    Raises ModuleFailure with everything that is wrong with them, in one message.
    """
    try:
        settings = read_settings(variables, converted, certificate=certificate, key=key)
        if conflicts:
            raise VariablesError(conflicts)
        return settings
    except VariablesError as error:
        problems = error.problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise failure_of(
            error,
            f"The variables of this host have {count}; nothing was asked of Azure or the cluster. {' '.join(problems)}",
            problems=problems,
        ) from error
