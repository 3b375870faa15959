# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes control planes down when the process that started them is gone, however it went.

``python -m tests.control_plane.guardian STATE_DIR`` waits for the end of its standard input: a pipe whose other end is
held by the process that it guards, and by nobody else.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

from tests.control_plane.binaries import HERE
from tests.control_plane.cluster import down
from tests.control_plane.errors import ControlPlaneError


class Guardian:
    """Guards one state folder for as long as this process lives or until `dismiss`."""

    def __init__(self, state_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(state_dir)],
            cwd=HERE.parents[1],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """End the guard; whatever still runs is taken down."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Wait, then take down what is there."""
    sys.stdin.read()
    with contextlib.suppress(ControlPlaneError):
        down(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
