# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a core is called and what it gives back, whether it runs as a module or inside Ansible's worker.

A core is a function `run(call: Call) -> Outcome` in `_core/`. It raises `ModuleFailure` for everything a user must
read; it never prints, exits, or knows AnsibleModule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec


class ModuleFailure(Exception):
    """A failure in one clear sentence: what was tried, on which object, what came back, what to do next."""

    def __init__(self, message: str, **details: Any) -> None:
        """Keep `message` for the user and `details` as further keys of the failed result."""
        super().__init__(message)
        self.message = message
        self.details = details


def _ignore(_text: str) -> None:
    """Swallow a text: the default of callbacks nobody listens to."""


@dataclass
class Call:
    """One invocation of a core."""

    params: dict[str, Any]
    check_mode: bool = False
    diff_mode: bool = False
    warn: Callable[[str], None] = _ignore
    deprecate: Callable[[str], None] = _ignore
    #: Tells the shell that a text is a secret, as soon as it is known: it is blanked in everything returned.
    hide: Callable[[str], None] = _ignore
    #: Says one line to the person who watches, during a long wait.
    progress: Callable[[str], None] = _ignore
    memory: RunMemory = field(default_factory=NoMemory)


@dataclass
class Difference:
    """One object before and after, as Ansible's `--diff` shows it. Both sides come from the same formatter."""

    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def to_result(self) -> dict[str, Any]:
        """Return the form that Ansible's callbacks print."""
        return {
            "before_header": self.subject,
            "after_header": self.subject,
            "before": dict(self.before),
            "after": dict(self.after),
        }


@dataclass
class Outcome:
    """What a core did, or would do in check mode. `changed` is a comparison, never 'the API was called'."""

    changed: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def to_result(self, *, diff_mode: bool) -> dict[str, Any]:
        """Return the result for Ansible; `diff` is there only in diff mode and only for real differences."""
        result = {**self.result, "changed": self.changed}
        if diff_mode:
            result["diff"] = [each.to_result() for each in self.differences if each.before != each.after]
        return result


Core = Callable[[Call], Outcome]


def run_as_module(spec: ModuleSpec, core: Core) -> None:
    """Run a core as an ordinary Ansible module process."""
    module = AnsibleModule(**spec.module_arguments())

    def clean(text: str) -> str:
        """Blank the secrets known so far: AnsibleModule does so with results, but not with warnings."""
        return str(remove_values(text, module.no_log_values))

    call = Call(
        params=module.params,
        check_mode=module.check_mode,
        diff_mode=bool(module._diff),
        warn=lambda text: module.warn(clean(text)),
        deprecate=lambda text: module.deprecate(clean(text), version="2.0.0", collection_name="azureml.fleet"),
        hide=lambda secret: module.no_log_values.add(secret) if secret else None,
    )
    try:
        outcome = core(call)
    except ModuleFailure as failure:
        module.fail_json(msg=failure.message, **failure.details)
    module.exit_json(**outcome.to_result(diff_mode=call.diff_mode))
