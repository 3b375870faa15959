# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules say in RETURN of the facts that they return, from the one declaration of each kind of fact.

A module asks for it by a comment: `contains:  # generated from ExtensionFacts`, with `, without owners` where it leaves
a field out. The type of a field is its annotation in `_domain/facts.py`, its meaning the comment on its line, or above.
"""

from __future__ import annotations

import io
import re
import tokenize
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain import facts
from scripts.generate_roles import ROOT, dumped

#: A block that is generated: its first line, and all lines that are deeper.
BLOCK = re.compile(r"^( *)contains:  # generated from (\w+)(?:, without (\w+))?\n((?:\1 .*\n)*)", re.MULTILINE)
_SOURCE = Path(str(facts.__file__))
_PLAIN = {bool: "bool", float: "float", int: "int", str: "str"}


def files() -> dict[Path, str]:
    """Return the modules that ask for generated blocks, by path."""
    found = {}
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if BLOCK.search(text):
            found[path] = BLOCK.sub(_block, text)
    return found


def _block(found: re.Match[str]) -> str:
    """Return a block as it is to be."""
    space, kind, without, _old = found.groups()
    first = found[0].partition("\n")[0]
    said = contents(getattr(facts, kind), without)
    return f"{first}\n{indent(dumped(said, width=92 - len(space)), f'{space}  ')}"


def contents(kind: Any, without: str | None = None) -> dict[str, Any]:
    """Return what RETURN says of a TypedDict. Raises ValueError for a field whose meaning is not said."""
    hints = typing.get_type_hints(kind)
    said = meanings(kind.__name__)
    silent = sorted(hints.keys() - said.keys())
    if silent:
        raise ValueError(f"{_SOURCE.name}: a comment must say what {kind.__name__}.{silent[0]} means")
    return {name: {"description": said[name], **_typed(hint)} for name, hint in hints.items() if name != without}


def _typed(hint: Any) -> dict[str, Any]:
    """Return the type of a value in the words of RETURN."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (some,) = (each for each in arguments if each is not types.NoneType)
        return _typed(some)
    if origin is typing.Literal:
        return {"type": "str"}
    if origin is list:
        element = _typed(arguments[0])
        inner = {"contains": element["contains"]} if "contains" in element else {}
        return {"type": "list", "elements": element["type"], **inner}
    if typing.is_typeddict(hint):
        return {"type": "dict", "contains": contents(hint)}
    return {"type": "dict" if origin is dict else _PLAIN[hint]}


def meanings(kind: str) -> Mapping[str, str]:
    """Return the meaning of each field of a kind of fact: what the comments on their lines, or right above, say."""
    text = _SOURCE.read_text(encoding="utf-8")
    body = text[text.index(f"class {kind}(") :].partition("\n\n\n")[0]
    found: dict[str, str] = {}
    above: list[str] = []
    name = ""
    for token in tokenize.generate_tokens(io.StringIO(body).readline):
        if token.type == tokenize.NAME and token.line.startswith(f"    {token.string}:"):
            name = token.string
            found[name] = " ".join(above)
            above = []
        elif token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            above.append(token.string.removeprefix("#").strip())
        elif token.type == tokenize.COMMENT:
            found[name] = token.string.removeprefix("#").strip()
    return {name: said for name, said in found.items() if said}
