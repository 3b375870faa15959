# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module accepts, as one value that the module, the action and the tests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Option = dict[str, Any]
ArgumentSpec = Mapping[str, Option]


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

    def merge(self, *groups: ModuleSpec) -> ModuleSpec:
        """Return this spec with the options and rules of `groups` added; an option may stand in one place only.

        Raises ValueError when two groups declare the same option, because then the option would have two meanings.
        """
        options: dict[str, Option] = {}
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
        )

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
