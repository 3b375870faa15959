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
import time
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
    passwords_in_urls,
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
    "every byte in a URL": "".join(f"%{byte:02x}" for byte in TEXT.encode()),
    "JSON of Go": json.dumps(TEXT, ensure_ascii=False).replace("&", r"\u0026"),
    "JSON of .NET": r"p\u0026ss \u0022w\u00F6rd\u0022/\u002B\nof two lines",
    "JSON of PHP": json.dumps(TEXT).replace("/", r"\/"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_forms_of_a_text(form: str) -> None:
    said = Secrets([TEXT]).blanked(f"see {form} there")
    assert BLANK in said
    assert not any(word in said.lower() for word in ("p&", "ss+", "w%c3", "of two", "of+two", "of%20two", "wörd"))


@pytest.mark.parametrize(
    ("secret", "form"),
    [
        ("sword~fish", "sword%7Efish"),
        ("sword~fish", "sword%7efish"),
        ("a.sword_fish-b~c", "a%2Esword%5Ffish%2Db%7Ec"),
        ('it\'s "swordfish"', "it&#39;s &#34;swordfish&#34;"),
        ('it\'s "swordfish"', "it&#39;s &quot;swordfish&quot;"),
        ("it's swordfish", r"it\u0027s swordfish"),
        ("<sword>fish", r"\u003csword\u003efish"),
        ("<sword>fish", r"\u003Csword\u003Efish"),
        ("<sword>fish", r"\\u003csword\\u003efish"),
        ("sword/fish&more", r"sword\/fish\u0026more"),
    ],
)
def test_forms_of_other_languages(secret: str, form: str) -> None:
    assert Secrets([secret]).blanked(f"see {form} there") == f"see {BLANK} there"


@pytest.mark.parametrize("columns", [64, 76])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n"])
def test_base64_on_several_lines(columns: int, newline: str) -> None:
    secret = "swordfish " * 30
    lines = re.findall(f".{{1,{columns}}}", base64.b64encode(secret.encode()).decode())
    assert Secrets([secret]).blanked(f"see {newline.join(lines)} there") == f"see {BLANK} there"
    assert Secrets([secret]).blanked(f"  {lines[1]}  ") == f"  {BLANK}  "


@pytest.mark.parametrize("surrogate", [chr(0xD800), chr(0xDCFF)], ids=["alone", "byte"])
def test_lone_surrogate_is_a_letter_like_others(surrogate: str) -> None:
    secret = f"sword{surrogate}fish"
    assert Secrets([secret]).blanked(f"see {secret}") == f"see {BLANK}"


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
    "key",
    [
        KEY.replace("BEGIN PRIVATE KEY-----", "BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,0F\n"),
        KEY.replace("PRIVATE KEY-----", "PGP PRIVATE KEY BLOCK-----\nVersion: some (1.0)\n\n", 1),
        JWT,
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f"\n{KEY}".encode()).decode(),
        base64.encodebytes(f"Bag Attributes\n{KEY}".encode()).decode(),
    ],
    ids=["headers", "PGP", "JWT", "base64", "base64 of more", "lines of base64"],
)
def test_unknown_private_keys_and_tokens_in_data(key: str) -> None:
    assert Secrets().data({"a": [f"see {key.strip()}"]}) == {"a": [f"see {BLANK}"]}
    assert Secrets().data({f"see {key.strip()}": 1}) == {f"see {BLANK}": 1}


def test_base64_of_a_certificate_stays_in_data() -> None:
    certificate = base64.b64encode(KEY.replace("PRIVATE KEY", "CERTIFICATE").encode()).decode()
    assert Secrets().data({"tls.crt": certificate}) == {"tls.crt": certificate}


def test_no_key_and_no_text_of_data_moves_a_cursor() -> None:
    assert Secrets().data({"\x1b[2J": "\0", "a": ["\0"]}) == {r"\x1b[2J": r"\x00", "a": [r"\x00"]}
    assert Secrets().data(["\0"]) == [r"\x00"]


@pytest.mark.parametrize(
    "said",
    [
        KEY.strip(),
        KEY.strip().replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n", 1),
        KEY[:120].replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n", 1),
        KEY.strip()
        .replace("PRIVATE KEY-----", "PGP PRIVATE KEY BLOCK-----")
        .replace("BLOCK-----", "BLOCK-----\nA: (b)", 1),
        base64.urlsafe_b64encode(bytes(range(220, 252))).decode(),
        KEY.strip().replace("\n", "\\n"),
        KEY[:120],
        JWT,
        base64.b64encode(bytes(range(100, 132))).decode(),
        base64.b64encode(KEY.encode()).decode(),
    ],
    ids=[
        "key",
        "headers",
        "cut headers",
        "PGP",
        "urlsafe",
        "key in JSON",
        "cut key",
        "JWT",
        "key of a relay",
        "key in base64",
    ],
)
def test_unknown_keys_and_tokens_of_a_service_are_blanked(said: str) -> None:
    assert without_keys(f"Helm says: {said}: refused") == f"Helm says: {BLANK}: refused"


@pytest.mark.parametrize(
    "said",
    [
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rgFleetWest01/providers"
        "/Microsoft.ContainerService/managedClusters/aksGpuWestEurope0001NodePool",
        "/subscriptions/3f2a1b4c-5d6e-4f70-8a9b-0c1d2e3f4a5b/resourceGroups/MC_rg-aks-01_aks-01_westeurope2/providers",
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


#: Pieces of texts that a service may send, chosen to look like the beginning of what is searched for.
BEGINNINGS = (
    "eyJ",
    "eyJabcdefgh.",
    "a",
    "aB3",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN X-----Version: ",
    "-----BEGIN X-----" + "\\" * 50,
    "-----BEGIN " + "A" * 50,
    "aB3" * 14 + " " * 300,
    "http://a:",
    "12345678-1234-",
    "<title>",
    "\x1b",
)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_searching_a_long_text_takes_a_time_in_proportion(beginning: str) -> None:
    """A third of a megabyte of `eyJeyJeyJ` took a quarter of an hour."""
    text = beginning * (300_000 // len(beginning))
    secrets = Secrets(["swordfish-and-more"])
    began = time.process_time()
    secrets.message(text)
    secrets.data({"a": text})
    list(passwords_in_urls(text))
    assert time.process_time() - began < 10


def test_learning_many_secrets_takes_a_time_in_proportion() -> None:
    """Sorting the forms of all secrets for each of them took 12 s for these, and two minutes for longer ones."""
    began = time.process_time()
    secrets = Secrets(f"token-{number:05d}-xy" for number in range(1600))
    assert secrets.blanked("a token-00007-xy b") == f"a {BLANK} b"
    assert time.process_time() - began < 4
    secrets.add("token-later-and-longer")
    assert secrets.blanked("a token-later-and-longer b") == f"a {BLANK} b"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"a.b.{JWT}", f"a.b.{BLANK}"),
        (f"x_{JWT}.more", f"x_{BLANK}"),
        ("eyJhbGciOi.short", "eyJhbGciOi.short"),
        ("see eyJabcdefgh.12345678 and a.b", f"see {BLANK} and a.b"),
        ("eyJabcdefg.12345678", "eyJabcdefg.12345678"),
        ("eyJabcdefgh.1234567", "eyJabcdefgh.1234567"),
    ],
)
def test_a_web_token_is_found_in_a_run_with_dots(text: str, left: str) -> None:
    assert without_keys(text) == left
