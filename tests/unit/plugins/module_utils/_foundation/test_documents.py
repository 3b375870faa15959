# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML and JSON from outside."""

from __future__ import annotations

import time

import pytest
import yaml

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.documents import (
    DocumentError,
    load_json,
    load_yaml,
)

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


def test_an_ordinary_document_is_read_from_text_and_bytes() -> None:
    assert load_yaml("a: [1, {b: c}]") == load_yaml(b"a: [1, {b: c}]") == {"a": ["1", {"b": "c"}]}
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
        ("a: !!int x", "not YAML"),
        ("a: !!int ''", "not YAML"),
        ("a: !!float 1.5", "not YAML"),
        ("a: !!timestamp x", "not YAML"),
        ("a: !!bool maybe", "not YAML"),
        ("a: " + "x" * 2000, "larger than 1 KiB"),
    ],
)
def test_what_grows_or_is_no_plain_yaml_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        load_yaml(text, 1024 if "larger" in words else 1_000_000)


def test_numbers_and_times_stay_texts_and_cost_nothing() -> None:
    started = time.monotonic()
    bomb = "1" + ":1" * 100_000
    assert load_yaml(f"a: {bomb}\nb: [1.5, .inf, 2026-11-21, 0x1F]\nc: true\nd:") == {
        "a": bomb,
        "b": ["1.5", ".inf", "2026-11-21", "0x1F"],
        "c": True,
        "d": None,
    }
    assert time.monotonic() - started < 5
    assert yaml.safe_load("1") == 1  # for everybody else


def test_a_kubeconfig_of_more_than_a_mebibyte_is_refused() -> None:
    with pytest.raises(DocumentError, match="larger than 1024 KiB"):
        load_yaml("x" * (1024 * 1024 + 1))


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, b"\xff", "1" * 5000])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(DocumentError, match="not JSON"):
        load_json(text)
