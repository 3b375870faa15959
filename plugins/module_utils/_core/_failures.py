# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one translator from what the layers below raise to the failure of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.errors import FleetError, InputError
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import ModuleFailure


@contextmanager
def reported_failures(**details: Any) -> Iterator[None]:
    """Turn what the layers below raise into a failure of the module.

    Its result has `error_code` and `http_status` where a service named them, and `details` beside them.
    """
    try:
        yield
    except InputError as error:
        # Whoever says it has reasons for the place: behind a command it would be pasted with it.
        said = error.message if "Nothing was changed" in error.message else f"{error.message} Nothing was changed."
        raise failure_of(error, said, **details) from error
    except FleetError as error:
        raise failure_of(error, error.message, http_status=error.status, **details) from error


def failure_of(error: FleetError, message: str, **details: Any) -> ModuleFailure:
    """Return the failure of a module for an error of the layers below, in the words of `message`."""
    return ModuleFailure(message, error_code=_code(error), **details)


def refuse_missing(*libraries: str | None) -> None:
    """Raise ModuleFailure that says how to install the first of `libraries` that is missing (None: it is there)."""
    for library in libraries:
        if library is not None:
            raise ModuleFailure(missing_required_lib(library))


def _code(error: FleetError) -> str:
    """Return the service's word for the error, or the kind of error where no service spoke."""
    return error.code or type(error).__name__
