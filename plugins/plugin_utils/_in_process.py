# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a core inside Ansible's worker process instead of starting a Python process for it.

The strategy loads an action plugin before it forks, so the SDKs that a core imports are imported once for the whole
run. Where the task asks for something that only a process of its own can give (see `_why_not_here`), the ordinary
module runs instead. Deleting plugins/action/ changes speed only.

This is the only file that knows ansible-core's internals.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible import constants as C
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationErrorMultiple, UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import RunOptions
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.memory import RunMemory
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import Secrets
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.text import one_line
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Outcome, result_of
from ansible_collections.azureml.fleet.plugins.module_utils._module.guard import (
    cleaned_result,
    environment_secrets,
    guarded,
)
from ansible_collections.azureml.fleet.plugins.module_utils._module.spec import ModuleSpec
from ansible_collections.azureml.fleet.plugins.plugin_utils import _run_memory

display = Display()

#: Made when Ansible loads the first of our actions, that is before it forks: every worker of the run shares it.
_MEMORY: RunMemory = _run_memory.create()

# A worker's garbage collector would walk, and by that copy, the objects of all SDKs that the parent holds: they are put
# out of its sight for the fork (https://docs.python.org/3/library/gc.html#gc.freeze). Upgrades cost a fifth less.
os.register_at_fork(before=gc.freeze, after_in_parent=gc.unfreeze)


