# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is recognised in every form in which programs write it; names, paths and digests are left alone."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import urllib.parse
from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation import secrets as secrets_module
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import (
    BLANK,
    BLANK_VALUE,
    Secrets,
    blanked,
    known,
    without_keys,
)

TEXT = 'p&ss "wörd"/+\nof two lines'
#: 48 made-up bytes in base64, as lines of a key.
KEY_LINES = [base64.b64encode(bytes(range(first, first + 48))).decode() for first in (0, 60, 120)]
KEY = "\n".join(["-----BEGIN PRIVATE KEY-----", *KEY_LINES, "-----END PRIVATE KEY-----", ""])
JWT = ".".join(["eyJhbGciOiJSUzI1NiJ9", "eyJhdWQiOiJhcm0ifQ", "c2lnbmF0dXJlLW9mLXRoaXM"])


def in_base64(text: str, before: str = "") -> str:
    return base64.b64encode(f"{before}{text} and more".encode()).decode()


FORMS = {
    "as it is": TEXT,
    "JSON": json.dumps({"a": TEXT}),
    "JSON with its own letters": json.dumps(TEXT, ensure_ascii=False),
    "JSON in JSON": json.dumps(json.dumps(TEXT)),
    "Python": repr(TEXT),
    "HTML": html.escape(TEXT),
    "URL": urllib.parse.quote(TEXT, safe=""),
    "path of a URL": urllib.parse.quote(TEXT),
    "URL in lower case": re.sub("%..", lambda found: found.group().lower(), urllib.parse.quote(TEXT, safe="")),
    "form": urllib.parse.urlencode({"a": TEXT}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_forms_of_a_text(form: str) -> None:
    said = Secrets([TEXT]).blanked(f"see {form} there")
    assert BLANK in said
    assert not any(word in said.lower() for word in ("p&", "ss+", "w%c3", "of two", "of+two", "of%20two", "wörd"))


@pytest.mark.parametrize("before", ["", "u", "u:", "us:"])
@pytest.mark.parametrize("secret", ["swordfish-and-more-of-it", KEY], ids=["word", "key"])
def test_base64_wherever_the_secret_stands_in_it(before: str, secret: str) -> None:
    written = in_base64(secret, before)
    said = Secrets([secret]).blanked(written)
    assert BLANK in said
    assert len(said) < len(BLANK) + 24, "the ends that belong to other bytes may stay"


def test_secret_that_is_base64_is_known_decoded() -> None:
    secrets = Secrets([base64.b64encode(KEY.encode()).decode()])
    assert KEY_LINES[1] not in secrets.blanked(f"line {KEY_LINES[1]}")


def test_lines_of_a_key_are_known_each_and_its_frame_is_not_secret() -> None:
    secrets = Secrets([KEY])
    assert secrets.blanked(f"bad line: {KEY_LINES[2]}") == f"bad line: {BLANK}"
    assert secrets.blanked("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_stripped_secret_is_known() -> None:
    assert Secrets(["token-of-a-file\n"]).blanked("b'Bearer token-of-a-file\\n'") == f"b'Bearer {BLANK}'"


def test_short_secret_is_blanked_as_a_whole_value_only() -> None:
    secrets = Secrets(["a", "1234"])
    assert secrets.message("a plain sentence of 1234 letters") == "a plain sentence of 1234 letters"
    assert secrets.data({"a": "a", "b": ["1234", "12345"], "c": 1234}) == {
        "a": BLANK_VALUE,
        "b": [BLANK_VALUE, "12345"],
        "c": 1234,
    }


def test_words_of_settings_are_no_secrets() -> None:
    value = {"a": "true", "b": "False", "c": "", "d": None, "e": "none"}
    assert Secrets(["true", "False", "", None, "none", True]).data(value) is value


def test_data_keeps_its_form() -> None:
    secrets = Secrets(["swordfish", "12345678"])
    value: dict[str, Any] = {
        "a": [{"b": "see swordfish"}],
        "swordfish": (1, True, None),
        "n": 12345678,
        "s": "swordfish",
    }
    expected = {"a": [{"b": f"see {BLANK}"}], BLANK: [1, True, None], "n": BLANK_VALUE, "s": BLANK_VALUE}
    assert secrets.data(value) == expected


def test_data_without_secrets_is_not_even_copied() -> None:
    value = {"a": ["b\nc", 1], "pem": "-----BEGIN"}
    assert Secrets(["swordfish"]).data({"a": ["b\nc", 1]}) == {"a": ["b\nc", 1]}
    assert Secrets(["swordfish"]).data(value) == value


def test_private_key_in_data_is_blanked_though_nobody_told_and_a_certificate_is_not() -> None:
    certificate = KEY.replace("PRIVATE KEY", "CERTIFICATE")
    assert Secrets().data({"a": KEY, "b": certificate}) == {"a": f"{BLANK}\n", "b": certificate}


@pytest.mark.parametrize(
    "said",
    [
        KEY.strip(),
        KEY.strip().replace("\n", "\\n"),
        KEY[:120],
        JWT,
        base64.b64encode(bytes(range(100, 132))).decode(),
        base64.b64encode(KEY.encode()).decode(),
    ],
    ids=["key", "key in JSON", "cut key", "JWT", "key of a relay", "key in base64"],
)
def test_unknown_keys_and_tokens_of_a_service_are_blanked(said: str) -> None:
    assert without_keys(f"Helm says: {said}: refused") == f"Helm says: {BLANK}: refused"


@pytest.mark.parametrize(
    "said",
    [
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rgFleetWest01/providers"
        "/Microsoft.ContainerService/managedClusters/aksGpuWestEurope0001NodePool",
        f"image@sha256:{'0a1b2c3d' * 8}",
        f"commit {'0A1B2C3D' * 8}",
        "ThisIsAVeryLongNameWithoutAnySpacesThatSomebodyGaveToAnObject1InTheirCluster2",
        "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token",
        "eyJust a word. And another. And one more.",
    ],
)
def test_names_paths_and_digests_stay(said: str) -> None:
    assert without_keys(said) == said


def test_message_stands_on_one_line_and_moves_no_cursor() -> None:
    assert Secrets().message("no\x1b[2K\r\nFAILED\u202e  ") == r"no\x1b[2K\r\nFAILED\u202e"


def test_secret_is_blanked_before_its_newline_is_made_visible() -> None:
    assert Secrets(["of\ntwo-lines"]).message("see of\ntwo-lines") == f"see {BLANK}"


def test_layers_below_blank_what_the_running_task_knows() -> None:
    assert blanked("see swordfish") == "see swordfish"
    with known(Secrets(["swordfish"])):
        assert blanked("see swordfish") == f"see {BLANK}"
    assert not secrets_module._CURRENT
    assert logging.getLogRecordFactory() is logging.LogRecord
