# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make release` refuses, and where it writes the version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts import release


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The real files that name the version, and a fragment."""
    for name in release.PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(release.ROOT / name, tmp_path / name)
    fragments = tmp_path / "changelogs" / "fragments"
    fragments.mkdir(parents=True)
    (fragments / "new.yml").write_text("bugfixes: [x]\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "changed", "words"),
    [
        ("newest", "", "is no version"),
        ("99.1", "", "not of the form"),
        ("v99.0.0", "", "not of the form"),
        ("0.0.1", "", "not higher than"),
        ("99.0.0", " M README.md", "not committed"),
    ],
)
def test_what_cannot_be_released_is_refused(checkout: Path, wanted: str, changed: str, words: str) -> None:
    assert words in release.objection(checkout, wanted, changed=changed)


def test_a_release_needs_a_fragment(checkout: Path) -> None:
    assert release.objection(checkout, "99.0.0", changed="") == ""
    (checkout / "changelogs" / "fragments" / "new.yml").unlink()
    assert "no fragment" in release.objection(checkout, "99.0.0", changed="")


def test_the_version_is_written_wherever_it_stands(checkout: Path) -> None:
    before = release.current(checkout)
    release.set_version(checkout, "99.0.0")
    for name, place in release.PLACES.items():
        text = (checkout / name).read_text(encoding="utf-8")
        assert place.format("99.0.0") in text
        assert place.format(before) not in text


def test_nothing_is_written_when_a_place_names_another_version(checkout: Path) -> None:
    (checkout / "README.md").write_text("azureml-fleet-3.2.1.tar.gz\n", encoding="utf-8")
    before = (checkout / "galaxy.yml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"README\.md does not name version"):
        release.set_version(checkout, "99.0.0")
    assert (checkout / "galaxy.yml").read_text(encoding="utf-8") == before
