# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up secrets, and how each is recognised in whatever form it shows: the search of test_no_secret_leaks.py.

Nothing here uses the code that blanks secrets: that would be its own judge.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

#: Letters and digits of a recognisable piece: JSON, HTML, Python and URLs write them all as they are.
_PIECE = 10


@dataclass(frozen=True)
class Planted:
    """A secret that must not show, and where it was planted."""

    where: str
    text: str

    def needles(self) -> Iterator[tuple[str, str]]:
        """Yield each form of the secret, with a piece of text that only this form of it can contain.

        JSON, HTML, Python and URLs change punctuation only, so a run of letters and digits stands for all of them. The
        long runs of each line stand for the line alone. Of base64 there are three forms, by the position of the first
        byte, of which the outermost characters depend on what stands beside.
        """
        for number, run in enumerate(re.findall(rf"[A-Za-z0-9]{{{_PIECE},}}", self.text)):
            yield f"text {number}", run
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + self.text.strip().encode()).decode()[4:-4]
            runs = re.findall(rf"[A-Za-z0-9]{{{_PIECE},}}", encoded)
            if runs:
                yield f"base64 {offset}", max(runs, key=len)


class Plantation:
    """All secrets of a test."""

    def __init__(self) -> None:
        """Begin with none."""
        self.all: list[Planted] = []

    def new(self, where: str, *, form: str = "{} \"&'ü/+% {}") -> str:
        """Return a new secret; `form` puts its two random parts together."""
        return self.add(where, form.format(_random(), _random()))

    def add(self, where: str, text: str) -> str:
        """Take a secret that something else made."""
        self.all.append(Planted(where, text))
        return text

    def needles(self) -> list[tuple[Planted, str, str]]:
        """Return every secret with each of its forms and the needle of the form."""
        return [(planted, form, needle) for planted in self.all for form, needle in planted.needles()]


def _random() -> str:
    """Return letters and digits that stand nowhere else."""
    return f"Zq{secrets.token_hex(8)}Xw"
