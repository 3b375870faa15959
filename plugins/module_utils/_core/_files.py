# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the controller that a user names: one reader for all of them."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.azureml.fleet.plugins.module_utils._module.call import ModuleFailure


def read_text_file(path: object, option: str) -> str | None:
    """Return the text of the file that `option` names, None when it names none.

    Raises ModuleFailure when it cannot be read.
    """
    if not path:
        return None
    try:
        return Path(str(path)).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ModuleFailure(
            f"{option}: {path} cannot be read ({reason}). Nothing was changed; give a PEM file that the user of this "
            "run may read."
        ) from error
