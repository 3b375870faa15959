# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.memory_files import MemoryFiles


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no anonymous files")
def test_text_lies_in_memory_and_can_be_read_twice() -> None:
    files = MemoryFiles()
    path = files.add("secret" * 10000)
    assert path.startswith("/proc/self/fd/")
    assert Path(path).read_text() == Path(path).read_text() == "secret" * 10000
    files.close()
    assert not os.path.exists(path)


def test_elsewhere_it_is_a_private_file_that_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files = MemoryFiles()
    path = Path(files.add("secret"))
    assert path.read_text() == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    files.close()
    assert not path.exists()
