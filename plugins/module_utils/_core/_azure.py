# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cores that speak to Azure share: connecting, and turning errors into failures of the module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.azureml.fleet.plugins.module_utils._azure import auth
from ansible_collections.azureml.fleet.plugins.module_utils._azure.auth import AzureConnection
from ansible_collections.azureml.fleet.plugins.module_utils._azure.errors import AzureError
from ansible_collections.azureml.fleet.plugins.module_utils._azure.waiting import Waiting
from ansible_collections.azureml.fleet.plugins.module_utils._domain.certificates import CertificateError
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension_settings import SettingsError
from ansible_collections.azureml.fleet.plugins.module_utils._run import Call, ModuleFailure


def connect(call: Call, missing_library: str | None = None) -> AzureConnection:
    """Return the connection that the options ask for. Raises ModuleFailure when a library is missing."""
    missing = auth.MISSING_LIBRARY or missing_library
    if missing:
        raise ModuleFailure(missing_required_lib(missing))
    return AzureConnection.from_params(call.params, call.memory, call.hide)


def waiting_for(call: Call) -> Waiting:
    """Return how the options say to wait."""
    return Waiting(
        timeout=float(call.params["wait_timeout"]),
        interval=max(0.05, float(call.params["poll_interval"])),
        progress=call.progress,
    )


@contextmanager
def reported_failures(**details: Any) -> Iterator[None]:
    """Turn what the layers below raise into a failure of the module; `details` become keys of its result."""
    try:
        yield
    except AzureError as error:
        raise ModuleFailure(error.message, error_code=error.code, http_status=error.status, **details) from error
    except (SettingsError, CertificateError) as error:
        raise ModuleFailure(f"{error} Nothing was changed.", error_code=type(error).__name__, **details) from error
