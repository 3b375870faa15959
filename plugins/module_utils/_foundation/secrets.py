# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows what a task's secrets look like, and blanks them in whatever leaves the task.

A secret shows in many forms: in a header that a library prints, in a JSON body, in a URL, in base64, line by line.
All are computed from the secret itself. What a service says is searched for keys and tokens that nobody told us, too.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.text import harmless, has_controls, one_line

#: In the place of a secret within a text, and of a value that is a secret: Ansible's own words for both
#: (ansible.module_utils.common.parameters.remove_values).
BLANK = "********"
BLANK_VALUE = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
#: Characters; a shorter secret is blanked where it is a whole value only, since its letters stand in other words too.
SHORTEST = 6
#: What JSON writers escape by number beside what Python does: Go (https://pkg.go.dev/encoding/json#HTMLEscape) and
#: .NET (https://learn.microsoft.com/dotnet/standard/serialization/system-text-json/character-encoding).
_JSON_ESCAPES = ("", "&<>", "&<>+\"'`")
#: Columns at which programs wrap base64: https://www.rfc-editor.org/rfc/rfc2045#section-6.8 and PEM.
_COLUMNS = (76, 64)
#: Characters of a line that is recognised alone, and of a piece of base64.
_LINE = 12
_PIECE = 10
#: Words that a setting can have and that are no secret, whatever option they stand in.
_WORDS = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null", "(set)"})

#: A PEM block (https://www.rfc-editor.org/rfc/rfc7468) up to its end, whatever is between: the headers of older keys
#: (https://www.rfc-editor.org/rfc/rfc1421) and of PGP (https://www.rfc-editor.org/rfc/rfc9580) too. Where the end is
#: cut off: headers and base64. Newlines are perhaps escaped.
_PEM_BLOCK = (
    r"-----BEGIN {label}-----(?:(?:(?!-----BEGIN )[\s\S])*?-----END [A-Z0-9 ]+-----"
    r"|(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): [^\n\\]*|[A-Za-z0-9+/=\s]|\\+[nr])*)"
)
_PEM = re.compile(_PEM_BLOCK.replace("{label}", "[A-Z0-9 ]+"))
_PRIVATE_PEM = re.compile(_PEM_BLOCK.replace("{label}", "[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?"))
#: Where a JSON Web Token may stand (https://www.rfc-editor.org/rfc/rfc7519): a run that is passed once, whatever is in
#: it. An expression for the token itself takes hours for a megabyte of `eyJeyJeyJ`.
_DOTTED = re.compile(r"[\w.-]+")
#: How the header of a token begins, a JSON object in base64; letters of a header and of what it is about, at least.
_JWT_BEGIN, _JWT_HEADER, _JWT_CLAIMS = "eyJ", 11, 8
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
#: Base64 of several lines, as of the PEM file in a Secret.
_BASE64_LINES = re.compile(r"[A-Za-z0-9+/_-]{40,}(?:[ \t\r]*\n[ \t]*[A-Za-z0-9+/_-]+)*={0,2}")
#: What looks like words and numbers: of random bytes in base64 they are two characters long on average, in names and
#: paths four and more; identifiers with dashes are no words. Of 10 000 random keys of 32 bytes 16 had 0.35 words a
#: character or fewer.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[+/=]+")
_DISORDER = 0.35
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PASSWORD_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://(?P<login>[^/?#\s@:]*:(?P<password>[^/?#\s]*))@")


