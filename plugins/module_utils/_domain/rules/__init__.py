# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of preflight: each one a small pure function over what the user wants and what was found.

A new rule is a function with the decorator `rule` in the file of its topic, and nothing else: the topics are imported
here by name (Ansible packs what is imported by name), and each registers its rules by being imported. The list in
docs/preflight-rules.md is generated.
"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import (
    acceptance,
    access,
    attachment,
    cluster,
    extension,
    front_end,
    inference,
    locks,
    nodes,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import (
    Finding,
    Rule,
    arrange,
    every_rule,
    judge,
)

#: The topics, in the order in which their findings are reported: what explains others comes first.
TOPICS = (acceptance, cluster, locks, access, front_end, extension, inference, attachment, nodes)
arrange([topic.__name__ for topic in TOPICS])

__all__ = ["TOPICS", "Finding", "Rule", "every_rule", "judge"]