class InProcessAction(ActionBase):
    """An action that runs `core` here, or as a module where it cannot."""

    spec: ClassVar[ModuleSpec]
    core: ClassVar[staticmethod[[Call], Outcome]]
    #: Name of the SDK package that could not be imported here, if any: the module then says how to install it.
    missing_library: ClassVar[str | None] = None

    _supports_check_mode = True
    _supports_async = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result; a failure is returned and never raised, so that `until` and `failed_when` see it."""
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars) or {}
        reason = self._why_not_here(task_vars)
        if reason:
            display.vvv(f"{self._task.action} runs as a module: {reason}", host=task_vars.get("inventory_hostname"))
            result.update(self._run_as_module(task_vars))
            return result
        result.update(self._run_here(task_vars))
        return result

    def _run_as_module(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module of the same name as a process of its own."""
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        answer: dict[str, Any] = self._execute_module(
            module_name=self._task.action,
            module_args=self._arguments_of_module(),
            task_vars=task_vars,
            wrap_async=wrap_async,
        )
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return answer

    def _arguments_of_module(self) -> dict[str, Any]:
        """Return the task's arguments with relative paths as the worker would take them.

        On the controller a module starts in the folder of the playbook, which may be inside of the installed
        collection; for a user a relative path begins where ansible-playbook was started. Another machine has its own.
        """
        arguments: dict[str, Any] = dict(self._task.args)
        if self._connection.transport == "local":
            environment = {} if self._own_environment() else os.environ
            arguments |= self.spec.absolute_paths(arguments, environment, _absolute)
        return arguments

    def _own_environment(self) -> bool:
        """Tell whether the task has environment variables of its own."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return bool(environment)

    def _why_not_here(self, task_vars: Mapping[str, Any]) -> str | None:
        """Return what this task needs that only a process of its own can give, or None."""
        in_process = self._templar.template(task_vars.get("aml_in_process", RunOptions.in_process))
        reasons = (
            (bool(self._task.async_val), "it is asynchronous"),
            (self._connection.transport != "local", "it does not run on the controller"),
            (bool(self._connection.become), "it becomes another user"),
            (self._other_interpreter(task_vars), "another Python interpreter was chosen"),
            (self._own_environment(), "it has an environment of its own"),
            (str(in_process).lower() in ("false", "no", "0", "off"), "aml_in_process is false"),
            (bool(C.DEFAULT_KEEP_REMOTE_FILES), "remote files are to be kept for debugging"),
            (self.missing_library is not None, f"{self.missing_library} cannot be imported here"),
        )
        return next((text for applies, text in reasons if applies), None)

    def _other_interpreter(self, task_vars: Mapping[str, Any]) -> bool:
        """Tell whether the host, or the host the task is delegated to, names a Python other than this one.

        Two virtual environments can share one real interpreter, so a link counts as the same only in the same folder
        (a virtual environment's `python` and `python3`).
        """
        variables = task_vars
        if self._task.delegate_to:
            delegated = task_vars.get("ansible_delegated_vars", {})
            variables = delegated.get(self._task.delegate_to, {})
        interpreter = self._templar.template(variables.get("ansible_python_interpreter") or "auto")
        return not str(interpreter).startswith("auto") and not _same_interpreter(str(interpreter), sys.executable)

    def _run_here(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Validate the arguments, run the core, and return its result without any secret."""
        arguments = _as_a_module_sees(self._task.args)
        validation = ArgumentSpecValidator(**self.spec.validator_arguments()).validate(arguments)
        messages = _Messages()
        messages.add_from_validation(validation)
        secrets = Secrets((*environment_secrets(), *validation._no_log_values, *self.spec.secrets_in(arguments)))
        for secret in self.spec.secrets_in(validation.validated_parameters):  # with those of the environment
            secrets.add(secret)
        if validation.error_messages:
            answer = {"failed": True, "msg": _validation_message(self._task.action, validation.errors)}
        elif self._task.check_mode and not self.spec.supports_check_mode:
            answer = {"skipped": True, "msg": f"{self._task.action} does not support check mode"}
        else:
            call = Call(
                params=validation.validated_parameters,
                check_mode=bool(self._task.check_mode),
                diff_mode=bool(self._task.diff),
                warn=messages.warnings.append,
                deprecate=messages.add_deprecation,
                hide=secrets.add,
                progress=_Progress(str(task_vars.get("inventory_hostname", "")), secrets),
                memory=_MEMORY,
            )
            answer = self._call_core(call, secrets)
        answer.update(messages.to_result())
        return cleaned_result(answer, secrets)

    def _call_core(self, call: Call, secrets: Secrets) -> dict[str, Any]:
        """Run the core; turn every way in which it can end into a result."""
        with guarded(secrets) as printed:
            try:
                result = result_of(type(self).core, call, secrets)
            except SystemExit as stop:
                # A SystemExit that leaves the worker would end the whole run.
                result = {"failed": True, "msg": f"{self._task.action} ended itself with exit status {stop.code}."}
        if printed.getvalue():
            display.vvvv(f"{self._task.action} printed: {secrets.lines(printed.getvalue())}")
        return _without_internal_keys(result)


class _Messages:
    """Warnings and deprecations of one task, in the form in which a module returns them."""

    def __init__(self) -> None:
        """Start with none."""
        self.warnings: list[str] = []
        self.deprecations: list[dict[str, Any]] = []

    def add_deprecation(self, text: str) -> None:
        """Add something that goes away with the next major version of the collection."""
        self.deprecations.append({"msg": text, "version": "2.0.0", "collection_name": "azureml.fleet"})

    def add_from_validation(self, validation: Any) -> None:
        """Add what Ansible's validator found: aliases and options on their way out."""
        for warning in validation._warnings:
            self.warnings.append(f"Both option {warning['option']} and its alias {warning['alias']} are set.")
        for each in validation._deprecations:
            self.deprecations.append(
                {
                    "msg": each.get("msg") or f"Alias '{each['name']}' is deprecated.",
                    "version": each.get("version"),
                    "date": each.get("date"),
                    "collection_name": each.get("collection_name"),
                }
            )

    def to_result(self) -> dict[str, Any]:
        """Return the keys of a result; none where there is nothing to say."""
        result: dict[str, Any] = {}
        if self.warnings:
            result["warnings"] = self.warnings
        if self.deprecations:
            result["deprecations"] = self.deprecations
        return result


class _Progress:
    """Says one line with the host's name, from the worker through Ansible's own display."""

    def __init__(self, host: str, secrets: Secrets) -> None:
        """Speak for `host`, without its `secrets`."""
        self._host = host
        self._secrets = secrets

    def __call__(self, text: str) -> None:
        """Show `text` at once."""
        display.display(f"    [{one_line(self._host)}] {self._secrets.message(text)}", color=C.COLOR_VERBOSE)


def _same_interpreter(one: str, other: str) -> bool:
    """Tell whether two paths name the same Python of the same environment."""
    same_folder = os.path.dirname(one) == os.path.dirname(other)
    return one == other or (same_folder and os.path.realpath(one) == os.path.realpath(other))


def _absolute(path: str) -> str:
    """Return a relative path as one that begins in this process's folder, anything else as it is."""
    return os.path.abspath(path) if path and not path.startswith(("~", "$", "/")) else path


def _as_a_module_sees(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as a module gets them: plain JSON types, vaulted values in clear."""
    try:
        from ansible.module_utils.common.json import (
            Direction,
            get_module_decoder,
            get_module_encoder,
        )
    except ImportError:  # ansible-core before 2.19
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        plain: dict[str, Any] = json.loads(json.dumps(dict(arguments), cls=AnsibleJSONEncoder, vault_to_text=True))
        return plain
    encoder = get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)
    decoder = get_module_decoder("legacy", Direction.CONTROLLER_TO_MODULE)
    decoded: dict[str, Any] = json.loads(json.dumps(dict(arguments), cls=encoder), cls=decoder)
    return decoded


def _validation_message(action: str, errors: AnsibleValidationErrorMultiple) -> str:
    """Return the validator's first words as AnsibleModule says them; it names the module for unknown options only."""
    text = str(errors.msg)
    if isinstance(errors[0], UnsupportedError):
        return f"Unsupported parameters for ({action}) module: {text}"
    return text


def _without_internal_keys(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return `result` without keys that Ansible trusts in an action: a core has no business setting them."""
    return {key: value for key, value in result.items() if not key.startswith("_ansible_") and key != "invocation"}