class Secrets:
    """The secrets of one task, in every form in which they can show."""

    def __init__(self, secrets: Iterable[object] = ()) -> None:
        """Know `secrets` already."""
        self._whole: set[str] = set()
        self._found: set[str] = set()
        self._sorted: list[str] | None = None
        for each in secrets:
            self.add(each)

    def add(self, secret: object) -> None:
        """Learn a secret, as soon as it is known; it may be None, empty, a number or a text of many lines."""
        text = "" if secret is None or isinstance(secret, bool) else str(secret)
        if text in self._whole or text.strip().lower() in _WORDS:
            return
        for clear in (text, *_decoded(text)):
            self._whole |= {clear, clear.strip()}
            found = {
                form for part in dict.fromkeys((clear, clear.strip())) for form in (*_written(part), *_in_base64(part))
            }
            found |= {form for line in _long_lines(clear) for form in _written(line)}
            self._found |= {form for form in found if len(form) >= SHORTEST}
            self._sorted = None

    @property
    def _forms(self) -> list[str]:
        """Every form of every secret, the longest first; sorted when they are wanted, not for each secret."""
        if self._sorted is None:
            self._sorted = sorted(self._found, key=lambda form: (-len(form), form))
        return self._sorted

    def words(self) -> set[str]:
        """Return what to blank within texts, for AnsibleModule's own list of secrets."""
        return set(self._found)

    def count(self) -> int:
        """Return the number of secrets that are known."""
        return len(self._whole)

    def blanked(self, text: str) -> str:
        """Return a text without the secrets that are known; to be used before a text is cut."""
        if text in self._whole:
            return BLANK_VALUE
        for form in self._forms:
            if form in text:
                text = text.replace(form, BLANK)
        return text

    def message(self, text: str) -> str:
        """Return a message for people on one line, without known secrets, keys and tokens."""
        return one_line(without_keys(self.blanked(text)))

    def lines(self, text: str) -> str:
        """Return a text of several lines, such as a traceback, without known secrets, keys and tokens."""
        return harmless(without_keys(self.blanked(text)))

    def data(self, value: Any) -> Any:
        """Return plain data without known secrets, private keys and JSON Web Tokens, unable to move a cursor."""
        texts = list(_texts(value))
        everything = "\0".join(texts)
        forms = [form for form in self._forms if form in everything]
        idle = not forms and not _may_hold_keys(everything) and not has_controls("".join(texts))
        if idle and self._whole.isdisjoint(texts):
            return value
        return self._data(value, forms)

    def _data(self, value: Any, forms: list[str]) -> Any:
        """Return `value` cleaned; `forms` are those of the secrets that stand somewhere in it."""
        if isinstance(value, str):
            if value in self._whole:
                return BLANK_VALUE
            for form in forms:
                value = value.replace(form, BLANK)
            return harmless(_without_private_keys(value))
        if isinstance(value, Mapping):
            return {self._data_key(key, forms): self._data(each, forms) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._data(each, forms) for each in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return BLANK_VALUE if len(str(value)) >= SHORTEST and str(value) in self._whole else value
        return value

    def _data_key(self, key: Any, forms: list[str]) -> Any:
        """Return the key of a dictionary; a short one that happens to equal a secret keeps its place."""
        if not isinstance(key, str):
            return key
        for form in forms:
            key = key.replace(form, BLANK)
        return harmless(_without_private_keys(key))


def without_keys(text: str) -> str:
    """Return what a service said without PEM blocks, JSON Web Tokens and long random base64, known or not."""
    if "-----BEGIN" in text:
        text = _PEM.sub(BLANK, text)
    if "eyJ" in text:
        text = _without_web_tokens(text)
    return _BASE64.sub(lambda found: BLANK if _is_random(found.group()) else found.group(), text)


def _without_web_tokens(text: str) -> str:
    """Return a text without JSON Web Tokens."""

    def without(found: re.Match[str]) -> str:
        run = found.group()
        parts = run.split(".")
        place = 0
        for part, following in pairwise(parts):
            begin = part.find(_JWT_BEGIN)
            if 0 <= begin <= len(part) - _JWT_HEADER and len(following) >= _JWT_CLAIMS:
                return run[: place + begin] + BLANK
            place += len(part) + 1
        return run

    return _DOTTED.sub(without, text)


def passwords_in_urls(text: str) -> Iterator[str]:
    """Yield the password of every URL in `text`, written and decoded, and the login that HTTP's `Basic` encodes."""
    for found in _PASSWORD_IN_URL.finditer(text):
        password, login = found["password"], found["login"]
        if password:
            yield from {password, unquote(password), login, unquote(login)}


def leaves(value: Any) -> Iterator[Any]:
    """Yield every single value in plain data."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from leaves(each)
    elif value is not None:
        yield value


#: The secrets of the tasks that run in this process, the innermost last; a process runs one task at a time.
_CURRENT: list[Secrets] = []


@contextmanager
def known(secrets: Secrets) -> Iterator[None]:
    """Let `blanked` know the secrets of a task while it runs."""
    _CURRENT.append(secrets)
    try:
        yield
    finally:
        _CURRENT.pop()


def blanked(text: str) -> str:
    """Return a text without the secrets of the running task: for layers that cut a text and do not know the task."""
    for secrets in _CURRENT:
        text = secrets.blanked(text)
    return without_keys(text)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in plain data, keys too; numbers as texts."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)


def _long_lines(text: str) -> set[str]:
    """Return the lines of a text that are long enough to be told from others; the frame of a PEM block is no secret."""
    lines = {line.strip() for line in text.splitlines()}
    return {line for line in lines if len(line) >= _LINE and not line.startswith("-----")}


def _written(text: str) -> set[str]:
    """Return a text in every form in which programs write it for people, in JSON, in HTML, in a URL."""
    return {text, repr(text)[1:-1], *_in_json(text), *_in_html(text), *_in_url(text)}


def _in_json(text: str) -> set[str]:
    r"""Return a text as writers of JSON escape it, and JSON within JSON: the slash as `\/`, `&` as `\u0026`, ..."""
    dumped = {json.dumps(text, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False)}
    forms = {_by_number(form, escaped) for form in dumped for escaped in _JSON_ESCAPES}
    forms |= {form.replace("/", r"\/") for form in forms}
    forms |= {re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda found: found.group().upper(), form) for form in forms}
    return forms | {json.dumps(form)[1:-1] for form in forms}


def _by_number(in_json: str, characters: str) -> str:
    """Return JSON that escapes `characters` by their number."""

    def escaped(found: re.Match[str]) -> str:
        last = found.group()[-1]
        return rf"\u{ord(last):04x}" if last in characters else found.group()

    return re.sub(r"\\.|[^\\\w]", escaped, in_json)


def _in_html(text: str) -> set[str]:
    """Return a text as writers of HTML escape it: quotes not at all, by name or by number (Go: `&#39;` and `&#34;`)."""
    escaped = html.escape(text)
    by_number = escaped.replace("&#x27;", "&#39;")
    return {html.escape(text, quote=False), escaped, by_number, by_number.replace("&quot;", "&#34;")}


def _in_url(text: str) -> set[str]:
    """Return a text percent-encoded as little and as much as programs do, the hexadecimal digits in both cases."""
    data = _bytes(text)
    forms = {quote(data, safe=""), quote(data), quote_plus(data)}
    forms |= {form.replace("~", "%7E") for form in forms}
    forms |= {re.sub("[~._-]", lambda found: f"%{ord(found.group()):02X}", form) for form in forms}
    forms.add("".join(f"%{byte:02X}" for byte in data))
    return forms | {re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), form) for form in forms}


def _bytes(text: str) -> bytes:
    """Return a text in UTF-8: bytes that Python could not decode as they were, other lone surrogates as they are."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _in_base64(text: str) -> Iterator[str]:
    """Yield base64 of a text: alone, and the part that stays the same wherever in a longer text it stands."""
    data = _bytes(text)
    yield from _wrapped(base64.b64encode(data).decode())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        if len(data) >= SHORTEST:
            yield encode(data).decode()
        for before in range(3):
            piece = encode(b"\0" * before + data).decode()[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
            if len(piece) >= _PIECE:
                yield piece


def _wrapped(text: str) -> Iterator[str]:
    """Yield base64 on lines of the usual lengths, whole and each line that is long enough."""
    for columns in _COLUMNS:
        lines = [text[start : start + columns] for start in range(0, len(text), columns)]
        if len(lines) > 1:
            yield from (newline.join(lines) for newline in ("\n", "\r\n", "\\n", "\\r\\n"))
            yield from (line for line in lines if len(line) >= _PIECE)


def _decoded(text: str) -> Iterator[str]:
    """Yield the text behind a secret that is base64 of one, such as `client-key-data` of a kubeconfig."""
    compact = "".join(text.split())
    if len(compact) < 16 or len(compact) % 4:
        return
    try:
        found = base64.b64decode(compact, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if not has_controls("".join(found.split())):
        yield found


def _is_random(text: str) -> bool:
    """Tell whether a run of base64's characters is random bytes rather than a name, a path or a hexadecimal digest."""
    rest = _UUID.sub("", text)
    mixed = any(map(str.islower, rest)) and any(map(str.isupper, rest)) and any(map(str.isdigit, rest))
    return mixed and len(_WORD.findall(rest)) > _DISORDER * len(rest)


#: The pieces of base64 of which one stands in the base64 of every PEM block of a private key.
_PRIVATE_PIECES = frozenset(_in_base64("PRIVATE KEY")) - {base64.b64encode(b"PRIVATE KEY").decode()}


def _may_hold_keys(text: str) -> bool:
    """Tell whether `_without_private_keys` can change something within a text."""
    if "-----BEGIN" in text or "eyJ" in text:
        return True
    on_one_line = re.sub(r"\s+", "", text) if "\n" in text else text
    return any(piece in on_one_line for piece in _PRIVATE_PIECES)


def _without_private_keys(text: str) -> str:
    """Return a text of data without JSON Web Tokens and private keys, PEM or base64 of it; certificates stay."""
    if not _may_hold_keys(text):
        return text
    text = _without_web_tokens(_PRIVATE_PEM.sub(BLANK, text))
    return _BASE64_LINES.sub(lambda found: BLANK if _is_private(found.group()) else found.group(), text)


def _is_private(text: str) -> bool:
    """Tell whether base64, perhaps of several lines, is that of a private key's PEM block."""
    on_one_line = "".join(text.split())
    return any(piece in on_one_line for piece in _PRIVATE_PIECES)
