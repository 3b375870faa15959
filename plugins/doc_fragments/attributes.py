# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of modules, in Ansible's own words; a module states its `support` for each."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Connection options for all modules can be set once, by C(module_defaults) of the group.
    support: full
    membership: [azureml.fleet.all]
  async:
    description: Supports being used with the C(async) keyword; the module then runs as a process of its own.
    support: full
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

    # For modules that only read.
    READ_ONLY = r"""
options: {}
attributes:
  action_group:
    description: Connection options for all modules can be set once, by C(module_defaults) of the group.
    support: full
    membership: [azureml.fleet.all]
  async:
    description: Supports being used with the C(async) keyword; the module then runs as a process of its own.
    support: full
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details: This module never changes anything.
  diff_mode:
    description: Returns what has changed, or would change in check mode, when in diff mode.
    support: none
    details: There is nothing to show, because nothing is changed.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""
