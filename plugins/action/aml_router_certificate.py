# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._core.aml_router_certificate import (
    MISSING_LIBRARY,
    SPEC,
    run,
)
from ansible_collections.azureml.fleet.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    spec = SPEC
    core = staticmethod(run)
    missing_library = MISSING_LIBRARY
