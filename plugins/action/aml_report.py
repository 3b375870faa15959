# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the report, and shows it: a line for each cluster, in the colour of its outcome."""

from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ansible_collections.azureml.fleet.plugins.module_utils._core import aml_report
from ansible_collections.azureml.fleet.plugins.plugin_utils._in_process import InProcessAction

display = Display()

_COLOURS = {
    "failed": C.COLOR_ERROR,
    "blocked": C.COLOR_WARN,
    "upgraded": C.COLOR_CHANGED,
    "would change": C.COLOR_CHANGED,
}


class ActionModule(InProcessAction):
    spec = aml_report.SPEC
    core = staticmethod(aml_report.run)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result, after showing its lines: they belong to the fleet, and to no host of it."""
        result = super().run(tmp, task_vars)
        if boolean(self._templar.template(self._task.args.get("show", False)), strict=False):
            for line, outcome in zip(result.get("lines") or (), result.get("outcomes") or (), strict=False):
                display.display(line, color=_COLOURS.get(outcome, C.COLOR_OK))
        return result
