# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a core is called and what it gives back, whether it runs as a module or inside Ansible's worker.

A core is a function `run(call: Call) -> Outcome` in `_core/`. It raises `ModuleFailure` for everything a user must
read; it never prints, exits, or knows AnsibleModule.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import NoMemory, RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import Secrets
from ansible_collections.azureml.fleet.plugins.module_utils._module.guard import (
    cleaned_result,
    environment_secrets,
    guarded,
)
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


class FleetModule(AnsibleModule):
    """AnsibleModule that knows every secret of its arguments before it logs or returns anything.

    AnsibleModule itself takes options for secret or not as a whole: a kubeconfig or a proxy may be a path or a URL that
    everybody may read, or hold a key. And it blanks secrets of one letter wherever the letter stands.
    """

    no_log_values: set[str]

    def __init__(self, spec: ModuleSpec) -> None:
        """Read and validate the arguments. Ends the process for arguments that cannot be."""
        self.secrets = Secrets(environment_secrets())
        self._spec = spec
        super().__init__(**spec.module_arguments())

    def log(self, msg: str, log_args: dict[str, Any] | None = None) -> None:
        """Write one line to the system's log; the arguments of the invocation as they may be shown."""
        self._learn()
        if log_args:
            given = {name: value for name, value in self.params.items() if name in log_args}
            log_args = self._spec.shown(given, self.secrets)
            msg = f"Invoked with {' '.join(f'{name}={value}' for name, value in log_args.items())}"
        super().log(self.secrets.message(msg), log_args=log_args)

    def exit_json(self, **result: Any) -> None:
        """Return a result and end the process."""
        super().exit_json(**self._leaving(result))

    def fail_json(self, msg: str, **result: Any) -> None:
        """Return a failure and end the process."""
        super().fail_json(**self._leaving({**result, "msg": str(msg)}))

    def _leaving(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return what may leave this process, and how it was called."""
        self._learn()
        shown = {name: value for name, value in self.params.items() if not name.startswith("_ansible_")}
        invocation = {"module_args": self._spec.shown(shown, self.secrets)}
        return {**cleaned_result(result, self.secrets), "invocation": invocation}

    def _learn(self) -> None:
        """Learn the secrets of the arguments, and let AnsibleModule blank all that are long enough to be told apart."""
        for each in (*self._spec.secrets_in(self.params), *self.no_log_values):
            self.secrets.add(each)
        self.no_log_values = self.secrets.words()


def run_as_module(spec: ModuleSpec, core: Core) -> None:
    """Run a core as an ordinary Ansible module process."""
    module = FleetModule(spec)
    warnings: list[str] = []
    deprecations: list[str] = []
    call = Call(
        params=module.params,
        check_mode=module.check_mode,
        diff_mode=bool(module._diff),
        warn=warnings.append,
        deprecate=deprecations.append,
        hide=module.secrets.add,
    )
    with guarded(module.secrets):
        result = result_of(core, call, module.secrets)
    # Said at the end: a secret in a warning may have been learned after it.
    for text in warnings:
        module.warn(module.secrets.message(text))
    for text in deprecations:
        module.deprecate(module.secrets.message(text), version="2.0.0", collection_name="azureml.fleet")
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def result_of(core: Core, call: Call, secrets: Secrets) -> dict[str, Any]:
    """Return the result of a core however it ends, but for SystemExit. It is still to be cleaned."""
    try:
        return core(call).to_result(diff_mode=call.diff_mode)
    except ModuleFailure as failure:
        return {**failure.details, "failed": True, "msg": failure.message}
    except Exception as error:  # the last line of defence: what a library raises may hold a secret
        return {
            "failed": True,
            "msg": f"The module failed unexpectedly: {type(error).__name__}: {error}",
            "exception": secrets.lines(traceback.format_exc()),
        }
