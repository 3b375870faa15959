# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with what is wanted of an extension, as data: modules name options, preflight names variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import OPTIONS, ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import InputError

#: What a problem is about. Preflight has a rule with a remedy of its own for each but the last.
ProblemCode = Literal[
    "high availability",
    "internal load balancer",
    "service type",
    "tls ambiguous",
    "tls incomplete",
    "tls undecided",
    "other",
]

_OPTION = re.compile(r"O\((\w+)\)")


@dataclass(frozen=True)
class Problem:
    """One thing that the extension would refuse, or take without doing what was said."""

    #: One sentence, in which an option stands as `O(name)`.
    text: str
    code: ProblemCode = "other"

    def for_modules(self) -> str:
        """Return the sentence with the options of the module."""
        return self._said(lambda name: name)

    def for_variables(self) -> str:
        """Return the sentence with the variables of the roles."""
        return self._said(lambda name: OPTIONS[name].variable or name)

    def _said(self, named: Callable[[str], str]) -> str:
        """Return the sentence with each option as `named` calls it; what is no option of ours stays as it is."""
        return _OPTION.sub(lambda found: named(found[1]) if found[1] in OPTIONS else found[0], self.text)


class ExtensionSettingsError(InputError):
    """Options that the extension would refuse, or take without doing what they say."""

    def __init__(self, *problems: Problem) -> None:
        """Keep the problems, in the order in which they were found."""
        super().__init__(" ".join(each.for_modules() for each in problems))
        self.problems = problems


NO_PURPOSE = Problem("The extension needs O(enable_training), O(enable_inference), or both.")


def option_problems(options: ExtensionOptions) -> Iterator[Problem]:
    """Yield what cannot be meant, whatever the cluster is and whatever is installed."""
    if options.enable_training is False and options.enable_inference is False:
        yield NO_PURPOSE
    if options.version and options.auto_upgrade_minor_version:
        yield Problem(
            f"O(version) pins the extension to {options.version}: O(auto_upgrade_minor_version) cannot be true "
            "beside it."
        )
    if options.auto_upgrade_minor_version is False and not options.version:
        yield Problem("O(auto_upgrade_minor_version) is false, which needs O(version), the version to stay at.")
