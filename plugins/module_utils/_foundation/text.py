# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside: what it cannot do to a terminal, a log or a report once it went through here."""

from __future__ import annotations

import re

#: What moves a cursor, forges a line or turns the direction of writing: the controls of C0 and C1 and DEL (Unicode's
#: category Cc), the separators of lines and paragraphs, and the bidirectional controls
#: (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: Between lines and columns of data; a terminal does nothing else with them.
_LAYOUT = "\n\t"


def one_line(text: str) -> str:
    r"""Return a message on one line, every control character visible: a newline as `\n`, an escape as `\x1b`."""
    return _CONTROL.sub(lambda found: _visible(found.group()), text.strip())


def harmless(text: str) -> str:
    """Return a text of data: newlines and tabs stay as they are, other control characters are made visible."""
    return _CONTROL.sub(lambda found: found.group() if found.group() in _LAYOUT else _visible(found.group()), text)


def has_controls(text: str) -> bool:
    """Tell whether `harmless` or `one_line` would change something within `text`."""
    return _CONTROL.search(text) is not None


def _visible(character: str) -> str:
    """Return the escape sequence that Python writes for a character."""
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
