# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubectl commands that the collection tells people to type: in its pages, its examples and its messages."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from collections.abc import Iterator

from tests.integration.harness import ROOT

#: Subcommands that the simulated API answers, because they speak JSON (tests/simulator/README.md).
OF_THE_SIMULATOR = frozenset(
    {"annotate", "apply", "delete", "describe", "get", "label", "patch", "rollout", "version", "wait"}
)
#: What speaks protobuf, which the simulated API does not take: tried on a real API server.
TRIED = frozenset({"create"})
#: What asks a kubelet for what a container has said: neither the simulation nor KWOK has containers.
OF_CONTAINERS = frozenset({"logs"})
#: In a line of code or of prose; a backslash at its end continues it.
INLINE = re.compile(r"`(kubectl [^`]+)`")
LINE = re.compile(r"^[ #$]*(kubectl (?:[^\n\\]|\\\n)+)", re.MULTILINE)
#: Options whose value is the next word.
WITH_A_VALUE = frozenset({"--context", "--kubeconfig", "--namespace", "-n"})
#: What ends a command and begins another one.
ENDS = frozenset({";", "|", "&&"})


def texts() -> Iterator[tuple[str, str]]:
    """Yield the pages and the texts in the code, each with the name of its file."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.yml")]
    pages += (ROOT / "roles").rglob("*.md")
    for path in pages:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield str(path.relative_to(ROOT)), node.value


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the commands that a text shows, as their words; without what their output is piped into."""
    for command in [*INLINE.findall(text), *LINE.findall(text)]:
        if "`" not in command:
            lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=";|&")
            lexer.whitespace_split = True
            yield list(itertools.takewhile(lambda word: word not in ENDS, lexer))


def printed_commands() -> list[tuple[str, list[str]]]:
    """Return each command once, with the file that shows it first."""
    found: dict[tuple[str, ...], str] = {}
    for place, text in texts():
        for words in commands_in(text):
            if len(words) > 1:
                found.setdefault(tuple(words), place)
    return [(place, list(words)) for words, place in found.items()]


def subcommand(words: list[str]) -> str:
    """Return what kubectl is asked to do; options may stand before it."""
    told = iter(words[1:])
    for word in told:
        if word in WITH_A_VALUE:
            next(told, None)
        elif not word.startswith("-"):
            return word
    return ""
