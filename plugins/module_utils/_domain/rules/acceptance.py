# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what the user accepts exist, and may it be accepted?"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, every_rule, rule


@rule(
    "acceptance-invalid",
    "blocker",
    "A finding is accepted that cannot be",
    remedy="Correct aml_accepted_findings: docs/preflight-rules.md marks the blockers that may be accepted.",
    source=source.PREFLIGHT_RULES,
)
def acceptance_invalid(settings: Settings, _facts: Facts) -> Evidence:
    """Find ids in `aml_accepted_findings` that no rule has, or whose rule guards against certain harm."""
    rules = {each.id: each for each in every_rule()}
    found: list[str] = []
    for name in map(str, settings.run.accepted_findings):
        if name not in rules:
            found.append(f"No rule is called {name}.")
        elif not rules[name].acceptable:
            found.append(f"{name} cannot be accepted.")
    return found
