# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run in which of two processes: those of a file stay together, so that what they share is made once.

`--dist loadgroup` groups nothing with pytest 9.2 (https://github.com/pytest-dev/pytest-xdist/issues/1386), and
`--dist loadfile` leaves one process idle while the other one is busy with a long file. This is a plugin of pytest; its
scheduler takes the place of that of `--dist loadscope`.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: What takes longest, and therefore begins first: the other process has the rest.
FIRST = (
    "tests/integration/secrets/test_no_secret_leaks.py",
    "tests/end_to_end/test_upgrade.py",
    "tests/integration/test_remedies.py",
    "tests/end_to_end/test_beliefs.py",
)
#: Files of long tests that share nothing: each test goes to the process that is free.
APART = (
    "tests/integration/test_documentation.py",
    "tests/integration/test_in_process.py",
    "tests/integration/test_targets.py",
)


class ByFile(LoadScopeScheduling):
    """Keeps the tests of a file together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.endswith(APART) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Distribute by file in the place of `--dist loadscope`."""
    return ByFile(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, in the order of FIRST; the rest stays as it is."""
    items.sort(key=lambda item: next((n for n, file in enumerate(FIRST) if file in item.nodeid), len(FIRST)))
