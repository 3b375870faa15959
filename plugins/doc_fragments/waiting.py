# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options for waiting on a long operation: `waiting()` in module_utils/_module/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait for the end of the operation. Without it the task ends as soon as Azure has accepted the
        request, and a later task waits (C(aml_extension_info), C(aml_compute_info)); so a batch takes as long as its
        slowest cluster.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most. When they are over the task fails with the last known state; Azure goes on, and running
        again continues to wait.
    type: int
  poll_interval:
    description:
      - Seconds between two looks at the state, where Azure does not say itself when to ask again.
    type: float
    default: 15.0
"""
