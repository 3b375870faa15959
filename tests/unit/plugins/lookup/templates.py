# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that Ansible takes for a template, as it takes the text of an inventory."""

from __future__ import annotations


def template(text: str) -> str:
    """Mark `text` as a template; before ansible-core 2.19 there is no mark, and every text is one."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return text
    trusted: str = trust_as_template(text)
    return trusted
