# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an option is declared: once, as a field of a dataclass that says all there is to say of it.

The field's annotation is what the type checker knows; its `Option` is what everything else derives from: the argument
spec and documentation of modules, the variables of roles with their validation, and the settings that Azure is sent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.checks import ValueCheck

OptionKind = Literal["bool", "dict", "float", "int", "list", "path", "raw", "str"]
#: When a change of an option interrupts what runs: never; where inference is on; where it is switched off; always.
Disruption = Literal["never", "while_serving", "when_switched_off", "always"]

_KEY = "azureml.fleet option"
PREFIX = "aml_"


@dataclass(frozen=True)
class Option:
    """One option: what it holds, what it means, and where it goes."""

    name: str
    kind: OptionKind
    #: One sentence or two, code in backticks; `details` are further paragraphs of a module's documentation.
    description: str
    details: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    #: The value where the user says nothing: of a role's variable and, unless `unset_in_modules`, a module's option.
    default: Any = None
    #: A module is told nothing where the user says nothing: it leaves as it is what the roles give a value.
    unset_in_modules: bool = False
    required: bool = False
    #: Kind of a list's items in a module; variables are checked deeper, where they are read.
    elements: OptionKind | None = None
    secret: bool = False
    #: The name says 'key' or 'secret' although the value is none: Ansible wants to be told.
    not_secret: bool = False
    #: Name of the role variable; None where roles do not offer the option.
    variable: str | None = None
    #: Whether modules offer it.
    module: bool = True
    #: Setting of the extension that the option becomes, and the chart's value where the extension has none.
    setting: str | None = None
    setting_default: str | None = None
    #: The option means something for the router only, that is with inference on.
    router_only: bool = False
    #: Options of which only this one may be given.
    excludes: tuple[str, ...] = ()
    #: What must be so beside it, each an option or `option=value`, or several with `|` between them of which one is
    #: enough. The documentation says it; who judges the options is held to it by a test.
    needs: tuple[str, ...] = ()
    #: Version of the collection that has the option first, where its module is older.
    since: str | None = None
    disruption: Disruption = "never"
    #: What a variable's value must be beside its type.
    check: ValueCheck | None = None
    #: The page or program that the option's meaning is taken from.
    source: str = ""

    def described(self, mark: Callable[[str], str]) -> str:
        """Return the description and what the option needs, each option in the words of `mark`."""
        needed = [" or ".join(mark(each) for each in need.split("|")) for need in self.needs]
        return f"{self.description} Needs {', and '.join(needed)}." if needed else self.description

    def argument(self) -> dict[str, Any]:
        """Return the option in the words of Ansible's argument spec."""
        found: dict[str, Any] = {"type": self.kind}
        if self.elements:
            found["elements"] = self.elements
        if self.choices:
            found["choices"] = list(self.choices)
        if self.default is not None and not self.unset_in_modules:
            found["default"] = self.default
        if self.required:
            found["required"] = True
        if self.secret or self.not_secret:
            found["no_log"] = self.secret
        return found


def option(kind: OptionKind, description: str, **more: Any) -> Any:
    """Return the dataclass field of an option; `more` are fields of `Option`.

    `default` is the field's, too, unless it is `unset_in_modules`. `factory` makes the empty value of a field that
    is a collection. The variable is `aml_<field>` unless `variable` names another, or is None.
    """
    factory: Callable[[], Any] | None = more.pop("factory", None)
    metadata = {_KEY: {"kind": kind, "description": description, **more}}
    shown = not more.get("secret", False)
    if factory is not None:
        given: dict[str, Any] = {"default_factory": factory}
    else:
        given = {"default": None if more.get("unset_in_modules") else more.get("default")}
    # It is the body of a dataclass that calls this.
    return dataclasses.field(**given, metadata=metadata, repr=shown)  # pylint: disable=invalid-field-call


def options_of(declaration: type[Any]) -> dict[str, Option]:
    """Return the options that a dataclass declares, by their names, in the order of the fields."""
    found: dict[str, Option] = {}
    for each in dataclasses.fields(declaration):
        said = each.metadata.get(_KEY)
        if said is not None:
            variable = said.get("variable", PREFIX + each.name)
            found[each.name] = Option(**{**said, "name": each.name, "variable": variable})
    return found


def argument_spec(declaration: type[Any]) -> dict[str, dict[str, Any]]:
    """Return the options of a declaration that modules offer, as an argument spec of Ansible."""
    return {name: each.argument() for name, each in options_of(declaration).items() if each.module}


def exclusions(declaration: type[Any]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of options that exclude each other, each pair once, for Ansible's `mutually_exclusive`."""
    pairs = {
        tuple(sorted((name, other)))
        for name, each in options_of(declaration).items()
        for other in each.excludes
        if each.module
    }
    return tuple(sorted((one, other) for one, other in pairs))
