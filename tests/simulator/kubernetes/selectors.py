# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors and field selectors, as text in queries and as objects in specs.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and .../field-selectors/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulator.kubernetes.errors import bad_request

_TOKEN = re.compile(r"\s*(\(|\)|,|==|=|!=|!|[^\s(),=!<>]+|[<>])")
_KEY = re.compile(r"^([a-zA-Z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")
_VALUE = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")


@dataclass(frozen=True)
class Requirement:
    """One requirement of a selector; `operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil it."""
        present = self.key in labels
        if self.operator == "Exists":
            return present
        if self.operator == "DoesNotExist":
            return not present
        if self.operator == "In":
            return present and labels[self.key] in self.values
        if self.operator == "NotIn":
            return not present or labels[self.key] not in self.values
        return present and self._compares(labels[self.key])

    def _compares(self, value: str) -> bool:
        try:
            have, limit = int(value), int(self.values[0])
        except (ValueError, IndexError):
            return False
        return have > limit if self.operator == "Gt" else have < limit


@dataclass(frozen=True)
class Selector:
    """All requirements must be fulfilled; an empty one selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether the labels fulfil every requirement."""
        return all(requirement.matches(labels or {}) for requirement in self.requirements)


EVERYTHING = Selector()


def parse_labels(text: str) -> Selector:
    """A selector from `a=b,c!=d,e in (f,g),!h`. Raises ApiError 400."""
    if not text.strip():
        return EVERYTHING
    tokens = _tokens(text)
    requirements: list[Requirement] = []
    position = 0
    while True:
        requirement, position = _requirement(tokens, position, text)
        requirements.append(requirement)
        if position == len(tokens):
            return Selector(tuple(requirements))
        if tokens[position] != ",":
            raise _unparsable(f"found '{tokens[position]}', expected: ',' or 'end of string'")
        position += 1


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise _unparsable(f"unable to parse requirement: {stripped[position:]!r}")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def _requirement(tokens: Sequence[str], position: int, text: str) -> tuple[Requirement, int]:
    token = _at(tokens, position)
    if token == "!":
        return Requirement(_checked_key(_at(tokens, position + 1)), "DoesNotExist"), position + 2
    key = _checked_key(token)
    operator = _at(tokens, position + 1)
    if operator in ("", ","):
        return Requirement(key, "Exists"), position + 1
    if operator in ("=", "==", "!="):
        value, used = _plain_value(tokens, position + 2)
        return Requirement(key, "NotIn" if operator == "!=" else "In", (value,)), position + 2 + used
    if operator in ("<", ">"):
        value, used = _plain_value(tokens, position + 2)
        return Requirement(key, "Gt" if operator == ">" else "Lt", (value,)), position + 2 + used
    if operator in ("in", "notin"):
        values, position = _value_list(tokens, position + 2)
        return Requirement(key, "In" if operator == "in" else "NotIn", values), position
    raise _unparsable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")


def _plain_value(tokens: Sequence[str], position: int) -> tuple[str, int]:
    value = _at(tokens, position)
    if value in ("", ","):
        return "", 0
    return _checked_value(value), 1


def _value_list(tokens: Sequence[str], position: int) -> tuple[tuple[str, ...], int]:
    if _at(tokens, position) != "(":
        raise _unparsable(f"found '{_at(tokens, position)}' expected: '('")
    values: list[str] = []
    position += 1
    while _at(tokens, position) != ")":
        token = _at(tokens, position)
        if token == "":
            raise _unparsable("found '', expected: ',', or ')'")
        if token != ",":
            values.append(_checked_value(token))
        position += 1
    return tuple(sorted(values)), position + 1


def _at(tokens: Sequence[str], position: int) -> str:
    return tokens[position] if position < len(tokens) else ""


def _checked_key(key: str) -> str:
    if not _KEY.match(key):
        raise _unparsable(f'<nil>: Invalid value: "{key}": a valid label key is needed')
    return key


def _checked_value(value: str) -> str:
    if not _VALUE.match(value):
        raise _unparsable(f'values[0][{value}]: Invalid value: "{value}": a valid label must be given')
    return value


def _unparsable(detail: str) -> Exception:
    return bad_request(f"unable to parse requirement: {detail}")


def from_spec(spec: Mapping[str, Any] | None) -> Selector:
    """A selector from a LabelSelector object; None selects nothing and is not accepted here."""
    requirements = [Requirement(key, "In", (value,)) for key, value in ((spec or {}).get("matchLabels") or {}).items()]
    for expression in (spec or {}).get("matchExpressions") or ():
        requirements.append(from_expression(expression))
    return Selector(tuple(requirements))


def from_expression(expression: Mapping[str, Any]) -> Requirement:
    """One requirement from `{key, operator, values}` (LabelSelectorRequirement, NodeSelectorRequirement)."""
    return Requirement(expression["key"], expression["operator"], tuple(expression.get("values") or ()))


@dataclass(frozen=True)
class FieldRequirement:
    """`path=value` or, when not `equal`, `path!=value`."""

    path: str
    value: str
    equal: bool


def parse_fields(text: str, refusal: Callable[[str], str]) -> tuple[FieldRequirement, ...]:
    """Requirements of a field selector. `refusal` says why a path is not supported, or nothing. Raises ApiError 400."""
    found: list[FieldRequirement] = []
    for term in filter(None, text.split(",")):
        operator = next((item for item in ("!=", "==", "=") if item in term), "")
        if not operator:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        path, _unused, value = term.partition(operator)
        why = refusal(path)
        if why:
            raise bad_request(why)
        found.append(FieldRequirement(path, value, operator != "!="))
    return tuple(found)


def fields_match(requirements: Sequence[FieldRequirement], obj: Mapping[str, Any]) -> bool:
    """Whether the object's fields fulfil the requirements; an absent field is the empty string."""
    return all((field_text(obj, item.path) == item.value) == item.equal for item in requirements)


def field_text(obj: Mapping[str, Any], path: str) -> str:
    """The text of the field at a dotted path, empty when absent."""
    value: Any = obj
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
        value = value[part]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
