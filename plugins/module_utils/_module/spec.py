# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module accepts, as one value that the module, the action and the tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import (
    BLANK_VALUE,
    Secrets,
    leaves,
    passwords_in_urls,
)

OptionSpec = dict[str, Any]
ArgumentSpec = Mapping[str, OptionSpec]
#: Returns the secrets within the value of an option that is not secret as a whole.
SecretParts = Callable[[object], Iterable[object]]


@dataclass(frozen=True)
class ModuleSpec:
    """The options of a module and the rules between them, in Ansible's own argument-spec words."""

    argument_spec: ArgumentSpec = field(default_factory=dict)
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[Any, ...], ...] = ()
    required_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    supports_check_mode: bool = True
    #: Options that hold secrets without being one: which parts of their values are. Where there are any, the value is
    #: not shown at all.
    secret_parts: Mapping[str, SecretParts] = field(default_factory=dict)
    #: Options whose texts are paths, several joined as in `PATH`, although their type does not say so.
    path_lists: frozenset[str] = frozenset()

    def merge(self, *groups: ModuleSpec) -> ModuleSpec:
        """Return this spec with the options and rules of `groups` added; an option may stand in one place only.

        Raises ValueError when two groups declare the same option, because then the option would have two meanings.
        """
        options: dict[str, OptionSpec] = {}
        for spec in (self, *groups):
            twice = options.keys() & spec.argument_spec.keys()
            if twice:
                raise ValueError(f"declared in two option groups: {', '.join(sorted(twice))}")
            options.update(spec.argument_spec)
        every = (self, *groups)
        return ModuleSpec(
            argument_spec=options,
            mutually_exclusive=tuple(rule for spec in every for rule in spec.mutually_exclusive),
            required_together=tuple(rule for spec in every for rule in spec.required_together),
            required_one_of=tuple(rule for spec in every for rule in spec.required_one_of),
            required_if=tuple(rule for spec in every for rule in spec.required_if),
            required_by={name: needs for spec in every for name, needs in spec.required_by.items()},
            supports_check_mode=self.supports_check_mode,
            secret_parts={name: parts for spec in every for name, parts in spec.secret_parts.items()},
            path_lists=frozenset().union(*(spec.path_lists for spec in every)),
        )

    def secrets_in(self, params: Mapping[str, Any]) -> Iterator[object]:
        """Yield every secret in the arguments of a task, as they were given or validated; aliases count."""
        for name, value in params.items():
            option = self._option(name)
            yield from _secret_values(option, value)
            for text in leaves(value):
                yield from passwords_in_urls(str(text))
            if parts := self._parts(name):
                yield from parts(value)

    def shown(self, params: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
        """Return the arguments of a task as a log may have them; one that does not exist may be a secret misspelt."""
        arguments: dict[str, Any] = {}
        for name, value in params.items():
            option, parts = self._option(name), self._parts(name)
            secret = (
                option is None
                or option.get("no_log")
                or (parts is not None and next(iter(parts(value)), None) is not None)
            )
            arguments[name] = BLANK_VALUE if secret and value is not None else secrets.data(value)
        return arguments

    def absolute_paths(
        self, arguments: Mapping[str, Any], environment: Mapping[str, str], absolute: Callable[[str], str]
    ) -> dict[str, str]:
        """Return the options that are paths, as `absolute` makes them, by the names or aliases in `arguments`.

        One that is not there has the value that it would take from `environment`.
        """
        found: dict[str, str] = {}
        for name, option in self.argument_spec.items():
            if option.get("type") != "path" and name not in self.path_lists:
                continue
            given = {each: arguments.get(each) for each in (name, *option.get("aliases", ()))}
            if all(value is None for value in given.values()):
                variables = option.get("fallback", (None, ()))[1]
                given = {name: next((environment[each] for each in variables if each in environment), None)}
            for each, value in given.items():
                if isinstance(value, str) and value:
                    parts = value.split(os.pathsep) if name in self.path_lists else [value]
                    found[each] = os.pathsep.join(map(absolute, parts))
        return found

    def _option(self, name: str) -> OptionSpec | None:
        """Return the option that a name or an alias stands for."""
        found = self.argument_spec.get(name)
        named = (each for each in self.argument_spec.values() if name in each.get("aliases", ()))
        return found if found is not None else next(named, None)

    def _parts(self, name: str) -> SecretParts | None:
        """Return how to find the secrets within the value of an option."""
        option = self._option(name)
        return next((parts for each, parts in self.secret_parts.items() if self.argument_spec[each] is option), None)

    def validator_arguments(self) -> dict[str, Any]:
        """Return the arguments of Ansible's ArgumentSpecValidator."""
        return {
            "argument_spec": {name: dict(option) for name, option in self.argument_spec.items()},
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_together": list(self.required_together),
            "required_one_of": list(self.required_one_of),
            "required_if": list(self.required_if),
            "required_by": dict(self.required_by),
        }

    def module_arguments(self) -> dict[str, Any]:
        """Return the arguments of Ansible's AnsibleModule."""
        return {**self.validator_arguments(), "supports_check_mode": self.supports_check_mode}


def secret_options(argument_spec: ArgumentSpec, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every option whose value must never be shown, sub-options included."""
    for name, option in argument_spec.items():
        if option.get("no_log"):
            yield (*prefix, name)
        yield from secret_options(option.get("options") or {}, (*prefix, name))


def _secret_values(option: OptionSpec | None, value: object) -> Iterator[object]:
    """Yield every single value of a secret option, and of the secret sub-options of any other."""
    if option is None:
        return
    if option.get("no_log"):
        yield from leaves(value)
    for each in value if isinstance(value, list) else [value]:
        for name, sub_value in each.items() if isinstance(each, Mapping) else ():
            yield from _secret_values((option.get("options") or {}).get(name), sub_value)
