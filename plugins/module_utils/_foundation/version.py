# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's version, as services see it in the user agent; a test holds it equal to galaxy.yml."""

from __future__ import annotations

VERSION = "0.1.0"
USER_AGENT = f"azureml.fleet/{VERSION}"
