# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML and JSON from outside."""

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    DocumentError,
    load_json,
    load_yaml,
)

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


def test_an_ordinary_document_is_read_from_text_and_bytes() -> None:
    assert load_yaml("a: [1, {b: c}]") == load_yaml(b"a: [1, {b: c}]") == {"a": [1, {"b": "c"}]}
    assert load_json(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "aliases"),
        ("a: &a 1\nb: *a", "aliases"),
        ("[" * 100_000, "nested"),
        ("{a: " * 100, "nested"),
        ("a: !!python/object/apply:os.system [id]", "not YAML"),
        ("a: [", "not YAML"),
        ("a: \x07", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        ("a: " + "x" * 2000, "larger than 1 KiB"),
    ],
)
def test_what_grows_or_is_no_plain_yaml_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        load_yaml(text, 1024 if "larger" in words else 1_000_000)


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, b"\xff", "1" * 5000])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(DocumentError, match="not JSON"):
        load_json(text)
